"""One row with all that is known about it, as the rules of `next_step` look at it, and the parts that it is done in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bulkscim.model.live import (
    Ambiguous,
    Found,
    Missing,
    Need,
    OwnGroups,
    Parent,
    ParentFailed,
    ParentLater,
    ParentReady,
    Unreadable,
)
from bulkscim.model.operation import ENTERPRISE, JsonObject, Key, Operation, Reference, Role
from bulkscim.model.row import Facts, Refusal, Row, RowState
from bulkscim.planning.decision import Later, Policy, Settle, Wait

MANAGER_PART = "manager"


@dataclass(frozen=True, slots=True)
class Unfit:
    """A named resource that cannot be used, and why."""

    why: str
    status: int | None = None
    missing: bool = False


Named = ParentReady | ParentFailed | ParentLater | Unfit | Wait


@dataclass(frozen=True, slots=True)
class View:
    """A row, its facts, what was read for it, and the run's policy."""

    row: Row
    facts: Facts
    live: Mapping[Need, Any]
    policy: Policy

    @property
    def operation(self) -> Operation:
        """What the record asks."""
        return self.row.operation

    def references(self) -> list[tuple[Reference, int | None]]:
        """Return each reference with the row that makes it, None where the tenant must hold it."""
        producers = self.row.producers or (None,) * len(self.operation.references)
        return list(zip(self.operation.references, producers, strict=True))

    def named(self, key: Key, producer: int | None) -> Named:
        """Return the id behind a name, or what stands in its way."""
        if producer == self.row.number:
            return self._own()
        need: Need = key if producer is None else Parent(producer)
        if producer is None and key.attribute == "id":
            return ParentReady(key.value)
        answer = self.live.get(need)
        match answer:
            case None:
                return Wait(need)
            case Found():
                return ParentReady(answer.id)
            case ParentReady() | ParentFailed() | ParentLater():
                return answer
            case _:
                return self.unfit(key, answer)

    def _own(self) -> ParentReady | ParentLater:
        """Return what the row itself made: some users are their own manager."""
        made = self.facts.applied.get("create")
        return ParentReady(made.id) if made and made.id else ParentLater(self.row.number)

    def target_key(self) -> Key:
        """Return by what the target is read: an earlier row's own by the id that it made."""
        key, producer = self.operation.target, self.row.target_producer
        return key if producer is None else Key(key.type, "id", key.value)

    def target(self) -> Found | Unfit | Wait | Settle | Later:
        """Return the resource that the row changes, as it stands."""
        key, producer = self.operation.target, self.row.target_producer
        if producer is not None:
            made = self.named(key, producer)
            match made:
                case ParentReady():
                    key = Key(key.type, "id", made.id)
                case ParentFailed():
                    return Settle(RowState.SKIPPED, f"row {made.row} failed: {made.why}")
                case ParentLater():
                    return Later(Parent(made.row))
                case _:
                    return made
        answer = self.live.get(key)
        if answer is None:
            return Wait(key)
        return answer if isinstance(answer, Found) else self.unfit(key, answer)

    def unfit(self, key: Key, answer: Missing | Ambiguous | Unreadable) -> Unfit:
        """Return why a resource cannot be used; absent only where nothing of its type is hidden."""
        match answer:
            case Missing():
                why = f"no {key.type} with {key.attribute} {key.value}{self._perhaps(key)}"
                proved = key.attribute == "id" or not self.policy.profile.hides(key.type)
                if answer.unproved:
                    return Unfit(f"{why} was found, and it may be there: {answer.unproved}")
                return Unfit(why, 404 if proved else None, missing=proved)
            case Ambiguous():
                return Unfit(f"{key} is ambiguous: ids {', '.join(answer.ids)}")
            case Unreadable():
                return Unfit(f"{key} could not be read: {answer.why}", answer.status)

    def _perhaps(self, key: Key) -> str:
        """Say what else may be true of something that was not found."""
        prefix = self.policy.profile.id_prefixes.get(key.type, "")
        if key.attribute == "id" and not key.value.startswith(prefix):
            return f": ids begin with {prefix} here"
        if key.attribute != "id" and self.policy.profile.hides(key.type):
            return " is shown; this tenant hides deactivated users: name such a user by id"
        return ""


def failed(refusal: Refusal, *, resource_id: str | None = None) -> Settle:
    """Return the end of a row whose part was refused."""
    return Settle(RowState.FAILED, refusal.told, resource_id, refusal.status, refusal.scim_type)


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
    """The row's own resource, once its main part is in effect; `existing` where a create found it.

    `holds` are further parts that it was seen to show as asked for.
    """

    id: str | None
    existing: Existing | None = None
    holds: tuple[str, ...] = ()


def part_of(reference: Reference) -> str:
    """Return the name of a reference's part, stable across resume."""
    if reference.role is Role.MANAGER:
        return MANAGER_PART
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
    """Collect the ids that the main step can carry; not those of members that the file puts into another group first.

    A parent that failed makes the row skipped. With `whole` (a replace or patch) nothing may be left out,
    so a parent that comes later holds the row back; a create leaves it to a part of its own.
    """
    found: list[tuple[Reference, str]] = []
    for reference, producer in view.references():
        if reference.role is Role.GROUP or (
            view.policy.profile.one_group and part_of(reference) in view.row.rivals
        ):
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
    return _without_own(view, found)


def _without_own(view: View, found: list[tuple[Reference, str]]) -> Carried | Wait:
    """Leave out members that the run has put into a group, where an addition may end that: each of them has a step of its own."""
    policy = view.policy
    if not policy.profile.one_group or policy.plans or policy.takes_back:
        return Carried(tuple(found))
    kept = []
    for reference, member in found:
        need, is_asked = OwnGroups((member,)), reference.role is Role.MEMBER
        is_asked = is_asked and part_of(reference) not in view.row.rivals
        if is_asked and need not in view.live:
            return Wait(need)
        if not (is_asked and view.live[need]):
            kept.append((reference, member))
    return Carried(tuple(kept))


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
