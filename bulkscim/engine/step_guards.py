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
from bulkscim.model.step import Action, Step
from bulkscim.planning.guards import Bounds, SeatChange
from bulkscim.planning.shares import share_bound, shares_of
from bulkscim.planning.step_effects import NOTHING, effects_of, has_changed_own

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
    """What steps have done; `parts`: of which departments and domains users were taken away, and how many."""

    effects: Counter[Effect] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)

    def add(self, counted: "Counted") -> None:
        """Count one step."""
        self.effects.update(counted.effects)
        self.parts.update(counted.parts)


class Counted(NamedTuple):
    """What one step does, and of which departments and domains it takes a user away."""

    effects: Effects = NOTHING
    parts: tuple[str, ...] = ()


class StepGuards:
    """Counts what steps do; `done` is asked before the first one that counts, and says what earlier sessions did."""

    def __init__(self, bounds: Bounds, done: Callable[[], Done], stopping: Stopping) -> None:
        self._seats, self._used = bounds.seats, bounds.seats_used or 0
        self._limits, self._sizes = bounds.share_limits, bounds.share_sizes
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
        counted = Counted(effects, self._parts_of(effects, step.before))
        mine = [(guard, bound) for guard, bound in self._bounds if guard.effects & effects]
        seated = self._seats is not None and bool(effects & _SEATS)
        if not (mine or seated or counted.parts):
            return May.GO
        if self._done is None:
            self._done = self._earlier()
        under_way = Done()
        for sent in self._sent.values():
            under_way.add(sent)
        limits = [*_guarded(mine, self._done, under_way), *self._shared(counted.parts, self._done, under_way)]
        limits += self._seated(self._done, under_way) if Effect.TAKE_SEAT in effects else []
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

    def _shared(self, parts: Sequence[str], done: Done, under_way: Done) -> Iterator["_Reached"]:
        """Yield how much of each part has gone."""
        for part in parts:
            size = (self._sizes or {}).get(part, 0)
            bound = share_bound(self._limits, size)
            told = (
                f"would be user number {bound + 1:,} of the {size:,} of {part} to be deleted or deactivated, and --max-share "
                f"allows {bound:,}: {_HOW}--max-share"
            )
            count = done.parts[part]
            yield _Reached(count, count + under_way.parts[part], bound, told)

    def _seated(self, done: Done, under_way: Done) -> list["_Reached"]:
        """Return how many seats are used."""
        if self._seats is None:
            return []
        used = self._used + SeatChange.of(done.effects).net
        least, most = used - under_way.effects[Effect.FREE_SEAT], used + under_way.effects[Effect.TAKE_SEAT]
        told = (
            f"needs a seat, and --seats allows {self._seats:,} ({self._used:,} were used at the start): the run stopped before "
            "it. Put rows that deactivate before those that create, or go on with a higher --seats"
        )
        return [_Reached(least, most, self._seats, told)]

    def ended(self, work: Work, step: Step, *, knows: bool = True) -> None:
        """Take in the end of a step; one of which it is not known whether it took effect counts as one that did."""
        counted = self._sent.pop(work.number, Counted())
        if self._done is not None and (not knows or step.part in work.facts.applied):
            self._done.add(counted)

    def not_sent(self, work: Work) -> None:
        """Forget a step that was not sent."""
        self._sent.pop(work.number, None)


class _Reached(NamedTuple):
    """How far a guard is reached: at least, and at most if all that is under way takes effect."""

    least: int
    most: int
    bound: int
    told: str


def _guarded(mine: Sequence[tuple[Guard, int]], done: Done, under_way: Done) -> Iterator[_Reached]:
    """Yield how far each guard is reached."""
    for guard, bound in mine:
        count, more = (sum(one.effects[effect] for effect in guard.effects) for one in (done, under_way))
        told = f"would be {guard.one} number {bound + 1:,}, and {guard.flag} allows {bound:,}: {_HOW}{guard.flag}"
        yield _Reached(count, count + more, bound, told)


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
                begun[entry.step] = Counted(effects, parts)
            case Applied() as end:
                effects, parts = begun.pop(entry.step, Counted())
                inactive = is_inactive(end.after or {})
                found.add(Counted(effects - {Effect.TAKE_SEAT} if inactive else effects, parts))
                own[row] |= has_changed_own((part,))
            case Refused():
                begun.pop(entry.step, None)
            case _:
                pass
    for counted in begun.values():
        found.add(counted)
    return found
