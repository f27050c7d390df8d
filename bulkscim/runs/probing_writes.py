"""Try writes on a throw-away user and group: ordinary runs, with reads in between, that are rolled back in the end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

from bulkscim.engine.clock import RealClock
from bulkscim.errors import UsageError
from bulkscim.journal.settings import Settings
from bulkscim.model.clock import Clock
from bulkscim.model.events import People
from bulkscim.model.operation import GROUP, USER, JsonObject, Verb
from bulkscim.model.row import RowRules
from bulkscim.planning.undo.grades import grade
from bulkscim.providers.probing import trial as names
from bulkscim.providers.probing.record import Answer, answer_of
from bulkscim.providers.probing.trial import Trial
from bulkscim.providers.profile import Profile
from bulkscim.runs.approval import ask
from bulkscim.runs.options import Approval
from bulkscim.runs.probing import OnlyReads, answered
from bulkscim.runs.report import RunReport
from bulkscim.runs.session import patient
from bulkscim.runs.tenant import connected
from bulkscim.runs.trial_runs import TrialRuns
from bulkscim.scim import protocol
from bulkscim.tenants.tenant import Tenant
from bulkscim.transport.base import Transport

LOOKS = 6  # for a new user, within the visibility lag
Record = dict[str, object]
Records = dict[str, Record]  # by what it is called in the evidence


@dataclass(slots=True)
class Tried:
    """What a trial came to: its evidence, and the rollback that left something, None where all was undone."""

    trial: Trial
    left: RunReport | None = None


@dataclass(slots=True)
class WriteProbe:
    """One trial at a tenant, under an address that the user gave. `people` hear of it, and have approved it.

    `profile` is the tenant's, narrowed by what it says of itself.
    """

    tenant: Tenant
    profile: Profile
    settings: Settings
    runs_dir: Path
    people: People
    address: str
    clock: Clock = field(default_factory=RealClock)
    group: str = field(default_factory=lambda: f"bulkscim-probe-{uuid4().hex[:8]}")

    def approved(self, approval: Approval) -> None:
        """Say what the trial does and what it may cost, and ask; Refused ends it."""
        if "@" not in self.address:
            raise UsageError(f"--as {self.address}: give an e-mail address that is yours to use")
        question = "Create a user and groups, change them, and delete all?"
        ask(self.tenant, approval, self.people, question, list(self._facts()))

    def _facts(self) -> Iterator[str]:
        yield f"tenant {self.tenant.base_url}, profile {self.profile.name}"
        yield f"user {self.address}: it may take a seat or a licence, and the service may send an invitation there"
        yield "a second create of this user is sent; a service that does not refuse it may take a second seat for a while"
        if self.profile.groups:
            yield f"group {self.group}, a second one of this name, and group {self._other_group}"
        yield from dict.fromkeys(self.profile.cautions.values())
        yield f"a create of a user is undone by a delete: {grade(self.profile, Verb.CREATE, USER).told}"
        yield "up to four runs are journaled, and rolled back"
        yield "an address that is taken ends the trial; some services overwrite its user by the create, so use one that is free"

    @property
    def _other_group(self) -> str:
        return f"{self.group}-2"

    async def tried(self) -> Tried:
        """Make the trial, and undo it whatever it came to."""
        runs = TrialRuns(self.tenant, self.settings.connection, self.runs_dir, self.people)
        async with connected(self.tenant, self.settings, self.clock) as transport:
            reads = patient(OnlyReads(transport), self.settings, self.profile, self.clock)
            try:
                trial = await self._tried(reads, runs)
                left = await runs.undone()
            except BaseException:
                self.people.warn(
                    f"the probe has not ended; what it created may still be there\n{runs.told()}"
                )
                raise
            return Tried(trial if left else await self._looked_last(reads, trial), left)

    async def _tried(self, reads: Transport, runs: TrialRuns) -> Trial:
        """Create a user and a group; where the user is new, look at them and change them."""
        trial = await self._made(runs, Trial(), self._creates())
        if trial.user is None:
            return trial
        trial = await self._looked(reads, trial)
        trial = await self._made(runs, trial, self._creates_again(trial))
        trial = await self._looked_for(reads, trial, ("user again",), ("group again", "group with a member"))
        if not self.profile.patch:
            return trial
        trial = await self._made(runs, trial, _retitles(trial))
        trial = await self._looked_for(reads, trial, ("retitled",))
        trial = await self._made(runs, trial, _deactivates(trial))
        return await self._looked_again(reads, trial)

    async def _made(self, runs: TrialRuns, trial: Trial, records: Records) -> Trial:
        """Carry out records by their names; each is sent as it is asked."""
        ends = await runs.run(records.values(), RowRules(on_exists="fail", as_asked=True))
        named = dict(zip(records, ends, strict=False))
        return replace(
            trial, ends={**trial.ends, **{name: end for name, end in named.items() if end is not None}}
        )

    def _creates(self) -> Records:
        records: Records = {
            names.USER_MADE: {"op": "create", "type": USER, "ref": "user", "data": self._user()}
        }
        if self.profile.groups:
            data = {"displayName": self.group}
            records[names.GROUP_MADE] = {"op": "create", "type": GROUP, "ref": "group", "data": data}
        if self.profile.groups and self.profile.patch:
            member = {"ref": "user"}
            records[names.JOINED] = {"op": "add_member", "type": GROUP, "ref": "group", "member": member}
        return records

    def _user(self) -> JsonObject:
        return {
            "userName": self.address,
            "displayName": "Throw-away probe",
            "name": {"givenName": "Throw-away", "familyName": "Probe"},
            "emails": [{"value": self.address, "type": "work", "primary": True}],
        }

    def _creates_again(self, trial: Trial) -> Records:
        """Return what is there already: a user and a group of the same names, and a membership; and a group with a member."""
        records: Records = {names.SECOND_USER: {"op": "create", "type": USER, "data": self._user()}}
        if trial.group is None:
            return records
        member = [{"value": trial.user}]
        second, other = {"displayName": self.group}, {"displayName": self._other_group, "members": member}
        records[names.SECOND_GROUP] = {"op": "create", "type": GROUP, "data": second}
        records[names.MADE_WITH_MEMBERS] = {"op": "create", "type": GROUP, "data": other}
        if trial.applied(names.JOINED):
            records[names.JOINED_AGAIN] = _patch(GROUP, trial.group, "add", "members", member)
        return records

    async def _looked(self, reads: Transport, trial: Trial) -> Trial:
        """Look for the new user by a filter until it is shown, then for its membership."""
        after, begun, pause = None, self.clock.monotonic(), self.profile.visibility_lag_s / LOOKS
        for number in range(LOOKS):
            listing = (await _read(reads, self._lookup)).listing
            if listing and any(one["id"] == trial.user for one in listing.resources):
                after = 0.0 if number == 0 else self.clock.monotonic() - begun
                break
            if number < LOOKS - 1:
                await self.clock.sleep(pause)
        return await self._looked_for(reads, replace(trial, shown_after_s=after), ("member",), ("group",))

    @property
    def _lookup(self) -> str:
        return protocol.lookup_path(USER, "userName", self.address)

    async def _looked_for(
        self, reads: Transport, trial: Trial, users: Sequence[str] = (), groups: Sequence[str] = ()
    ) -> Trial:
        """Read the user, its group, and the group that was created with it, by their ids."""
        paths = {name: protocol.resource_path(USER, trial.user) for name in users if trial.user}
        for name in groups:
            group = trial.other_group if name == "group with a member" else trial.group
            if group is not None:
                paths[name] = protocol.resource_path(GROUP, group)
        answers = {name: await _read(reads, path) for name, path in paths.items()}
        return replace(trial, answers={**trial.answers, **answers})

    async def _looked_again(self, reads: Transport, trial: Trial) -> Trial:
        """Look at the user once it is deactivated, and at its group."""
        answers = {**trial.answers, "deactivated, by a filter": await _read(reads, self._lookup)}
        trial = replace(trial, answers=answers)
        return await self._looked_for(reads, trial, ("deactivated",), ("group after the deactivation",))

    async def _looked_last(self, reads: Transport, trial: Trial) -> Trial:
        """Look at what is left of both after the rollback."""
        return await self._looked_for(reads, trial, ("deleted user",), ("deleted group",))


def _patch(kind: str, resource_id: str, op: str, path: str, value: object) -> Record:
    return {
        "op": "patch",
        "type": kind,
        "id": resource_id,
        "patch": [{"op": op, "path": path, "value": value}],
    }


def _retitles(trial: Trial) -> Records:
    """Return a change of the user that names the version which was read, where one is shown."""
    version = trial.version("user again")
    return {names.RETITLED: _patch(USER, trial.user or "", "add", "title", "Probe") | version}


def _deactivates(trial: Trial) -> Records:
    """Return the deactivation of the user; before it a change with a version that is old by now."""
    records: Records = {}
    if (old := trial.version("user again")) and old != trial.version("retitled"):
        records[names.RETITLED_AS_OLD] = _patch(USER, trial.user or "", "replace", "title", "Old probe") | old
    return records | {names.DEACTIVATED: {"op": "deactivate", "type": USER, "id": trial.user}}


async def _read(reads: Transport, path: str) -> Answer:
    return answer_of(path, await answered(reads, path))
