"""Hold a row to its plan: what it sends is what the plan says, else its resource was changed since (pure).

A step must be a part of the plan's row, on the same resource, with the same values before it. A row that needs no step, or
none any more, is as the plan wants it. Rows of which a plan sends nothing need no read.
"""

from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus

from bulkscim.model.harmless import shown_value
from bulkscim.model.plan import PLANNED, PlannedRow, Will
from bulkscim.model.row import Facts, RowState
from bulkscim.model.secret import MASK
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.compare import equal
from bulkscim.planning.decision import Decision, Settle
from bulkscim.planning.one_group import BACK

_ENDED_WELL = frozenset({RowState.DONE, RowState.ADOPTED, RowState.NOOP})
_GROUP, CREATE = "group:", "create"
AS_WANTED = "as the plan wants it already"
LEFT_BY_PLAN = "the plan leaves it as it is: "
BY_PLAN = " the plan "  # of a drift from what it saw


def without_steps(plan: PlannedRow) -> Settle | None:
    """Return the end of a row of which the plan sends nothing; None where it sends something."""
    if plan.parts:
        return None
    if plan.problem:
        return Settle(RowState.SKIPPED, f"{LEFT_BY_PLAN}{plan.problem}", plan.id)
    state = RowState.ADOPTED if plan.decision is Will.ADOPT else RowState.NOOP
    return Settle(state, plan.detail, plan.id)


def held(plan: PlannedRow, facts: Facts, decision: Decision, own: str | None = None) -> Decision:
    """Return a row's decision where it is that of the plan, else its end as changed since; `own`: the row's resource."""
    match decision:
        case Step() if decision.part.startswith(BACK):
            return decision  # which only takes back what a planned step has done
        case Step():
            own = own or decision.id
            why = next(_differences(plan, facts, decision, own), "")
            return _skipped(why, own) if why else decision
        case Settle(state=state) if state in _ENDED_WELL:
            left = [part for part in plan.parts if part not in facts.applied]
            return _without(left, decision) if left else decision
        case Settle(state=RowState.FAILED) if not facts.applied:
            return _moved_away(plan, decision) or decision
        case _:
            return decision


def _without(left: list[str], end: Settle) -> Settle:
    """Return the end of a row some parts of which are not needed: what is there is as the plan wants it, or it differs."""
    if CREATE in left and end.differs:
        return _skipped(f"{_exists(end.id)} ({end.detail})" if end.detail else _exists(end.id), end.id)
    state = RowState.NOOP if end.state is RowState.ADOPTED else end.state
    own = end.detail if end.state is not RowState.ADOPTED else ""
    told = AS_WANTED if state is RowState.NOOP else f"{', '.join(left)}: {AS_WANTED}"
    return replace(end, state=state, detail="; ".join(text for text in (told, own) if text))


def _moved_away(plan: PlannedRow, end: Settle) -> Settle | None:
    """Return the end of a row whose resource is gone, or whose name another one has; None where that is not why it fails."""
    if end.status == HTTPStatus.NOT_FOUND and CREATE not in plan.parts:
        return _skipped(f"{end.detail}; it was there when the plan was made", end.id)
    if end.status == HTTPStatus.CONFLICT and CREATE in plan.parts and end.id is not None:
        return _skipped(f"{end.detail}; the plan creates it", None)
    return None


def _skipped(why: str, resource_id: str | None) -> Settle:
    """Return the end of a row that was changed since; rows that refer to its resource go on."""
    return Settle(RowState.SKIPPED, f"drift: {why}", resource_id, found=resource_id is not None)


def _differences(plan: PlannedRow, facts: Facts, step: Step, own: str | None) -> Iterator[str]:
    """Yield how a step is not that of the plan."""
    if CREATE in plan.parts and CREATE not in facts.applied and step.part != CREATE:
        yield _exists(own)
    if step.part not in plan.parts and not _makes_its_group(plan, step):
        yield from (_unplanned(change) for change in step.changes if step.action is Action.MODIFY)
        yield f"{step.part} was not needed when the plan was made"
        return
    match step.action:
        case Action.MODIFY | Action.REPLACE:
            yield from _moved(plan, step)
        case Action.ADD_MEMBER | Action.REMOVE_MEMBER:
            groups = {one.group_id for one in plan.members if one.part == step.part}
            if None not in groups and step.id not in groups:
                yield f"the group of this name is {step.id} now; the plan has {', '.join(map(str, groups))}"
            yield from _elsewhere(plan, step)
        case Action.DELETE if plan.id is not None and step.id != plan.id:
            yield _other(plan, step)
        case _:
            pass


def _elsewhere(plan: PlannedRow, step: Step) -> Iterator[str]:
    """Yield that a member was moved since: it would leave a group that the plan did not see it in, and not the one it saw.

    A group more is none: earlier rows of the plan may have added the member.
    """
    seen = {group for one in plan.members if one.part == step.part for group in one.leaves}
    now = set(step.leaves)
    if now - seen and seen - now:
        yield f"it is in group {', '.join(sorted(now))} now; the plan saw it in {', '.join(sorted(seen))}"


def _makes_its_group(plan: PlannedRow, step: Step) -> bool:
    """Return whether a step creates a group that the plan has not there either: which row creates it may change."""
    name = step.part.removeprefix(_GROUP)
    return name != step.part and any(one.group == name and one.group_id is None for one in plan.members)


def _moved(plan: PlannedRow, step: Step) -> Iterator[str]:
    """Yield the values that are not as the plan saw them."""
    if plan.id is not None and step.id != plan.id:
        yield _other(plan, step)
    planned = [one for one in plan.changes if one.part == step.part]
    if not planned and plan.decision is Will.CREATE:
        return  # a link that the plan sends with the create
    before = {one.path: one.before for one in planned if PLANNED not in one.path}
    new = {_attribute(one.path) for one in planned if PLANNED in one.path}  # at ids that only the plan has
    for change in step.changes:
        if change.path not in before and change.before is None and _attribute(change.path) in new:
            continue
        if change.path not in before:
            yield _unplanned(change)
        elif before[change.path] != MASK and not _same(before[change.path], change):
            yield f"{change.path} is {shown_value(change.before)}; the plan saw {shown_value(before[change.path])}"
    there = {change.path for change in step.changes}
    yield from (
        f"{one.path} is {shown_value(one.after)}, as the plan wants it; the plan saw {shown_value(one.before)}"
        for one in planned
        if one.path in before and one.path not in there
    )


def _attribute(path: str) -> str:
    return path.partition("[")[0]


def _same(seen: object, change: Change) -> bool:
    """Return whether a value before a change is the one that the plan saw, no more and no less."""
    return equal(seen, change.before, change.path) and equal(change.before, seen, change.path)


def _exists(resource_id: str | None) -> str:
    return f"it exists now{f' as id {resource_id}' if resource_id else ''}; the plan creates it"


def _unplanned(change: Change) -> str:
    return f"{change.path} is {shown_value(change.before)}; the plan does not change it"


def _other(plan: PlannedRow, step: Step) -> str:
    return f"it is another resource now, id {step.id}; the plan has {plan.id}"
