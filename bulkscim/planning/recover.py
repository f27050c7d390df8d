"""Decide what became of a step whose answer was lost, from what the tenant shows now."""

from dataclasses import dataclass

from bulkscim.model.live import Ambiguous, Found, Member, Missing, Unreadable
from bulkscim.model.operation import GROUP, USER, JsonObject, Key
from bulkscim.model.step import ACCEPTED, Action, Step
from bulkscim.planning.compare import stands
from bulkscim.planning.derived import is_respelled, is_spelling
from bulkscim.planning.effects import deactivates, visible
from bulkscim.planning.newness import CLOCK_TOLERANCE_S, Age, CreationTime, age_of
from bulkscim.scim.paths import get

# Some tenants delete or hide a user that is deactivated, so this is no sign that the step took no effect.
GONE = "the user is not there after its deactivation was sent: deleted or hidden by it, or deleted by others"
OLDER_S = 86_400.0  # far more than clocks of one service differ


@dataclass(frozen=True, slots=True)
class Ours:
    """The step took effect. `unlike` are the paths of its changes at which the resource shows something else."""

    id: str | None
    unlike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Theirs:
    """The identity exists, and nothing proves that this step made it."""

    id: str


@dataclass(frozen=True, slots=True)
class NotApplied:
    """The step took no effect: it may be taken again."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """What became of it cannot be told."""

    why: str


Recovered = Ours | Theirs | NotApplied | Unclear
Read = Found | Missing | Ambiguous | Unreadable | Member


@dataclass(frozen=True, slots=True)
class Evidence:
    """What this run knows of a create.

    `absent_before`: a lookup in this run had proved the identity absent. `named`: the id that an earlier
    answer gave. `started` and `now` are the server's time, seconds since 1970; `created` is `meta.created`.
    `zoned`: it names its zone. `earliest` is `started` where clocks here may have been set since, `exact` says whether
    times of creation can be compared exactly. `accepted`: the answer was a 202. `succeeded`: it was another 2xx, to a step of any kind, that
    shows nothing.
    """

    absent_before: bool = False
    named: str | None = None
    started: float | None = None
    now: float | None = None
    created: float | None = None
    zoned: bool = True
    earliest: float | None = None
    exact: bool = False
    accepted: bool = False
    succeeded: bool = False

    @property
    def age(self) -> Age:
        """How old the resource is, compared with the create."""
        created = None if self.created is None else CreationTime(self.created, self.zoned)
        return age_of(created, self.earliest, exact=self.exact)

    def restored(self, step: Step, resource: JsonObject) -> str:
        """Return what to say of a create whose answer shows an old resource, empty where it may be new.

        Old is what was made before this create was begun, or what has members that were not asked for.
        """
        old = (
            self.created is not None
            and self.started is not None
            and self.created < self.started - CLOCK_TOLERANCE_S
        )
        members = _member_count(resource) if _member_count(resource) > _member_count(step.body) else 0
        if not old and not members:
            return ""
        holds = f", members: {members}" if members else ""
        meta = resource.get("meta")
        made = meta.get("created") if isinstance(meta, dict) else None
        since = f", created {made}" if old and made else ""
        return f"not created but restored: {step.type} {resource['id']}{since}{holds}"


def recover(step: Step, read: Read, evidence: Evidence) -> Recovered:
    """Return what became of the step; one that was accepted may take effect at any time, so it is never not applied.

    Of a step that takes effect, a change of the spelling alone may never show: the service keeps its own spelling.
    """
    told = _recovered(step, read, evidence)
    if evidence.accepted and isinstance(told, Ours):
        spelled = {change.path for change in step.changes if is_spelling(change)}
        awaited = [path for path in told.unlike if path not in spelled]
        return Unclear(f"{ACCEPTED}: {', '.join(awaited)}") if awaited else Ours(told.id)
    return Unclear(ACCEPTED) if evidence.accepted and isinstance(told, NotApplied) else told


def _recovered(step: Step, read: Read, evidence: Evidence) -> Recovered:
    match read:
        case Unreadable():
            return Unclear(read.why)
        case Ambiguous():
            return Unclear(f"several resources match: ids {', '.join(read.ids)}")
        case Member():
            # The group may not show all of its members. A removal can be sent again, except one that the tenant has accepted: nothing will ever show that.
            hidden = step.removes_member and not read.present and not read.proved and not evidence.accepted
            as_sent = read.present is (step.action is Action.ADD_MEMBER) and not hidden
            return Ours(step.id) if as_sent else NotApplied()
        case Missing() if step.action is Action.DELETE:
            return Ours(step.id)
        case Missing() if deactivates(step.type, step.changes):
            return Ours(step.id) if evidence.succeeded else Unclear(GONE)
        case Missing():
            return NotApplied()
        case Found():
            return _found(step, read, evidence)


def _found(step: Step, read: Found, evidence: Evidence) -> Recovered:
    match step.action:
        case Action.CREATE:
            return Ours(read.id) if proved_ours(read.id, evidence) else Theirs(read.id)
        case Action.DELETE:
            return NotApplied()
        case _ if evidence.accepted and step.type == GROUP and not step.changes:
            return Ours(
                read.id
            )  # it removes members that the group did not show: nothing will ever show that
        case _:
            return _in_effect(step, read)


def _in_effect(step: Step, read: Found) -> Ours | NotApplied:
    """Return whether a step took effect, by those of its changes that can be seen.

    What a PUT leaves out may stay at some servers, so that proves nothing as long as there is more to look at. Nor does
    it that a group does not show a member that it did not show before. A user shows one request whole or not at all,
    but a service may drop a value or write it otherwise: one change that stands is enough. Sent again, the step would
    record what stands already as what stood before. Members of a group come and go by others as well.
    """
    changes = [
        change for change in visible(step.changes) if change.before is not None or change.after is not None
    ]
    if step.action is Action.REPLACE:
        changes = [change for change in changes if change.after is not None] or changes
    live = read.resource
    unlike = tuple(one.path for one in changes if not (stands(one, live) or is_respelled(one, live)))
    if not changes or len(unlike) == len(changes) or (unlike and step.type != USER):
        return NotApplied()
    return Ours(read.id, unlike)


def renamed(key: Key, resource: JsonObject) -> str:
    """Say which resource a create may have made under a name that the tenant changed."""
    return (
        f"id {resource['id']}, whose {key.attribute} is {get(resource, key.attribute)!r}, may be what it created: "
        f"no lookup finds {key.value!r}"
    )


def is_explained(told: Recovered, read: Read | None) -> bool:
    """Return whether a lookup explains why an answer was lost, so that it is no fault of the tenant.

    The step took effect, or its create met a resource: the same one, or another one that has its name.
    """
    return isinstance(told, Ours | Theirs) or (isinstance(read, Missing) and read.is_held)


def proved_ours(resource_id: str, evidence: Evidence) -> bool:
    """Return whether a resource with our identity is one that this run made.

    A lookup may have missed it: what was created long before the step is not ours, though no lookup showed it.
    """
    if evidence.age is Age.OLD:
        return False
    if evidence.named == resource_id:
        return True
    created = evidence.created if evidence.zoned or evidence.exact else None
    if created is None or evidence.started is None:
        return evidence.absent_before
    if evidence.absent_before:
        return created >= evidence.started - OLDER_S
    if evidence.now is None:
        return False
    return evidence.started - CLOCK_TOLERANCE_S <= created <= evidence.now + CLOCK_TOLERANCE_S


def _member_count(resource: JsonObject) -> int:
    members = resource.get("members")
    return len(members) if isinstance(members, list) else 0
