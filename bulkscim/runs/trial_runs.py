"""Runs of a trial: ordinary ones, of which all are rolled back, the last first; how their changes ended."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from bulkscim.jobfile.spool import spooled
from bulkscim.journal.bodies import Applied, Lost, Refused
from bulkscim.journal.journal import RecordedRun
from bulkscim.journal.settings import Connection
from bulkscim.model.events import People
from bulkscim.model.row import RowRules, RowState
from bulkscim.model.typed import next_line
from bulkscim.providers.probing.changes import Records
from bulkscim.providers.probing.trial import Ended, Trial
from bulkscim.reporting.recorded import open_at
from bulkscim.runs import new_run
from bulkscim.runs.api import results
from bulkscim.runs.headless import Unattended, Unwatched
from bulkscim.runs.options import Approval
from bulkscim.runs.report import RunReport
from bulkscim.runs.request import ResumeRequest, RollbackRequest, RunRequest
from bulkscim.runs.resume import resume
from bulkscim.runs.rollback import rollback
from bulkscim.tenants.tenant import Tenant

NOTE = "a probe"
_UNDONE = frozenset({RowState.DONE, RowState.NOOP})


@dataclass(frozen=True, slots=True)
class _Made:
    """A run, and whether all that it created is new beyond doubt."""

    folder: Path
    report: RunReport
    is_new: bool


@dataclass(slots=True)
class TrialRuns:
    """The runs of one trial at a tenant, which `people` have approved."""

    tenant: Tenant
    connection: Connection
    runs_dir: Path
    people: People
    _made: list[_Made] = field(default_factory=list)

    async def run(self, trial: Trial, records: Records) -> Trial:
        """Carry records out as they are asked; return the trial with how they ended."""
        source = spooled(records.values())
        try:
            request = RunRequest(
                job=source,
                tenant=self.tenant,
                runs_dir=self.runs_dir,
                rules=RowRules(on_exists="fail", as_asked=True),
                connection=self.connection,
                approval=self._approval,
                note=NOTE,
            )
            report = await new_run.run(request, Unattended(), Unwatched())
        finally:
            source.discard()
        if report.folder is None:
            return trial
        with open_at(report.folder) as recorded:
            is_new = not any(one.unsure for _, one in recorded.each(Applied))
            self._made.append(_Made(report.folder, report, is_new))
            ends = {name: _ended(recorded, row) for row, name in enumerate(records, 1)}
        return trial.with_ends({name: end for name, end in ends.items() if end is not None})

    def told(self) -> str:
        """Return the commands that roll back what was made."""
        return "\n".join(next_line("rollback", one.folder) for one in reversed(self._made))

    async def undone(self) -> RunReport | None:
        """Roll all runs back, the last first; return the first report which tells that something is left."""
        left = None
        while self._made:
            ended = await self._undone(self._made[-1])
            left = left or ended
            self._made.pop()
        return left

    async def _undone(self, made: _Made) -> RunReport | None:
        """Roll a run back; return what tells that something is left, None where nothing is."""
        ended, undo = await self._rollback(made.folder), next_line("rollback", made.folder)
        if not _is_done(ended) and ended.folder is not None:
            ended = await self._again(ended.folder)
        if (
            not _is_done(ended) and made.is_new
        ):  # what the service itself has changed since looks like a change by others
            ended = await self._rollback(made.folder, on_drift="force")
        if not _is_done(ended):
            self.people.warn(f"not all of {made.folder} could be undone{self._why(ended)}\n{undo}")
            return ended
        with open_at(made.folder) as recorded:  # a rollback looks up what was in doubt
            totals = recorded.ledger.totals()
        if not totals.in_doubt:
            return None
        self.people.warn(
            f"whether all of {made.folder} took effect is not known; it may be shown later\n{undo}"
        )
        return replace(made.report, totals=totals)

    async def _rollback(self, folder: Path, on_drift: str = "skip") -> RunReport:
        request = RollbackRequest(
            run=str(folder),
            runs_dir=self.runs_dir,
            tenant=self.tenant,
            on_drift=on_drift,
            connection=self.connection,
            approval=self._approval,
            note=NOTE,
        )
        return await rollback(request, Unattended(), Unwatched())

    async def _again(self, folder: Path) -> RunReport:
        """Retry what a rollback could not undo: some services delete a group only after its members are gone."""
        request = ResumeRequest(
            run=str(folder),
            runs_dir=self.runs_dir,
            tenant=self.tenant,
            retry=True,
            connection=self.connection,
            approval=self._approval,
        )
        return await resume(request, Unattended(), Unwatched())

    def _why(self, report: RunReport) -> str:
        """Return why a rollback left something, as its first such row says."""
        if report.folder is None:
            return ""
        rows = results(report, self.runs_dir)
        return next((f": {row.detail}" for row in rows if row.state not in _UNDONE and row.detail), "")

    @property
    def _approval(self) -> Approval:
        return Approval(yes=True, yes_production=self.tenant.production_name)


def _is_done(report: RunReport) -> bool:
    totals = report.totals
    return report.exit_reason is None and totals.rows == totals.done + totals.noop


def _ended(recorded: RecordedRun, row: int) -> Ended | None:
    """Return how the last change that a row sent has ended; without a status where its answer was lost."""
    ends = [
        (one.step, one.body)
        for one in recorded.history(row)
        if isinstance(one.body, Applied | Refused | Lost)
    ]
    if not ends:
        return None
    last, end = ends[-1]
    was_lost = any(step == last and isinstance(one, Lost) for step, one in ends)
    status = None if was_lost else end.status
    match end:
        case Applied(unsure=True):
            return Ended(status=status, id=end.id)  # it may have been there before, and is left as it is
        case Applied():
            return Ended(applied=True, status=status, id=end.id)
        case Refused():
            return Ended(applied=False, status=status, scim_type=end.scim_type or "", id=end.existed)
        case Lost():
            return Ended(status=end.status if end.accepted else None)
