"""What a profile's facts rest on: what a vendor says, what others have seen, and what is only inferred."""

from dataclasses import dataclass
from enum import StrEnum


class Basis(StrEnum):
    """How a fact is known."""

    DOCUMENTED = "documented"
    COPIED = "documented, read in a copy"
    SEEN = "seen in other clients"
    INFERRED = "inferred"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing about a provider, with its basis and where that can be looked up."""

    topic: str
    text: str
    basis: Basis
    source: str = ""
