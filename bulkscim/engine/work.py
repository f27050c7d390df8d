"""A row under way, with what this process has learned for it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from bulkscim.model.live import Holders, NameHeld, Need, Origin, Parent, ParentReady, Reports, Resembling
from bulkscim.model.operation import Key
from bulkscim.model.row import Applied, Facts, Refusal, Row
from bulkscim.model.run import Counters
from bulkscim.model.step import Step
from bulkscim.planning.order import Claim
from bulkscim.planning.unshown import Kind

MANY = 1_000_000  # more steps than any request serves
KEPT = (Parent, Holders, Reports, Origin, NameHeld, Resembling)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of the server, seconds since 1970; `stated`: by its Date headers, not by this machine's clock.

    `early_s` is by how much it may be too late, where a clock of this machine was set forward since the last Date.
    `monotonic` is this process's, of a time that is not stated; None: another process noted the time.
    """

    at: float
    stated: bool = True
    early_s: float = 0.0
    monotonic: float | None = None


@dataclass(slots=True)
class Work:
    """One row between the feed and its end.

    `counters` are those since the row's last journal entry. `absent` holds the identities that a lookup in
    this run proved absent. `attempts` counts sendings of writes, `step_attempts` those of the
    latest step, `losses` those found not applied after
    their answer was lost, `stale` refused versions. `create_started` is the server's time at the first intent of each create, `create_sent` this process's
    monotonic time then (-inf: an earlier stay has sent it); `named` is the id in an answer
    that could not be used otherwise; `covers` are the parts that every create sent so far has also set. `found` is the id of the row's own resource where the row did not create it.
    `names`: of the row's resources as they were read, each with the lane of its id.
    `accepted`: the step to be recovered was answered with 202, `succeeded`: with another 2xx that shows nothing. `is_new`: no earlier stay has begun anything of the row. `read_at` is the
    monotonic time of the oldest read that the next step relies on;
    `rests_s`: how long the row waits before it goes on, since the tenant may not show yet what the run has just created;
    `rests` counts such waits since the last part took effect, and `refused_at` is when a step was first refused since then.
    `sent_at` is the monotonic time at which its latest step left. `is_listed`: its resource was found in a listing that was read for many rows; `reads_alone`: that will not do, since it
    is too old for what the row changes or makes.
    `joins_at` is the monotonic time of the listing that tells in which groups its member is.
    `read_again`: what was read is newer than the wait for a permit that made it old. `together`: with how many at most the
    row's steps may share a request. `sends`: its step is about to leave with others. `told_at` is the monotonic time from which a read shows what became of its latest step,
    `shows_since` that from which a read is looked at for what it did. `unshown` are the kinds of its changes that were read
    back, since their answers do not show them.
    """

    row: Row
    facts: Facts = field(default_factory=Facts)
    live: dict[Need, Any] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    counters: Counters = field(default_factory=Counters)
    absent: set[Key] = field(default_factory=set)
    attempts: int = 0
    step_attempts: int = 0
    losses: int = 0
    stale: int = 0
    read_at: float = inf
    joins_at: float = inf
    read_again: bool = False
    together: int = MANY
    sends: bool = False
    sent_at: float = -inf
    told_at: float = -inf
    shows_since: float = inf
    is_listed: bool = False
    reads_alone: bool = False
    create_started: dict[str, Moment] = field(default_factory=dict)
    create_sent: dict[str, float] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    names: dict[Key, Key] = field(default_factory=dict)
    covers: dict[str, frozenset[str]] = field(default_factory=dict)
    found: str | None = None
    accepted: bool = False
    succeeded: bool = False
    is_new: bool = True
    rests_s: float = 0.0
    rests: int = 0
    refused_at: float = inf
    unshown: set[Kind] = field(default_factory=set)

    @property
    def number(self) -> int:
        """The row's number."""
        return self.row.number

    @property
    def has_read(self) -> bool:
        """Whether the row has asked the tenant for anything since its last step took effect."""
        return any(not isinstance(need, Parent) for need in self.live)

    @property
    def makes_first(self) -> bool:
        """Whether no create of the row may have taken effect, and none wants a lookup of its own."""
        return self.is_new and not self.create_sent and not self.reads_alone

    @property
    def changes_first(self) -> bool:
        """Whether the row changes what is there, and nothing that was read for many rows was too old for that."""
        return not self.row.operation.makes and not self.reads_alone

    def is_own(self, need: Need) -> bool:
        """Return whether a need is the resource that the row changes, by its name or by the id that its row gave it."""
        operation, producer = self.row.operation, self.row.target_producer
        made = self.live.get(Parent(producer)) if producer is not None else None
        target = Key(operation.type, "id", made.id) if isinstance(made, ParentReady) else operation.target
        return need == target

    def begins(self, part: str, covers: Iterable[str]) -> None:
        """Note that a create leaves that also sets these parts: any that was lost may be the one that took effect."""
        self.covers[part] = self.covers.get(part, frozenset(covers)) & frozenset(covers)

    def forget(self) -> None:
        """Drop what was read of the tenant, except ties; what other rows made stays known."""
        self.live = {need: answer for need, answer in self.live.items() if isinstance(need, KEPT)}
        self.read_at = self.joins_at = inf

    def outdated(self) -> None:
        """Drop what was read, since it is too old for the next step; of what no listing showed, what is read next will do."""
        self.read_again, self.is_listed, self.reads_alone = not self.is_listed, False, True
        self.forget()

    def has_looked_up(self, identity: Iterable[Key]) -> bool:
        """Return whether each name of a create was proved absent."""
        return all(key.folded in self.absent for key in identity)

    def take_counters(self) -> Counters:
        """Return the counters for the next journal entry and begin new ones."""
        counters, self.counters = self.counters, Counters()
        return counters

    def applied(self, how: Applied, parts: Iterable[str]) -> None:
        """Note parts that took effect."""
        self.rests, self.refused_at, self.reads_alone = 0, inf, False
        applied = {part: replace(how, part=part) for part in parts}
        self.facts = replace(self.facts, applied={**self.facts.applied, **applied})

    def refused(self, refusal: Refusal, perhaps: Iterable[str] = ()) -> None:
        """Note a part that did not take effect; `perhaps`: parts of its members of which some may have been added all the same."""
        members = self.facts.lost_members.union(perhaps)
        refused = {**self.facts.refused, refusal.part: refusal}
        self.facts = replace(self.facts, refused=refused, lost_members=members)

    def not_applied(self, step: Step, together: int = 1) -> None:
        """Note a step that was lost and then found not applied; of `together` steps in its request, half as many go in the next."""
        if together > 1:
            self.together = together // 2
        else:
            self.losses += 1
        lost, members = self.facts.lost | {step.part}, self.facts.lost_members
        if not step.is_blind:
            members |= set(step.member_parts)
        self.facts = replace(self.facts, lost=lost, lost_members=members)

    def taken(self, refusal: Refusal) -> None:
        """Note that the identity to be created exists."""
        self.facts = replace(self.facts, taken=refusal)
