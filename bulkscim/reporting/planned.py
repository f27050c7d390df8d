"""What a job would do, row by row, as the journal of its dry run tells it."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from bulkscim.journal.bodies import Applied, Settled, Started
from bulkscim.journal.entries import Entry
from bulkscim.journal.journal import RecordedRun
from bulkscim.journal.typed_json import write
from bulkscim.model.active import truth
from bulkscim.model.operation import ENTERPRISE, GROUP, MEMBERSHIP, USER, JsonObject
from bulkscim.model.plan import PlannedChange, PlannedMember, PlannedRow, Will, planned_number
from bulkscim.model.row import RowState
from bulkscim.model.step import Action, Change, left_groups, left_names
from bulkscim.scim import paths

_CONFLICT, _MISSING = 409, 404
_CREATE, _GROUP, _MEMBER = "create", "group:", "member:"
_DEPARTMENT = f"{ENTERPRISE}:department"
_ACTIVE = "active"
_EXTERNAL_ID = "externalId"


class _Makers:
    """Which row would create a resource that only the plan has."""

    def __init__(self, recorded: RecordedRun) -> None:
        self._rows = array("q", [0])  # by the number of the resource
        for entry, applied in recorded.each(Applied):
            number = planned_number(applied.id)
            if entry.part == _CREATE and number is not None:
                self._rows.extend([0] * (number + 1 - len(self._rows)))
                self._rows[number] = entry.rows[0][0]

    def row_of(self, resource_id: str | None) -> int | None:
        """Return the row; None of a resource that exists, or that rows create by its name."""
        number = planned_number(resource_id)
        return self._rows[number] or None if number is not None and number < len(self._rows) else None


def planned_rows(recorded: RecordedRun) -> Iterator[PlannedRow]:
    """Yield what would become of each row, in row order, from the journal of a dry run."""
    makers = _Makers(recorded)
    for row in recorded.ledger.numbers():
        planned = planned_row(row, recorded.ledger.state(row), recorded.history(row))
        maker = makers.row_of(planned.id)
        yield (
            planned
            if planned_number(planned.id) is None
            else replace(planned, id=None, after_row=None if maker == row else maker)
        )


def planned_row(row: int, state: RowState, history: list[Entry]) -> PlannedRow:
    """Return what would become of one row, from its entries in the journal of a dry run, the oldest first."""
    end = next((one.body for one in reversed(history) if isinstance(one.body, Settled)), None)
    if end is None:
        return PlannedRow(row, Will.UNKNOWN, problem="the plan ended before this row")
    steps = list(_steps(row, history))
    own = [step for step in steps if not step.is_membership and not step.part.startswith(_GROUP)]
    bad = state in {RowState.FAILED, RowState.SKIPPED}
    return PlannedRow(
        row,
        _will(end, state, own, steps),
        end.op,
        end.type,
        end.key,
        end.id or next((step.begun.id or step.applied.id for step in own), None),
        parts=tuple(part for step in steps for part in (step.part, *step.applied.covers)),
        changes=tuple(change for step in own for change in step.changes()),
        members=tuple(
            one
            for step in steps
            for one in (step.members(end) if step.is_membership else step.first_members(end))
        ),
        new_groups=tuple(step.part.removeprefix(_GROUP) for step in steps if step.part.startswith(_GROUP)),
        department=next((found for step in own if (found := step.department)), ""),
        external_id=next((found for step in own if (found := step.external_id)), ""),
        detail="" if bad else end.detail,
        problem=end.detail if bad else "",
    )


def told(row: PlannedRow) -> JsonObject:
    """Return a row as JSON; what is empty is omitted."""
    found = write(row)
    return {name: value for name, value in found.items() if value not in (None, "", [])}


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

    @property
    def external_id(self) -> str:
        """The externalId of the user before the step, by which an identity provider may know it; empty for none."""
        found = paths.get(self.begun.before or {}, _EXTERNAL_ID) if self.begun.type == USER else None
        return found if isinstance(found, str) else ""

    def changes(self) -> Iterator[PlannedChange]:
        """Yield what the step changes of a resource that exists."""
        if self.begun.action is not Action.CREATE:
            for one in self.begun.changes:
                yield PlannedChange(self.part, one.path, one.before, one.after)

    def members(self, end: Settled) -> Iterator[PlannedMember]:
        """Yield what the step does to memberships: the one of a row, or those that a row of a group changes itself."""
        joins = self.begun.action is Action.ADD_MEMBER
        for one in self.begun.members:
            named = self.part.removeprefix(_MEMBER)
            own = end.key, one.name or (one.id if end.op in MEMBERSHIP else named)
            group, member = own if end.type == GROUP else (named, end.key)
            group_id = None if planned_number(self.begun.id) is not None else self.begun.id
            changes = self.begun.changes if joins else ()
            leaves, their_names = left_groups(changes), left_names(changes)
            yield PlannedMember(self.part, group, member, joins, one.was.value, group_id, leaves, their_names)

    def first_members(self, end: Settled) -> Iterator[PlannedMember]:
        """Yield the members with which a group is created."""
        if self.begun.action is Action.CREATE and end.type == GROUP and self.part == _CREATE:
            for part in self.applied.covers:
                if part.startswith(_MEMBER):
                    yield PlannedMember(part, end.key, part.removeprefix(_MEMBER), joins=True)


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
        return _changing(change for step in own for change in step.begun.changes)
    if steps:
        return Will.MEMBERS
    return _without_steps(end, state)


def _changing(changes: Iterable[Change]) -> Will:
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
