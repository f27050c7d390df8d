"""Judge what a lookup returned, and learn which filters a server really answers.

A server that ignores a filter must not make us edit a stranger, and one that answers every filter with
nothing must not make us create twice. So a match must be exactly one and really equal, and "absent" counts
only from an attribute whose filter has found something on this server before.
"""

from collections.abc import Sequence
from enum import Enum, auto

from bulkscim.model.live import Ambiguous, Found
from bulkscim.model.operation import JsonObject, Key
from bulkscim.planning.compare import same_text
from bulkscim.scim.paths import get


class Trust(Enum):
    """What is known of the filter on one (type, attribute)."""

    UNKNOWN = auto()
    WORKS = auto()
    BROKEN = auto()


class Nothing:
    """A lookup that matched nothing; what that is worth depends on the trust in it."""


class Ignored:
    """The answer holds resources that do not match: the filter was not applied."""


LookupJudgement = Found | Ambiguous | Nothing | Ignored


def answers(key: Key, resource: JsonObject) -> bool:
    """Return whether a resource really is what the key asks for, and has an id to address it by."""
    if not resource.get("id") or not isinstance(resource["id"], str):
        return False
    if key.attribute == "emails.value":
        return any(same_text(key, value) for value in emails_of(resource))
    value = get(resource, key.attribute)
    return isinstance(value, str) and same_text(key, value)


def emails_of(resource: JsonObject) -> list[str]:
    """Return the addresses of a user; some services show them as plain strings, or one without a list."""
    emails = get(resource, "emails")
    entries = emails if isinstance(emails, list) else [emails]
    values = [entry.get("value") if isinstance(entry, dict) else entry for entry in entries]
    return [value for value in values if isinstance(value, str) and value]


def judge(key: Key, resources: Sequence[JsonObject], read_at: float) -> LookupJudgement:
    """Judge the resources that a filter returned."""
    matches = {resource["id"]: resource for resource in resources if answers(key, resource)}
    if len(matches) < len({str(resource.get("id")) for resource in resources}):
        return Ignored()
    if len(matches) > 1:
        return Ambiguous(tuple(matches))
    for resource in matches.values():
        return Found(resource, read_at, is_looked_up=True)
    return Nothing()


class Learned:
    """What this run has learned about filters, by (type, attribute)."""

    def __init__(self) -> None:
        self._trust: dict[tuple[str, str], Trust] = {}

    def trust(self, key: Key) -> Trust:
        """Return what is known of the filter on the key's attribute."""
        return self._trust.get((key.type, key.attribute), Trust.UNKNOWN)

    def note(self, key: Key, trust: Trust) -> None:
        """Keep what was learned; a filter once seen to fail is not trusted again."""
        if self.trust(key) is not Trust.BROKEN:
            self._trust[(key.type, key.attribute)] = trust
