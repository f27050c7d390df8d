"""One process's work on a run: a look at the tenant, then the run begun, gone on with, or its failed rows again."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from bulkscim.journal.bodies import Reopened
from bulkscim.journal.entries import Entry
from bulkscim.journal.journal import Journal, RecordedRun
from bulkscim.journal.timeline import Timeline
from bulkscim.model.clock import Clock
from bulkscim.model.operation import JsonObject
from bulkscim.model.row import RowState
from bulkscim.pacing.arrivals import Arrivals
from bulkscim.pacing.rate import Rate, pace
from bulkscim.providers.profile import Profile
from bulkscim.runs.assembly import Around, Job, Terms, carry_out, opened
from bulkscim.runs.report import RunReport
from bulkscim.runs.settings import Settings, settings_of
from bulkscim.transport.base import Transport
from bulkscim.transport.repeating import LOOKS, Patient, say_nothing

AGAIN = (RowState.FAILED, RowState.SKIPPED)
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of a run's last process: by its journal, and whether it `died` without letting the run folder go."""

    header: JsonObject
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
        now, passed, kept = clock.monotonic(), past.passed_s(clock), settings_of(past.header)
        workers = max(kept.workers(profile), settings.workers(profile))
        arrivals.follow(now - passed, LOOKS + workers, kept.buckets(profile))
        if passed > 0:  # a process that could not begin may have looked since; no journal tells of it
            arrivals.count(LOOKS, now)
        if settings.rules.create_groups:
            first_s = max(0.0, profile.look_after_s - passed)  # until lookups show what was made last
    interval_s = max((1 / pace(Rate(one.limit, one.window_s)).per_second for one in buckets), default=0.0)
    return Patient(transport, clock, arrivals, first_s=first_s, interval_s=interval_s, say=say)


async def begin(
    job: Job, record: Journal, transport: Transport, terms: Terms, around: Around, *first: Entry
) -> RunReport:
    """Begin a run that was approved, as its first entries say."""
    await record.append(*first)
    return await carry_out(job, record, transport, terms, around)


async def go_on(
    job: Job,
    record: Journal,
    transport: Transport,
    terms: Terms,
    around: Around,
    *more: Entry,
    retry: bool = False,
) -> RunReport:
    """Go on where the journal ends; with `retry`, reopen what failed and what was skipped first.

    `more` are the entries that say what is changed of the run's terms.
    """
    await record.append(Entry(opened("retry" if retry else "resume")), *more)
    if retry:
        await _reopen(record)
    return await carry_out(job, record, transport, terms, around)


async def _reopen(record: Journal) -> None:
    """Reopen every failed and skipped row, a batch to a write."""
    ledger = record.ledger
    rows = (row for row in range(1, ledger.rows + 1) if ledger.state(row) in AGAIN)
    while some := tuple(islice(rows, BATCH)):
        await record.append(*(Entry(Reopened("retry"), ((row, ""),)) for row in some))
