"""The guards that bound what steps do, held before each step on what has happened so far, by all sessions of the run."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from bulkscim.engine.stopping import Stopping
from bulkscim.engine.work import Work
from bulkscim.errors import GuardReached
from bulkscim.journal.bodies import Applied, Refused, Started
from bulkscim.journal.entries import Kind
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.active import is_inactive
from bulkscim.model.guard_table import ENDS, GUARDS, Effect, Guard
from bulkscim.model.operation import JsonObject
from bulkscim.model.step import Action, Step, left_names
from bulkscim.planning.guards import Bounds, SeatChange
from bulkscim.planning.shares import share_bound, shares_of
from bulkscim.planning.step_effects import NOTHING, MembersMoved, effects_of, has_changed_own, members_moved

Effects = frozenset[Effect]
_HOW = "the run stopped before it. To allow more, go on with a higher "
_SEATS = frozenset({Effect.TAKE_SEAT, Effect.FREE_SEAT})


class May(Enum):
    """Whether a step may be sent."""

    GO = auto()
    WAIT = auto()  # until those under way have ended: some may take no effect
    STOP = auto()


@dataclass(slots=True)
class Done:
    """What steps have done.

    `parts`: of which departments and domains users were taken away, and how many; `left` and `joined`: how many members
    each group lost and got.
    """

    effects: Counter[Effect] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    joined: Counter[str] = field(default_factory=Counter)

    def add(self, counted: "Counted") -> None:
        """Count one step."""
        self.effects.update(counted.effects)
        self.parts.update(counted.parts)
        for group, left, joined in counted.members:
            self.left[group] += left
            self.joined[group] += joined


class Counted(NamedTuple):
    """What one step does, of which departments and domains it takes a user away, and which members it takes out of groups."""

    effects: Effects = NOTHING
    parts: tuple[str, ...] = ()
    members: tuple[MembersMoved, ...] = ()


class Reached(NamedTuple):
    """How far a guard is reached before a step: at least, and at most if all that is under way takes effect."""

    least: int
    most: int
    bound: int
    told: str


class GroupBounds:
    """How many members each group may lose, and how many groups all of them."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._sizes = bounds.group_sizes or {}
        self._holds = bool(bounds.max_removals or bounds.group_sizes)

    def moved(self, step: Step) -> tuple[MembersMoved, ...]:
        """Return what a step does to the members of groups, where that is bounded."""
        return tuple(members_moved(step.action, step.type, step.id, step.changes)) if self._holds else ()

    def reached(self, moved: MembersMoved, named: str, done: Done, under_way: Done) -> Iterator[Reached]:
        """Yield how far the guards are reached before a step that takes members out of a group, which messages name so."""
        group, leave, _ = moved
        if not leave:
            return
        least, bound = done.left[group] + leave - 1, self._bounds.removals(group)
        if bound is not None:
            told = (
                f"would be member number {max(bound, least) + 1:,} to leave group {named}, and --max-removals allows {bound:,}: "
                f"{_HOW}--max-removals"
            )
            yield Reached(least, least + under_way.left[group], bound, told)
        if self._bounds.max_emptied is not None and group in self._sizes:
            yield from self._emptied(moved, named, done, under_way)

    def _emptied(self, moved: MembersMoved, named: str, done: Done, under_way: Done) -> Iterator[Reached]:
        """Yield how many groups have no members any more, where a step may empty one."""
        group, bound = moved.group, self._bounds.max_emptied or 0
        size, stay = self._sizes[group], done.joined[group] - done.left[group] - moved.left
        if size + stay - under_way.left[group] > 0:
            return
        certain = size + stay + under_way.joined[group] <= 0
        empty, soon = self._empty(done, group), self._empty(_sum(done, under_way), group)
        told = (
            f"may leave group {named} without members, the group number {bound + 1:,} of which that is so, and --max-emptied allows "
            f"{bound:,}: {_HOW}--max-emptied"
        )
        yield Reached(empty if certain else -1, max(empty, soon), bound, told)

    def _empty(self, done: Done, other: str) -> int:
        """Count the groups that lost all of their members, except one."""
        known = ((one, size) for one, size in self._sizes.items() if one != other and done.left[one])
        return sum(size + done.joined[one] <= done.left[one] for one, size in known)


class StepGuards:
    """Counts what steps do; `done` is asked before the first one that counts, and says what earlier sessions did."""

    def __init__(self, bounds: Bounds, done: Callable[[], Done], stopping: Stopping) -> None:
        self._seats, self._used = bounds.seats, bounds.seats_used or 0
        self._limits, self._sizes = bounds.share_limits, bounds.share_sizes
        self._groups = GroupBounds(bounds)
        self._bounds = [(guard, bound) for guard in GUARDS if (bound := bounds.of(guard)) is not None]
        self._earlier = done
        self._stopping = stopping
        self._done: Done | None = None
        self._sent: dict[int, Counted] = {}  # by row: what its step under way does

    def may_send(self, work: Work, step: Step) -> May:
        """Count a step that is about to be sent; where it would exceed a bound the run stops."""
        first = not has_changed_own(work.facts.applied)
        effects = effects_of(step.action, step.type, step.part, step.changes, step.before, first=first)
        if step.action is Action.CREATE and is_inactive(step.body):
            effects -= {Effect.TAKE_SEAT}
        moved = self._groups.moved(step)
        counted = Counted(effects, self._parts_of(effects, step.before), moved)
        mine = [(guard, bound) for guard, bound in self._bounds if guard.effects & effects]
        seated = self._seats is not None and bool(effects & _SEATS)
        if not (mine or seated or counted.parts or moved):
            return May.GO
        if self._done is None:
            self._done = self._earlier()
        under_way = Done()
        for row, sent in self._sent.items():
            if row != work.number:  # a step that was not sent after all
                under_way.add(sent)
        limits = [*_guarded(mine, self._done, under_way), *self._shared(counted.parts, self._done, under_way)]
        limits += self._seated(self._done, under_way) if Effect.TAKE_SEAT in effects else []
        for group in moved:
            limits += self._groups.reached(group, _named(group.group, step), self._done, under_way)
        for one in limits:
            if one.least >= one.bound:
                self._stopping.stop(GuardReached(f"row {work.number} {one.told}"))
                return May.STOP
        if any(one.most >= one.bound for one in limits):
            return May.WAIT
        self._sent[work.number] = counted
        return May.GO

    def _parts_of(self, effects: Effects, before: JsonObject | None) -> tuple[str, ...]:
        return tuple(shares_of(before or {})) if self._sizes is not None and effects & ENDS else ()

    def _shared(self, parts: Sequence[str], done: Done, under_way: Done) -> Iterator["Reached"]:
        """Yield how much of each part has gone."""
        for part in parts:
            size = (self._sizes or {}).get(part, 0)
            bound = share_bound(self._limits, size)
            counted = f"the {size:,} of {part}" if size else part
            count = done.parts[part]
            told = (
                f"would be user number {max(bound, count) + 1:,} of {counted} to be deleted or deactivated, and --max-share "
                f"allows {bound:,}: {_HOW}--max-share"
            )
            yield Reached(count, count + under_way.parts[part], bound, told)

    def _seated(self, done: Done, under_way: Done) -> list["Reached"]:
        """Return how many seats are used."""
        if self._seats is None:
            return []
        used = self._used + SeatChange.of(done.effects).net
        least, most = used - under_way.effects[Effect.FREE_SEAT], used + under_way.effects[Effect.TAKE_SEAT]
        told = (
            f"needs a seat, and --seats allows {self._seats:,} ({self._used:,} were used at the start): the run stopped before "
            "it. Put rows that deactivate before those that create, or go on with a higher --seats"
        )
        return [Reached(least, most, self._seats, told)]

    def ended(self, work: Work, step: Step, *, knows: bool = True) -> None:
        """Take in the end of a step; one of which it is not known whether it took effect counts as one that did."""
        counted = self._sent.pop(work.number, Counted())
        if self._done is not None and (not knows or step.part in work.facts.applied):
            self._done.add(counted)

    def not_sent(self, work: Work) -> None:
        """Forget a step that was not sent."""
        self._sent.pop(work.number, None)


def _named(group: str, step: Step) -> str:
    """Return the name of a group whose members a step moves, as far as the step tells it; else its id."""
    left = dict(zip(step.leaves, left_names(step.changes), strict=True)) if step.leaves else {}
    own = step.part.partition(":")[2] if group == step.id else ""
    return own or left.get(group, group)


def _guarded(mine: Sequence[tuple[Guard, int]], done: Done, under_way: Done) -> Iterator[Reached]:
    """Yield how far each guard is reached."""
    for guard, bound in mine:
        count, more = (sum(one.effects[effect] for effect in guard.effects) for one in (done, under_way))
        told = f"would be number {max(bound, count) + 1:,} of the {guard.counts}, and {guard.flag} allows {bound:,}: {_HOW}{guard.flag}"
        yield Reached(count, count + more, bound, told)


def _sum(one: Done, other: Done) -> Done:
    return Done(left=one.left + other.left, joined=one.joined + other.joined)


def done_by(recorded: RecordedRun) -> Done:
    """Count what the steps of a run have done by its journal; a step of which that is not known counts."""
    own = bytearray(recorded.ledger.rows + 1)  # the rows that have changed their own resource
    found, begun = Done(), dict[int, Counted]()
    for entry in recorded.entries(Kind.STARTED, Kind.APPLIED, Kind.REFUSED):
        row, part = entry.rows[0]
        match entry.body:
            case Started() as one:
                first = not own[row]
                effects = effects_of(one.action, one.type, part, one.changes, one.before, first=first)
                parts = tuple(shares_of(one.before or {})) if effects & ENDS else ()
                moved = tuple(members_moved(one.action, one.type, one.id, one.changes, len(one.members)))
                begun[entry.step] = Counted(effects, parts, moved)
            case Applied() as end:
                counted = begun.pop(entry.step, Counted())
                if is_inactive(end.after or {}):
                    counted = counted._replace(effects=counted.effects - {Effect.TAKE_SEAT})
                found.add(counted)
                own[row] |= has_changed_own((part,))
            case Refused():
                begun.pop(entry.step, None)
            case _:
                pass
    for counted in begun.values():
        found.add(counted)
    return found
