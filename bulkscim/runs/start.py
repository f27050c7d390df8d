"""A run that has not begun: what is known of it, its guards and approval, its header, and its beginning."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from bulkscim import __version__
from bulkscim.engine.step_guards import Done
from bulkscim.errors import Refused
from bulkscim.jobfile.reading import taken_rows
from bulkscim.jobfile.rivals import Rivals, rivals_in
from bulkscim.jobfile.source import JobSource
from bulkscim.jobfile.validate import Checked
from bulkscim.journal import journal, runfolder, typed_json
from bulkscim.journal.bodies import Approved
from bulkscim.journal.durable import Disk
from bulkscim.journal.entries import Entry
from bulkscim.journal.header import UNKNOWN, Header, RecordedGuards, Then
from bulkscim.journal.run_lock import HeldFolder
from bulkscim.model.clock import Clock
from bulkscim.model.events import People
from bulkscim.model.harmless import escaped
from bulkscim.model.operation import USER, Defaults, Operation, Verb
from bulkscim.model.run import RecordedParent, RecordedTenant
from bulkscim.model.typed import quoted
from bulkscim.planning.guards import (
    Bounds,
    JobCounts,
    Leaving,
    emptied_refusals,
    group_refusals,
    refusals,
    seat_refusals,
)
from bulkscim.planning.job_costs import Asked, Costs, costs
from bulkscim.planning.protect import Protects
from bulkscim.planning.shares import share_refusals
from bulkscim.planning.undo.grades import VerbCounts, totals
from bulkscim.runs import session
from bulkscim.runs.approval import ask, called, other_entries
from bulkscim.runs.assembly import Around, Job, Session, Terms, opened
from bulkscim.runs.canary import told
from bulkscim.runs.earlier import Earlier
from bulkscim.runs.group_removals import leaving
from bulkscim.runs.guarding import (
    advice_to_plan,
    asked_by,
    bounds_of,
    bounds_of_rollback,
    first_removed,
    group_limits,
    planned_refusals,
    with_groups,
    with_shares,
)
from bulkscim.runs.how_long import how_long, later, slowest_interval
from bulkscim.runs.inverse_job import AS_SHOWN
from bulkscim.runs.listed_users import ListedUsers
from bulkscim.runs.open_job import INDEX
from bulkscim.runs.protecting import ProtectedAccounts, hold_back
from bulkscim.runs.report import RunReport
from bulkscim.runs.request import ParentRun, RunRequest
from bulkscim.runs.session import Visit
from bulkscim.runs.settings import kept
from bulkscim.runs.state_dir import keep
from bulkscim.runs.tenant import FirstLook, fingerprint, host_of
from bulkscim.runs.tenant_lock import tenant_lock
from bulkscim.runs.unfit import cautions, unfit


@dataclass(frozen=True, slots=True)
class Start:
    """A run that has not begun: all that is known of it. `parent` is there for a rollback alone.

    `protects` holds protected accounts by each of their folded names.
    `unknown`: why the groups of what is deleted cannot be read; empty where they can.
    """

    request: RunRequest
    source: JobSource
    checked: Checked
    visit: Visit
    earlier: Earlier | None = None
    parent: ParentRun | None = None
    protects: Protects = field(default_factory=dict)
    unknown: str = ""
    listed: ListedUsers = field(default_factory=ListedUsers)
    rivals: Rivals | None = None
    groups: tuple[Leaving, ...] | None = None  # that lose members

    @property
    def seen(self) -> FirstLook:
        """What the tenant shows of itself."""
        return self.visit.seen

    @property
    def command(self) -> str:
        """What users call it."""
        return "run" if self.parent is None else "rollback"

    @property
    def asked(self) -> JobCounts:
        """What the guards count."""
        return asked_by(self.checked, self.request.plan, undoes=self.parent is not None)

    @property
    def bounds(self) -> Bounds:
        """The guards as numbers."""
        if self.parent is not None:
            return bounds_of_rollback(self.request, self.seen.users, is_old=self.parent.is_old)
        found = bounds_of(self.request, self.checked.records, self.seen.users)
        found = with_groups(with_shares(found, self.request, self.listed.sizes), self.request, self.groups)
        return self.listed.seats.bound(found) if self.listed.seats else found

    @property
    def terms(self) -> Terms:
        """Under what terms the run goes."""
        return self.visit.terms(self.bounds, self.request.runs_dir, self.protects)

    @property
    def defaults(self) -> Defaults:
        """How the records are understood."""
        return self.request.said.defaults if self.parent is None else AS_SHOWN

    def job(self, source: JobSource) -> Job:
        """Return what is to be done, from where its file is now."""
        index = self.checked.sound_index()
        checked, plan = self.checked, self.request.plan
        return Job(
            source, self.defaults, index, checked.last, self.earlier, plan, None, checked.taken, self.rivals
        )

    def with_rivals(self, people: People) -> "Start":
        """Look for memberships that cannot all be kept, and warn of them."""
        index, profile = self.checked.sound_index(), self.seen.profile
        found = rivals_in(self.source, self.defaults, self.checked.taken, index.makers, profile)
        if found is not None and found.rows:
            people.warn(found.told(profile))
        return replace(self, rivals=found)

    def refuse_stale_plan(self) -> None:
        """Raise PlanStale where a plan is to be applied that does not fit any more."""
        plan, request = self.request.plan, self.request
        if plan is not None:
            header, now = self.header("", self.source), self.visit.clock.now()
            plan.refuse_stale(header, request.standing, now, request.max_plan_age_s)

    def facts(self) -> list[str]:
        """Show the tenant, what the file asks, by kind, and what it takes."""
        found = self.costs
        users = "unknown" if self.seen.users is None else f"{self.seen.users:,}"
        hidden = "" if self.seen.profile.lists_inactive else " (deactivated ones are not shown)"
        kinds = sorted(self.checked.verbs.items(), key=lambda item: -item[1])
        asks = ", ".join(f"{count:,} {verb.value} {kind}" for (verb, kind), count in kinds)
        return [
            f"tenant    {called(self.request.tenant)}, profile {self.seen.profile.name}, users in the tenant: {users}{hidden}",
            *other_entries(self.request.tenant),
            *([f"token     {self.seen.integration}"] if self.seen.integration else []),
            *([self.request.plan.fact] if self.request.plan else []),
            f"job       {self.source.name}: {self._rows}: {asks}",
            *(
                [f"rows      {' '.join(map(quoted, map(str, flags)))}"]
                if (flags := [*self.request.selection.flags()])
                else []
            ),
            f"{'undo' if self.parent is None else 'undoes':10}{self._grades(dict(kinds))}",
            *self._takes(found),
            *([f"lookups   {found.lookups.told}"] if found.lookups.ways else []),
            *([self.listed.seats.fact] if self.listed.seats else []),
            *([told(self.request.canary_rows)] if self.request.canary_rows else []),
            *([self._later] if self.request.said.grace else []),
            *(
                [
                    f"groups    of deleted resources cannot be recorded, so an undo does not restore them: {self.unknown}"
                ]
                if self.unknown
                else []
            ),
            *self.seen.notes,
            *cautions(self.checked, self.seen.profile),
            *(self.parent.notes if self.parent is not None else ()),
        ]

    def _takes(self, found: Costs) -> Iterator[str]:
        """Yield how long that takes, and which limit is why."""
        visit, label = self.visit, "reads" if self.request.dry_run else "takes"
        takes, *more = how_long(found, visit.settings, self.seen.profile, visit.clock.now(), visit.known)
        yield f"{label:10}{takes}"
        yield from more

    def later(self, own: Mapping[str, int], groups: Sequence[int], *, new_groups: bool) -> str:
        """Say how long a run of what a plan has found takes: rows that make a change of their own, and memberships."""
        asked = replace(self._all_asked, groups=tuple(groups), creates_groups=new_groups, plans=False)
        found = self._costs_of(asked)
        writes = {kind: own.get(kind, 0) for kind in found.forecast.writes}
        found = replace(found, forecast=replace(found.forecast, writes=writes))
        return f"the run   {later(found, self.visit.settings, self.seen.profile, self.visit.known)}"

    @property
    def _rows(self) -> str:
        """Say how many rows are taken, and of how many."""
        rows, records = self.checked.rows, self.checked.records
        return f"{rows:,} row{'s' * (rows != 1)}" + (f" of {records:,}" if records > rows else "")

    def _grades(self, kinds: VerbCounts) -> str:
        """Say how well the job can be taken back; of a rollback, how well its run can."""
        profile, parent = self.seen.profile, self.parent
        if parent is not None:
            return totals(profile, parent.counts, parent.secrets)
        return totals(profile, kinds, self.checked.secrets)

    @property
    def costs(self) -> Costs:
        """What the job costs in requests, and how users are looked up."""
        return self._costs_of(self._all_asked)

    def _costs_of(self, asked: Asked) -> Costs:
        slowest = slowest_interval(self.visit.settings.buckets(self.seen.profile))
        return costs(asked, self.seen.profile, self.seen.users, slowest)

    @property
    def _all_asked(self) -> Asked:
        checked, request = self.checked, self.request
        return Asked(
            checked.verbs,
            checked.groups,
            checked.names,
            creates_groups=bool(request.rules.create_groups),
            undoes=self.parent is not None,
            plans=request.dry_run,
            hidden=self._hidden,
        )

    @property
    def _hidden(self) -> int:
        """How many users the run that is undone deactivated, where the tenant shows these by their ids alone."""
        if self.parent is None or self.seen.profile.lists_inactive:
            return 0
        return self.parent.counts.get((Verb.DEACTIVATE, USER), 0)

    @property
    def _later(self) -> str:
        """What comes after the run."""
        grace = self.request.said.grace
        days = grace.days if grace else 0
        return f"later     the run writes a job file that deletes the deactivated users; run it after {days} days"

    def refuse_planned(self, done: Done, say: Callable[[str], None]) -> None:
        """Raise Refused where what a plan of the job does is more than the guards allow."""
        seats = self.listed.seats
        if seats is not None and not seats.unknown:
            say(seats.told(done.effects))
        found = refusals(JobCounts(self.checked.records, done.effects), self.bounds, self.seen.users)
        found += seat_refusals(done.effects, self.bounds) + share_refusals(done.parts, self.bounds)
        found += planned_refusals(self.request, self.groups, done)
        if found and self.parent is None:
            raise Refused("\n".join((*found, "Nothing was sent.")))

    async def held(self, accounts: ProtectedAccounts, people: People) -> "Start":
        """Refuse a job that would harm a protected account, or take too many members out of a group; return what is known then."""
        request, checked = self.request, self.checked
        removes = checked.removals + checked.member_removals > 0
        accounts.report(people, removes=removes, on_unknown=request.limits.protect_unknown)
        if accounts.names:
            others = request.tenant.others
            hold_back(self.source, self.defaults, accounts.names, checked.last, checked.takes, others=others)
        limits, emptied = group_limits(request)
        bounded = bool(limits or emptied)
        strict = not all(one.allows_all for one in (*limits, *emptied))
        moves = strict and self.seen.profile.one_group and bool(checked.groups)
        if not checked.member_removals and not moves:
            return self
        groups = await leaving(self.operations(), self.visit, people.note, bounded=bounded, moves=moves)
        if not self._is_planned:
            self._refuse([*group_refusals(groups, limits), *emptied_refusals(groups, emptied)], people)
        return replace(self, groups=tuple(groups))

    def operations(self) -> Iterator[Operation]:
        """Read what the job asks, in file order."""
        asked = taken_rows(self.source, self.defaults, self.checked.taken)
        return (operation for _, operation in asked)

    def _refuse(self, found: list[str], people: People) -> None:
        """Raise Refused where a guard does not hold."""
        if found:
            for fact in self.facts():
                people.note(fact)
            raise Refused("\n".join((*map(escaped, found), "Nothing was sent.")))

    @property
    def _is_planned(self) -> bool:
        """Whether the guards are asked when it is known what the rows would really do: the plan is shown all the same."""
        return self.request.dry_run and self.request.plan is None and self.parent is None

    @property
    def _foreseen(self) -> Done:
        """What is known before the first request of seats, and of departments and domains."""
        plan = self.request.plan
        if plan is None:
            return self.listed.foreseen
        return Done(Counter(self.asked.effects), Counter(plan.head.shares))

    def approve(self, people: People) -> None:
        """Hold the guards, then show what is to happen and ask; Refused ends it."""
        soft = ", or deactivate instead of deleting: --soft" if self.parent is not None else ""
        found = [] if self._is_planned else refusals(self.asked, self.bounds, self.seen.users)
        guards = [f"{one}{soft}" for one in found]
        guards += advice_to_plan(self.checked) if found else []
        if self.request.plan is not None or not self.request.dry_run:
            foreseen = self._foreseen
            guards += seat_refusals(foreseen.effects, self.bounds)
            guards += share_refusals(foreseen.parts, self.bounds)
        self._refuse([*unfit(self.checked, self.seen.profile), *guards], people)
        if self.request.dry_run:
            for fact in self.facts():
                people.note(fact)
            return
        tenant = self.request.tenant
        shown = self.request.plan is None and self.parent is None
        count = self.checked.removals + self.checked.member_removals if shown else 0
        facts = [*self.facts(), *first_removed(self.operations(), count)]
        ask(tenant, self.request.approval, people, f"Send this to {host_of(tenant.base_url)}?", facts)

    def header(self, run: str, source: JobSource) -> Header:
        """Return the journal's header."""
        request, tenant, parent = self.request, self.request.tenant, self.parent
        taken, grace, token = (
            self.checked.taken,
            request.said.grace,
            fingerprint(tenant.base_url, tenant.profile, tenant.token),
        )
        return Header(
            run=run,
            command=self.command,
            version=__version__,
            job=source.about(),
            tenant=RecordedTenant(**asdict(token), name=tenant.name),
            own_profile=tenant.own_profile,
            verbs={f"{verb.value} {kind}": count for (verb, kind), count in self.checked.verbs.items()},
            removals=self.checked.removals,
            member_removals=self.checked.member_removals,
            references=UNKNOWN if self.unknown else None,
            live_users=self.seen.users,
            then=Then(Verb.DELETE, grace.days) if grace else None,
            definitions=tuple(str(Path(path).absolute()) for path in request.said.paths),
            note=request.note,
            earlier=tuple(map(str, self.earlier.folders)) if self.earlier else (),
            parent=RecordedParent(parent.run, parent.chain) if parent else None,
            plan=request.plan.recorded if request.plan else None,
            settings=kept(self.visit.settings),
            defaults=self.defaults,
            guards=RecordedGuards(self.bounds, request.standing.protect),
            canary=request.canary_rows or None,
            rows=self.checked.last,
            selection=None if request.selection.is_every else request.selection,
            taken=taken.text() if taken is not None and taken.has_gaps else None,
            forecast=self.costs.forecast,
        )


async def begin(start: Start, disk: Disk, around: Around) -> RunReport:
    """Make the run folder and go."""
    clock = around.clock
    with tenant_lock(start.request.tenant.base_url, disk) as tenant, _folder(start, disk, clock) as held:
        tenant.working_on(held.path)
        if held.note:
            around.watcher.note(held.note)
        source = start.source.adopted(held.path)
        if start.request.plan is not None:
            # From here on the copy is read: the file itself may be changed or removed.
            request = replace(start.request, plan=start.request.plan.kept_in(held.path))
            start = replace(start, request=request)
        keep(start.checked.sound_index().path, held.path / INDEX)
        header = start.header(held.path.name, source)
        record = journal.create(held.path, disk, header, clock)
        try:
            approved = Approved(start.request.approval.is_given, typed_json.write(header.guards))
            first = (Entry(opened(start.command)), Entry(approved))
            job = start.job(source)
            return await session.begin(
                Session(job, record, start.visit.transport, start.terms, around), *first
            )
        finally:
            await record.aclose()


def _folder(start: Start, disk: Disk, clock: Clock) -> HeldFolder:
    request = start.request
    if start.parent is not None:
        return runfolder.create_within(start.parent.folder, disk, clock)
    if request.run_dir is not None:
        return runfolder.adopt(request.run_dir, disk, clock)
    return runfolder.create(request.runs_dir, start.source.stem, disk, clock)
