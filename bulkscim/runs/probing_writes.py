"""Try writes on a throw-away user and group: ordinary runs, with reads in between, that are rolled back in the end."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from uuid import uuid4

from bulkscim.engine.clock import RealClock
from bulkscim.errors import UsageError
from bulkscim.journal.settings import Settings
from bulkscim.model.clock import Clock
from bulkscim.model.events import People
from bulkscim.model.operation import GROUP, USER, Verb
from bulkscim.planning.undo.grades import grade
from bulkscim.providers.probing import trial as names
from bulkscim.providers.probing.changes import creates, creates_again, deactivates, other, retitles
from bulkscim.providers.probing.questions import MOST
from bulkscim.providers.probing.record import GONE, Answer, all_members, claims_all, is_deactivated, shows
from bulkscim.providers.probing.trial import Trial
from bulkscim.providers.profile import Profile
from bulkscim.runs.approval import ask
from bulkscim.runs.options import Approval
from bulkscim.runs.probing import OnlyReads
from bulkscim.runs.report import RunReport
from bulkscim.runs.session import patient
from bulkscim.runs.tenant import connected
from bulkscim.runs.trial_reads import TrialReads
from bulkscim.runs.trial_runs import TrialRuns
from bulkscim.scim import protocol
from bulkscim.tenants.tenant import Tenant


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
            yield f"group {self.group}, a second one of this name, and group {other(self.group)}"
        yield from dict.fromkeys(self.profile.cautions.values())
        yield f"a create of a user is undone by a delete: {grade(self.profile, Verb.CREATE, USER).told}"
        yield "up to four runs are journaled, and rolled back, whatever the service has changed of it since"
        yield "an address that is taken ends the trial; some services overwrite its user by the create, so use one that is free"

    async def tried(self) -> Tried:
        """Make the trial, and undo it whatever it came to."""
        runs = TrialRuns(self.tenant, self.settings.connection, self.runs_dir, self.people)
        async with connected(self.tenant, self.settings, self.clock) as transport:
            way = patient(OnlyReads(transport), self.settings, self.profile, self.clock)
            reads = TrialReads(way, self.clock, self.profile.visibility_lag_s)
            try:
                trial = await self._tried(runs, reads)
                left = await runs.undone()
            except BaseException:
                self.people.warn(
                    f"the probe has not ended; what it created may still be there\n{runs.told()}"
                )
                raise
            if left:
                return Tried(trial, left)
            kept = await reads.once_there(_paths(trial, "deleted user", "deleted group"), _is_gone)
            return Tried(trial.with_answers(kept))

    @property
    def _listing(self) -> str:
        return protocol.page_path(USER, 1, max(MOST, self.profile.page_size))

    async def _tried(self, runs: TrialRuns, reads: TrialReads) -> Trial:
        """Create a user and a group; where the user is new, look at them and change them."""
        begun = self.clock.monotonic()
        trial = await runs.run(Trial(), creates(self.address, self.group, self.profile))
        if trial.user is None:
            return trial
        has_member = partial(_has_member, trial.user)
        trial = trial.with_answers(await reads.once_there(_paths(trial, "member")))
        lookup = protocol.lookup_path(USER, "userName", self.address)
        _, after = await reads.until(lookup, partial(shows, resource_id=trial.user))
        trial = replace(trial, shown_after_s=None if after is None else self.clock.monotonic() - begun)
        trial = trial.with_answers(await reads.once_there(_paths(trial, "group"), has_member))
        listing, _ = await reads.until(self._listing, partial(_tells, trial.user))
        trial = await runs.run(
            trial.with_answers({"listing": listing}), creates_again(trial, self.address, self.group)
        )
        trial = trial.with_answers(await reads.once_there(_paths(trial, "second user", "second group")))
        trial = trial.with_answers(await reads.once_there(_paths(trial, "group with a member"), has_member))
        trial = trial.with_answers(await reads.of(_paths(trial, "user again", "group again")))
        if not self.profile.patch:
            return trial
        trial = await runs.run(trial, retitles(trial))
        trial = trial.with_answers(await reads.of(_paths(trial, "retitled")))
        trial = await runs.run(trial, deactivates(trial))
        paths = _paths(trial, "deactivated", "group after the deactivation")
        return trial.with_answers(await reads.of({**paths, "deactivated, by a filter": lookup}))


def _paths(trial: Trial, *reads: str) -> dict[str, str]:
    """Return where reads by id go, by their names; without those of what was not created."""
    found = {name: (kind, trial.id_of(change)) for name, (kind, change) in _READS.items() if name in reads}
    return {name: protocol.resource_path(kind, one) for name, (kind, one) in found.items() if one is not None}


_READS = {
    "member": (USER, names.USER_MADE),
    "user again": (USER, names.USER_MADE),
    "retitled": (USER, names.USER_MADE),
    "deactivated": (USER, names.USER_MADE),
    "deleted user": (USER, names.USER_MADE),
    "second user": (USER, names.SECOND_USER),
    "group": (GROUP, names.GROUP_MADE),
    "group again": (GROUP, names.GROUP_MADE),
    "group after the deactivation": (GROUP, names.GROUP_MADE),
    "deleted group": (GROUP, names.GROUP_MADE),
    "second group": (GROUP, names.SECOND_GROUP),
    "group with a member": (GROUP, names.MADE_WITH_MEMBERS),
}


def _has_member(user: str | None, answer: Answer) -> bool:
    """Return whether a group shows a member, or never will: it could not be read."""
    is_read = answer.resource is not None
    return user in all_members(answer.resource or {}) if is_read else answer.status not in GONE


def _is_gone(answer: Answer) -> bool:
    """Return whether what was deleted is not shown any longer, or is kept deactivated."""
    return answer.resource is None or is_deactivated(answer.resource)


def _tells(user: str | None, answer: Answer) -> bool:
    """Return whether a listing shows a new user, or never will: it has further pages, or none came."""
    return answer.listing is None or shows(answer, user) or not claims_all(answer.listing)
