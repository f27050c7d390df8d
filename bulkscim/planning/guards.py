"""Refuse what is out of proportion, counted before the first request."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any, NamedTuple, assert_never

from bulkscim.model.guard_table import GUARDS, Effect, Free, Guard
from bulkscim.model.limits import Limit
from bulkscim.model.operation import GROUP, Operation, PatchOperation, Role, Verb
from bulkscim.planning.sent_form import MEMBERS, member_at
from bulkscim.scim.forms import ids_in
from bulkscim.scim.paths import find

FREE_REMOVALS = 100
LEAST_REMOVALS = 5  # allowed in any tenant
FREE_SHARE = Limit(20, percent=True)
SMALL_GROUP = 10  # members that a group may lose whole
FREE_MEMBERS = Limit(50, percent=True)
FREE_ADOPTIONS = 20
FREE_ADOPTED_SHARE = Limit(10, percent=True)
SHOWN_GROUPS = 5
_OMITTED = {"omitted": True}  # from a header, where it is None


@dataclass(frozen=True, slots=True)
class JobCounts:
    """What a job file asks, as the guards count it. `effects` has what can be counted without the tenant."""

    records: int  # of the whole job file, whatever --limit takes of it
    effects: Mapping[Effect, int] = field(default_factory=dict)

    def count(self, guard: Guard) -> int:
        """Return how much of what a guard bounds is known to be asked."""
        return sum(self.effects.get(one, 0) for one in guard.effects)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The guards as absolute numbers, taken once and kept; None: no bound."""

    max_delete: int | None = None
    max_create: int | None = None
    max_errors: int | None = None
    max_adopt: int | None = None
    max_update: int | None = field(default=None, metadata=_OMITTED)
    max_deactivate: int | None = field(default=None, metadata=_OMITTED)
    max_admins: int | None = field(default=None, metadata=_OMITTED)
    seats: int | None = field(default=None, metadata=_OMITTED)
    seats_used: int | None = field(default=None, metadata=_OMITTED)  # at the start

    max_share: tuple[str, ...] | None = field(default=None, metadata=_OMITTED)
    share_sizes: Mapping[str, int] | None = field(
        default=None, metadata=_OMITTED
    )  # of departments and domains
    max_removals: tuple[str, ...] | None = field(default=None, metadata=_OMITTED)
    max_emptied: int | None = field(default=None, metadata=_OMITTED)
    # Members at the start, by id of the group; 0 also where the tenant does not show them.
    group_sizes: Mapping[str, int] | None = field(default=None, metadata=_OMITTED)

    @property
    def share_limits(self) -> tuple[Limit, ...]:
        """What bounds the share of a department or domain."""
        return tuple(map(Limit.parse, self.max_share or ()))

    def removals(self, group: str) -> int | None:
        """Return how many members a group may lose, by those that it had at the start; None: no bound."""
        limits = tuple(map(Limit.parse, self.max_removals or ()))
        return _members(limits, (self.group_sizes or {}).get(group) or None)

    def of(self, guard: Guard) -> int | None:
        """Return the bound of one guard."""
        found: int | None = getattr(self, guard.name)
        return found


class SeatChange(NamedTuple):
    """How many seats are taken and freed."""

    taken: int
    freed: int

    @classmethod
    def of(cls, done: Mapping[Effect, int]) -> "SeatChange":
        """Return those of what steps do."""
        return cls(done.get(Effect.TAKE_SEAT, 0), done.get(Effect.FREE_SEAT, 0))

    @property
    def net(self) -> int:
        """How many more seats are used."""
        return self.taken - self.freed


def seats_told(used: int, change: SeatChange, number: int) -> str:
    """Say how many seats are used after a change, as a sum."""
    return f"{used:,} used + {change.taken:,} - {change.freed:,} = {used + change.net:,} of {number:,}"


def seat_refusals(done: Mapping[Effect, int], allowed: Bounds) -> list[str]:
    """Return why there are not enough seats for what a plan does."""
    if allowed.seats is None or allowed.seats_used is None:
        return []
    change = SeatChange.of(done)
    after = allowed.seats_used + change.net
    if after <= allowed.seats or change.net <= 0:
        return []
    told = seats_told(allowed.seats_used, change, allowed.seats)
    return [f"there are not enough seats: {told}. To allow them: --seats {after}"]


def bounds(limits: Mapping[str, tuple[Limit, ...]], records: int, users: int | None) -> Bounds:
    """Turn limits into numbers; a share of users that cannot be counted allows nothing.

    Of several limits the strictest decides; without one the default holds.
    """
    found: dict[str, Any] = {one.name: of_guard(one, limits.get(one.name, ()), users) for one in GUARDS}
    errors, adopted = (next(iter(limits.get(name, ())), None) for name in ("max_errors", "max_adopt"))
    return Bounds(max_errors=errors_bound(errors, records), max_adopt=adoptions(adopted, records), **found)


def of_guard(guard: Guard, limits: tuple[Limit, ...], users: int | None) -> int | None:
    """Return the bound of a guard; None for no bound."""
    if limits:
        return _strictest(limits, users)
    match guard.free:
        case Free.ALL:
            return None
        case Free.NONE:
            return 0
        case Free.FEW:
            share = FREE_SHARE.bound(users) if users is not None else 0
            return max(LEAST_REMOVALS, min(FREE_REMOVALS, share or 0))
        case _:
            assert_never(guard.free)


def errors_bound(limit: Limit | None, records: int) -> int | None:
    """Return how many rows may fail. A percentage is taken of the job, and tolerates at least one row (0 %: none)."""
    bound = _bound(limit, records)
    if limit is None or bound is None or not limit.percent or not limit.number:
        return bound
    return max(1, bound)


def adoptions(limit: Limit | None, records: int) -> int | None:
    """Return how many adopted users of a job may get a manager or groups; None: no bound."""
    if limit is not None:
        return _bound(limit, records)
    return max(FREE_ADOPTIONS, FREE_ADOPTED_SHARE.bound(records) or 0)


def _strictest(limits: tuple[Limit, ...], base: int | None) -> int | None:
    found = [bound for limit in limits if (bound := _bound(limit, base)) is not None]
    return min(found, default=None)


def _bound(limit: Limit | None, base: int | None) -> int | None:
    if limit is None:
        return None
    return 0 if limit.needs_base and base is None else limit.bound(base)


def refusals(asked: JobCounts, allowed: Bounds, users: int | None) -> list[str]:
    """Return why the job may not run, each with the flag that would allow it."""
    counted = "unknown" if users is None else f"{users:,}"
    return [
        f"{guard.told(count)} more than the {bound:,} allowed (users in the tenant: {counted}); to allow "
        f"{'them' if count > 1 else 'it'}: {guard.flag} {count}"
        for guard in GUARDS
        if (bound := allowed.of(guard)) is not None and (count := asked.count(guard)) > bound
    ]


@dataclass(frozen=True, slots=True)
class Leaving:
    """How many members a job takes out of a group that has `members`; None where the tenant does not show them."""

    id: str
    group: str
    members: int | None
    removed: int


def group_refusals(groups: Iterable[Leaving], limits: tuple[Limit, ...]) -> list[str]:
    """Return why the job may not take that many out of these groups, each with the flag that would allow it."""
    found: list[str] = []
    for one in groups:
        allowed = _members(limits, one.members)
        if allowed is not None and one.removed > allowed:
            known = "" if one.members is None else f" of the {one.members}"
            found.append(
                f"{one.removed}{known} members of group {one.group} would be removed; {allowed} are allowed. To allow "
                f"them: --max-removals {one.removed}"
            )
    return found


def emptied_refusals(groups: Iterable[Leaving], limits: tuple[Limit, ...]) -> list[str]:
    """Return why the job may not leave that many groups without members; a percentage is one of those that lose any.

    A group that does not show its members may be left without any.
    """
    groups = list(groups)
    bound = emptied_bound(limits, len(groups))
    emptied = [one.group for one in groups if one.removed and one.removed >= (one.members or 0)]
    if bound is None or len(emptied) <= bound:
        return []
    named = ", ".join(emptied[:SHOWN_GROUPS]) + (" …" if len(emptied) > SHOWN_GROUPS else "")
    told = (
        f"{len(emptied):,} group{'s' * (len(emptied) > 1)} may be left without members, more than the {bound:,} allowed: {named}. To allow {'them' if len(emptied) > 1 else 'it'}: "
        f"--max-emptied {len(emptied)}"
    )
    return [told]


def emptied_bound(limits: tuple[Limit, ...], groups: int) -> int | None:
    """Return how many groups may be left without members, of so many that lose any; None: no bound."""
    return _strictest(limits, groups)


def _members(limits: tuple[Limit, ...], members: int | None) -> int | None:
    """Return how many members a group may lose; None: no bound, or none that can be counted."""
    if limits:
        return min((bound for one in limits if (bound := _of_group(one, members)) is not None), default=None)
    return None if members is None or members <= SMALL_GROUP else FREE_MEMBERS.bound(members)


def _of_group(limit: Limit, members: int | None) -> int | None:
    return None if limit.needs_base and members is None else limit.bound(members)


@dataclass(frozen=True, slots=True)
class Removal:
    """`members` leave a group; with `keeps`, at most that many stay, however many it has."""

    members: int = 0
    keeps: int | None = None

    def __add__(self, other: "Removal") -> "Removal":
        """Return both together."""
        keeps = [one.keeps for one in (self, other) if one.keeps is not None]
        return Removal(self.members + other.members, min(keeps, default=None))

    def lost(self, live: int) -> int:
        """Return how many of `live` members are lost at least."""
        at_least = 0 if self.keeps is None else max(0, live - self.keeps)
        return max(min(self.members, live), at_least)


def removal_of(operation: Operation) -> Removal | None:
    """Return what an operation removes from its own group; None where it removes no member."""
    if operation.type != GROUP:
        return None
    verb = operation.verb
    match verb:
        case Verb.REMOVE_MEMBER:
            return Removal(1)
        case Verb.REPLACE:
            named = sum(one.role is Role.MEMBER for one in operation.references)
            return Removal(keeps=named + len(list(ids_in(find(operation.data, MEMBERS)))))
        case Verb.PATCH:
            found = list(_of_changes(operation))
            return reduce(add, found) if found else None
        case Verb.CREATE | Verb.UPSERT | Verb.ACTIVATE | Verb.DEACTIVATE | Verb.DELETE | Verb.ADD_MEMBER:
            return None
        case _:
            assert_never(verb)


def _of_changes(operation: Operation) -> Iterator[Removal]:
    for change in operation.changes:
        path = (change.path or "").strip()
        if change.op == "remove" and member_at(path) is not None:
            yield Removal(1)
        elif path.lower() == MEMBERS and change.op in {"remove", "replace"}:
            yield _of_whole(change, change.value)
        elif not path and change.op == "replace" and find(change.value, MEMBERS) is not None:
            yield _of_whole(change, find(change.value, MEMBERS))


def _of_whole(change: PatchOperation, value: object) -> Removal:
    """Return what a change of the whole attribute removes: the members named, or all but those."""
    named = len(list(ids_in(value)))
    return Removal(named) if change.op == "remove" and named else Removal(keeps=named)
