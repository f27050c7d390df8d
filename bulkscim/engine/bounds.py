"""The bounds that a run keeps while rows are worked on: where one is reached, the run is to stop."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from bulkscim.engine import first_rows
from bulkscim.engine.stopping import Stopping
from bulkscim.engine.work import Work
from bulkscim.errors import Stopped
from bulkscim.journal.journal import Journal
from bulkscim.model.operation import Verb
from bulkscim.model.row import RowState
from bulkscim.pacing.breaker import Breaker
from bulkscim.planning.decision import Settle


@dataclass(slots=True)
class Guards:
    """Bounds that hold while rows are worked on, None for no bound.

    `max_errors` failed rows; `max_adopt` adopted users that get links. `adopted` returns the rows that have added
    such links by the journal, and is called at the first of this process.
    """

    max_errors: int | None = None
    max_adopt: int | None = None
    adopted: Callable[[], set[int]] = set


class Bounding:
    """Counts what the bounds of a run are about; one for all workers."""

    def __init__(self, guards: Guards, journal: Journal, stopping: Stopping) -> None:
        self._guards = guards
        self._journal = journal
        self._stopping = stopping
        self._breaker = Breaker()
        self._adopted: set[int] | None = None  # rows that add links to adopted users: at most `max_adopt`
        self._first = first_rows.watching(journal)

    def ended(self, work: Work, decision: Settle) -> None:
        """Count a row that has ended."""
        failed_now = decision.state is RowState.FAILED
        if work.row.operation.verb is Verb.DELETE:
            reason = self._breaker.deleted(gone=failed_now and decision.status == HTTPStatus.NOT_FOUND)
            if reason:
                self._stopping.stop(Stopped(reason))
        stop = first_rows.take(self._first, work, decision)
        if stop is not None:
            self._stopping.stop(stop)
        bound = self._guards.max_errors
        if not failed_now or bound is None:
            return
        failed = self._journal.ledger.totals().failed
        if failed > bound:
            self._stopping.stop(Stopped(f"{failed} rows failed, more than --max-errors allows ({bound})"))

    def answered(self, *, fault: bool, detail: str) -> None:
        """Count an answer to a step; `fault`: no record is to blame for it."""
        reason = self._breaker.ended(fault=fault, detail=detail)
        if reason:
            self._stopping.stop(Stopped(reason))

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
