"""Read back what was written, and say what a success hides: a tenant may take a thing and not do it.

Rule 1: read back are the rows that the run asks for (all, or a sample), and in every row what the profile says may be
        ignored, and what the answer to the change shows as it was before. There a member that was added fails its row only
        where its absence is proved: a group may not show all members. Where all is read back, it has to be shown.
Rule 2: only parts that took effect by the tenant's own word are looked at, and only while the row holds what it
        changed: other rows may change it as soon as this one is left or has ended. So what an earlier stay wrote
        is looked at only where nothing of this run has touched it since, or the row failed by it.
Rule 3: what is not as it was sent is read again, after the tenant's visibility lag, before the row fails.
Rule 4: a row that failed so is read back again when it is taken up again; what it wrote is not sent again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import Any

from bulkscim.model.active import is_inactive, last_set
from bulkscim.model.live import Found, Member, Membership, ParentReady, Shown, Unreadable
from bulkscim.model.operation import ENTERPRISE, USER, JsonObject, Key, PatchOperation, Role
from bulkscim.model.row import Refusal
from bulkscim.planning.compare import differences
from bulkscim.planning.context import Carried, View, carried, part_of, substitute, with_references
from bulkscim.planning.decision import Policy, Wait
from bulkscim.planning.sent_form import MEMBERS
from bulkscim.planning.undo.taking_back import DELETE, EMPTIED
from bulkscim.scim import paths, schemas
from bulkscim.scim.diff import NOTHING
from bulkscim.scim.forms import ids_in
from bulkscim.scim.patch import in_effect

SHOWN = 3
FIRST_ROWS, ONE_IN = 3, 20
_WHOLE = frozenset({"create", "update", "replace"})
_DELETES = frozenset({DELETE, EMPTIED})
_CARRIED = frozenset({Role.MANAGER, Role.MEMBER})

Covers = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A path at which something else is shown than was sent, and what the tenant did instead."""

    path: str
    told: str


@dataclass(frozen=True, slots=True)
class Sight:
    """Where a part of the row is to be seen, and what is wrong with an answer from there."""

    part: str
    on: Key | Membership
    wrong: Callable[[Any], list[Wrong]]


@dataclass(frozen=True, slots=True)
class SentData:
    """What one resource was sent. `may_vanish`: it was deactivated, and the tenant may hide who is.

    `returns`: members that it adds were seen in the group before, so that one which is not shown next to others is missing.
    """

    data: JsonObject
    operations: tuple[PatchOperation, ...] = ()
    may_vanish: bool = False
    returns: bool = False

    def wrong(self, answer: Any) -> list[Wrong]:
        """Return where it does not show."""
        if not isinstance(answer, Found):
            return [] if self.may_vanish else [Wrong("the whole of it", "shows no such resource")]
        live = answer.resource
        wholes = [self.data, *(one.value for one in self.operations if one.path is None)]
        changes = (change for whole in wholes for change in differences(whole, live))
        found = [Wrong(change.path, _shown(change.before)) for change in changes]
        return found + [
            Wrong(one.path, _shown(paths.get(live, one.path)))
            for one in self.operations
            if one.path
            and _is_seen(one.path)
            and not in_effect(one, live)
            and not self._may_hide(one, answer)
        ]

    def _may_hide(self, operation: PatchOperation, group: Found) -> bool:
        """Return whether a group may have members that were added to it and that it does not show."""
        if not _adds_members(operation) or group.lists_all:
            return False
        added = {own for one in self.operations if _adds_members(one) for own in ids_in(one.value)}
        return not (self.returns and added.intersection(ids_in(paths.find(group.resource, MEMBERS))))


def _adds_members(operation: PatchOperation) -> bool:
    return operation.op == "add" and operation.path == MEMBERS


def chosen(policy: Policy, row: int) -> bool:
    """Return whether a row is read back whole: always the same rows of a run, the first few among them."""
    if policy.rules.read_back != "sample":
        return policy.rules.read_back == "all"
    drawn = blake2b(f"{policy.run}:{row}".encode(), digest_size=8).digest()
    return row <= FIRST_ROWS or int.from_bytes(drawn) % ONE_IN == 0


def read_back(view: View, resource_id: str | None) -> Wait | list[Refusal]:
    """Return a refusal for each part that is not as the tenant said, or what must be read to tell."""
    covers, parts = _covers(view), frozenset(_proving(view))
    if covers is None or not parts:
        return []
    refusals: list[Refusal] = []
    for sight in sights(view, resource_id, parts, covers):
        outcome = _looked_at(view, sight) if isinstance(sight, Sight) else sight
        if isinstance(outcome, Wait):
            return outcome
        refusals += [outcome] if isinstance(outcome, Refusal) else []
    return refusals


def is_unconfirmed(view: View) -> bool:
    """Return whether a member that the row added was looked for, and neither seen nor proved absent."""
    looked = (
        view.live[one] for one in view.live if isinstance(one, Shown) and isinstance(one.on, Membership)
    )
    return any(isinstance(one, Member) and not (one.present or one.proved) for one in looked)


def _proving(view: View) -> Iterator[str]:
    """Yield the parts that can be looked at; one that left something out is not as the record asks."""
    for part, made in view.facts.applied.items():
        if not made.left and (view.facts.unproved or not made.earlier):
            yield part


def _covers(view: View) -> Covers | None:
    """Return which paths are looked at; None for none."""
    if chosen(view.policy, view.row.number):
        return lambda _: True
    doubted = [path for made in view.facts.applied.values() for path in made.doubted]
    if doubted:
        return lambda path: any(_is_part(path, one) for one in doubted) or _may_ignore(view.policy, path)
    return (lambda path: _may_ignore(view.policy, path)) if view.policy.profile.may_ignore else None


def _is_part(path: str, other: str) -> bool:
    """Return whether one of two paths is the other, or leads to a part of it."""
    one, two = sorted((path.lower(), other.lower()), key=len)
    return two == one or two.startswith((f"{one}:", f"{one}.", f"{one}["))


def _may_ignore(policy: Policy, path: str) -> bool:
    folded = path.lower()
    return any(
        folded == one.lower() or folded.startswith((f"{one}:".lower(), f"{one}.".lower()))
        for one in policy.profile.may_ignore
    )


def _looked_at(view: View, sight: Sight) -> Wait | Refusal | None:
    """Look once, and where something else is shown again soon after, and again after the lag."""
    wrong: list[Wrong] = []
    profile = view.policy.profile
    for looks in range(2 if profile.visibility_lag_s <= profile.look_after_s else 3):
        answer = view.live.get(Shown(sight.on, looks))
        if answer is None:
            return Wait(Shown(sight.on, looks))
        if isinstance(answer, Unreadable):
            return Refusal(sight.part, answer.status, None, f"it could not be read back: {answer.why}")
        wrong = sight.wrong(answer)
        if not wrong:
            return None
    return _refusal(view.policy, wrong)


def _refusal(policy: Policy, wrong: list[Wrong]) -> Refusal:
    """Say which paths are not as they were sent."""
    named = ", ".join(one.path for one in wrong[:SHOWN])
    named += f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    advice = policy.profile.ignored_advice if any(_may_ignore(policy, one.path) for one in wrong) else ""
    return Refusal(named, None, None, f"the tenant accepted it and {wrong[0].told}", advice)


def _shown(value: Any) -> str:
    return "changed nothing" if value in NOTHING else f"shows {value!r}"


def sights(
    view: View, resource_id: str | None, parts: frozenset[str], covers: Covers
) -> Iterator[Sight | Wait]:
    """Yield what some parts of the row, which were applied, are to show at the paths that are covered."""
    spec = view.operation.spec
    if covers("members"):
        yield from _memberships(view, resource_id, parts)
    if resource_id is None or spec.is_membership:
        return
    key = Key(view.operation.type, "id", resource_id)
    if spec.deletes:
        if covers("active"):
            yield from (Sight(part, key, _remains) for part in sorted(parts & _DELETES))
        return
    sent = _sent(view, parts, covers)
    if isinstance(sent, Wait):
        yield sent
    elif sent is not None:
        yield Sight(min(parts), key, sent.wrong)


def _sent(view: View, parts: frozenset[str], covers: Covers) -> SentData | Wait | None:
    """Return what the row's own resource was sent; None where there is nothing to look at."""
    operation = view.operation
    data, changes = _narrowed(_data(view, parts), covers), _operations(view, parts, Carried(), covers)
    named = any(part_of(one) in parts for one in operation.references if one.role in _CARRIED)
    if not data and not changes and not (named and covers(ENTERPRISE)):
        return None
    carry = carried(view, whole=False)
    if not isinstance(carry, Carried):
        return carry if isinstance(carry, Wait) else None
    made = Carried(tuple(one for one in carry.ids if one[0].role is Role.VALUE or part_of(one[0]) in parts))
    data = _narrowed(with_references(data, made), covers)
    changes = _operations(view, parts, made, covers)
    hides = view.policy.profile.hides(operation.type) or not chosen(view.policy, view.row.number)
    return SentData(
        data, changes, may_vanish=hides and _deactivates(data, changes), returns=view.policy.takes_back
    )


def _data(view: View, parts: frozenset[str]) -> JsonObject:
    """Return what the row's own resource was sent as a resource."""
    operation = view.operation
    if operation.spec.active is not None:
        return {"active": operation.spec.active} if operation.verb.value in parts else {}
    return operation.data if _WHOLE & parts else {}


def _narrowed(data: JsonObject, covers: Covers) -> JsonObject:
    return {name: value for name, value in data.items() if covers(name)}


def _operations(
    view: View, parts: frozenset[str], made: Carried, covers: Covers
) -> tuple[PatchOperation, ...]:
    """Return the covered operations of a PATCH that no later one of the same path speaks over."""
    asked = view.operation.changes if "patch" in parts else ()
    last = {change.path: place for place, change in enumerate(asked)}
    found = []
    for place, change in enumerate(asked):
        value = substitute(change.value, made)
        if change.path is None:
            value = _narrowed(value, covers) if isinstance(value, dict) else {}
        stands = last.get(change.path) == place or _adds_members(change)
        if value if change.path is None else stands and covers(change.path):
            found.append(PatchOperation(change.op, change.path, value))
    return tuple(found)


def _deactivates(data: JsonObject, operations: tuple[PatchOperation, ...]) -> bool:
    return last_set([(None, data), *((one.path, one.value) for one in operations)]) is False


def _is_seen(path: str) -> bool:
    """Return whether a path can be looked at: it is understood, and no secret."""
    try:
        parsed = paths.parse(path)
    except paths.PathError:
        return False
    return not any(schemas.is_secret(name) for name in (parsed.attribute, parsed.sub or ""))


def _remains(answer: Any) -> list[Wrong]:
    """Return that a deleted resource is there; to some tenants one that is deactivated is deleted."""
    there = isinstance(answer, Found) and not is_inactive(answer.resource)
    return [Wrong("delete", "left it there")] if there else []


def _memberships(view: View, resource_id: str | None, parts: frozenset[str]) -> Iterator[Sight | Wait]:
    """Yield where the row's memberships are to be seen: those that its own resource does not show."""
    operation, adds = view.operation, not view.operation.spec.removes_member
    for reference, producer in view.references():
        own = reference.role is Role.GROUP
        part = part_of(reference) if own else f"member:{operation.target.value}"
        made = view.facts.applied.get(part)
        if part not in parts or made is None or made.id is None or not (own or operation.spec.is_membership):
            continue
        named = ParentReady(resource_id or "") if own else view.named(reference.key, producer)
        if isinstance(named, Wait):
            yield named
        elif isinstance(named, ParentReady):
            proof = adds and not chosen(view.policy, view.row.number)
            is_user = reference.key.type == USER or own
            on = Membership(made.id, named.id, proof, asks_member=proof and is_user, is_nested=not is_user)
            yield Sight(part, on, partial(_unlike, part, adds=adds, proof=proof))


def _unlike(part: str, answer: Any, *, adds: bool, proof: bool) -> list[Wrong]:
    """Return that a membership is not as it was sent; with `proof`, only where its absence is proved."""
    if proof and isinstance(answer, Member) and not (answer.present or answer.proved):
        return []
    present = isinstance(answer, Member) and answer.present
    return [] if present is adds else [Wrong(part, "does not list it" if adds else "still lists it")]
