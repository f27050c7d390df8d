"""What the command line says of a job and its tenant, for `run` and `plan`."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from bulkscim.commands import options, tenant_options
from bulkscim.errors import UsageError
from bulkscim.journal.settings import Connection
from bulkscim.model.limits import GuardLimits
from bulkscim.model.row import RowRules
from bulkscim.model.selection import RowSelection
from bulkscim.reporting.console import Console
from bulkscim.runs.options import Approval, RecordDefaults

if TYPE_CHECKING:
    from bulkscim.journal.journal import RecordedRun
    from bulkscim.runs.plan_file import PlanFile, PlanHead
    from bulkscim.runs.request import RunRequest


@dataclass(frozen=True, slots=True)
class JobFlags:
    """A job, the tenant that it is for, and how the one is to be brought to the other."""

    job: str
    tenant_flags: options.TenantFlags
    records: RecordDefaults
    rules: RowRules
    selection: RowSelection
    connection: Connection
    limits: GuardLimits
    approval: Approval
    voice: options.Voice
    strict: bool
    runs_dir: Path
    note: str = ""
    image_age: float | None = None

    def by_plan(self, plan: "PlanFile") -> Self:
        """Return what a plan was made of, for its own tenant; UsageError for flags that select or change rows."""
        ours = (self.records, self.rules, self.selection, self.strict)
        if ours != (RecordDefaults(), RowRules(), RowSelection(), False):
            raise UsageError(
                "a plan is applied as it is: leave out flags that choose rows or change what they do, or make the plan "
                "with them"
            )
        head, flags = plan.head, self.tenant_flags
        if not flags.tenant and not flags.base_url:
            own = head.header.tenant
            flags = replace(flags, tenant=own.name or None, base_url=None if own.name else own.base_url)
            flags = replace(flags, profile=flags.profile or own.profile)
        return replace(
            self,
            job=head.job,
            tenant_flags=flags,
            records=head.records,
            rules=head.rules,
            selection=head.selection,
            strict=head.strict,
        )

    def head(self, request: "RunRequest", recorded: "RecordedRun", made: float) -> "PlanHead":
        """Return the head of a plan of these flags, by the journal of its dry run."""
        from bulkscim.engine.step_guards import done_by
        from bulkscim.runs.plan_file import PlanHead, made_by

        own, header, done = self.records.map, recorded.header, done_by(recorded)
        return PlanHead(
            made=made,
            by=made_by(),
            job=str(Path(self.job).resolve()),
            records=replace(self.records, map=own.resolve() if own else None),
            rules=self.rules,
            selection=header.selection or RowSelection(),
            strict=self.strict,
            guards=request.standing,
            header=replace(header, tenant=replace(header.tenant, token="", salt="")),
            effects={effect.value: count for effect, count in done.effects.items()},
            shares=dict(done.parts),
        )

    def request(self, people: Console, *, run_dir: Path | None = None, dry_run: bool = False) -> "RunRequest":
        """Return what is asked, and of which tenant."""
        from bulkscim.runs.definition import said_of
        from bulkscim.runs.request import RunRequest

        said = said_of(self.job, self.records)  # a mistake in it is named before a token is asked for
        tenant, connection = tenant_options.tenant_of(people, self.tenant_flags, self.connection)
        return RunRequest(
            job=self.job,
            tenant=tenant,
            runs_dir=self.runs_dir,
            run_dir=run_dir,
            records=self.records,
            rules=self.rules,
            selection=self.selection,
            connection=connection,
            limits=self.limits,
            approval=self.approval,
            strict=self.strict,
            note=self.note,
            image_age=self.image_age,
            dry_run=dry_run,
        ).defined(said)
