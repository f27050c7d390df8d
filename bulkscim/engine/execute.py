"""Bring a journal's rows to their end: first what is in doubt, then all that is pending, then what was left over."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus

import anyio

from bulkscim.engine import recording
from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.exchange import Exchange, Paced
from bulkscim.engine.facts import unproved
from bulkscim.engine.feed import Feed
from bulkscim.engine.outcomes import Outcomes
from bulkscim.engine.permits import Permits
from bulkscim.engine.pipeline import Pipeline
from bulkscim.engine.rows import RunContext
from bulkscim.engine.stopping import Stopping
from bulkscim.engine.unfinished import UnfinishedRows
from bulkscim.engine.work import Moment
from bulkscim.engine.worker import Worker
from bulkscim.journal.bodies import Lost, Started
from bulkscim.journal.journal import Journal
from bulkscim.model.operation import USER
from bulkscim.model.progress import RunProgress
from bulkscim.model.request import Request
from bulkscim.model.row import Row
from bulkscim.model.step import ACCEPTED
from bulkscim.pacing.retry import Judgement, ReadVerdict, Verdict, judge_read
from bulkscim.planning.overtaking import left_by, left_open
from bulkscim.scim.protocol import page_path

RowsWhere = Callable[[Callable[[int], bool]], Iterator[Row]]
TAKEN_IN = Judgement(Verdict.ACCEPTED, int(HTTPStatus.ACCEPTED), detail=ACCEPTED)
UNANSWERED = Judgement(Verdict.LOST, detail="no answer to it was recorded")


@dataclass(frozen=True, slots=True)
class Engine:
    """The parts that one process's work on a run needs; `rows` reads the job file for the rows asked for.

    `workers` is how many rows are worked on at once, asked again as the work goes on. `look` tells how far the work is;
    `exchange` sends its requests.
    """

    context: RunContext
    rows: RowsWhere
    directory: Directory
    worker: Worker
    workers: Callable[[], int]
    look: Callable[[], RunProgress]
    exchange: Exchange
    left: UnfinishedRows = field(default_factory=UnfinishedRows)

    @property
    def journal(self) -> Journal:
        """The run's journal."""
        return self.context.journal

    @property
    def permits(self) -> Permits:
        """The permits of all requests."""
        return self.exchange.permits

    async def answers(self) -> bool:
        """Ask the tenant for a user; return whether it answers, be it with a refusal."""
        reply = await Paced(self.exchange, None).send(Request("GET", page_path(USER, 1, 1)))
        return judge_read(reply) is not ReadVerdict.AGAIN

    @property
    def _stopping(self) -> Stopping:
        return self.context.stopping

    @property
    def _outcomes(self) -> Outcomes:
        return self.worker.outcomes

    async def run(self) -> None:
        """Work until every row has settled, or nothing more can be done, or the run is to stop."""
        if self.journal.timeline.sessions > 1:
            self.directory.ids.recall(self.journal)
        await self.recover()
        policy = self.worker.rows.policy
        if policy.rules.read_back or policy.profile.may_ignore or policy.profile.one_group:
            self.worker.rows.unproved = unproved(self.journal)
        circle = False
        while (
            self.journal.ledger.totals().pending or self._outcomes.accepted
        ) and not self._stopping.requested:
            before = self._progress()
            deferred = await self._pass(circle=circle)
            found = await self._look_for_accepted()
            moved = found or self._progress() != before
            circle = not moved and self.left.wait_in_circles()
            if not (deferred or found) or not (moved or circle):
                return

    def _progress(self) -> tuple[int, int]:
        """Return what a pass changes that brings any row further: rows that are pending, and steps applied."""
        return self.journal.ledger.totals().pending, self._outcomes.applied

    async def _pass(self, *, circle: bool) -> int:
        """Take up all pending rows once; return how many of them were left for later.

        `circle`: the pass before brought no row further, since rows wait for each other in file order.
        """
        ledger = self.journal.ledger
        self.left.begin_pass(circle=circle)
        feed = Feed(self.rows(ledger.is_pending))
        pipeline = Pipeline(feed, self.context, self.worker, self.left, self.permits.room)
        await pipeline.run(self.workers)
        if feed.failed is not None:
            self._stopping.stop(feed.failed)
        return pipeline.deferred

    async def recover(self) -> None:
        """Find out what became of the steps that have no end, before anything new is sent."""
        ledger = self.journal.ledger
        if next(ledger.open_rows(), None) is not None:
            await self._recover_where(ledger.is_open)

    async def _look_for_accepted(self) -> bool:
        """Look once for what was accepted with 202, when the visibility lag is over; return whether any of it is clear now.

        One look at the end is enough, and no worker waits for it: what is not shown then may need a person's approval.
        """
        rows = frozenset(self._outcomes.accepted)
        if not rows or not await self._outcomes.wait_for_accepted():
            return False
        await self._recover_where(rows.__contains__)
        self._outcomes.accepted -= rows
        return not all(map(self.journal.ledger.is_open, rows))

    async def _recover_where(self, wanted: Callable[[int], bool]) -> None:
        feed = Feed(self.rows(wanted))
        async with anyio.create_task_group() as group:
            for _ in range(self.workers()):
                group.start_soon(self._recover_rows, feed, self.context.clock.monotonic())
        if feed.failed is not None:
            self._stopping.stop(feed.failed)

    async def _recover_rows(self, feed: Feed, since: float) -> None:
        while not self._stopping.requested and feed.peek() is not None:
            await self._recover_row(feed.take(), since)

    async def _recover_row(self, row: Row, since: float) -> None:
        history = self.journal.history(row.number)
        starts = [(entry, entry.body) for entry in history if isinstance(entry.body, Started)]
        last, begun = starts[-1]
        work = recording.work_of(row, history)
        work.told_at = since
        step = recording.step_of(begun, last.part, row.operation.data)
        work.create_started[step.part] = _first_start(
            [body for entry, body in starts if entry.part == step.part]
        )
        ends = (entry.body for entry in history if entry.step == last.step)
        lost = next((body for body in ends if isinstance(body, Lost)), None)
        if lost and lost.id:
            work.named[step.part] = lost.id
        if begun.absent:
            work.absent.update(key.folded for key in step.identity)
        work.accepted = bool(lost and lost.accepted)
        answer = TAKEN_IN if work.accepted else UNANSWERED
        self.left.forget(row.number)
        await self._outcomes.recover(recording.Sent(work, step, last.step), answer)
        if self.journal.ledger.is_open(row.number):
            marks = left_by(step) | left_open(row, work.facts, {})
            self.left.note(row.number, marks, in_doubt=True)


def _first_start(starts: list[Started]) -> Moment:
    """Return the first of the intents of a part."""
    if starts[0].local:
        return Moment(starts[0].server_time, stated=False)
    return Moment(min(start.server_time for start in starts if not start.local))
