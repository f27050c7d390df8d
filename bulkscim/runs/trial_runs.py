"""Runs of a trial: ordinary ones, of which all are rolled back, the last first; how their changes ended."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bulkscim.jobfile.spool import spooled
from bulkscim.journal.bodies import Applied, Lost, Refused, Started
from bulkscim.journal.journal import RecordedRun
from bulkscim.journal.settings import Connection
from bulkscim.model.events import People
from bulkscim.model.row import RowRules
from bulkscim.model.typed import next_line
from bulkscim.providers.probing.trial import Ended
from bulkscim.reporting.recorded import open_at
from bulkscim.runs import start
from bulkscim.runs.headless import Unattended, Unwatched
from bulkscim.runs.options import Approval
from bulkscim.runs.report import RunReport
from bulkscim.runs.request import ResumeRequest, RollbackRequest, RunRequest
from bulkscim.runs.resume import resume
from bulkscim.runs.rollback import rollback
from bulkscim.tenants.tenant import Tenant

NOTE = "a probe"


@dataclass(slots=True)
class TrialRuns:
    """The runs of one trial at a tenant, which `people` have approved."""

    tenant: Tenant
    connection: Connection
    runs_dir: Path
    people: People
    made: list[RunReport] = field(default_factory=list)

    async def run(self, records: Iterable[Mapping[str, object]], rules: RowRules) -> tuple[Ended | None, ...]:
        """Carry records out; return how the change of each ended, None where none was sent."""
        source = spooled(records)
        try:
            request = RunRequest(
                job=source,
                tenant=self.tenant,
                runs_dir=self.runs_dir,
                rules=rules,
                connection=self.connection,
                approval=self._approval,
                note=NOTE,
            )
            report = await start.run(request, Unattended(), Unwatched())
        finally:
            source.discard()
        if report.folder is None:
            return ()
        self.made.append(report)
        with open_at(report.folder) as recorded:
            return tuple(_ended(recorded, row + 1) for row in range(report.totals.rows))

    def told(self) -> str:
        """Return the commands that roll back what was made."""
        return "\n".join(next_line("rollback", one.folder) for one in reversed(self.made))

    async def undone(self) -> RunReport | None:
        """Roll all runs back, the last first; return the first rollback that left something."""
        left = None
        while self.made:
            ended = await self._rolled_back(self.made[-1])
            left = left or ended
            self.made.pop()
        return left

    async def _rolled_back(self, report: RunReport) -> RunReport | None:
        """Roll a run back; return its rollback where that left something."""
        request = RollbackRequest(
            run=str(report.folder),
            runs_dir=self.runs_dir,
            tenant=self.tenant,
            connection=self.connection,
            approval=self._approval,
            note=NOTE,
        )
        ended = await rollback(request, Unattended(), Unwatched())
        if not _is_done(ended) and ended.folder is not None:
            ended = await self._again(ended.folder)
        if _is_done(ended):
            return None
        undo = next_line("rollback", report.folder)
        self.people.warn(f"not all of {report.folder} could be undone\n{undo}")
        return ended

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

    @property
    def _approval(self) -> Approval:
        return Approval(yes=True, yes_production=self.tenant.name if self.tenant.production else "")


def _is_done(report: RunReport) -> bool:
    totals = report.totals
    return report.exit_reason is None and totals.rows == totals.done + totals.noop


def _ended(recorded: RecordedRun, row: int) -> Ended | None:
    """Return how the first change that a row sent has ended; without a status where its answer was lost."""
    history = recorded.history(row)
    first = next((one.step for one in history if isinstance(one.body, Started)), None)
    ends = [
        one.body for one in history if one.step == first and isinstance(one.body, Applied | Refused | Lost)
    ]
    if first is None or not ends:
        return None
    end, was_lost = ends[-1], any(isinstance(one, Lost) for one in ends)
    status = None if was_lost else end.status
    match end:
        case Applied():
            return Ended(applied=True, status=status, id=end.id)
        case Refused():
            return Ended(applied=False, status=status, scim_type=end.scim_type or "", id=end.existed)
        case Lost():
            return Ended()
