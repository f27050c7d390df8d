"""Let an engine work on a run, and another one after each outage that is waited out.

An engine stops where the tenant does not answer. Then one read after the other asks whether it does again, with waits that
grow. The next engine begins as that of a resume does: it looks up what is in doubt, and it knows of the tenant what the
journal says. It stops sooner than the first did.
"""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace

from bulkscim.engine.execute import Engine
from bulkscim.engine.schedule import Schedule
from bulkscim.engine.stopping import Stopping, draining
from bulkscim.errors import BulkScimError, JournalDead, Outage, Stopped
from bulkscim.journal import bodies
from bulkscim.journal.entries import Entry
from bulkscim.journal.settings import Connection, Settings
from bulkscim.model.harmless import estimated_duration, shown_duration
from bulkscim.model.progress import RunProgress
from bulkscim.model.row import RowRules
from bulkscim.pacing.breaker import BreakerLimits
from bulkscim.pacing.hours import NONE, parse_duration
from bulkscim.pacing.outage import next_wait
from bulkscim.runs.assembly import Session, end_session, engine_over, opened, pending_reason
from bulkscim.runs.canary import OVER, failure, told_right, waits_for
from bulkscim.runs.heeding import Heeding
from bulkscim.runs.how_long import held_back
from bulkscim.runs.live_progress import LiveProgress
from bulkscim.runs.report import RunReport
from bulkscim.runs.settings import times_of

CAREFUL = BreakerLimits(in_a_row=5)  # of an engine that follows an outage


async def carry_out(session: Session) -> RunReport:
    """Work on a journal's rows until they have settled or the run must stop, and journal how it ended.

    JournalDead when the journal can no longer be written; nothing after its last entry was sent.
    """
    journal, around = session.journal, session.around
    around.watcher.opened(journal.ledger.totals())
    attempts = Attempts(session)
    live = LiveProgress(attempts.watched, around.watcher, around.clock, journal, attempts.heeding)

    async def work() -> None:
        async with live.shown() if around.live else nullcontext():
            await attempts.work()

    await _unless_dead(work)
    terms = session.terms
    known = terms.rates.known() if terms.rates else ()
    held = held_back(attempts.look(), attempts.settings.buckets(terms.profile), known)
    return replace(await end_session(journal, attempts.reason, around.clock), held_back=held)


async def recover(session: Session) -> None:
    """Find out what became of a journal's open steps, and no more; raises what stopped it."""
    journal, around = session.journal, session.around
    stopping = Stopping(around.clock)

    async def work() -> None:
        async with draining(stopping, around.watcher) if around.heed_signals else nullcontext():
            await engine.recover()

    with engine_over(session, stopping) as engine:
        await _unless_dead(work)
    pending = journal.ledger.totals().pending
    await end_session(
        journal, stopping.reason or (Stopped("it is rolled back") if pending else None), around.clock
    )
    if stopping.reason is not None:
        raise stopping.reason


async def _unless_dead(work: Callable[[], Awaitable[None]]) -> None:
    """Let work be done; raise the JournalDead of any of its tasks."""
    dead: JournalDead | None = None
    try:
        await work()
    except* JournalDead as group:
        dead = _leaf(group)
    if dead is not None:
        raise dead


def _leaf(group: BaseExceptionGroup[JournalDead]) -> JournalDead:
    """Return the first error of a group, however deep."""
    first = group.exceptions[0]
    return _leaf(first) if isinstance(first, BaseExceptionGroup) else first


@dataclass(slots=True)
class _Waited:
    """An outage: why, when it began (monotonic), how many rows had ended then, and how often the tenant was asked since."""

    why: str
    since: float
    ended: int
    asked: int = 0
    next_at: float = 0.0
    is_over: bool = False


class Attempts:
    """The engines of one session, one after the other; `reason` says why the last of them stopped, None at the end."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._clock = session.around.clock
        terms = session.terms
        is_dry = terms.answered_here is not None
        connection = Connection() if is_dry else terms.settings.connection
        self._times = times_of(connection, self._clock.now())
        self._wait_out_s = parse_duration(connection.wait_out or NONE)
        watcher = session.around.watcher
        self.heeding = None if is_dry else Heeding(session.journal, terms.settings, terms.profile, watcher)
        self.reason: BulkScimError | None = None
        self._outage: _Waited | None = None
        self._engine: Engine | None = None
        self._began = self._clock.monotonic()
        self._said = False
        self._before = RunProgress()  # as it was when the engine before this one had stopped

    @property
    def settings(self) -> Settings:
        """The settings that hold now."""
        return self._session.terms.settings if self.heeding is None else self.heeding.settings

    async def work(self) -> None:
        """Work on the canary, where there is one, and where all of that is right on all other rows."""
        session, journal = self._session, self._session.journal
        first = frozenset() if session.terms.answered_here else waits_for(journal, session.job)
        if first:
            await self._try(first)
            if self.reason is not None:
                return
            await journal.append(Entry(bodies.Approved(guards=OVER)))
            session.around.watcher.note(told_right(journal))
            self._session = replace(self._with_rules(session.terms.settings.rules), job=session.job)
        await self._work_on(None)

    async def _try(self, rows: frozenset[int]) -> None:
        """Work on rows of the canary and read them back, until one is not right or no more are to be tried."""
        session, journal = self._session, self._session.journal
        rules = replace(session.terms.settings.rules, read_back="all")
        while rows and self.reason is None:
            self._session = replace(self._with_rules(rules), job=replace(session.job, only=rows))
            await self._work_on(rows)
            if self.reason is None:
                self.reason = failure(journal, rows)
            if self.reason is None:
                await journal.append(Entry(opened("resume")))
                rows = waits_for(journal, session.job)

    def _with_rules(self, rules: RowRules) -> Session:
        """Return the session with other rules for its rows."""
        session = self._session
        settings = replace(session.terms.settings, rules=rules)
        return replace(session, terms=replace(session.terms, settings=settings))

    async def _work_on(self, rows: frozenset[int] | None) -> None:
        """Work until these rows are done (None: all), or until an outage is not waited out, or no longer."""
        around = self._session.around
        while True:
            stopping = Stopping(self._clock)
            with engine_over(self._session, stopping) as engine:
                await self._take(engine)
                schedule = Schedule(self._times, self._clock, engine.permits.holding, stopping)
                heeded = draining(stopping, around.watcher) if around.heed_signals else nullcontext()
                async with heeded, schedule.kept():
                    if await self._may_go_on(engine, stopping):
                        await engine.run()
            self.reason = stopping.reason
            if rows is None and self.reason is None:
                self.reason = pending_reason(self._session.journal)
            waits = await self._waits()
            if waits or rows is not None:
                self._leave(engine, CAREFUL if waits else self._session.terms.breaker)
            if not waits:
                return

    def look(self) -> RunProgress:
        """Return how far the session is, with all of its engines."""
        now, before, outage = self._clock.monotonic(), self._before, self._outage
        progress = before
        if self._engine is not None:
            own = self._engine.look()
            requests, throttled = before.requests + own.requests, before.throttled + own.throttled
            progress = replace(own, requests=requests, throttled=throttled)
        progress = replace(
            progress, totals=self._session.journal.ledger.totals(), elapsed_s=now - self._began
        )
        if outage is None or outage.is_over or progress.paused:
            return progress
        asks = f"the tenant does not answer, asked again in {max(0.0, outage.next_at - now):.0f} s"
        return replace(progress, left_s=None, waiting=asks)

    def watched(self) -> RunProgress:
        """Return the same, and say once what keeps a rate from being used."""
        if self._engine is not None and not self._said and (told := self._engine.permits.held_back()):
            self._session.around.watcher.note(told)
            self._said = True
        return self.look()

    async def _take(self, engine: Engine) -> None:
        """Begin with an engine, under the orders that hold."""
        self._engine = engine
        if self.heeding is not None:
            self.heeding.serve(engine.permits)
        if self.heeding is not None and self._session.around.live:
            await self.heeding.look()

    def _leave(self, engine: Engine, breaker: BreakerLimits) -> None:
        """Keep what the next engine is to know of this one."""
        self._before, self._engine = self.look(), None
        arrivals = engine.permits.arrivals
        settings = replace(self.settings, rules=self._session.terms.settings.rules)
        terms = replace(self._session.terms, arrivals=arrivals, breaker=breaker, settings=settings)
        self._session = replace(self._session, terms=terms)

    async def _waits(self) -> bool:
        """Return whether to wait until the tenant answers again; journal why the engine has stopped."""
        session, now = self._session, self._clock.monotonic()
        if not isinstance(self.reason, Outage):
            return False
        if not self._wait_out_s:
            session.around.watcher.note("--wait-out 15m of run and resume waits for such a tenant instead")
            return False
        totals = session.journal.ledger.totals()
        ended = totals.rows - totals.pending - totals.in_doubt
        if self._outage is None or ended > self._outage.ended:
            self._outage = _Waited(str(self.reason), now, ended)
        outage = self._outage
        outage.is_over = False
        left_s = self._wait_out_s - (now - outage.since)
        if left_s <= 0:
            return False
        session.around.watcher.note(
            f"{self.reason}; it is asked again for up to {estimated_duration(left_s)}"
        )
        stopped = bodies.Stopped(str(self.reason), Outage.cause, round(now, 3))
        await session.journal.append(Entry(stopped))
        return True

    async def _may_go_on(self, engine: Engine, stopping: Stopping) -> bool:
        """Wait until the tenant answers again, where it did not; return whether the engine may work."""
        outage, session = self._outage, self._session
        if outage is None:
            return True
        while wait := self._next_wait(outage):
            outage.next_at = self._clock.monotonic() + wait
            if not await stopping.pause(wait):
                return False
            outage.asked += 1
            if await engine.answers():
                outage.is_over = True
                await session.journal.append(Entry(opened("resume")))
                waited = shown_duration(self._clock.monotonic() - outage.since)
                session.around.watcher.note(f"the tenant answers again, after {waited}")
                return True
        if not stopping.requested:
            waited = shown_duration(self._clock.monotonic() - outage.since)
            stopping.stop(Outage(f"{outage.why}; waited {waited} for it (--wait-out)"))
        return False

    def _next_wait(self, outage: _Waited) -> float | None:
        return next_wait(outage.asked, self._clock.monotonic() - outage.since, self._wait_out_s)
