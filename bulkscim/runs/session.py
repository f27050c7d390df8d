"""One process's work on a run: a look at the tenant, then the run begun, gone on with, or its failed rows again."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from math import inf
from pathlib import Path

from bulkscim.jobfile.source import JobSource
from bulkscim.jobfile.validate import index_of
from bulkscim.journal.bodies import Reopened
from bulkscim.journal.entries import Entry
from bulkscim.journal.header import Header
from bulkscim.journal.journal import Journal, RecordedRun
from bulkscim.journal.settings import Settings
from bulkscim.journal.timeline import Timeline
from bulkscim.model.clock import Clock
from bulkscim.model.row import RowState
from bulkscim.pacing.arrivals import Arrivals
from bulkscim.pacing.known_limit import KnownLimit
from bulkscim.pacing.rate import pace, rate_of
from bulkscim.planning.guards import Bounds
from bulkscim.planning.protect import Protects
from bulkscim.providers.profile import Profile
from bulkscim.runs.assembly import Job, Session, Terms, opened
from bulkscim.runs.attempts import carry_out
from bulkscim.runs.earlier import known_before, moved
from bulkscim.runs.kept_rates import KeptRates, rates_of
from bulkscim.runs.open_job import INDEX
from bulkscim.runs.plan_file import plan_of_run
from bulkscim.runs.protecting import ProtectedAccounts, find_protected
from bulkscim.runs.report import RunReport
from bulkscim.runs.tenant import FirstLook, connected, look
from bulkscim.tenants.tenant import Tenant
from bulkscim.transport.base import Transport
from bulkscim.transport.repeating import LOOKS, Patient, say_nothing

AGAIN = (RowState.FAILED, RowState.SKIPPED)
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of a run's last process: by its journal, and whether it `died` without letting the run folder go."""

    header: Header
    timeline: Timeline
    died: bool = False

    def passed_s(self, clock: Clock) -> float:
        """Return how many seconds have passed at least since it sent its last request."""
        return 0.0 if self.died else self.timeline.passed_s(clock.now(), clock.monotonic())


def past_of(record: RecordedRun, *, died: bool = False) -> Past:
    """Return what a recorded run tells of its last process."""
    return Past(record.header, record.timeline, died)


def patient(
    transport: Transport,
    settings: Settings,
    profile: Profile,
    clock: Clock,
    past: Past | None = None,
    say: Callable[[str], None] = say_nothing,
) -> Patient:
    """Return the transport for what is asked before the engine's permits are there; `say` is told of long waits.

    Where a run goes on, the first request waits behind what its last process may have sent.
    """
    buckets = settings.buckets(profile)
    arrivals, first_s = Arrivals(buckets), 0.0
    if past is not None:
        now, passed, kept = clock.monotonic(), past.passed_s(clock), past.header.settings
        rate = max((rate_of(one).per_second for one in buckets), default=0.0)
        workers = max(one.concurrency(profile).most_at(rate) for one in (kept, settings))
        arrivals.follow(now - passed, LOOKS + workers, kept.buckets(profile))
        if passed > 0:  # a process that could not begin may have looked since; no journal tells of it
            arrivals.count(LOOKS, now)
        if settings.rules.create_groups:
            first_s = max(0.0, profile.look_after_s - passed)  # until lookups show what was made last
    paces = (pace(rate_of(one)) for one in buckets if one.matches("GET", "/Users"))
    interval_s = max((1 / one.per_second for one in paces), default=0.0)
    return Patient(transport, clock, arrivals, first_s=first_s, interval_s=interval_s, say=say)


@dataclass(frozen=True, slots=True)
class Visit:
    """A tenant that was reached and looked at, before anything is changed in it.

    `first` is the way for reads before the engine's permits are there; it counts what it sends.
    """

    settings: Settings
    transport: Transport
    first: Patient
    seen: FirstLook
    clock: Clock
    rates: KeptRates | None = None  # what is known of the tenant's limits
    passed_s: float = inf  # since the last request of the run that goes on, or is taken back

    @property
    def known(self) -> tuple[KnownLimit, ...]:
        """What earlier runs have learned of the tenant's limits."""
        return self.rates.known() if self.rates else ()

    async def protected(self, protect: Sequence[str]) -> ProtectedAccounts:
        """Look up the accounts that no row may harm."""
        return await find_protected(tuple(dict.fromkeys(protect)), self.first, self.seen.profile, self.clock)

    def terms(self, bounds: Bounds, runs_dir: Path | None = None, protects: Protects | None = None) -> Terms:
        """Return under what terms rows are worked on."""
        seen = self.seen
        return Terms(
            seen.profile,
            self.settings,
            bounds,
            runs_dir,
            seen.dated,
            self.first.arrivals,
            protects or {},
            rates=self.rates,
            passed_s=self.passed_s,
        )


@asynccontextmanager
async def visiting(
    tenant: Tenant,
    settings: Settings,
    clock: Clock,
    past: Past | None = None,
    say: Callable[[str], None] = say_nothing,
) -> AsyncIterator[Visit]:
    """Reach a tenant and look at it; `past` and `say` as for `patient`."""
    async with connected(tenant, settings, clock) as transport:
        visit = await first_look(transport, settings, tenant.provider, clock, past, say)
        passed_s = inf if past is None else past.passed_s(clock)
        yield replace(visit, rates=rates_of(tenant, clock), passed_s=passed_s)


async def first_look(
    transport: Transport,
    settings: Settings,
    profile: Profile,
    clock: Clock,
    past: Past | None = None,
    say: Callable[[str], None] = say_nothing,
) -> Visit:
    """Look at a tenant that is reached; `past` and `say` as for `patient`."""
    first = patient(transport, settings, profile, clock, past, say)
    return Visit(settings, transport, first, await look(first, profile, clock), clock)


@contextmanager
def recorded_job(record: RecordedRun, source: JobSource) -> Iterator[Job]:
    """Yield the job of a recorded run: its file, the index of it, and what earlier runs created."""
    header = record.header
    with (
        index_of(source, header.defaults, record.folder / INDEX, header.taken_rows) as index,
        known_before(moved(header.earlier, record.folder)) as earlier,
    ):
        plan = None if header.plan is None else plan_of_run(record.folder, header.plan)
        yield Job(source, header.defaults, index, record.ledger.rows, earlier, plan, taken=header.taken_rows)


async def begin(session: Session, *first: Entry) -> RunReport:
    """Begin a run that was approved, as its first entries say."""
    await session.journal.append(*first)
    return await carry_out(session)


async def go_on(session: Session, *more: Entry, retry: bool = False) -> RunReport:
    """Go on where the journal ends; with `retry`, reopen what failed and what was skipped first.

    `more` are the entries that say what is changed of the run's terms.
    """
    await session.journal.append(Entry(opened("retry" if retry else "resume")), *more)
    if retry:
        await _reopen(session.journal)
    return await carry_out(session)


async def _reopen(record: Journal) -> None:
    """Reopen every failed and skipped row, a batch to a write."""
    ledger = record.ledger
    rows = (row for row in ledger.numbers() if ledger.state(row) in AGAIN)
    while some := tuple(islice(rows, BATCH)):
        await record.append(*(Entry(Reopened("retry"), ((row, ""),)) for row in some))
