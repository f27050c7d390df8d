"""What all workers share: the run that they work in, and how its rows begin, decide and end."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bulkscim.engine import recording
from bulkscim.engine.bounds import Bounding
from bulkscim.engine.pulse import Pulse
from bulkscim.engine.stopping import Stopping
from bulkscim.engine.work import Work
from bulkscim.journal.bodies import Refused
from bulkscim.journal.journal import Journal
from bulkscim.model.clock import Clock
from bulkscim.model.events import Watcher
from bulkscim.model.row import Row, RowState
from bulkscim.model.step import Step
from bulkscim.planning.decision import Decision, Policy, Rest, Settle
from bulkscim.planning.next_step import next_step
from bulkscim.planning.order import Claim
from bulkscim.planning.unshown import Kind
from bulkscim.providers.profile import Profile

Next = Decision | Rest
ENOUGH_MET = 3  # creates that met a user, before a listing is worth it


@dataclass(frozen=True, slots=True)
class RunContext:
    """One session of a run, as every part of the engine knows it; `random` returns numbers from 0 up to 1."""

    journal: Journal
    stopping: Stopping
    watcher: Watcher
    clock: Clock
    random: Callable[[], float]
    profile: Profile
    pulse: Pulse = field(default_factory=Pulse)


class Rows:
    """The rows of one session; `bounds` counts their ends, and `unproved` are those whose earlier writes are read back."""

    def __init__(self, context: RunContext, policy: Policy, bounds: Bounding) -> None:
        self._journal = context.journal
        self._watcher = context.watcher
        self._pulse = context.pulse
        self.bounds = bounds
        self.policy = replace(policy, looks_always=policy.looks_always or _has_met(context.journal))
        self.unproved: set[int] = set()
        self.seen_kinds = set[Kind]()  # of changes that were there when they were read back
        self._met: set[int] = set()  # rows whose user was there already, until they are enough

    def begun(self, row: Row, claims: tuple[Claim, ...]) -> Work:
        """Bring a row under way, with what it has done so far by the journal."""
        unproved = row.number in self.unproved
        self.unproved.discard(row.number)  # read back in this stay, or never: others may come in between
        work = recording.work_of(row, self._journal.history(row.number), claims, unproved=unproved)
        self._pulse.takes_up(work)
        return work

    def decide(self, work: Work) -> Next:
        """Return what the row does next, by all that is known of it now."""
        if work.rests_s:
            seconds, work.rests_s = work.rests_s, 0.0
            return Rest(seconds)
        if work.facts.taken is not None and not self.policy.meets:
            self._met.add(work.number)
            self.policy = replace(self.policy, meets=len(self._met) >= ENOUGH_MET)
        return next_step(work.row, work.facts, work.live, self.policy)

    def answered(self, work: Work, step: Step) -> None:
        """Count a row whose step took effect by its answer, before that is read back."""
        self._pulse.answered(work, step)

    def look_up_before_creates(self) -> None:
        """Look up from now on what each create names: the tenant answers a create with what exists."""
        self.policy = replace(self.policy, looks_always=True)

    def fits(self, profile: Profile) -> None:
        """Go by another profile from now on: the tenant has shown which one fits it."""
        self.policy = replace(self.policy, profile=profile)

    async def settle(self, work: Work, decision: Settle) -> None:
        """Journal a row's end."""
        await self._journal.append(recording.settled(work, decision))
        self.ended(work, decision)

    def ended(self, work: Work, decision: Settle) -> None:
        """Report an end that is in the journal, and count it."""
        self._watcher.settled(work.number, decision.state)
        self._pulse.ended(work)
        if decision.state is RowState.DONE:
            self.seen_kinds |= work.unshown
        self.bounds.ended(work, decision)


def _has_met(journal: Journal) -> bool:
    """Return whether a create of an earlier session was answered with a resource that existed."""
    return journal.timeline.sessions > 1 and any(
        refused.touched for _, refused in journal.each(Refused, holding=b'"touched":true')
    )
