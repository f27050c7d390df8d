"""What a job would do, row by row, as the journal of its dry run tells it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bulkscim.journal.bodies import Applied, Member, Settled, Started, WasMember
from bulkscim.journal.entries import Entry
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.active import truth
from bulkscim.model.operation import ENTERPRISE, GROUP, MEMBERSHIP, JsonObject
from bulkscim.model.row import RowState
from bulkscim.model.step import Action, Change
from bulkscim.scim import paths
from bulkscim.transport.dry_run import is_planned

_CONFLICT, _MISSING = 409, 404
_GROUP, _MEMBER = "group:", "member:"
_DEPARTMENT = f"{ENTERPRISE}:department"
_ACTIVE = "active"


class Will(StrEnum):
    """What a plan decides for a row."""

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
class PlannedMember:
    """A membership that a row changes; `member` is the name in the file, the id where it gives none."""

    group: str
    member: str
    joins: bool
    was: WasMember = WasMember.NO


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """What would become of a row.

    `id` is the resource that exists now, None for one that is to be created. `problem` says why the row, or a part of
    it, would not end as wanted; `detail` is what else is to be said of it.
    """

    row: int
    will: Will
    op: str
    type: str
    key: str
    id: str | None = None
    changes: tuple[Change, ...] = ()
    members: tuple[PlannedMember, ...] = ()
    new_groups: tuple[str, ...] = ()
    department: str = ""
    detail: str = ""
    problem: str = ""

    @property
    def sends(self) -> bool:
        """Whether anything would be sent for it."""
        return self.will.sends or bool(self.members or self.new_groups or self.changes)

    def told(self) -> JsonObject:
        """Return it as data; what is empty is omitted, except what every row has."""
        changes = [{"path": one.path, "before": one.before, "after": one.after} for one in self.changes]
        members = [
            {
                "group": one.group,
                "member": one.member,
                "change": "add" if one.joins else "remove",
                "was": one.was,
            }
            for one in self.members
        ]
        more = {
            "id": self.id,
            "department": self.department,
            "changes": changes,
            "members": members,
            "new_groups": list(self.new_groups),
            "detail": self.detail,
            "problem": self.problem,
        }
        own = {"row": self.row, "decision": self.will, "op": self.op, "type": self.type, "key": self.key}
        return own | {name: value for name, value in more.items() if value}


def planned_rows(recorded: RecordedRun) -> Iterator[PlannedRow]:
    """Yield what would become of each row, in row order, from the journal of a dry run."""
    for row in range(1, recorded.ledger.rows + 1):
        history = recorded.history(row)
        yield planned_row(row, recorded.ledger.state(row), history)


def planned_row(row: int, state: RowState, history: list[Entry]) -> PlannedRow:
    """Return what would become of one row, from its entries in the journal of a dry run, the oldest first."""
    end = next((one.body for one in reversed(history) if isinstance(one.body, Settled)), None)
    if end is None:
        return PlannedRow(row, Will.UNKNOWN, "", "", "", problem="the plan ended before this row")
    steps = list(_steps(row, history))
    own = [step for step in steps if not step.is_membership and not step.part.startswith(_GROUP)]
    changes = tuple(
        change for step in own if step.begun.action is not Action.CREATE for change in step.begun.changes
    )
    bad = state in {RowState.FAILED, RowState.SKIPPED}
    is_made = any(step.begun.action is Action.CREATE for step in own)
    return PlannedRow(
        row,
        _will(end, state, own, steps),
        end.op,
        end.type,
        end.key,
        None if is_made or is_planned(end.id) else end.id,
        changes,
        tuple(one for step in steps if step.is_membership for one in step.members(end)),
        tuple(step.part.removeprefix(_GROUP) for step in steps if step.part.startswith(_GROUP)),
        next((found for step in own if (found := step.department)), ""),
        "" if bad else end.detail,
        end.detail if bad else "",
    )


@dataclass(frozen=True, slots=True)
class _Step:
    """A step of a row that would take effect."""

    part: str
    begun: Started
    applied: Applied

    @property
    def is_membership(self) -> bool:
        return self.begun.action in {Action.ADD_MEMBER, Action.REMOVE_MEMBER}

    @property
    def department(self) -> str:
        """The department of the user, before the step where it has one."""
        found = paths.get(self.begun.before or self.applied.after or {}, _DEPARTMENT)
        return found if isinstance(found, str) else ""

    def members(self, end: Settled) -> Iterator[PlannedMember]:
        """Yield what the step does to memberships: the one of a row, or those that a row of a group changes itself."""
        joins = self.begun.action is Action.ADD_MEMBER
        for one in self.begun.members:
            named = end.type != GROUP or end.op not in MEMBERSHIP
            group = self.part.removeprefix(_MEMBER) if named else end.key
            yield PlannedMember(group, end.key if named else _name(one), joins, one.was)


def _name(member: Member) -> str:
    return member.name or member.id


def _steps(row: int, history: list[Entry]) -> Iterator[_Step]:
    """Yield the steps of a row that took effect in the dry run; of a shared one only what is the row's own."""
    open_steps: dict[int, tuple[str, Started]] = {}
    for entry in history:
        match entry.body:
            case Started() as begun:
                open_steps[entry.step] = next(
                    (part, _own(begun, place))
                    for place, (number, part) in enumerate(entry.rows)
                    if number == row
                )
            case Applied() as applied if entry.step in open_steps:
                yield _Step(*open_steps.pop(entry.step), applied)
            case _:
                pass


def _own(begun: Started, place: int) -> Started:
    """Return what a step does for the row at one place among those that it serves."""
    if len(begun.members) <= 1:
        return begun
    return Started(begun.action, begun.type, begun.id, members=begun.members[place : place + 1])


def _will(end: Settled, state: RowState, own: list[_Step], steps: list[_Step]) -> Will:
    actions = {step.begun.action for step in own}
    if Action.CREATE in actions:
        return Will.CREATE
    if Action.DELETE in actions:
        return Will.DELETE
    if state is RowState.ADOPTED:
        return Will.ADOPT
    if actions:
        return _changing([change for step in own for change in step.begun.changes])
    if steps:
        return Will.MEMBERS
    return _without_steps(end, state)


def _changing(changes: list[Change]) -> Will:
    for change in changes:
        if change.path.lower() == _ACTIVE and change.before != change.after:
            return Will.DEACTIVATE if truth(change.after) is False else Will.ACTIVATE
    return Will.CHANGE


def _without_steps(end: Settled, state: RowState) -> Will:
    match state:
        case RowState.NOOP | RowState.DONE:
            return Will.MISSING if ": nothing to " in end.detail else Will.UNCHANGED
        case RowState.SKIPPED:
            return Will.DRIFT if end.detail.startswith("drift: ") else Will.WAITING
        case _ if " is protected: " in end.detail:
            return Will.PROTECTED
        case _ if end.status == _CONFLICT or end.scim_type == "uniqueness" or " is ambiguous: " in end.detail:
            return Will.CONFLICT
        case _ if end.status == _MISSING:
            return Will.MISSING
        case _:
            return Will.UNKNOWN
