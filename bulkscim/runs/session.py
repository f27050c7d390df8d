"""One process's work on a run: a look at the tenant, then the run begun, gone on with, or its failed rows again."""

from collections.abc import Callable
from itertools import islice

from bulkscim.journal.entries import Entry, Kind
from bulkscim.journal.journal import Journal, RecordedRun
from bulkscim.model.clock import Clock
from bulkscim.model.row import RowState
from bulkscim.pacing.rate import Rate, pace, settled_after
from bulkscim.providers.profile import Profile
from bulkscim.runs.assembly import LOOKS, Around, Job, Terms, carry_out, opened
from bulkscim.runs.report import RunReport
from bulkscim.runs.settings import Settings
from bulkscim.transport.base import Transport
from bulkscim.transport.patient import Patient, nobody

AGAIN = (RowState.FAILED, RowState.SKIPPED)
BATCH = 1000


def patient(
    transport: Transport,
    settings: Settings,
    profile: Profile,
    clock: Clock,
    record: RecordedRun | None = None,
    say: Callable[[str], None] = nobody,
) -> Patient:
    """Return the transport for what is asked before the engine's permits are there; `say` is told of long waits.

    With the journal of a run that goes on, the first request waits behind what its last process may have sent.
    """
    if record is None or not record.timeline.sessions:
        return Patient(transport, clock, say=say)
    limits = [(pace(Rate(one.limit, one.window_s)), one.window_s) for one in settings.buckets(profile)]
    late = LOOKS + 2 * settings.workers(profile)
    quiet = max((settled_after(one, window_s, late) for one, window_s in limits), default=0.0)
    if settings.create_groups:
        quiet = max(quiet, profile.visibility_lag_s)  # until lookups show what was made last
    timeline = record.timeline
    passed = max(0.0, clock.now() - timeline.ended_at) if timeline.ended_in_order else 0.0
    return Patient(transport, clock, max(0.0, quiet - passed), say)


async def begin(
    job: Job, record: Journal, transport: Transport, terms: Terms, around: Around, *first: Entry
) -> RunReport:
    """Begin a run that was approved, as its first entries say."""
    await record.append(*first)
    return await carry_out(job, record, transport, terms, around)


async def go_on(
    job: Job, record: Journal, transport: Transport, terms: Terms, around: Around, *, retry: bool = False
) -> RunReport:
    """Go on where the journal ends; with `retry`, reopen what failed and what was skipped first."""
    await record.append(opened("retry" if retry else "resume"))
    if retry:
        await _reopen(record)
    return await carry_out(job, record, transport, terms, around)


async def _reopen(record: Journal) -> None:
    """Reopen every failed and skipped row, a batch to a write."""
    ledger = record.ledger
    rows = (row for row in range(1, ledger.rows + 1) if ledger.state(row) in AGAIN)
    while some := tuple(islice(rows, BATCH)):
        await record.append(*map(_reopened, some))


def _reopened(row: int) -> Entry:
    return Entry(Kind.REOPENED, ((row, ""),), body={"why": "retry"})
