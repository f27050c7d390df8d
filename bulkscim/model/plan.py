"""What a plan decides for a row: the form that a plan file keeps, and that a run is held to."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

PLANNED = "planned-"  # how ids begin of what a plan would create
_LONGEST = 12  # digits


class Will(StrEnum):
    """What becomes of a row."""

    CREATE = "create"
    CHANGE = "change"
    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    DELETE = "delete"
    MEMBERS = "members"
    ADOPT = "adopt"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"
    MISSING = "missing"
    PROTECTED = "protected"
    DRIFT = "drift"
    WAITING = "waiting"  # for a row that fails
    UNKNOWN = "unknown"

    @property
    def sends(self) -> bool:
        """Whether such a row always sends something."""
        return self in _SENDS


_SENDS = frozenset({Will.CREATE, Will.CHANGE, Will.ACTIVATE, Will.DEACTIVATE, Will.DELETE, Will.MEMBERS})


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """The value at a SCIM path before, and the value that it is to have after, for a part of a row."""

    part: str
    path: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class PlannedMember:
    """A membership that a row changes.

    `member` is its name in the file, its id where the file gives none. `group_id` is None for a group that is to be
    created. `was` says whether it was in the group: yes, no or unknown. `leaves`: ids of the groups that the member leaves by
    joining this one, where the tenant moves it; `leaves_named`: their names.
    """

    part: str
    group: str
    member: str
    joins: bool
    was: str = "no"
    group_id: str | None = None
    leaves: tuple[str, ...] = ()
    leaves_named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """What would become of a row.

    `id` is the resource that exists now, None for one that is to be created, by row `after_row` where that is another
    one. `parts` are those that would take effect. `problem` says why the row, or a part of it, would not end as wanted;
    `detail` is what else is to be said of it. `department` and `external_id` are those of a user before the change.
    """

    row: int
    decision: Will
    op: str = ""
    type: str = ""
    key: str = ""
    id: str | None = None
    after_row: int | None = None
    parts: tuple[str, ...] = ()
    changes: tuple[PlannedChange, ...] = ()
    members: tuple[PlannedMember, ...] = ()
    new_groups: tuple[str, ...] = ()
    department: str = ""
    external_id: str = ""
    detail: str = ""
    problem: str = ""

    @property
    def sends(self) -> bool:
        """Whether anything would be sent for it."""
        return bool(self.parts)


def planned_number(resource_id: str | None) -> int | None:
    """Return the number of a resource that a plan would create, by its id; None of any other id."""
    _, is_one, number = (resource_id or "").partition(PLANNED)
    return int(number) if is_one and number.isdecimal() and len(number) <= _LONGEST else None
