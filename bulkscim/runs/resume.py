"""Go on with a recorded run: resume what is open, or take up again what failed."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bulkscim.engine.clock import RealClock
from bulkscim.errors import Refused, UsageError
from bulkscim.jobfile.reading import Wanted, count
from bulkscim.jobfile.source import JobSource
from bulkscim.journal import journal, run_lock, runfolder
from bulkscim.journal.bodies import Approved
from bulkscim.journal.durable import Disk, LocalDisk
from bulkscim.journal.entries import Entry
from bulkscim.journal.header import Header
from bulkscim.journal.journal import Journal, RecordedRun
from bulkscim.journal.settings import Settings
from bulkscim.model.events import People, Watcher
from bulkscim.model.guard_table import GUARDS
from bulkscim.model.limits import GuardLimits
from bulkscim.model.operation import JsonObject
from bulkscim.model.row import RowRules
from bulkscim.model.typed import next_line
from bulkscim.planning.guards import Bounds, adoptions, emptied_bound, errors_bound, of_guard
from bulkscim.reporting.next_commands import run_name
from bulkscim.reporting.source import find_source
from bulkscim.runs.approval import ask, called, other_entries
from bulkscim.runs.assembly import Around, Session
from bulkscim.runs.canary import OVER, not_right
from bulkscim.runs.counted_again import counted_again
from bulkscim.runs.options import filled
from bulkscim.runs.protecting import hold_back
from bulkscim.runs.report import RunReport
from bulkscim.runs.request import ResumeRequest
from bulkscim.runs.same_tenant import same_tenant, settings_to_send
from bulkscim.runs.session import AGAIN, Past, Visit, go_on, past_of, recorded_job, visiting
from bulkscim.runs.settings import changed, connection_again
from bulkscim.runs.tenant_lock import tenant_lock
from bulkscim.tenants.tenant import Tenant


async def resume(request: ResumeRequest, people: People, watcher: Watcher) -> RunReport:
    """Go on with a run where its journal ends; with `retry`, reopen what failed and what was skipped first."""
    clock, disk = RealClock(), LocalDisk()
    folder = runfolder.find(request.run, request.runs_dir, disk)
    with run_lock.hold(folder, disk, clock) as held:
        if held.note:
            people.note(held.note)
        _not_rolled_back(folder, disk)
        record = journal.open_for_append(folder, disk, clock)
        try:
            source = find_source(record.header, folder, request.job)
            with tenant_lock(record.header.tenant.base_url, disk) as tenant:
                tenant.working_on(folder)
                past = past_of(record, died=held.before is not None)
                return await _go_on(request, record, past, source, people, watcher)
        finally:
            await record.aclose()


def _not_rolled_back(folder: Path, disk: Disk) -> None:
    """Refuse to go on with a run that a rollback has begun to take back."""
    begun = runfolder.children(folder, disk)
    if begun:
        child = run_name(begun[-1])
        raise Refused(
            f"{folder} is rolled back by {begun[-1].name}; to continue would repeat what the rollback undoes. Nothing was "
            f"sent. A rollback of the rollback restores the run.\n{next_line('status', child)}\n{next_line('rollback', child, '-n')}"
        )


async def _go_on(
    request: ResumeRequest, record: Journal, past: Past, source: JobSource, people: People, watcher: Watcher
) -> RunReport:
    header = record.header
    people.note(_left(record, retry=request.retry))
    changes = _changes(request, header, source)
    async with visiting(_own(request, header), changes.settings, RealClock(), past, people.note) as visit:
        for note in visit.seen.notes:
            people.note(note)
        await same_tenant(record, request.tenant.token, visit.first, request.same_tenant)
        accounts = await visit.protected((*header.guards.protect, *request.tenant.guards.protect))
        removes = header.removals + header.member_removals > 0
        accounts.report(people, removes=removes, on_unknown=request.limits.protect_unknown)
        if accounts.names:
            to_do = _to_do(record, retry=request.retry)
            others = request.tenant.others
            hold_back(source, header.defaults, accounts.names, record.ledger.rows, to_do, others=others)
        changes = await _counted(changes, request, record, source, visit, people)
        changes.approve(request, record, people)
        changed = [*changes.entries(request), *_despite_canary(request, record, people)]
        terms = visit.terms(changes.bounds, request.runs_dir, accounts.names)
        around = Around(watcher, visit.clock, heed_signals=request.heed_signals, live=True)
        with recorded_job(record, source) as job:
            session = Session(job, record, visit.transport, terms, around)
            return await go_on(session, *changed, retry=request.retry)


def _despite_canary(request: ResumeRequest, record: RecordedRun, people: People) -> list[Entry]:
    """Ask whether the other rows are sent where the canary was not right; Refused ends it, an entry records it."""
    wrong = None if request.retry else not_right(record)
    if wrong is None:
        return []
    if not request.despite_canary:
        left = record.ledger.totals().pending
        question = f"Send the other {left:,} row{'s' * (left != 1)} all the same?"
        facts = [f"canary    {wrong}", *other_entries(request.tenant)]
        ask(request.tenant, request.approval, people, question, facts)
    return [Entry(Approved(request.approval.is_given, OVER))]


def _own(request: ResumeRequest, header: Header) -> Tenant:
    """Return the run's tenant with the token to use; the journal says how it is written and what its provider is."""
    recorded = header.tenant
    return replace(
        request.tenant, base_url=recorded.base_url, profile=recorded.profile, own_profile=header.own_profile
    )


def _left(record: RecordedRun, *, retry: bool) -> str:
    """Say how many rows of a run are left to do."""
    totals = record.ledger.totals()
    left = totals.pending + totals.in_doubt + (totals.failed + totals.skipped if retry else 0)
    what = (
        f"{left:,} of {totals.rows:,} rows are left" if left else "nothing is left to do: no change is sent"
    )
    return f"run       {run_name(record.folder)}: {what}"


@dataclass(frozen=True, slots=True)
class _Changes:
    """The terms under which a run goes on, and which of them were changed: by name, as a journal keeps them."""

    settings: Settings
    bounds: Bounds
    of_settings: JsonObject
    of_guards: JsonObject

    @property
    def _asked_about(self) -> JsonObject:
        """Those that change what rows do."""
        return {name: self.of_settings[name] for name in _ASKED_ABOUT if name in self.of_settings}

    def approve(self, request: ResumeRequest, record: RecordedRun, people: People) -> None:
        """Ask for approval of what the run's own approval did not cover; Refused ends it."""
        if not self._asked_about:
            return
        tenant = request.tenant
        facts = [f"tenant    {called(tenant)}", *other_entries(tenant)]
        facts += [f"changed   {_flag(name, value)}" for name, value in self._asked_about.items()]
        ask(tenant, request.approval, people, f"Continue {record.folder.name} with these changes?", facts)

    def entries(self, request: ResumeRequest) -> list[Entry]:
        """Return the entry that records the changes; none without changes."""
        found = {"settings": self.of_settings, "guards": self.of_guards}
        changed = {name: values for name, values in found.items() if values}
        approved = bool(self._asked_about) and request.approval.is_given
        return [Entry(Approved(approved, changed=changed))] if changed else []


_ASKED_ABOUT = ("on_exists", "create_groups")


def _flag(name: str, value: object) -> str:
    """Return a setting as it is typed."""
    return f"--{name.replace('_', '-')}{'' if value is True else f' {value}'}"


def _changes(request: ResumeRequest, header: Header, source: JobSource) -> _Changes:
    """Return the run's own terms with what the request changes of them; Mismatch where the token may not be sent."""
    if header.parent and request.rules != RowRules():
        raise UsageError(
            "this run is a rollback: it restores what was there, so --on-exists and --create-groups do not fit"
        )
    tenant = request.tenant
    kept = settings_to_send(header, tenant.token, tenant.named_url, request.same_tenant)
    before = header.guards.bounds
    settings = replace(
        kept,
        rules=filled(request.rules, kept.rules),
        connection=connection_again(request.connection, tenant, kept.connection),
    )
    bounds = _bounds(before, request.limits, header, source)
    return _Changes(settings, bounds, changed(kept, settings), _changed_guards(before, bounds))


def _changed_guards(before: Bounds, bounds: Bounds) -> JsonObject:
    """Return the guards that are not as before, as a journal keeps them."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(bounds).items()
        if value != getattr(before, name)
    }


async def _counted(
    changes: _Changes,
    request: ResumeRequest,
    record: RecordedRun,
    source: JobSource,
    visit: Visit,
    people: People,
) -> _Changes:
    """Return the changes with the guards for which the tenant is to be read."""
    bounds = await counted_again(changes.bounds, request.limits, record, source, visit, people.note)
    return replace(changes, bounds=bounds, of_guards=_changed_guards(record.header.guards.bounds, bounds))


def _bounds(kept: Bounds, limits: GuardLimits, header: Header, source: JobSource) -> Bounds:
    """Return the guards with those that are set again; a share is taken of the whole job, or of the users at the start."""
    if limits.max_share is not None:
        if limits.max_share.needs_base and kept.share_sizes is None:
            raise UsageError(
                "this run began without --max-share, and has not counted departments and domains; name a number of users"
            )
        kept = replace(kept, max_share=(str(limits.max_share),), share_sizes=kept.share_sizes or {})
    kept = _with_groups(kept, limits)
    found: dict[str, Any] = {
        one.name: of_guard(one, (limit,), header.live_users)
        for one in GUARDS
        if (limit := limits.of(one.name))
    }
    if limits.seats is not None and kept.seats_used is not None:
        found["seats"] = limits.seats
    if limits.max_errors is not None:
        found["max_errors"] = errors_bound(limits.max_errors, count(source))
    if limits.max_adopt is not None:
        found["max_adopt"] = adoptions(limits.max_adopt, count(source))
    return replace(kept, **found)


def _with_groups(kept: Bounds, limits: GuardLimits) -> Bounds:
    """Return the guards with those of groups that are set again; what was not counted at the start has no share."""
    removals, emptied = limits.max_removals, limits.max_emptied
    if removals is not None:
        if removals.needs_base and kept.max_removals is None:
            raise UsageError(
                "this run began without --max-removals, and has not counted the members of all groups; name a number of members"
            )
        kept = replace(kept, max_removals=(str(removals),))
    if emptied is None or kept.max_emptied is None:
        return kept
    return replace(kept, max_emptied=emptied_bound((emptied,), len(kept.group_sizes or {})))


def _to_do(record: RecordedRun, *, retry: bool) -> Wanted:
    """Return what tells the rows that are still to be done."""
    ledger = record.ledger

    def wanted(row: int) -> bool:
        if not ledger.takes(row):
            return False
        return not ledger.is_settled(row) or (retry and ledger.state(row) in AGAIN)

    return wanted
