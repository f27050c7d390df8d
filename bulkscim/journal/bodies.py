"""What an entry of each kind says: one class a kind.

How a body stands on a line is known by `body_json` alone. A field that has its default is not told by the entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bulkscim.journal.header import Header
from bulkscim.model.operation import JsonObject, Key
from bulkscim.model.row import RowState
from bulkscim.model.run import Totals
from bulkscim.model.step import Action, Change, Ties


@dataclass(frozen=True, slots=True)
class Opened:
    """A process begins to work on the run. `epoch` counts those that took the run over from another one."""

    pid: int | None = None
    host: str | None = None
    user: str | None = None
    version: str | None = None
    command: str | None = None
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Approved:
    """The run may send. `changed`: the `settings` and `guards` that hold from here in place of the header's.

    `paused`: it may not for now, or may again; None where nothing is said of that. `by` is who said so while it worked.
    """

    yes: bool = False
    guards: JsonObject = field(default_factory=dict)
    changed: Mapping[str, JsonObject] = field(default_factory=dict)
    paused: bool | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Stopped:
    """A session ended before all rows did. `cause` is a word for some reasons; `uptime` is monotonic.

    `lost`: members that the change of `step` seems to have taken out of its group, without being asked; it is ending.
    """

    why: str = ""
    cause: str = ""
    uptime: float | None = None
    step: int = 0
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Closed:
    """A session ended with nothing left to send. `chain` is that of the line before."""

    totals: Totals | None = None
    chain: str | None = None
    uptime: float | None = None


@dataclass(frozen=True, slots=True)
class Repaired:
    """A torn tail of `cut` bytes was cut at an offset."""

    cut: int
    offset: int


class WasMember(StrEnum):
    """Whether a member was in its group before a step."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Member:
    """A member that a step adds or removes; `name` is the job file's, where the row is one of a membership."""

    id: str
    name: str | None = None
    was: WasMember = WasMember.NO


@dataclass(frozen=True, slots=True)
class Started:
    """The intent of a step. `members` runs parallel to the entry's rows.

    `server_time` is this machine's where `local`. `absent`: a lookup had proved the identity of a create absent.
    `image_age` is how many seconds before it the resource was read. `left_out`: what lookups were found not to show.
    """

    action: Action
    type: str
    id: str | None = None
    identity: tuple[Key, ...] = ()
    covers: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    changes: tuple[Change, ...] = ()
    before: JsonObject | None = None
    image_age: float | None = None
    ties: Ties | None = None
    if_match: str | None = None
    server_time: float = 0.0
    local: bool = False
    absent: bool = False
    left: tuple[str, ...] = ()
    adopts: bool = False
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def member(self) -> Member | None:
        """The member of a step that serves one row."""
        return self.members[0] if len(self.members) == 1 else None

    @property
    def member_id(self) -> str | None:
        """The id of that member."""
        return self.members[0].id if len(self.members) == 1 else None


@dataclass(frozen=True, slots=True)
class Applied:
    """A step took effect. `by` and `why`: a person has decided so."""

    id: str | None = None
    status: int | None = None
    seen: bool = False
    attempts: int = 0
    covers: tuple[str, ...] = ()
    after: JsonObject | None = None
    written: tuple[Change, ...] = ()
    stripped: tuple[str, ...] = ()
    note: str = ""
    unsure: bool = False
    partial: bool = False
    left: tuple[str, ...] = ()
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A step took no effect. `existed` is the id of what a create met; `touched`: the answer was a success."""

    status: int | None = None
    scim_type: str | None = None
    detail: str = ""
    attempts: int = 0
    existed: str | None = None
    touched: bool = False
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """Whether a step took effect is unknown. `id`: of a create, as its answer names it; `accepted`: it was a 202.

    `shared`: its request was that of steps of other rows as well, one of which may be to blame.
    """

    status: int | None = None
    detail: str = ""
    attempts: int = 0
    id: str | None = None
    accepted: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """A row ended: what its line in the results says."""

    state: RowState
    op: str = ""
    type: str = ""
    key: str = ""
    id: str | None = None
    status: int | None = None
    scim_type: str | None = None
    detail: str = ""
    attempts: int = 0
    unlike: bool = False
    differs: bool = False
    found: bool = False


@dataclass(frozen=True, slots=True)
class Reopened:
    """A failed or skipped row begins again."""

    why: str = ""


StepEnd = Applied | Refused | Lost
OfStep = Started | Applied | Refused | Lost
OfRun = Header | Opened | Approved | Stopped | Closed | Repaired
Body = OfRun | OfStep | Settled | Reopened
