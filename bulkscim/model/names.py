"""The names of a resource: the attributes by which users and groups are known and found, listed once."""

from collections.abc import Iterator, Mapping
from typing import Any

from bulkscim.model.operation import GROUP

NAMES = ("userName", "displayName", "externalId")
EMAILS = "emails.value"  # several users may share an address, so it finds a user and does not name one
IDENTITIES = frozenset(NAMES)
_FOLDED = frozenset(name.lower() for name in (*NAMES, "emails"))


def name_attribute(kind: str) -> str:
    """Return the attribute that holds the name of a resource of a type."""
    return "displayName" if kind == GROUP else "userName"


def is_name(path: str) -> bool:
    """Return whether a path names, or is part of, an attribute by which resources are found."""
    return path.partition("[")[0].rpartition(":")[2].partition(".")[0].strip().lower() in _FOLDED


def names_in(resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (attribute, name) for each name that a resource has, whatever the capitals of the attribute."""
    folded = {name.lower(): value for name, value in resource.items()}
    for name in NAMES:
        value = resource.get(name, folded.get(name.lower()))
        if isinstance(value, str) and value:
            yield name, value
