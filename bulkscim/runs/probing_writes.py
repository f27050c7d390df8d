"""Try writes on a throw-away user and group: ordinary runs, with reads in between, that are rolled back in the end."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

from bulkscim.engine.clock import RealClock
from bulkscim.errors import UsageError
from bulkscim.jobfile.spool import spooled
from bulkscim.journal.settings import Settings
from bulkscim.model.clock import Clock
from bulkscim.model.events import People
from bulkscim.model.operation import GROUP, USER, Verb
from bulkscim.model.row import RowRules, RowState
from bulkscim.model.typed import next_line
from bulkscim.planning.undo.grades import grade
from bulkscim.providers.probing.record import Answer, answer_of
from bulkscim.providers.probing.written import Trial
from bulkscim.providers.profile import Profile
from bulkscim.reporting.results import Result
from bulkscim.runs import api, start
from bulkscim.runs.approval import ask
from bulkscim.runs.headless import Unattended, Unwatched
from bulkscim.runs.options import Approval
from bulkscim.runs.probing import OnlyReads, answered
from bulkscim.runs.report import RunReport
from bulkscim.runs.request import ResumeRequest, RollbackRequest, RunRequest
from bulkscim.runs.resume import resume
from bulkscim.runs.rollback import rollback
from bulkscim.runs.session import patient
from bulkscim.runs.tenant import connected
from bulkscim.scim import protocol
from bulkscim.tenants.tenant import Tenant
from bulkscim.transport.base import Transport

LOOKS = 6  # for a new user, within the visibility lag
NOTE = "a probe"


@dataclass(slots=True)
class Tried:
    """What a trial came to: its evidence, and the run that was left as it is, None where all was undone."""

    trial: Trial
    left: RunReport | None = None


@dataclass(slots=True)
class WriteProbe:
    """One trial at a tenant, under an address that the user gave. `people` hear of it, and have approved it."""

    tenant: Tenant
    settings: Settings
    runs_dir: Path
    people: People
    address: str
    clock: Clock = field(default_factory=RealClock)
    group: str = field(default_factory=lambda: f"bulkscim-probe-{uuid4().hex[:8]}")

    @property
    def profile(self) -> Profile:
        """The tenant's profile."""
        return self.tenant.provider

    def approved(self, approval: Approval) -> None:
        """Say what the trial does and what it may cost, and ask; Refused ends it."""
        if "@" not in self.address:
            raise UsageError(f"--as {self.address}: give an e-mail address that is yours to use")
        question = "Create a user and a group, change them, and delete both?"
        ask(self.tenant, approval, self.people, question, list(self._facts()))

    def _facts(self) -> Iterator[str]:
        yield f"tenant {self.tenant.base_url}, profile {self.profile.name}"
        yield f"user {self.address}: it may take a seat or a licence, and the service may send an invitation there"
        if self.profile.groups:
            yield f"group {self.group}"
        yield from dict.fromkeys(self.profile.cautions.values())
        yield f"a create of a user is undone by a delete: {grade(self.profile, Verb.CREATE, USER).told}"
        yield "two runs are journaled, and rolled back"
        yield "an address that is taken ends the trial; some services overwrite its user by the create, so use one that is free"

    async def tried(self) -> Tried:
        """Make the trial, and undo it whatever it came to."""
        async with connected(self.tenant, self.settings, self.clock) as transport:
            reads = patient(OnlyReads(transport), self.settings, self.profile, self.clock)
            made = await self._run(self._creates(), on_exists="fail")
            try:
                return await self._tried(reads, made)
            except BaseException:
                undo = next_line("rollback", made.folder)
                self.people.warn(f"the probe has not ended; what it created may still be there\n{undo}")
                raise

    async def _tried(self, reads: Transport, made: RunReport) -> Tried:
        """Look at what a run has made, change it, and undo both runs."""
        rows = self._rows(made)
        user, group = _id(rows, 0), _id(rows, 1)
        if user is None:
            return Tried(Trial(""), await self._undone(made))
        joined = len(rows) > 2 and rows[2].state is RowState.DONE  # noqa: PLR2004 - user, group, membership
        trial = await self._looked(reads, Trial(user, rows[0].status, joined=joined), group)
        changed = await self._run(_changes(user))
        is_done = all(one.state is RowState.DONE for one in self._rows(changed))
        trial = await self._looked_again(reads, replace(trial, changed=is_done), group)
        left = await self._undone(changed) or await self._undone(made)
        return Tried(trial if left else await self._looked_last(reads, trial, group), left)

    def _creates(self) -> Iterator[Mapping[str, object]]:
        user = {
            "userName": self.address,
            "displayName": "Throw-away probe",
            "name": {"givenName": "Throw-away", "familyName": "Probe"},
            "emails": [{"value": self.address, "type": "work", "primary": True}],
        }
        yield {"op": "create", "type": USER, "ref": "user", "data": user}
        if self.profile.groups:
            yield {"op": "create", "type": GROUP, "ref": "group", "data": {"displayName": self.group}}
            yield {"op": "add_member", "type": GROUP, "ref": "group", "member": {"ref": "user"}}

    async def _run(self, records: Iterable[Mapping[str, object]], on_exists: str | None = None) -> RunReport:
        source = spooled(records)
        try:
            request = RunRequest(
                job=source,
                tenant=self.tenant,
                runs_dir=self.runs_dir,
                rules=RowRules(on_exists=on_exists),
                connection=self.settings.connection,
                approval=self._approval,
                note=NOTE,
            )
            return await start.run(request, Unattended(), Unwatched())
        finally:
            source.discard()

    @property
    def _approval(self) -> Approval:
        return Approval(yes=True, yes_production=self.tenant.name if self.tenant.production else "")

    def _rows(self, report: RunReport) -> list[Result]:
        return list(api.results(report, self.runs_dir))

    async def _undone(self, report: RunReport) -> RunReport | None:
        """Roll a run back; return it where something of it is left."""
        if report.folder is None:
            return None
        request = RollbackRequest(
            run=str(report.folder),
            runs_dir=self.runs_dir,
            tenant=self.tenant,
            connection=self.settings.connection,
            approval=self._approval,
            note=NOTE,
        )
        ended = await rollback(request, Unattended(), Unwatched())
        if not _is_done(ended) and ended.folder is not None:
            ended = await self._again(ended.folder)
        if _is_done(ended):
            return None
        self.people.warn(
            f"not all of {report.folder} could be undone\n{next_line('rollback', report.folder)}"
        )
        return ended

    async def _again(self, folder: Path) -> RunReport:
        """Retry what a rollback could not undo: some services delete a group only after its members are gone."""
        request = ResumeRequest(
            run=str(folder),
            runs_dir=self.runs_dir,
            tenant=self.tenant,
            retry=True,
            connection=self.settings.connection,
            approval=self._approval,
        )
        return await resume(request, Unattended(), Unwatched())

    async def _looked(self, reads: Transport, trial: Trial, group: str | None) -> Trial:
        """Look for the new user by a filter until it is shown, then for its membership."""
        path, after = protocol.lookup_path(USER, "userName", self.address), None
        begun, pause = self.clock.monotonic(), self.profile.visibility_lag_s / LOOKS
        for number in range(LOOKS):
            listing = (await _read(reads, path)).listing
            if listing and any(one["id"] == trial.user for one in listing.resources):
                after = 0.0 if number == 0 else self.clock.monotonic() - begun
                break
            if number < LOOKS - 1:
                await self.clock.sleep(pause)
        answers = {"member": await _read(reads, protocol.resource_path(USER, trial.user))}
        if group is not None:
            answers["group"] = await _read(reads, protocol.resource_path(GROUP, group))
        return replace(trial, shown_after_s=after, looked=True, answers=answers)

    async def _looked_again(self, reads: Transport, trial: Trial, group: str | None) -> Trial:
        """Look at the user once it is deactivated, and at its group."""
        answers = {
            "deactivated": await _read(reads, protocol.resource_path(USER, trial.user)),
            "deactivated, by a filter": await _read(
                reads, protocol.lookup_path(USER, "userName", self.address)
            ),
        }
        if group is not None:
            answers["group after the deactivation"] = await _read(reads, protocol.resource_path(GROUP, group))
        return replace(trial, answers={**trial.answers, **answers})

    async def _looked_last(self, reads: Transport, trial: Trial, group: str | None) -> Trial:
        """Look at what is left of both after the rollback."""
        answers = {"deleted user": await _read(reads, protocol.resource_path(USER, trial.user))}
        if group is not None:
            answers["deleted group"] = await _read(reads, protocol.resource_path(GROUP, group))
        return replace(trial, answers={**trial.answers, **answers})


def _is_done(report: RunReport) -> bool:
    totals = report.totals
    return report.exit_reason is None and totals.rows == totals.done + totals.noop


def _changes(user: str) -> Iterator[Mapping[str, object]]:
    patch = [{"op": "replace", "path": "title", "value": "Probe"}]
    yield {"op": "patch", "type": USER, "id": user, "patch": patch}
    yield {"op": "deactivate", "type": USER, "id": user}


def _id(rows: list[Result], place: int) -> str | None:
    """Return the id of what a row created, None where it created nothing."""
    row = rows[place] if len(rows) > place else None
    return row.id if row is not None and row.state is RowState.DONE and protocol.is_usable(row.id) else None


async def _read(reads: Transport, path: str) -> Answer:
    return answer_of(path, await answered(reads, path))
