"""What the command line says of a job and its tenant, for `run` and `plan`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bulkscim.commands import options, tenant_options
from bulkscim.journal.settings import Connection
from bulkscim.model.limits import GuardLimits
from bulkscim.model.row import RowRules
from bulkscim.reporting.console import Console
from bulkscim.runs.options import Approval, RecordDefaults, RowSelection

if TYPE_CHECKING:
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
