"""Take a run back: the inverse of what it did, as a child run in its folder."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bulkscim.engine.clock import RealClock
from bulkscim.errors import Locked, Mismatch, Refused
from bulkscim.jobfile.record_checks import Rules
from bulkscim.jobfile.source import JobSource
from bulkscim.jobfile.validate import check
from bulkscim.journal import journal, run_lock, runfolder
from bulkscim.journal.bodies import Applied
from bulkscim.journal.durable import Disk, LocalDisk
from bulkscim.journal.entries import Entry
from bulkscim.journal.journal import RecordedRun
from bulkscim.journal.settings import Settings
from bulkscim.model.events import People, Watcher
from bulkscim.model.row import RowRules
from bulkscim.model.run import RunState, Totals
from bulkscim.model.typed import next_line
from bulkscim.outputs import binary_file
from bulkscim.planning.guards import Bounds
from bulkscim.planning.protect import Protects, folded
from bulkscim.planning.undo.taking_back import FORCE, PART
from bulkscim.reporting.next_commands import run_name
from bulkscim.reporting.source import find_source
from bulkscim.runs.assembly import Around, Session, opened
from bulkscim.runs.attempts import recover
from bulkscim.runs.child_runs import LaterRun, descendants, later_runs
from bulkscim.runs.derived_values import derived_by_service
from bulkscim.runs.dry_run import plan
from bulkscim.runs.inverse_job import AS_SHOWN, Chosen, Derived, Inverse, write_inverse
from bulkscim.runs.open_job import INDEX
from bulkscim.runs.orders import refuse_paused
from bulkscim.runs.report import RunReport
from bulkscim.runs.request import ParentRun, RollbackRequest, RunRequest
from bulkscim.runs.same_tenant import same_tenant, settings_to_send
from bulkscim.runs.session import Past, Visit, past_of, recorded_job, visiting
from bulkscim.runs.settings import connection_again
from bulkscim.runs.start import Start, begin
from bulkscim.runs.state_dir import drafts
from bulkscim.runs.tenant_by_name import profile_of
from bulkscim.runs.tenant_lock import tenant_lock
from bulkscim.transport.base import Transport

JOB = "job.jsonl"
SHOWN = 20
RECENT_S = 7 * 86_400.0  # a run that began this long ago at most is rolled back without a guard
NO_BOUNDS = Bounds(None, None, None)
Show = Callable[[JobSource], None]


async def rollback(
    request: RollbackRequest, people: People, watcher: Watcher, show: Show | None = None
) -> RunReport:
    """Take a run back, or with `dry_run` say what that would do; `show` is given the inverse before anything is asked.

    The report has no folder where nothing was left to undo. Raises one of `errors` where it cannot begin.
    """
    disk, clock = LocalDisk(), RealClock()
    folder = runfolder.find(request.run, request.runs_dir, disk)
    around = Around(watcher, clock, heed_signals=request.heed_signals, live=True)
    if not request.dry_run:
        refuse_paused(request.tenant.base_url, request.tenant.name)
    with _held(folder, disk, people, read_only=request.dry_run) as died:
        known = _ready(folder, disk, died=died)
        header = known[0].header
        tenant = request.tenant
        kept = settings_to_send(header, tenant.token, tenant.named_url, request.same_tenant)
        settings = _settings(request, kept)
        past = min(known, key=lambda one: one.passed_s(clock))
        async with visiting(tenant, settings, clock, past, people.note) as visit:
            later = await _compared(request, folder, disk, visit.first, people)
            if not request.dry_run:
                await _look_up(folder, visit, people, around)
            accounts = await visit.protected((*header.guards.protect, *tenant.guards.protect))
            derived = await _derived(folder, disk, visit)
            forced = request.on_drift == FORCE
            most = visit.seen.profile.most_members
            chosen = replace(
                request.chosen, protect=accounts.names, unsure=forced, derived=derived, most_members=most
            )
            with _drafted(folder, chosen, disk, clock.now() - RECENT_S) as draft:
                for note in draft.doubts:
                    people.note(note)
                if draft.inverse is None:
                    people.note(_nothing(request.chosen))
                    return RunReport(None, Totals(), RunState.FINISHED)
                if show is not None:
                    show(draft.inverse.source)
                with _start(request, draft, visit) as start:
                    removes = start.checked.removals + start.checked.member_removals > 0
                    accounts.report(people, removes=removes, on_unknown=request.limits.protect_unknown)
                    start.approve(people)
                    if request.dry_run:
                        return replace(await plan(start, draft.place, around), later=later)
                    return replace(await begin(start, disk, around), later=later)


async def _compared(
    request: RollbackRequest, folder: Path, disk: Disk, transport: Transport, people: People
) -> tuple[str, ...]:
    """Return the later runs that changed the same resources; raise where the tenant is not that of the run."""
    with journal.read(folder, disk) as recorded:
        await same_tenant(recorded, request.tenant.token, transport, request.same_tenant)
        later = list(later_runs(recorded, disk))
    for note in _still_standing(later):
        people.note(note)
    return tuple(run_name(one.folder) for one in later if one.same)


def _still_standing(later: list[LaterRun]) -> Iterator[str]:
    """Say which later runs are to be rolled back before this one, and which need not be."""
    same = [one for one in later if one.same]
    others = [run_name(one.folder) for one in later if one.same == 0]
    unread = [run_name(one.folder) for one in later if one.same is None]
    if same:
        named = [f"{run_name(one.folder)} ({one.same:,})" for one in same]
        yield (
            "later runs that have not been rolled back and changed the same resources (how many): "
            f"{_some(named)}. Roll back the newest first:"
        )
        yield next_line("rollback", run_name(same[-1].folder), "-n")
    if unread:
        yield f"later runs that cannot be read, so that it is not known what they changed: {_some(unread)}"
    if others:
        yield f"later runs that have not been rolled back and changed none of the same resources: {_some(others)}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")


async def _derived(folder: Path, disk: Disk, visit: Visit) -> Derived:
    with journal.read(folder, disk) as recorded:
        return await derived_by_service(recorded, visit.first, visit.seen.profile, visit.clock, disk)


def write_out(request: RollbackRequest, people: People, place: Path, *, force: bool = False) -> bool:
    """Write the inverse as a job file and send nothing; return False where nothing is left to undo.

    UsageError where the file cannot be written, or exists already and is not to be replaced.
    """
    disk = LocalDisk()
    folder = runfolder.find(request.run, request.runs_dir, disk)
    with _held(folder, disk, people, read_only=True):
        _ready(folder, disk)
        with journal.read(folder, disk) as recorded, drafts() as draft:
            for note in _doubts(recorded):
                people.note(note)
            protect = folded((*recorded.header.guards.protect, *request.tenant.guards.protect))
            chosen = replace(
                request.chosen,
                protect=protect,
                unsure=request.on_drift == FORCE,
                most_members=profile_of(recorded.header).most_members,
            )
            found = write_inverse(recorded, chosen, draft / JOB, disk)
            if found is not None:
                with (draft / JOB).open("rb") as whole, binary_file(place, replace=force) as file:
                    shutil.copyfileobj(whole, file)
        for note in found.notes if found is not None else (_nothing(request.chosen),):
            people.note(note)
        return found is not None


@contextmanager
def _held(folder: Path, disk: Disk, people: People, *, read_only: bool) -> Iterator[bool]:
    """Keep other processes from the run, and yield whether the last one died; a reader checks that none works on it."""
    if not read_only:
        with run_lock.hold(folder, disk, RealClock()) as held:
            if held.note:
                people.note(held.note)
            yield held.before is not None
    elif run_lock.is_locked(folder, disk):
        raise Locked(
            f"{folder} is in use by another process; wait until it ends, or stop it, then give the command again"
        )
    else:
        yield False


def _ready(folder: Path, disk: Disk, *, died: bool = False) -> list[Past]:
    """Return what is known of a run that can be taken back, and of its rollbacks; Refused while one is half done."""
    known = []
    for child in descendants(folder, disk):
        if run_lock.is_locked(child, disk):
            raise Locked(
                f"{child} is in use by another process; wait until it ends, or stop it, then give the command again"
            )
        with journal.read(child, disk) as recorded:
            totals = recorded.ledger.totals()
            known.append(past_of(recorded))
        if totals.pending or totals.in_doubt:
            raise Refused(
                f"{child} has not finished: {totals.pending + totals.in_doubt:,} rows are left. Nothing was sent.\n"
                + next_line("resume", run_name(child))
            )
    with journal.read(folder, disk) as recorded:
        return [past_of(recorded, died=died), *known]


def _settings(request: RollbackRequest, kept: Settings) -> Settings:
    """Return how the child sends: as its parent did, by the way of a tenant that the user named, and as asked now.

    The parent's hours and deadline are not those of an undo, which may be urgent.
    """
    on_drift = FORCE if request.on_drift == "force" else PART
    before = replace(kept.connection, between=None, deadline=None)
    connection = connection_again(request.connection, request.tenant, before)
    return Settings(RowRules(on_exists="fail"), connection, on_drift=on_drift)


async def _look_up(folder: Path, visit: Visit, people: People, around: Around) -> None:
    """Find out what became of the parent's open steps; it is written into the parent's journal."""
    disk = LocalDisk()
    with journal.read(folder, disk) as recorded:
        if not recorded.ledger.totals().in_doubt:
            return
    record = journal.open_for_append(folder, disk, around.clock)
    try:
        source = find_source(record.header, folder)
        with (
            recorded_job(record, source) as job,
            tenant_lock(record.header.tenant.base_url, disk) as tenant,
        ):
            tenant.working_on(folder)
            await record.append(Entry(opened("rollback")))
            await recover(Session(job, record, visit.transport, visit.terms(NO_BOUNDS), around))
    except Mismatch as error:
        people.note(f"what is in doubt cannot be looked up: {error}")
    finally:
        await record.aclose()


@dataclass(frozen=True, slots=True)
class PreparedRollback:
    """What is to be done, before it is approved: None where nothing is left to undo. `is_old` is that of `ParentRun`."""

    recorded: RecordedRun
    inverse: Inverse | None
    place: Path
    protects: Protects
    is_old: bool = False

    @property
    def doubts(self) -> list[str]:
        """Name the rows that are not undone since it is not known whether they took effect."""
        return list(_doubts(self.recorded))


@contextmanager
def _drafted(folder: Path, chosen: Chosen, disk: Disk, recent: float) -> Iterator[PreparedRollback]:
    """Write the inverse into a private folder; `recent` is the time since when a run is not old."""
    with journal.read(folder, disk) as recorded, drafts() as place:
        inverse = write_inverse(recorded, chosen, place / JOB, disk)
        yield PreparedRollback(
            recorded, inverse, place, chosen.protect, is_old=recorded.timeline.started_at < recent
        )


def _nothing(chosen: Chosen) -> str:
    """Say that there is nothing to do, and which filters were given: they may name other rows than were meant."""
    if chosen.all_of_it:
        return "nothing is left to undo"
    return "nothing is left to undo of what was chosen by --row, --key and --op; the results of the run list its rows"


def _doubts(recorded: RecordedRun) -> Iterator[str]:
    rows = list(recorded.ledger.open_rows())
    if rows:
        named = ", ".join(map(str, rows[:SHOWN])) + (" …" if len(rows) > SHOWN else "")
        yield f"in doubt, and therefore not undone: {'row' if len(rows) == 1 else 'rows'} {named}"
    unnamed = [entry.rows[0][0] for entry in _without_id(recorded)]
    if unnamed:
        named = ", ".join(map(str, unnamed[:SHOWN])) + (" …" if len(unnamed) > SHOWN else "")
        yield (
            f"created, and not undone, since the id is not known: {'row' if len(unnamed) == 1 else 'rows'} {named}; "
            "delete what they created yourself"
        )


def _without_id(recorded: RecordedRun) -> Iterator[Entry]:
    """Yield the ends of creates whose id the journal does not know."""
    found = recorded.each(Applied, holding=b'"id":null')
    return (entry for entry, applied in found if applied.id is None)


@contextmanager
def _start(request: RollbackRequest, draft: PreparedRollback, visit: Visit) -> Iterator[Start]:
    """Check the inverse as any job file is, and make a start of it."""
    if draft.inverse is None:
        raise LookupError("there is no run to start")
    recorded, source = draft.recorded, draft.inverse.source
    parent = ParentRun(
        recorded.folder,
        recorded.header.run or recorded.folder.name,
        recorded.chain,
        draft.inverse.tally.verbs,
        draft.inverse.tally.secrets,
        draft.inverse.notes,
        is_old=draft.is_old,
    )
    checked = check(source, AS_SHOWN, draft.place / INDEX, rules=Rules(twins=True))
    with checked.sound_index():
        asked = _as_run(request, source, draft.protects)
        yield Start(asked, source, checked, visit, parent=parent, protects=draft.protects)


def _as_run(request: RollbackRequest, source: JobSource, protects: Protects) -> RunRequest:
    """Return the rollback as a run; it keeps protecting what the run that it undoes protected, also when it is resumed."""
    protect = tuple(dict.fromkeys(protects.values()))
    tenant = request.tenant
    return RunRequest(
        job=source,
        tenant=replace(tenant, guards=replace(tenant.guards, protect=protect)),
        runs_dir=request.runs_dir,
        limits=request.limits,
        approval=request.approval,
        note=request.note,
        dry_run=request.dry_run,
        heed_signals=request.heed_signals,
    )
