"""Settle a step that stays in doubt, as a person decides: it took effect, or it did not."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bulkscim.engine import recording
from bulkscim.engine.clock import RealClock
from bulkscim.engine.facts import facts_of
from bulkscim.engine.work import Work
from bulkscim.errors import Stopped, UsageError
from bulkscim.journal import bodies, journal, run_lock, runfolder
from bulkscim.journal.bodies import Applied, Lost, Refused, Started, StepEnd
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.entries import Entry, Kind
from bulkscim.journal.journal import Journal
from bulkscim.model.events import People
from bulkscim.model.row import RowState
from bulkscim.model.typed import next_line
from bulkscim.planning.decision import Settle
from bulkscim.planning.next_step import next_step
from bulkscim.reporting.next_commands import run_name
from bulkscim.reporting.source import find_source
from bulkscim.runs.assembly import end_session, opened
from bulkscim.runs.report import RunReport
from bulkscim.runs.session import recorded_job
from bulkscim.runs.tenant_by_name import profile_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleRequest:
    """What a person decides about a row in doubt: that its open step was `applied`, or not, and why (`note`).

    `run` is a run folder, a run id, `last`, or one of these and `/rollback-1`. `part` is needed only where several
    steps of the row are open. `job` says where the job file is now.
    """

    run: str
    runs_dir: Path
    row: int
    applied: bool
    note: str
    part: str = ""
    job: Path | None = None


async def settle(request: SettleRequest, people: People) -> tuple[str, RunReport]:
    """Record the end of a row's open step, and the row's own end where nothing else of it is left to do.

    Return what was recorded, in words, and how the run stands. Nothing is sent. UsageError for a row that is not in doubt, or a note that says nothing.
    """
    if not request.note.strip():
        raise UsageError("--note is empty: say how you know, for those who read the journal later")
    clock, disk = RealClock(), LocalDisk()
    folder = runfolder.find(request.run, request.runs_dir, disk)
    with run_lock.hold(folder, disk, clock) as held:
        if held.note:
            people.note(held.note)
        record = journal.open_for_append(folder, disk, clock)
        try:
            stopped = _stopped(record)
            session = opened("settle")
            end = _end(_open_step(record, request), request, session.user or "")
            entries = [end, *_row_end(record, request, end)] if request.applied else [end]
            await record.append(Entry(session))
            await record.append(*entries)
            told = _told(record, request.row, end)
            return told, await end_session(record, _reason(record, request.row, stopped), clock)
        finally:
            await record.aclose()


def _open_step(record: Journal, request: SettleRequest) -> list[Entry]:
    """Return the entries of a row's open step, its start first; UsageError where none is open."""
    row, ledger, run = request.row, record.ledger, run_name(record.folder)
    if row > ledger.rows:
        raise UsageError(f"there is no row {row}: the last row of the run is {ledger.rows:,}")
    if not ledger.takes(row):
        raise UsageError(f"the run does not take row {row}; results.csv lists the rows that it takes")
    if not ledger.is_open(row):
        state = ledger.state(row).value
        raise UsageError(
            f"row {row} is {state}: only a row in doubt can be settled. Nothing was changed\n"
            + next_line("explain", run, "--row", row)
        )
    history = record.history(row)
    steps = [[entry for entry in history if entry.step == each.number] for each in ledger.standing(row).open]
    parts = [_part_of(found[0], row) for found in steps]
    if len(steps) == 1 and request.part in {"", *parts}:
        return steps[0]
    if request.part in parts:
        return steps[parts.index(request.part)]
    there = f"the open one is for {parts[0]!r}" if len(parts) == 1 else f"--part is one of {', '.join(parts)}"
    raise UsageError(
        f"row {row} has no open step for part {request.part!r}: {there}. Nothing was "
        f"changed\n{next_line('explain', run, '--row', row)}"
    )


def _part_of(entry: Entry, row: int) -> str:
    return next(part for number, part in entry.rows if number == row)


def _end(step: list[Entry], request: SettleRequest, user: str) -> Entry:
    """Return the end of an open step as it was decided."""
    begun, last, why = step[0].body, step[-1].body, request.note.strip()
    attempts = last.attempts if isinstance(last, Lost) else 0
    text = f"settled as {'done' if request.applied else 'not applied'} by {user}: {why}"
    body: Applied | Refused = Refused(detail=text, attempts=attempts, by=user, why=why)
    if request.applied and isinstance(begun, Started):
        # Of a create the answer may name the id, and be lost otherwise.
        named = begun.id or (last.id if isinstance(last, Lost) else None)
        body = Applied(named, attempts=attempts, covers=begun.covers, note=text, by=user, why=why)
    return Entry(body, ((request.row, _part_of(step[0], request.row)),), step[0].step)


def _row_end(record: Journal, request: SettleRequest, end: Entry) -> Iterator[Entry]:
    """Yield the end of a row whose last step took effect; nothing where other parts of it are left."""
    header, history = record.header, record.history(request.row)
    with recorded_job(record, find_source(header, record.folder, request.job)) as job:
        row = next(iter(job.rows(lambda number: number == request.row)))
    settings, profile = header.settings, profile_of(header)
    facts = facts_of([*history, end])
    decision = next_step(row, facts, {}, settings.policy(profile, header.run))
    if isinstance(decision, Settle):
        attempts = sum(entry.body.attempts for entry in history if isinstance(entry.body, StepEnd))
        yield recording.settled(Work(row, facts, attempts=attempts), decision)


def _told(record: Journal, row: int, end: Entry) -> str:
    """Say what was recorded, and what it makes of the row."""
    state = record.ledger.state(row)
    told = end.body.note if isinstance(end.body, Applied) else ""
    what = f"row {row}, {end.part}: {end.body.detail if isinstance(end.body, Refused) else told}"
    if state is not RowState.PENDING:
        return f"{what}. The row is {state.value}"
    if runfolder.children(record.folder, record.disk):
        return f"{what}. The row is pending, and stays so: the run is rolled back"
    if end.kind is Kind.REFUSED:
        return f"{what}. The row is pending: resume sends it again"
    return f"{what}. The row is pending: resume does what is left of it"


def _stopped(record: Journal) -> str:
    """Return the cause for which the last session stopped, as the journal names it; empty for none."""
    if record.timeline.last is not Kind.STOPPED:
        return ""
    causes = [stopped.cause for _, stopped in record.each(bodies.Stopped)]
    return causes[-1] if causes else ""


def _reason(record: Journal, row: int, cause: str) -> Stopped | None:
    """Return why the run has not finished: rows are pending; the cause of the session before still holds."""
    pending = record.ledger.totals().pending
    if not pending:
        return None
    reason = Stopped(f"row {row} was settled; {pending:,} row{'s are' if pending > 1 else ' is'} pending")
    reason.cause = cause
    return reason
