"""Steps that change what stands, and the check that it stands as the record expects."""

from collections.abc import Iterable

from bulkscim.model.live import Found
from bulkscim.model.operation import Content, PatchOperation
from bulkscim.model.row import RowState
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning import compare, effects
from bulkscim.planning.context import View
from bulkscim.planning.decision import Settle
from bulkscim.planning.undo.taking_back import FORCE, PART, recreated, told


def drifted(view: View, live: Found) -> Settle | None:
    """Return the end of a row whose resource does not stand as `expect` or `version` says; None if it does."""
    operation, policy = view.operation, view.policy
    if policy.on_drift == FORCE or (policy.on_drift == PART and operation.spec.content is Content.CHANGES):
        return None  # not looked at, or looked at part by part
    found = compare.drifted(operation.expect, live.resource, recreated(view), exact=policy.takes_back)
    if found and policy.takes_back:
        return Settle(RowState.SKIPPED, told(list(found)), live.id)
    for change in found:
        detail = f"drift: {change.path} is {change.before!r}, expected {change.after!r}"
        return Settle(RowState.SKIPPED, detail, live.id)
    is_old = operation.version and live.version and operation.version != live.version
    if is_old and not policy.rules.as_asked:
        return Settle(
            RowState.SKIPPED, f"drift: version is {live.version}, expected {operation.version}", live.id
        )
    return None


def setting(view: View, part: str, live: Found, changes: Iterable[Change]) -> Step:
    """Return the PATCH that brings the changes about."""
    made = tuple(changes)
    return modify(view, part, live, made, compare.operations_for(made))


def modify(
    view: View,
    part: str,
    live: Found,
    changes: tuple[Change, ...],
    operations: tuple[PatchOperation, ...],
    left: tuple[str, ...] = (),
) -> Step:
    """Return a PATCH of the row's own resource.

    `changes` are those asked for, where its effect cannot be told; `left` is what of the record it leaves out.
    """
    return Step(
        part,
        Action.MODIFY,
        view.operation.type,
        id=live.id,
        operations=operations,
        changes=effects.of_patch(live.resource, operations, changes),
        before=live.resource,
        if_match=version(view, live),
        left=left,
    )


def version(view: View, live: Found) -> str | None:
    """Return what If-Match is to say, None where the tenant does not honour it."""
    if view.operation.version:
        return view.operation.version
    return live.version if view.policy.profile.etag else None
