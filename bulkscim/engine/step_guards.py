"""The guards that bound what steps do, held before each step on what has happened so far, by all sessions of the run."""

from collections import Counter
from collections.abc import Callable
from enum import Enum, auto

from bulkscim.engine.stopping import Stopping
from bulkscim.engine.work import Work
from bulkscim.errors import GuardReached
from bulkscim.journal.bodies import Applied, Refused, Started
from bulkscim.journal.entries import Kind
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.active import is_inactive
from bulkscim.model.guard_table import GUARDS, Effect, Guard
from bulkscim.model.step import Action, Step
from bulkscim.planning.guards import Bounds, SeatChange
from bulkscim.planning.step_effects import NOTHING, effects_of, has_changed_own

Effects = frozenset[Effect]
_SEATS = frozenset({Effect.TAKE_SEAT, Effect.FREE_SEAT})


class May(Enum):
    """Whether a step may be sent."""

    GO = auto()
    WAIT = auto()  # until those under way have ended: some may take no effect
    STOP = auto()


class StepGuards:
    """Counts what steps do; `done` is asked before the first one that counts, and says what earlier sessions did."""

    def __init__(self, bounds: Bounds, done: Callable[[], Counter[Effect]], stopping: Stopping) -> None:
        self._seats, self._used = bounds.seats, bounds.seats_used or 0
        self._bounds = [(guard, bound) for guard in GUARDS if (bound := bounds.of(guard)) is not None]
        self._earlier = done
        self._stopping = stopping
        self._done: Counter[Effect] | None = None
        self._sent: dict[int, Effects] = {}  # by row: what its step under way does

    def may_send(self, work: Work, step: Step) -> May:
        """Count a step that is about to be sent; where it would exceed a bound the run stops."""
        first = not has_changed_own(work.facts.applied)
        effects = effects_of(step.action, step.type, step.part, step.changes, step.before, first=first)
        if step.action is Action.CREATE and is_inactive(step.body):
            effects -= {Effect.TAKE_SEAT}
        mine = [(guard, bound) for guard, bound in self._bounds if guard.effects & effects]
        seated = self._seats is not None and bool(effects & _SEATS)
        if not mine and not seated:
            return May.GO
        if self._done is None:
            self._done = self._earlier()
        under_way = Counter(one for held in self._sent.values() for one in held) if self._sent else Counter()
        for guard, bound in mine:
            if _sum(self._done, guard) >= bound:
                self._stopping.stop(_reached(work.number, guard, bound))
                return May.STOP
        waits = any(_sum(self._done, guard) + _sum(under_way, guard) >= bound for guard, bound in mine)
        if self._seats is not None and Effect.TAKE_SEAT in effects:
            used = self._used + SeatChange.of(self._done).net
            if used - under_way[Effect.FREE_SEAT] >= self._seats:
                self._stopping.stop(_no_seat(work.number, self._seats, self._used))
                return May.STOP
            waits |= used + under_way[Effect.TAKE_SEAT] >= self._seats
        if waits:
            return May.WAIT
        self._sent[work.number] = effects
        return May.GO

    def ended(self, work: Work, step: Step, *, knows: bool = True) -> None:
        """Take in the end of a step; one of which it is not known whether it took effect counts as one that did."""
        effects = self._sent.pop(work.number, NOTHING)
        if self._done is not None and (not knows or step.part in work.facts.applied):
            self._done.update(effects)

    def not_sent(self, work: Work) -> None:
        """Forget a step that was not sent."""
        self._sent.pop(work.number, None)


def _sum(counts: Counter[Effect], guard: Guard) -> int:
    return sum(counts[one] for one in guard.effects)


def _reached(row: int, guard: Guard, bound: int) -> GuardReached:
    return GuardReached(
        f"row {row} would be {guard.one} number {bound + 1:,}, and {guard.flag} allows {bound:,}: the run stopped before it. "
        f"To allow more, go on with a higher {guard.flag}"
    )


def _no_seat(row: int, seats: int, used: int) -> GuardReached:
    return GuardReached(
        f"row {row} needs a seat, and --seats allows {seats:,} ({used:,} were used at the start): the run stopped before "
        "it. Put rows that deactivate before those that create, or go on with a higher --seats"
    )


def done_by(recorded: RecordedRun) -> Counter[Effect]:
    """Count what the steps of a run have done by its journal; a step of which that is not known counts."""
    own = bytearray(recorded.ledger.rows + 1)  # the rows that have changed their own resource
    found: Counter[Effect] = Counter()
    begun: dict[int, Effects] = {}
    for entry in recorded.entries(Kind.STARTED, Kind.APPLIED, Kind.REFUSED):
        row, part = entry.rows[0]
        match entry.body:
            case Started() as one:
                first = not own[row]
                begun[entry.step] = effects_of(
                    one.action, one.type, part, one.changes, one.before, first=first
                )
            case Applied() as end:
                effects = begun.pop(entry.step, NOTHING)
                found.update(effects - {Effect.TAKE_SEAT} if is_inactive(end.after or {}) else effects)
                own[row] |= has_changed_own((part,))
            case Refused():
                begun.pop(entry.step, None)
            case _:
                pass
    found.update(one for effects in begun.values() for one in effects)
    return found
