"""The guards of a job that is to begin: what it asks, what it removes first, and what is allowed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from bulkscim.engine.step_guards import Done
from bulkscim.jobfile.validate import Checked
from bulkscim.model.guard_table import BY_NAME, MAX_DELETE, Effect
from bulkscim.model.harmless import escaped
from bulkscim.model.limits import Limit
from bulkscim.model.operation import MAKES, USER, VERBS, Operation, Verb
from bulkscim.planning.guards import (
    Bounds,
    JobCounts,
    Leaving,
    bounds,
    emptied_bound,
    emptied_refusals,
    group_refusals,
    removal_of,
)
from bulkscim.planning.protect import takes_away
from bulkscim.runs.plan_file import PlanFile
from bulkscim.runs.request import RunRequest

SHOWN = 10  # of what a job removes, before it is approved


def asked_by(checked: Checked, plan: PlanFile | None, *, undoes: bool) -> JobCounts:
    """Return what a file asks that can be counted without the tenant, or what its plan is to do.

    `undoes`: the file is the inverse of a run.
    """
    if plan is not None:
        effects = {Effect(one): count for one, count in plan.head.effects.items()}
        return JobCounts(checked.records, effects)
    if undoes:
        return JobCounts(checked.records, {Effect.DELETE: checked.verbs.get((Verb.DELETE, USER), 0)})
    deletes = checked.count(Verb.DELETE)
    effects = {
        Effect.CREATE: checked.count(*MAKES),
        Effect.DELETE: deletes,
        Effect.DEACTIVATE: checked.removals - deletes,
    }
    return JobCounts(checked.records, effects)


def advice_to_plan(checked: Checked) -> list[str]:
    """Say how less is counted, where rows may find that nothing is to change."""
    if not any(VERBS[verb].takes_values and not VERBS[verb].deletes for verb, _ in checked.verbs):
        return []
    told = "Rows count also where nothing is to change; a plan counts what the rows would really change"
    return [f"{told}: write it with plan -o FILE, and then run FILE"]


def bounds_of(request: RunRequest, records: int, users: int | None) -> Bounds:
    """Return the guards of a run as numbers; a flag replaces what files say."""
    return bounds(_limits(request), records, users)


def bounds_of_rollback(request: RunRequest, users: int | None, *, is_old: bool) -> Bounds:
    """Return the guards of a rollback; that of a recent run needs none, for it removes only what that run created.

    One that was asked for holds all the same.
    """
    if not is_old and not request.limits.max_delete:
        return Bounds()
    limits = {MAX_DELETE: _limits(request)[MAX_DELETE]}
    return Bounds(max_delete=bounds(limits, 0, users).max_delete)


def _limits(request: RunRequest) -> Mapping[str, tuple[Limit, ...]]:
    flags, standing = request.limits, request.standing
    found = {one: (flag,) if (flag := flags.of(one)) else standing.of(one) for one in BY_NAME}
    own = {one: (flag,) for one in ("max_errors", "max_adopt") if (flag := flags.of(one))}
    return {**found, **own}


def with_shares(found: Bounds, request: RunRequest, sizes: Mapping[str, int] | None) -> Bounds:
    """Return the guards with the share of each department and domain, where it is bounded."""
    if sizes is None:
        return found
    flag = request.limits.max_share
    limits = (flag,) if flag else request.standing.max_share
    return replace(found, max_share=tuple(map(str, limits)), share_sizes=sizes)


def group_limits(request: RunRequest) -> tuple[tuple[Limit, ...], tuple[Limit, ...]]:
    """Return how many members a group may lose, and how many groups all of them; empty: the default, and any number."""
    removals, emptied = (request.limits.of(name) for name in ("max_removals", "max_emptied"))
    standing = request.standing
    return (removals,) if removals else standing.max_removals, (emptied,) if emptied else standing.max_emptied


def with_groups(found: Bounds, request: RunRequest, groups: Sequence[Leaving] | None) -> Bounds:
    """Return the guards with those of the groups that lose members, as they were counted; None: no group does."""
    if groups is None:
        return found
    removals, emptied = group_limits(request)
    return replace(
        found,
        max_removals=tuple(map(str, removals)) or None,
        max_emptied=emptied_bound(emptied, len(groups)),
        group_sizes={one.id: one.members or 0 for one in groups},
    )


def planned_refusals(request: RunRequest, groups: Sequence[Leaving] | None, done: Done) -> list[str]:
    """Return why a plan may not take the members out of groups that its steps do.

    Without a limit that was asked for, only the members that rows take out count, and not those that move to another group.
    """
    limits, emptied = group_limits(request)
    known = {one.id: one for one in groups or ()}
    lose = [
        replace(known.get(one, Leaving(one, one, None, 0)), removed=left)
        for one, left in done.left.items()
        if left
    ]
    after = [replace(one, members=(one.members or 0) + done.joined[one.id]) for one in lose]
    asked = [replace(one, removed=min(one.removed, known[one.id].removed)) for one in lose if one.id in known]
    return [*group_refusals(lose if limits else asked, limits), *emptied_refusals(after, emptied)]


def first_removed(operations: Iterable[Operation], count: int) -> Iterator[str]:
    """Say what the first of `count` rows remove: users that lose their access, and groups that lose members."""
    removing = (
        one for one in operations if one.spec.finds and (takes_away(one) or removal_of(one) is not None)
    )
    label = "removes"
    for one in islice(removing, min(SHOWN, count)):
        yield escaped(f"{label:10}{one.verb.value:13} {_named(one)}")
        label = ""
    if count > SHOWN:
        yield f"{'':10}… and {count - SHOWN:,} rows more"


def _named(operation: Operation) -> str:
    """Name what an operation removes: a user, or a member and its group."""
    member = next((one.key.value for one in operation.references if operation.verb is Verb.REMOVE_MEMBER), "")
    return f"{member} from {operation.target.value}" if member else operation.target.value
