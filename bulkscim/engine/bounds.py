"""The bounds that a run keeps while rows are worked on: where one is reached, the run is to stop."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus

from bulkscim.engine.step_guards import StepGuards, done_by
from bulkscim.engine.stopping import Stopping
from bulkscim.engine.work import Work
from bulkscim.errors import FirstRowsFailed, Outage, Stopped
from bulkscim.journal import bodies
from bulkscim.journal.journal import Journal
from bulkscim.model.names import NAMES
from bulkscim.model.row import RowState
from bulkscim.pacing.breaker import FIRST_ROWS, Breaker, BreakerLimits, FirstRows, Reason, reason_of
from bulkscim.planning.decision import Settle
from bulkscim.planning.guards import Bounds

_NEXT = "Correct the cause and retry the run; resume goes on with the other rows all the same"


@dataclass(slots=True)
class Guards:
    """Bounds that hold while rows are worked on, None for no bound.

    `max_errors` failed rows; `max_adopt` adopted users that get links. `adopted` returns the rows that have added
    such links by the journal, and is called at the first of this process. `bounds` are those of what steps do. `breaker`: how many faults of the tenant there may be.
    """

    max_errors: int | None = None
    max_adopt: int | None = None
    adopted: Callable[[], set[int]] = set
    breaker: BreakerLimits = field(default_factory=BreakerLimits)
    bounds: Bounds = Bounds()


class Bounding:
    """Counts what the bounds of a run are about; one for all workers."""

    def __init__(self, guards: Guards, journal: Journal, stopping: Stopping) -> None:
        self._guards = guards
        self._journal = journal
        self._stopping = stopping
        self._breaker = Breaker(guards.breaker)
        self._adopted: set[int] | None = None  # rows that add links to adopted users: at most `max_adopt`
        self._first = watched_first_rows(journal)
        self.steps = StepGuards(guards.bounds, partial(done_by, journal), stopping)

    def ended(self, work: Work, decision: Settle) -> None:
        """Count a row that has ended."""
        failed_now = decision.state is RowState.FAILED
        if work.row.operation.spec.deletes:
            reason = self._breaker.deleted(gone=failed_now and decision.status == HTTPStatus.NOT_FOUND)
            if reason:
                self._stopping.stop(Stopped(reason))
        stop = first_rows_failed(self._first, work, decision)
        if stop is not None:
            self._stopping.stop(stop)
        bound = self._guards.max_errors
        if not failed_now or bound is None:
            return
        failed = self._journal.ledger.totals().failed
        if failed > bound:
            rows = f"{failed:,} row{'s' * (failed != 1)}"
            self._stopping.stop(Stopped(f"{rows} failed, and --max-errors tolerates {bound:,}"))

    def answered(self, *, fault: bool, detail: str) -> None:
        """Count an answer to a step; `fault`: no record is to blame for it."""
        reason = self._breaker.ended(fault=fault, detail=detail)
        if reason:
            self._stopping.stop(Outage(reason))

    def may_adopt(self, row: int) -> bool:
        """Count the adopted users that get links, and stop the run where one more would exceed the bound."""
        bound = self._guards.max_adopt
        if self._adopted is None:
            self._adopted = self._guards.adopted()
        if row in self._adopted or bound is None or len(self._adopted) < bound:
            self._adopted.add(row)
            return True
        self._stopping.stop(
            Stopped(
                f"row {row} would be adopted user number {len(self._adopted) + 1} to get a manager or groups, and "
                f"--max-adopt allows {bound}. To allow more, go on with a higher --max-adopt"
            )
        )
        return False


def watched_first_rows(journal: Journal) -> FirstRows:
    """Return the watch over a session's rows; it is over where the run has come past its first rows, or its stop."""
    first, totals = FirstRows(), journal.ledger.totals()
    if (
        totals.done
        or totals.adopted
        or totals.noop
        or totals.failed >= FIRST_ROWS
        or has_stopped(journal, FirstRowsFailed.cause)
    ):
        first.over()
    return first


def has_stopped(journal: Journal, cause: str) -> bool:
    """Return whether an earlier session has stopped for a cause."""
    return journal.timeline.sessions > 1 and any(
        stopped.cause == cause for _, stopped in journal.each(bodies.Stopped)
    )


def first_rows_failed(first: FirstRows, work: Work, decision: Settle) -> FirstRowsFailed | None:
    """Count a row's end; return why the run is to stop, if it is."""
    if decision.state is RowState.FAILED:
        why = first.failed(_reason(work, decision), decision.detail)
        return FirstRowsFailed(f"{why}. {_NEXT}") if why else None
    if decision.state is not RowState.SKIPPED:  # it may wait for a row that failed
        first.over()
    return None


def _reason(work: Work, decision: Settle) -> Reason | None:
    """Return why a row failed; None for conflicts and missing references, which many rows may have in common."""
    facts, status = work.facts, decision.status
    named = status == HTTPStatus.NOT_FOUND and all(each.status != status for each in facts.refused.values())
    if named or facts.taken or status == HTTPStatus.CONFLICT or decision.scim_type == "uniqueness":
        return None
    operation = work.row.operation
    own = [operation.target.value, decision.id or "", *(str(operation.data.get(name, "")) for name in NAMES)]
    return reason_of(status, decision.scim_type, decision.detail, own)
