"""Parts of a row: their names, the resource they belong to, and the ids that a step carries for them."""

from dataclasses import dataclass
from typing import Any

from bulkscim.model.live import Found, Parent, ParentFailed, ParentLater, ParentReady
from bulkscim.model.operation import ENTERPRISE, JsonObject, Reference, Role
from bulkscim.model.row import RowState
from bulkscim.planning.context import Unfit, View
from bulkscim.planning.decision import Later, Settle, Wait


@dataclass(frozen=True, slots=True)
class Existing:
    """A resource that a create found, as read, and the earlier run that created it (empty: it is adopted).

    `closed` says why no links are added to it, empty where they are. `differences` are those of attributes.
    """

    live: Found
    run: str = ""
    closed: str = ""
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """The row's own resource, once its main part is in effect; `existing` where a create found it."""

    id: str | None
    existing: Existing | None = None


def part_of(reference: Reference) -> str:
    """Return the name of a reference's part, stable across resume."""
    if reference.role is Role.MANAGER:
        return "manager"
    return f"member:{reference.key.value}"


@dataclass(frozen=True, slots=True)
class Carried:
    """References whose ids are known, so that the main step carries them itself."""

    ids: tuple[tuple[Reference, str], ...] = ()

    @property
    def covers(self) -> tuple[str, ...]:
        """Name the parts that the main step settles as well."""
        return tuple(part_of(reference) for reference, _ in self.ids if reference.role is not Role.VALUE)


def carried(view: View, *, whole: bool) -> Carried | Wait | Later | Settle:
    """Collect the ids that the main step can carry.

    A parent that failed makes the row skipped. With `whole` (a replace or patch) nothing may be left out,
    so a parent that comes later holds the row back; a create leaves it to a part of its own.
    """
    found: list[tuple[Reference, str]] = []
    for reference, producer in view.references():
        if reference.role is Role.GROUP:
            continue
        named = view.named(reference.key, producer)
        match named:
            case Wait():
                return named
            case ParentReady():
                found.append((reference, named.id))
            case ParentFailed() | Unfit() if view.policy.takes_back and not whole:
                continue  # the rest is taken back all the same
            case ParentFailed():
                return Settle(RowState.SKIPPED, f"row {named.row} ({part_of(reference)}) failed: {named.why}")
            case ParentLater() if whole or reference.role is Role.VALUE:
                return Later(Parent(named.row))
            case Unfit() if reference.role is Role.VALUE:
                return Settle(RowState.FAILED, named.why, status=named.status)
            case _:
                continue
    return Carried(tuple(found))


def with_references(data: JsonObject, carry: Carried) -> JsonObject:
    """Return the resource with the carried ids in their places."""
    filled: JsonObject = substitute(data, carry)
    members = [
        {"value": resource_id} for reference, resource_id in carry.ids if reference.role is Role.MEMBER
    ]
    if members:
        filled = {**filled, "members": [*filled.get("members", []), *members]}
    for reference, resource_id in carry.ids:
        if reference.role is Role.MANAGER:
            extension = filled.get(ENTERPRISE) or {}
            filled = {**filled, ENTERPRISE: {**extension, "manager": {"value": resource_id}}}
    return filled


def substitute(value: Any, carry: Carried) -> Any:
    """Return the value with each `bulkId:<ref>` text replaced by the id it stands for (RFC 7644 §3.7.2)."""
    names = {f"bulkId:{reference.key.value}": resource_id for reference, resource_id in carry.ids}
    return _replace_texts(value, names) if names else value


def _replace_texts(value: Any, names: dict[str, str]) -> Any:
    match value:
        case str():
            return names.get(value, value)
        case list():
            return [_replace_texts(item, names) for item in value]
        case dict():
            return {key: _replace_texts(item, names) for key, item in value.items()}
        case _:
            return value
