"""What can be taken back, and at what price: a grade for each operation, as data of a profile."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from bulkscim.model.operation import GROUP, USER, Verb
from bulkscim.providers.allowed import KIND_OR_ALL


class Grade(StrEnum):
    """How well an operation can be taken back; from well to not at all."""

    REVERSIBLE = "reversible"
    NEW_ID = "new_id"  # made again under another id
    LOSSY = "lossy"  # something is gone that nothing brings back
    IRREVERSIBLE = "irreversible"

    @property
    def words(self) -> str:
        """The grade for users."""
        return {"new_id": "new id", "irreversible": "cannot be undone"}.get(self.value, self.value)


@dataclass(frozen=True, slots=True)
class Reversal:
    """The grade of one operation on one type; an empty `type` fits all. `loses`: what does not come back."""

    verb: Verb
    type: str = field(metadata=KIND_OR_ALL)
    grade: Grade
    loses: str = ""
    note: str = ""

    @property
    def told(self) -> str:
        """All of it, for users."""
        more = [f"lost: {self.loses}"] if self.loses else []
        more += [self.note] if self.note else []
        return f"{self.grade.words} ({'; '.join(more)})" if more else self.grade.words


_UNSEEN = "password, MFA and whatever the service keeps outside SCIM"
DEFAULTS = (
    Reversal(Verb.DELETE, USER, Grade.NEW_ID, _UNSEEN),
    Reversal(Verb.DELETE, GROUP, Grade.NEW_ID),
)


def reversal_of(known: Iterable[Reversal], verb: Verb, kind: str) -> Reversal:
    """Return what is known of an operation, else what holds for most services."""
    fits = (one for one in (*known, *DEFAULTS) if one.verb is verb and one.type in {"", kind})
    return next(fits, Reversal(verb, kind, Grade.REVERSIBLE))
