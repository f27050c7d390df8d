"""What was read, or must be read, before a row's next step is known."""

from dataclasses import dataclass
from typing import NamedTuple

from bulkscim.model.operation import USER, JsonObject, Key

MOST_VERSION = 1000
_BUSY = frozenset({408, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Found:
    """Exactly one resource, really equal to what was asked for. `read_at` is the clock's monotonic time.

    `lists_all`: of a group, its list of members is proved complete. `is_looked_up`: by a filter or in a listing, which
    may show less than a read by id. `is_listed`: in a listing that was read for many rows, so that it may be older than
    what a row may change.
    """

    resource: JsonObject
    read_at: float = 0.0
    lists_all: bool = False
    is_looked_up: bool = False
    is_listed: bool = False

    @property
    def id(self) -> str:
        """The resource's id; never empty (a resource without one is not Found)."""
        return str(self.resource["id"])

    @property
    def version(self) -> str | None:
        """The resource's ETag as `meta.version` gives it; None where it is longer than a header can be."""
        meta = self.resource.get("meta")
        version = meta.get("version") if isinstance(meta, dict) else None
        return version if isinstance(version, str) and 0 < len(version) <= MOST_VERSION else None

    def read_by(self, key: Key) -> str:
        """Return how it was read for a key: by its id, or by a filter on an attribute."""
        if not self.is_looked_up:
            return "id"
        return "filter by id" if key.attribute == "id" else key.attribute


@dataclass(frozen=True, slots=True)
class Missing:
    """Absent: by a lookup that works on this server, or by a whole listing.

    `unproved` says why it may be there all the same; empty where the absence is proved. `by_all`: every identity of the
    record was looked up, and no resource has any of them. `is_held`: a resource with another externalId has the
    record's name. `shown_by`: the run has just created it, so that it need not be shown before this time of the
    monotonic clock; until then nothing is proved. `is_listed`: by a listing that was read for many rows, so that others may
    have created it since.
    """

    by_all: bool = False
    is_held: bool = False
    unproved: str = ""
    shown_by: float | None = None
    is_listed: bool = False


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """More than one resource answers to the key."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The tenant gave no answer that can be trusted; `why` is for users.

    `throttled`: it asked to wait, so the status says nothing of the resource or the token. `contradicts`: the answer
    says two things that cannot both be true, of this resource alone. `partial`: the tenant answers, and what it shows
    cannot be all, or cannot tell what is asked; `likely`: it may be all, and nothing proves it.
    """

    why: str
    status: int | None = None
    throttled: bool = False
    contradicts: bool = False
    partial: bool = False
    likely: bool = False

    @property
    def may_pass(self) -> bool:
        """Whether the same read may be answered later: nothing was answered, or the tenant was busy."""
        return self.throttled or self.status is None or self.status in _BUSY


Answer = Found | Missing | Ambiguous | Unreadable


class Parent(NamedTuple):
    """The need for what another row makes; a tuple, as Key is."""

    row: int


@dataclass(frozen=True, slots=True)
class ParentReady:
    """The other row's resource exists."""

    id: str


@dataclass(frozen=True, slots=True)
class ParentFailed:
    """The other row ended without its resource."""

    row: int
    why: str


@dataclass(frozen=True, slots=True)
class ParentLater:
    """The other row cannot be waited for now: too far ahead, in a cycle, or in doubt itself."""

    row: int


@dataclass(frozen=True, slots=True)
class Membership:
    """The need to know whether a resource is a member of a group; both are ids.

    With `proof` an absence that the group itself shows is not enough: other reads must confirm it. `asks_member`: what
    the member says of its groups has not been read, and is one of them. `is_nested`: the member is a group, which shows no
    groups that it is in.
    """

    group: str
    member: str
    proof: bool = False
    asks_member: bool = False
    is_nested: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """Whether it is a member; False also where the tenant may not list all members.

    `proved`: the absence is confirmed. Only a need with `proof` reads for that. `is_old`: it was read too long ago for a step
    to rely on it.
    """

    present: bool
    proved: bool = False
    is_old: bool = False


class Holders(NamedTuple):
    """The need for the groups that hold a resource; `by` is how it was read itself, as `Found.read_by` says.

    `shown`: those that it shows itself. Such a list may be cut.
    """

    type: str
    id: str
    by: str
    shown: tuple[str, ...] = ()


class Reports(NamedTuple):
    """The need for the users whose manager a user is."""

    id: str


@dataclass(frozen=True, slots=True)
class Referrers:
    """The ids of the resources that refer to a resource; None: they cannot be read here."""

    ids: tuple[str, ...] | None


class Origin(NamedTuple):
    """The need to know whether an earlier run on this tenant created a resource."""

    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Maker:
    """The earlier run that created a resource; empty where none is known."""

    run: str = ""


class NameHeld(NamedTuple):
    """The need to know whether the tenant shows a resource of a name; the answer is a bool, and False proves nothing.

    `exact`: each name is asked for where no listing tells, since no answer to a create will.
    """

    key: Key
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Resembling:
    """The need to know which resources have a name like one that the tenant says is taken; the answer is a tuple of them.

    Each is shown with its id and this attribute alone.
    """

    key: Key


class Shown(NamedTuple):
    """The need to see what the tenant shows after a write: nothing that was read before it will do.

    `looks` is how often it was looked at before: the second time a little later, the third time after the visibility lag.
    """

    on: Key | Membership
    looks: int = 0


class OwnGroups(NamedTuple):
    """The need to know in which groups this run has put some users; the answer has the ids of these groups by user, if any."""

    members: tuple[str, ...]

    @property
    def on(self) -> Key:
        """The first of the users."""
        return Key(USER, "id", self.members[0])


class ListedGroups(NamedTuple):
    """The need to know a user with its groups as a listing tells them that is proved to show them; the answer is Missing without.

    It is Missing too where a `group` is named of which the members have been read: that tells whether the user is one.
    """

    on: Key
    group: str = ""


ParentAnswer = ParentReady | ParentFailed | ParentLater
MembershipAnswer = Member | Missing | Unreadable
OfTenant = Key | Membership | Holders | Reports | Origin | NameHeld | Resembling | Shown | ListedGroups
Question = OfTenant | OwnGroups  # of the tenant, or of what is known of it
Need = Question | Parent
