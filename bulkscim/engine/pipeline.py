"""Carry rows to their end: a window of rows, taken up by workers.

A row is under way from the moment the feed brings it until it settles or is left for a later pass. In between
it is ready, in a worker's hands, or parked: behind an earlier row's claim, or until another row has made what it refers to. A
row whose step can share a request waits for others: until the request is full, or no other row can join. When nothing can move any
more, the rows wait in a circle, and the earliest goes on without what it waits for: that part is left to a later pass.
"""

from collections.abc import Callable, Iterable
from typing import assert_never

import anyio
import anyio.abc

from bulkscim.engine.changing import ChangingResources, changed_by
from bulkscim.engine.crew import Crew
from bulkscim.engine.dispatch import Intent, NotSent, Outcome
from bulkscim.engine.facts import Parents, made_by
from bulkscim.engine.feed import Feed, Window
from bulkscim.engine.first_moves import FirstMoves
from bulkscim.engine.gathered import Batch, GatheredSteps, shared_by
from bulkscim.engine.parked import BehindLane, BehindName, ForResource, ForRow, ParkedRows, Resting
from bulkscim.engine.ready import ReadyRows, Room
from bulkscim.engine.rows import Next, RunContext
from bulkscim.engine.unfinished import UnfinishedRows
from bulkscim.engine.work import Work
from bulkscim.engine.worker import Instead, Worker
from bulkscim.model.live import Found, Need, Parent, ParentLater, ParentReady, Question
from bulkscim.model.operation import GROUP, Key, identities
from bulkscim.model.step import Action, Step
from bulkscim.planning.decision import Later, Rest, Settle, Wait
from bulkscim.planning.merging import GroupChange
from bulkscim.planning.order import Lanes, claimed_by, claims
from bulkscim.planning.overtaking import concerned, left_by, left_open, names_of


class Pipeline:
    """One pass over a feed."""

    def __init__(
        self, feed: Feed, context: RunContext, worker: Worker, left: UnfinishedRows, room: Room
    ) -> None:
        self._feed = feed
        self._worker, self._rows = worker, worker.rows
        self._stopping = context.stopping
        self._journal = journal = context.journal
        self._left = left
        self._window = Window(feed)
        self._alive = self._window.rows
        self._parents = Parents(journal, self._alive.get, lambda: feed.passed, left.found, left.updates)
        self._lanes, self._first = Lanes(), FirstMoves()
        self._ready, self._parked = ReadyRows(room), ParkedRows()
        self._changing = ChangingResources(lambda freed: self._wake(self._parked.waiting(ForResource(freed))))
        self._gathered = GatheredSteps()
        self._busy = self._sending = 0  # workers, and those of them that send steps together
        self._timers: anyio.abc.TaskGroup | None = None
        self._changed: anyio.Event | None = None  # there while a worker waits
        self.deferred = 0

    async def run(self, workers: Callable[[], int]) -> None:
        """Take all rows of the feed to an end, or to where this pass can bring them, with so many workers at a time."""
        async with anyio.create_task_group() as self._timers:
            async with anyio.create_task_group() as group:
                self._crew = Crew(workers, group, self._take_rows)
                self._crew.fill()
            self._timers.cancel_scope.cancel()

    async def _take_rows(self) -> None:
        """Take row after row. An error ends the pass: the other workers are not notified, or they would look for work."""
        while not self._crew.leaves() and (work := await self._next()) is not None:
            self._busy += 1
            with self._ready.at_work(work.row if isinstance(work, Work) else None):
                await (self._advance(work) if isinstance(work, Work) else self._send_batch(*work))
            # Not where it raised: all workers are being stopped then, and no worker has the row.
            self._busy -= 1
            self._notify()
            self._crew.fill()

    async def _next(self) -> Work | Batch | None:
        """Return the earliest row that can move, or steps to be sent together; None when this pass is over."""
        while not self._stopping.requested:
            if (row := self._ready.take()) is not None:
                return self._alive[row]
            if self._admit():
                continue
            if (first := self._due()) is not None:
                return self._gathered.take(first)
            if not self._alive:
                return None
            if self._busy == 0 and not self._parked.some_rest:
                self._break_circle()
                continue
            self._changed = self._changed or anyio.Event()
            await self._changed.wait()
        return None

    def _due(self) -> int | None:
        """Return the row whose step waits no longer for others: the earliest of those that no other row can join any more."""
        none_joins = self._busy == 0 or (self._busy == self._sending and not self._parked)
        first = self._gathered.first if none_joins else self._gathered.whole
        return first if self._ready.has_room() and (none_joins or self._feed.peek() is None) else None

    def _notify(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    def _admit(self) -> bool:
        """Bring the next row under way if the window has room."""
        if not self._window.has_room:
            return False
        row = self._feed.take()
        policy = self._rows.policy
        wanted = claims(row, moves=policy.profile.one_group, updates=policy.rules.on_exists == "update")
        work = self._rows.begun(row, wanted)
        self._alive[row.number] = work
        self._lanes.enter(row.number, work.claims)
        if made := made_by(work.facts):
            self._lanes.known(row.number, Parent(row.number), made)
        self._ready.add(row)
        self._gathered.enter(row)
        return True

    def _break_circle(self) -> None:
        """Let the earliest row that waits for another row go on without it."""
        first = self._parked.first_for_row()
        if first is None:
            raise RuntimeError(f"rows {sorted(self._alive)[:5]} wait for nothing that can come")
        row, parent = first
        self._alive[row].live[Parent(parent)] = ParentLater(parent)
        self._wake([row])

    def _wake(self, rows: Iterable[int]) -> None:
        """Make parked rows ready; others are left alone."""
        for row in self._parked.take(rows):
            self._ready.add(self._alive[row].row)
            self._notify()

    async def _advance(self, work: Work) -> None:
        """Work on a row until it ends, is parked, or is left for later."""
        decision = self._begin(work)
        while decision is not None and not self._stopping.requested:
            decision = await self._follow(work, decision)

    def _begin(self, work: Work) -> Next | None:
        """Return what a row does first; None where it is parked behind a claim that it lacks, or is left for later."""
        for claim in work.claims:
            if claim.own and not self._lanes.holds(work.number, claim.need):
                self._park_on_lane(work, claim.need)
                return None
        if first := self._held_back_by(work):
            self._leave_held(work, first)
            return None
        if (first_move := self._first.before(work, self._rows.policy, self._alive)) is not None:
            self._parked.park(work.number, ForRow(first_move))
            return None
        return self._rows.decide(work)

    async def _follow(self, work: Work, decision: Next) -> Next | None:
        """Do what was decided; return what the row does next, None where it leaves this worker."""
        match decision:
            case Wait():
                self._found(work, decision.found)
                return await self._provide(work, decision.on)
            case Step():
                return await self._carry_out(work, decision)
            case Rest():
                self._rest(work, decision.seconds)
            case Settle():
                await self._rows.settle(work, decision)
                self._leave(work)
            case Later():
                self._found(work, decision.found)
                if work.found is not None:
                    self._left.found[work.number] = work.found
                self._leave_for_later(work)
            case _:
                assert_never(decision)
        return None

    def _leave_held(self, work: Work, first: int) -> None:
        """Leave a row to a later pass, since earlier rows hold it back, of which `first` is the first.

        Of an upsert of what exists, rows before that one need the id alone; else they may wait for each other.
        """
        operation = work.row.operation
        lane = self._lanes.ids(work.number).get(operation.target.folded)
        if lane is not None and operation.spec.updates:
            self._left.updates[work.number] = lane.value, first
        self._leave_for_later(work)

    def _rest(self, work: Work, seconds: float) -> None:
        """Park a row for a while, until the tenant may show what the run has just created."""
        self._parked.park(work.number, Resting())
        assert self._timers is not None  # noqa: S101 - a row is advanced by a worker, and these have one
        self._timers.start_soon(self._wake_after, seconds, work.number)

    async def _wake_after(self, seconds: float, row: int) -> None:
        await self._stopping.confirmation(seconds)
        self._wake([row])
        self._notify()

    def _found(self, work: Work, resource_id: str | None) -> None:
        """Wake the rows that wait for a row's resource: it exists, though the row did not create it."""
        if resource_id is not None and work.found is None:
            work.found = resource_id
            self._made(work, resource_id)

    def _held_back_by(self, work: Work, need: Need | None = None) -> int:
        """Return the first of the earlier rows that were left without an end and must go first; 0 where there is none."""
        if not self._left:
            return 0
        marks = concerned(work.row, {**work.names, **self._lanes.ids(work.number)}, need)
        return self._left.holds_back(work.number, marks)

    def _park_on_lane(self, work: Work, need: Need) -> None:
        """Park behind an earlier row's claim."""
        hidden = self._lanes.hidden(work.number, need)
        self._parked.park(work.number, BehindName(need) if hidden else BehindLane(need))

    async def _provide(self, work: Work, need: Need) -> Next | None:
        """Get what the row must know; return what it does then, None where it was parked or left instead."""
        lane = claimed_by(need)
        if not self._lanes.holds(work.number, lane):
            self._park_on_lane(work, lane)
            return None
        if self._held_back_by(work, need):
            self._leave_for_later(work)
            return None
        if not isinstance(need, Parent):
            return await self._read(work, need)
        answer = self._parents.answer(work.number, need.row)
        if answer is None:
            self._parked.park(work.number, ForRow(need.row))
            return None
        work.live[need] = answer
        if isinstance(answer, ParentReady):
            return self._known(work, need, answer.id)
        return self._rows.decide(work)

    async def _read(self, work: Work, need: Question) -> Next | None:
        """Ask the tenant what a row must know; what was changed while it was read is read again."""
        self._lanes.begin_reading(work.number)
        with self._window.asking(work):
            read = await self._worker.read(work, need, self._window)
        changed = self._lanes.end_reading(work.number)
        if work.rests_s:
            return self._rows.decide(work)
        work.live[need] = read
        if not isinstance(read, Found):
            return self._rows.decide(work)
        if work.is_own(need):
            self._lanes.named(work.number, identities(work.row.operation.type, read.resource))
        if isinstance(need, Key):
            resource = Key(need.type, "id", read.id)
            work.names |= dict.fromkeys(names_of(need.type, read.resource), resource)
            if resource in changed:
                work.forget()
        return self._known(work, need, read.id)

    def _known(self, work: Work, need: Need, found: str) -> Next | None:
        """Note the id behind a name; park the row if an earlier one holds that id under another name."""
        self._lanes.known(work.number, need, found)
        self._wake(self._parked.seen(self._lanes))
        if not self._lanes.holds(work.number, need):
            work.forget()
            self._park_on_lane(work, need)
            return None
        if first := self._held_back_by(work):
            self._leave_held(work, first)
            return None
        return self._rows.decide(work)

    async def _carry_out(self, work: Work, step: Step) -> Next | None:
        """Send a step; return what the row does next, None where it was parked or its stay has ended."""
        if (change := shared_by(work, step, self._rows.policy.profile)) is not None:
            return await self._gather(work, step, change)
        resource = changed_by(step)
        if resource is None:
            decision = await self._worker.carry_out(work, step)
        elif resource in self._changing:
            self._wait_for_change(work, resource)
            return None
        elif step.action is Action.CREATE and self._changing.is_news(work.number, resource):
            work.forget()
            return self._rows.decide(work)
        elif step.action is Action.CREATE and self._left.may_make(resource):
            self._leave_for_later(work)
            return None
        else:
            with self._changing.change(resource):
                decision = await self._worker.carry_out(work, step)
        if decision is None:
            self._leave(work, step)
            return None
        made = work.facts.applied.get(step.part)
        if made and made.id and step.part == Action.CREATE:
            self._made(work, made.id)
        return decision

    def _wait_for_change(self, work: Work, resource: Key) -> None:
        """Park until a resource is not being changed: what a later row makes is in no claim."""
        self._rows.bounds.steps.not_sent(work)
        work.forget()
        self._parked.park(work.number, ForResource(resource))

    async def _gather(self, work: Work, step: Step, change: GroupChange) -> Next | None:
        """Let a step wait for others with which it can share a request; send them where they are enough."""
        if (rival := self._gathered.rival(change, step)) is not None:  # it may do what this one is to do
            await self._send_batch(*self._gathered.take(rival))
            work.forget()
            return self._rows.decide(work)
        checked = self._worker.checked(work, step, waits=True)
        if isinstance(checked, Instead):
            if checked.decision is None:
                self._leave(work, step)
            return checked.decision
        lanes = self._lanes.ids(work.number)
        if (batch := self._gathered.add(change, Intent(work, checked), lanes)) is not None:
            await self._send_batch(*batch)
        elif made_by(work.facts) and not self._rows.policy.profile.one_group:
            self._wake(self._lanes.lend(work.number))
        return None

    async def _send_batch(self, change: GroupChange, batch: list[Intent]) -> None:
        """Send steps together while no other row changes the same group; their rows are ready after that."""
        group = Key(GROUP, "id", change.group)
        if group in self._changing:
            for intent in batch:
                self._wait_for_change(intent.work, group)
            return
        self._sending += 1
        with self._changing.change(group):
            for work, step in batch:
                if self._worker.is_old(work, step):
                    work.forget()
            sent: list[Outcome] | NotSent = NotSent.OUTDATED
            while batch and sent is NotSent.OUTDATED:
                batch = [one for work, _ in batch if (one := await self._still(work, change)) is not None]
                sent = await self._worker.send(batch) if batch else NotSent.STOPPING
            if not isinstance(sent, NotSent):
                async with anyio.create_task_group() as group_of_ends:
                    for outcome in sent:
                        group_of_ends.start_soon(self._take_in, outcome)
                await self._worker.outcomes.answered(sent)
        self._sending -= 1

    async def _still(self, work: Work, change: GroupChange) -> Intent | None:
        """Return the step of a row that waited, by what is known now; None where it is another, or none: the row goes on alone."""
        work.sends = True
        decision: Next | None = self._rows.decide(work)
        while isinstance(decision, Wait) and not self._stopping.requested:
            decision = await self._follow(work, decision)
        work.sends = False
        if isinstance(decision, Step) and shared_by(work, decision, self._rows.policy.profile) == change:
            return Intent(work, decision)
        self._go_on(work, decision)
        return None

    async def _take_in(self, outcome: Outcome) -> None:
        """Take in how one of several steps ended."""
        decision = await self._worker.take_in(outcome)
        if decision is None:
            self._leave(outcome.sent.work, outcome.sent.step)
        self._go_on(outcome.sent.work, decision)

    def _go_on(self, work: Work, decision: Next | None) -> None:
        """Let a row go on that shared a request with others, or did not; any worker may take it up."""
        self._rows.bounds.steps.not_sent(work)
        if isinstance(decision, Rest):
            self._rest(work, decision.seconds)
        elif decision is not None:
            self._ready.add(work.row)
            self._notify()

    def _made(self, work: Work, resource_id: str) -> None:
        """Wake the rows that wait for what this row makes."""
        operation = work.row.operation
        needs: list[Need] = [Parent(work.number), operation.target]
        for need in (*needs, *identities(operation.type, operation.data)):
            self._lanes.known(work.number, need, resource_id)
        self._wake([*self._parked.waiting(ForRow(work.number)), *self._parked.seen(self._lanes)])

    def _leave_for_later(self, work: Work) -> None:
        """Leave a row to a later pass."""
        self.deferred += 1
        self._leave(work)

    def _leave(self, work: Work, step: Step | None = None) -> None:
        """End the row's stay in this pass; `step`: the one after which it did not go on."""
        ledger = self._journal.ledger
        if not ledger.is_settled(work.number) and not self._stopping.requested:
            marks = left_open(work.row, work.facts, self._lanes.ids(work.number))
            marks |= left_by(step) if step else set()
            is_open = ledger.is_open(work.number)
            self._left.note(work.number, marks, in_doubt=is_open, waits=step is None and not is_open)
        del self._alive[work.number]
        self._gathered.leave(work.row)
        freed = self._lanes.leave(work.number)
        self._wake([*freed, *self._parked.waiting(ForRow(work.number)), *self._parked.seen(self._lanes)])
