"""What is asked of a run: everything that a command line, or a program, can say."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from bulkscim.errors import UsageError
from bulkscim.jobfile.source import JobSource
from bulkscim.journal.settings import Connection, Settings
from bulkscim.model.limits import GuardLimits, StandingGuards
from bulkscim.model.row import RowRules
from bulkscim.model.selection import RowSelection
from bulkscim.planning.undo.grades import VerbCounts
from bulkscim.runs.definition import Definition, said_of
from bulkscim.runs.inverse_job import Chosen
from bulkscim.runs.options import Approval, RecordDefaults, filled
from bulkscim.runs.plan_file import MOST_PLAN_AGE_S, PlanFile
from bulkscim.runs.settings import checked_connection, connection_of
from bulkscim.tenants.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A job file, a tenant, and how the one is to be brought to the other.

    `job` is a path, `-`, or a source that is open already. A job definition (.toml), as `job` or as the file `map`, may
    say what is left open here; `defined` reads it. `strict` refuses a job file with warnings. `image_age` is how many
    seconds old what was read of a user may be when a change relies on it, where 60 is not wanted. A `plan` of the job is
    applied exactly, if it is no older than `max_plan_age_s`. A `dry_run` writes
    nothing, neither in the tenant nor on the disk. With `heed_signals` Ctrl-C and its like drain the run; a program
    that handles them itself goes without. `canary` rows, which cover what the job does, are done first and must all be
    right; `canary_rows` are these and those that they need, once the file is open.
    """

    job: str | JobSource
    tenant: Tenant
    runs_dir: Path
    run_dir: Path | None = None
    records: RecordDefaults = RecordDefaults()
    rules: RowRules = RowRules()
    selection: RowSelection = RowSelection()
    connection: Connection = Connection()
    limits: GuardLimits = GuardLimits()
    approval: Approval = Approval()
    definition: Definition | None = None
    strict: bool = False
    note: str = ""
    image_age: float | None = None
    plan: PlanFile | None = None
    max_plan_age_s: float = MOST_PLAN_AGE_S
    dry_run: bool = False
    heed_signals: bool = True
    canary: int | None = None
    canary_rows: tuple[int, ...] = ()

    def defined(self, said: Definition | None = None) -> Self:
        """Return the request for a job file: what definitions say stands where nothing else was said.

        `said` is what they say, where they were read already: a pipe can be read once.
        """
        if self.definition is not None:
            return self
        if not isinstance(self.job, str):
            if self.records.map is not None:
                raise UsageError(
                    f"{self.records.map}: a map is for the columns of a CSV file; operations need none"
                )
            return replace(self, definition=Definition(records=self.records))
        said = said or said_of(self.job, self.records)
        limits = replace(
            self.limits,
            max_errors=self.limits.max_errors or said.limits.max_errors,
            max_adopt=self.limits.max_adopt or said.limits.max_adopt,
        )
        return replace(
            self,
            job=said.job,
            records=said.records,
            rules=filled(self.rules, said.rules),
            limits=limits,
            definition=said,
        )

    @property
    def said(self) -> Definition:
        """What definitions say, and flags in their place; before they are read, the flags alone."""
        return self.definition or Definition(records=self.records)

    @property
    def standing(self) -> StandingGuards:
        """The guards of the tenant's entry and of the definitions; the accounts that are protected by any of them."""
        return self.tenant.guards + StandingGuards(protect=self.limits.protect) + self.said.limits.standing

    @property
    def settings(self) -> Settings:
        """How the run sends, by the flags and by the tenant's entry."""
        connection = checked_connection(filled(self.connection, connection_of(self.tenant)))
        rules = replace(self.rules, read_back=None) if self.dry_run else self.rules
        return Settings(rules, connection, self.selection.limit, image_age=self.image_age)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackRequest:
    """A recorded run that is to be taken back; what is left open stays as the run's header has it.

    `run` is a run folder, a run id, `last`, or one of these and `/rollback-1`. `tenant` is the run's own, with the
    token to use. `on_drift` is `skip` or `force`. `chosen` says which steps are meant. Of the `limits`, `max_delete`
    bounds what the rollback of an old run deletes. `same_tenant` as for a resume.
    """

    run: str
    runs_dir: Path
    tenant: Tenant
    on_drift: str = "skip"
    chosen: Chosen = field(default_factory=Chosen)
    connection: Connection = Connection()
    limits: GuardLimits = GuardLimits()
    approval: Approval = Approval()
    same_tenant: str = ""
    note: str = ""
    dry_run: bool = False
    heed_signals: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequest:
    """A recorded run that is to go on; what is left open stays as the run has it.

    `run` is a run folder, a run id or `last`. `tenant` is the run's own, with the token to use; its guards protect
    further accounts. `job` says where the job file is now. With `retry` the failed and skipped rows are reopened first.
    `same_tenant` is the tenant's name, which confirms another token. `rules` change what rows do, which is approved as
    a run is. `despite_canary`: the user has said that the other rows are sent although the canary was not right.
    """

    run: str
    runs_dir: Path
    tenant: Tenant
    job: Path | None = None
    retry: bool = False
    rules: RowRules = RowRules()
    connection: Connection = Connection()
    limits: GuardLimits = GuardLimits()
    approval: Approval = Approval()
    same_tenant: str = ""
    heed_signals: bool = True
    despite_canary: bool = False


@dataclass(frozen=True, slots=True)
class ParentRun:
    """The run that a rollback undoes: its folder, id and chain head, what of it is undone, and notes of that.

    `is_old`: what it created has been in use for so long that deleting it counts as any delete does.
    """

    folder: Path
    run: str
    chain: str
    counts: VerbCounts
    secrets: VerbCounts
    notes: tuple[str, ...] = ()
    is_old: bool = False
