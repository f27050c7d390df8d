"""Tell whether an operation would take somebody away: delete, deactivate, or set `active` to false (pure)."""

from collections.abc import Collection, Iterable
from typing import Any

from bulkscim.model.operation import USER, JsonObject, Operation, PatchOperation, Verb
from bulkscim.scim.paths import find

_AWAY = frozenset({Verb.DELETE, Verb.DEACTIVATE})
_NAMES = ("id", "userName", "externalId", "displayName")


def folded(names: Iterable[str]) -> frozenset[str]:
    """Return names as they are compared: whatever their case, and the blanks around them."""
    return frozenset(name.strip().casefold() for name in names)


def takes_away(operation: Operation) -> bool:
    """Say whether an operation ends somebody's access."""
    if operation.verb in _AWAY:
        return True
    if operation.type != USER:
        return False
    return _is_off(find(operation.data, "active")) or any(map(_switches_off, operation.changes))


def takes_away_record(record: JsonObject) -> bool:
    """Say the same of a record of an inverse."""
    if record.get("op") in _AWAY:
        return True
    return record.get("type") == USER and any(
        _switches_off(PatchOperation(change["op"], change.get("path"), change.get("value")))
        for change in record.get("patch") or ()
    )


def _switches_off(change: PatchOperation) -> bool:
    """Say whether a change sets `active` to false, by its path or in a whole object."""
    if change.path is None:
        return isinstance(change.value, dict) and _is_off(find(change.value, "active"))
    attribute = change.path.rpartition(":")[2].strip().lower()
    return attribute == "active" and (change.op == "remove" or _is_off(change.value))


def _is_off(value: Any) -> bool:
    return value is False or (isinstance(value, str) and value.strip().lower() == "false")


def names_of(resource: JsonObject) -> list[str]:
    """Return every name that a record may know a resource by."""
    found = [value for name in _NAMES if isinstance(value := find(resource, name), str)]
    emails = find(resource, "emails")
    listed = [each for each in emails if isinstance(each, dict)] if isinstance(emails, list) else []
    return found + [each["value"] for each in listed if isinstance(each.get("value"), str)]


def protected(operation: Operation, names: Collection[str]) -> str | None:
    """Return the protected name that an operation would take away; None where it harms none.

    `names` are folded.
    """
    if not takes_away(operation):
        return None
    given = (operation.target.value, *names_of(operation.data))
    return next((name for name in given if name.strip().casefold() in names), None)
