"""Put an engine together over a journal, and let it run: the one place where its parts meet."""

import os
import random
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from pathlib import Path

from bulkscim import __version__
from bulkscim.engine.abilities import Abilities, Quoting
from bulkscim.engine.asking import Asking
from bulkscim.engine.bounds import Bounding, Guards, has_stopped
from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.directory.earlier_runs import JournalReads
from bulkscim.engine.directory.tied import Due
from bulkscim.engine.dispatch import SingleDispatch
from bulkscim.engine.exchange import Exchange, Paced
from bulkscim.engine.execute import Engine
from bulkscim.engine.feed import rows_of
from bulkscim.engine.look import Look
from bulkscim.engine.outcomes import Outcomes
from bulkscim.engine.permits import Permits
from bulkscim.engine.reads import Reads
from bulkscim.engine.rows import Rows, RunContext
from bulkscim.engine.sending import Sender
from bulkscim.engine.stopping import Stopping
from bulkscim.engine.work import Work
from bulkscim.engine.worker import Worker
from bulkscim.errors import BulkScimError, Interrupted, Outage, ReferencesUnknown, Stopped
from bulkscim.jobfile.index import Index
from bulkscim.jobfile.reading import rows
from bulkscim.jobfile.rivals import Rivals, rivals_in
from bulkscim.jobfile.source import JobSource
from bulkscim.journal import bodies
from bulkscim.journal.before_file import BeforeFile
from bulkscim.journal.bodies import Closed, Opened, Started
from bulkscim.journal.entries import Entry
from bulkscim.journal.header import UNKNOWN
from bulkscim.journal.journal import Journal
from bulkscim.journal.settings import Settings
from bulkscim.model.clock import Clock, Dated
from bulkscim.model.events import Watcher
from bulkscim.model.operation import GROUP, MAKES, USER, Defaults, Verb
from bulkscim.model.request import Request
from bulkscim.model.row import Row
from bulkscim.model.run import RunState
from bulkscim.model.selection import TakenRows
from bulkscim.pacing.arrivals import Arrivals
from bulkscim.pacing.breaker import BreakerLimits
from bulkscim.pacing.waiting import retry_of
from bulkscim.planning.before_image import ImageAges
from bulkscim.planning.forecast import Forecast
from bulkscim.planning.guards import Bounds
from bulkscim.providers.profile import Profile
from bulkscim.reporting.recorded import differing, drifted
from bulkscim.runs.earlier import (
    Earlier,
    created_by_runs,
    created_groups,
    kept_memberships,
    left_out,
    own_names,
    own_users,
    renamed_by_tenant,
    users_of_runs,
)
from bulkscim.runs.kept_rates import KeptRates
from bulkscim.runs.orders import user_name
from bulkscim.runs.plan_file import PlanFile
from bulkscim.runs.report import RunReport
from bulkscim.scim import protocol
from bulkscim.transport.base import Transport
from bulkscim.transport.repeating import Repeating


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done: the file, how it is read, and which row makes what; `taken`: the rows that the run takes."""

    source: JobSource
    defaults: Defaults
    index: Index
    count: int
    earlier: Earlier | None = None
    plan: PlanFile | None = None
    only: frozenset[int] | None = None  # rows, where the others wait
    taken: TakenRows | None = None
    rivals: Rivals | None = None

    def _may(self, number: int) -> bool:
        return number <= self.count and (self.only is None or number in self.only)

    def rows(self, wanted: Callable[[int], bool]) -> Iterator[Row]:
        """Read the rows that are wanted, in file order."""
        chosen = rows(self.source, self.defaults, 1, lambda number: self._may(number) and wanted(number))
        if self.earlier is not None:
            chosen = self.earlier.resolved(chosen, self.index)
        found = rows_of(chosen, self.index.makers)
        if self.rivals is not None:
            found = map(self.rivals.given_to, found)
        return found if self.plan is None else self.plan.given_to(found)

    def at(self, profile: Profile) -> "Job":
        """Return the job with what it asks for in vain at a tenant with such a profile."""
        if self.rivals is not None:
            return self
        found = rivals_in(self.source, self.defaults, self.taken, self.index.makers, profile)
        return replace(self, rivals=found)


@dataclass(frozen=True, slots=True)
class Terms:
    """Under what terms a run goes on; `arrivals` counts what was sent to the tenant before, None for nothing."""

    profile: Profile
    settings: Settings
    bounds: Bounds
    runs_dir: Path | None = None  # where earlier runs on the tenant may be
    dated: Dated | None = None  # the time that the tenant stated, where it did
    arrivals: Arrivals | None = None
    protects: Mapping[str, str] = field(default_factory=dict)  # protected accounts, by each folded name
    answered_here: Callable[[Request], bool] | None = None  # of a plan: whether nothing leaves for a request
    breaker: BreakerLimits = field(default_factory=BreakerLimits)
    rates: KeptRates | None = None  # what is known of the tenant's limits, and where that is kept
    passed_s: float = inf  # since the last request of the run that is taken back


@dataclass(frozen=True, slots=True)
class Around:
    """Who watches, what time it is, where chance comes from: numbers from 0 up to 1.

    With `heed_signals` Ctrl-C and its like drain the run; else they are left to the program around it. `live`: the
    watcher is shown every second how far the run is.
    """

    watcher: Watcher
    clock: Clock
    random: Callable[[], float] = random.random
    heed_signals: bool = True
    live: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """One process's work on a run: the job, the run's journal, the way to the tenant, and on what terms."""

    job: Job
    journal: Journal
    transport: Transport
    terms: Terms
    around: Around


@contextmanager
def engine_over(session: Session, stopping: Stopping) -> Iterator[Engine]:
    """Build the engine for one session, every part of it; close what the session knew of the tenant at its end."""
    journal, terms, around = session.journal, session.terms, session.around
    profile, settings = terms.profile, terms.settings
    watcher, clock = around.watcher, around.clock
    context = RunContext(journal, stopping, watcher, clock, around.random, profile)
    permits = _permits(terms, clock, stopping)
    exchange = Exchange(session.transport, permits, watcher, clock, context.pulse)
    if terms.dated is not None:
        exchange.server.take(terms.dated)
    quoting = Quoting(profile.unquoted_filters)

    header, directory = journal.header, _directory(session)

    def reads(work: Work | None) -> Reads:
        why = retry_of(work.number) if work is not None else ""
        repeating = Repeating(Paced(exchange, work), clock, around.random, partial(stopping.pause, why=why))
        return Reads(repeating, clock, profile, quoting, directory.ids)

    policy = replace(
        settings.policy(profile, header.run), protects=terms.protects, plans=terms.answered_here is not None
    )
    guards = _guards(session, counted=policy.plans or header.parent is not None)
    rows_ = Rows(context, policy, Bounding(guards, journal, stopping))
    ages = ImageAges(asked_s=settings.image_age, undoes=policy.takes_back, plans=policy.plans)
    abilities = Abilities(context)

    def ages_now(method: str, kind: str) -> ImageAges:
        nonlocal ages
        path, heeded = protocol.collection(kind), abilities.versions.heeded
        interval_s = max(permits.interval_of("GET", path), permits.interval_of(method, path))
        if (interval_s, heeded) != (ages.interval_s, ages.heeded):  # asked for each row, and seldom another
            ages = replace(ages, interval_s=interval_s, heeded=heeded)
        return ages

    asking = Asking(context, directory, reads, exchange, ages_now)
    before = None if policy.plans else BeforeFile(journal.folder, journal.disk)
    dispatch = SingleDispatch(context, exchange, Sender(context, exchange), directory, before)
    outcomes = Outcomes(context, rows_, asking, dispatch, directory, abilities)
    worker = Worker(rows_, asking, dispatch, outcomes, abilities, clock)
    with closing(directory), closing(before) if before else nullcontext(), _learning(terms, permits):
        forecast = header.forecast or Forecast(header.verbs, writes=header.verbs)
        look = Look(context.pulse, permits, clock, journal.ledger.totals, forecast)
        yield Engine(
            context, session.job.at(profile).rows, directory, worker, permits.workers, look, exchange
        )


def _directory(session: Session) -> Directory:
    """Return what a session knows of the tenant; a rollback also waits for what its run has just written to show."""
    journal, terms, clock = session.journal, session.terms, session.around.clock
    header, profile = journal.header, terms.profile
    of_users = {True: 0, False: 0}
    for verb in Verb:
        of_users[verb in MAKES] += header.count(verb, USER)
    moves = header.count(Verb.ADD_MEMBER, GROUP) if profile.one_group or profile.shows_groups else 0
    directory = Directory(
        clock,
        profile,
        _recorded(session.job, journal, terms),
        _due(journal, session.around.watcher),
        of_users[True],
        of_users[False] + moves,
    )
    if header.parent is not None:
        directory.ids.follows(profile.look_after_s - terms.passed_s)
    return directory


def _guards(session: Session, *, counted: bool) -> Guards:
    """Return the guards while running; `counted`: its job was counted whole, before anything is sent."""
    bounds, breaker = session.terms.bounds, session.terms.breaker
    held = Bounds() if counted else bounds
    return Guards(bounds.max_errors, bounds.max_adopt, partial(_adopted, session.journal), breaker, held)


@contextmanager
def _learning(terms: Terms, permits: Permits) -> Iterator[None]:
    """Keep what is learned of the tenant's limits, however the session ends."""
    try:
        yield
    finally:
        if terms.rates is not None:
            terms.rates.keep(permits.found())


def _permits(terms: Terms, clock: Clock, stopping: Stopping) -> Permits:
    """Return the permits of one engine; they begin with what is known of the tenant's limits.

    A session that follows another one sends no burst: requests of that one may still be on their way.
    """
    profile, here = terms.profile, terms.answered_here or (lambda _: False)
    buckets = terms.settings.buckets(profile)
    if terms.arrivals is not None and terms.arrivals.follows:
        buckets = tuple(replace(bucket, burst=1) for bucket in buckets)
    permits = Permits(buckets, clock, stopping, terms.arrivals, here)
    permits.begin_with(terms.rates.known() if terms.rates else ())
    permits.concurrency = terms.settings.concurrency(profile)
    return permits


def _recorded(job: Job, journal: Journal, terms: Terms) -> JournalReads:
    """Return how to read what journals tell: those of the runs folder, and those that the job file names.

    Users that other runs deactivated are read only where the tenant is known not to show them.
    """
    base_url = journal.header.tenant.base_url
    named = job.earlier.folders if job.earlier is not None else []
    places = tuple(dict.fromkeys((terms.runs_dir or journal.folder.parent, journal.folder.parent)))
    own = journal.header.run or journal.folder.name
    return JournalReads(
        partial(created_by_runs, base_url, journal.disk, own, places, named),
        None if terms.profile.lists_inactive else partial(users_of_runs, base_url, journal.disk, *places),
        partial(own_users, journal),
        partial(created_groups, journal),
        partial(own_names, journal),
        partial(left_out, journal),
        partial(renamed_by_tenant, base_url, journal.disk, own, places, named),
        partial(kept_memberships, journal, named) if terms.profile.one_group else None,
        journal.disk.off_loop,
    )


def _adopted(journal: Journal) -> set[int]:
    """Return the rows that have begun to add links to users that they adopted."""
    return {
        row
        for entry, begun in journal.each(Started, holding=b'"adopts":')
        if begun.adopts
        for row, _ in entry.rows
    }


def _due(journal: Journal, watcher: Watcher) -> Due:
    """Return how many resources are still to be taken away: by the file's verbs, as long as rows are pending."""
    header = journal.header
    removals, deletions = header.removals, header.count(Verb.DELETE, USER)

    def pending() -> int:
        return journal.ledger.totals().pending

    def may_be_unknown() -> bool:
        approved = header.references == UNKNOWN or header.parent is not None
        return approved or has_stopped(journal, ReferencesUnknown.cause)

    return Due(
        lambda: min(removals, pending()), lambda: min(deletions, pending()), watcher.note, may_be_unknown
    )


def opened(command: str) -> Opened:
    """Return what the entry that begins a session says."""
    return Opened(os.getpid(), socket.gethostname(), user_name(), __version__, command)


def pending_reason(journal: Journal) -> BulkScimError | None:
    """Return why rows are pending though the engine had nothing left to do; None where that is not so."""
    totals = journal.ledger.totals()
    if not totals.pending or totals.in_doubt:
        return None
    return Outage(f"{totals.pending} rows are still pending: the tenant did not accept them for now")


async def end_session(journal: Journal, reason: BulkScimError | None, clock: Clock) -> RunReport:
    """Journal how the session ended."""
    totals, reason = journal.ledger.totals(), reason or pending_reason(journal)
    uptime = round(clock.monotonic(), 3)  # the next process compares both clocks: this one is never set
    if reason is None:
        await journal.append(Entry(Closed(totals, journal.chain, uptime)))
    else:
        cause = reason.cause if isinstance(reason, Stopped) else ""
        await journal.append(Entry(bodies.Stopped(str(reason), cause, uptime)))
    state = RunState.FINISHED if reason is None else RunState.STOPPED
    if isinstance(reason, Interrupted):
        state = RunState.INTERRUPTED
    return RunReport(
        journal.folder,
        totals,
        state,
        journal.chain,
        exit_reason=reason,
        elapsed_s=journal.timeline.elapsed_s,
        differ=differing(journal),
        drifted=drifted(journal),
    )
