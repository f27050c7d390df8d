"""Replace, patch, (de)activate and delete: the main part of a row whose resource must be there."""

from dataclasses import replace as evolved

import orjson

from bulkscim.model.active import last_set
from bulkscim.model.live import Found, Missing, Parent, ParentLater, Shown
from bulkscim.model.operation import GROUP, USER, Key, PatchOperation
from bulkscim.model.row import Refusal, RowState
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning import effects
from bulkscim.planning.compare import OWN_MEMBERS, THROUGH, differences, holds
from bulkscim.planning.context import (
    Carried,
    Subject,
    Unfit,
    View,
    carried,
    failed,
    substitute,
    with_references,
)
from bulkscim.planning.decision import Decision, Later, Settle, Wait
from bulkscim.planning.drift import drifted, modify, version
from bulkscim.planning.sent_form import MEMBERS, adds_elements, as_sent, member_at, with_targets
from bulkscim.planning.undo import taking_back
from bulkscim.planning.undo.taking_back import (
    DELETE,
    EMPTIED,
    divided,
    inherits,
    with_rewritten,
    without_unproved,
)
from bulkscim.scim.forms import ids_in
from bulkscim.scim.patch import in_effect
from bulkscim.scim.paths import get

GONE = "drift: it is gone"
DEACTIVATED_AND_GONE = "gone since its deactivation was sent: deleted or hidden by it, or deleted by others"


def _standing(view: View, part: str) -> Found | Subject | Decision:
    """Return the resource to change; a decision where the row ends or waits, the subject where it is changed."""
    if part in view.facts.refused:
        return failed(view.facts.refused[part])
    if part in view.facts.applied:
        return Subject(view.facts.applied[part].id)
    target = view.target()
    match target:
        case Wait() | Settle() | Later():
            return target
        case Unfit() if part in view.facts.lost and _deactivates(view) and _is_missing(view):
            return Settle(RowState.DONE, DEACTIVATED_AND_GONE)
        case Unfit(missing=True) if taking_back.undoes_deactivation(view):
            return taking_back.reactivated(view)
        case Unfit(missing=True) if (hidden := taking_back.hidden_inactive(view)) is not None:
            return hidden
        case Unfit(missing=True) if view.policy.takes_back:
            return _gone(view, target)
        case Unfit():
            return Settle(RowState.FAILED, target.why, status=target.status)
        case Found():
            return target


def _is_missing(view: View) -> bool:
    return isinstance(view.live.get(view.target_key()), Missing)


def _deactivates(view: View) -> bool:
    operation = view.operation
    changes = [(None, operation.data), *((one.path, one.value) for one in operation.changes)]
    return operation.type == USER and (operation.spec.active is False or last_set(changes) is False)


def _gone(view: View, target: Unfit) -> Settle:
    """Return the end of a row whose resource others have deleted since the run."""
    changes = view.operation.changes
    only_leaves = changes and all(one.op == "remove" and member_at(one.path or "") for one in changes)
    if view.operation.spec.deletes or only_leaves:
        return Settle(RowState.NOOP, f"{target.why}: nothing is left to undo")
    return Settle(RowState.SKIPPED, f"{GONE} ({target.why})")


def patch(view: View) -> Decision | Subject:
    """Send the record's changes, unless all of them are in effect."""
    if taking_back.is_refused_whole(view):
        return _by_halves(view)
    refusal = view.facts.refused.get("patch")
    if refusal is not None and _found_no_member(view, refusal, view.operation.changes):
        return Settle(RowState.NOOP, f"{refusal.told}: nothing to remove", status=refusal.status)
    operations = _asked(view)
    is_new = "patch" not in view.facts.applied and "patch" not in view.facts.refused
    if isinstance(operations, Wait) and is_new:
        return operations  # first, so that the resource is read just before it is changed
    live = _standing(view, "patch")
    if not isinstance(live, Found):
        return live
    if not isinstance(operations, tuple):
        return operations
    due, left = _due(view, live, operations)
    if adds_elements(due, live.resource):
        whole = _whole(view, live)
        if not isinstance(whole, Found):
            return whole
        live = whole
        due, left = _due(view, live, operations)
    if not due:
        return Settle(RowState.SKIPPED, "; ".join(left), live.id) if left else Subject(live.id)
    return _patch(view, "patch", live, due, left)


def _whole(view: View, live: Found) -> Found | Wait | Settle:
    """Return the resource as a read by id shows it: a lookup may leave out the elements that a patch writes to."""
    if not live.is_looked_up:
        return live
    key = Key(view.operation.type, "id", live.id)
    need: Key | Shown = Shown(key) if view.target_key().attribute == "id" else key
    read = view.live.get(need)
    if read is None:
        return Wait(need)
    if isinstance(read, Found):
        return read
    told = view.unfit(key, read)
    return Settle(RowState.FAILED, told.why, live.id, status=told.status)


def _by_halves(view: View) -> Decision | Subject:
    """Send the changes that were refused together in two parts, and those again, until each stands alone."""
    live = _standing(view, "")
    if not isinstance(live, Found):
        return live
    operations = _asked(view)
    if not isinstance(operations, tuple):
        return operations
    told = []
    for part, some in taking_back.halves(view, operations):
        due, left = _due(view, live, some)
        if part in view.facts.refused and _found_no_member(view, view.facts.refused[part], some):
            continue
        if part in view.facts.refused:
            told += [f"{taking_back.member_told(one)}: {view.facts.refused[part].told}" for one in due]
        elif due:
            return _patch(view, part, live, due, left)
        else:
            told += left
    if not told:
        return Subject(live.id)
    refused = next(iter(view.facts.refused.values()))
    return Settle(RowState.FAILED, "; ".join(told), live.id, refused.status, refused.scim_type)


def _asked(view: View) -> tuple[PatchOperation, ...] | Wait | Later | Settle:
    carry = carried(view, whole=False)
    if not isinstance(carry, Carried):
        return carry
    asked = tuple(
        PatchOperation(change.op, change.path, substitute(change.value, carry))
        for change in view.operation.changes
    )
    return tuple(one for at, one in enumerate(asked) if not _comes_back(one, asked[at + 1 :]))


def _comes_back(operation: PatchOperation, later: tuple[PatchOperation, ...]) -> bool:
    """Return whether a member is removed that a later operation adds again: a user that was recreated may have kept its id."""
    member = member_at(operation.path or "") if operation.op == "remove" else None
    return member is not None and any(
        one.op == "add" and one.path == MEMBERS and member in ids_in(one.value) for one in later
    )


def _due(
    view: View, live: Found, operations: tuple[PatchOperation, ...]
) -> tuple[tuple[PatchOperation, ...], tuple[str, ...]]:
    """Return what is still to be sent, and why some of it is left out."""
    kind = view.operation.type
    rewritten: tuple[str, ...] = ()
    if view.policy.takes_back and kind == USER:
        operations, rewritten = with_rewritten(view, live, operations)
    due = tuple(
        one
        for one in operations
        if view.policy.rules.as_asked
        or not in_effect(one, live.resource, exact=True)
        or _may_be_hidden(one, live, kind)
    )
    if THROUGH in view.operation.expect:
        due = tuple(one for one in due if not inherits(view, live, one))
    if not view.policy.takes_back:
        return due, ()
    due, unproved = without_unproved(view, live, due)
    sent, left = divided(view, live, due)
    return sent, (*rewritten, *unproved, *left)


def _may_be_hidden(operation: PatchOperation, live: Found, kind: str) -> bool:
    """Return whether a member that is to leave may be in the group though the group does not show it."""
    return kind == GROUP and _removes_members(operation) and not live.lists_all


def _found_no_member(view: View, refusal: Refusal, some: tuple[PatchOperation, ...]) -> bool:
    """Return whether a patch that removes one member was refused since it is not there; of several, others may be."""
    one = len(some) == 1 and _removes_members(some[0]) and len(list(ids_in(some[0].value))) <= 1
    return view.operation.type == GROUP and refusal.says_absent and one


def _removes_members(operation: PatchOperation) -> bool:
    path = operation.path or ""
    return operation.op == "remove" and (member_at(path) is not None or path == MEMBERS)


def _patch(
    view: View, part: str, live: Found, due: tuple[PatchOperation, ...], left: tuple[str, ...]
) -> Step:
    changes = tuple(change for one in due for change in _changes(one, live))
    sent = as_sent(with_targets(due, live.resource), by_value=view.policy.profile.removes_by_value)
    # What it changes is told by what was asked: an add of a value that another element has may seem to change nothing.
    return evolved(modify(view, part, live, changes, due, left), operations=sent)


def _changes(operation: PatchOperation, live: Found) -> tuple[Change, ...]:
    """Return what an operation changes, at paths that can be looked at afterwards."""
    value, path = operation.value, operation.path
    if path is None:
        return differences(value, live.resource, exact=True) if isinstance(value, dict) else ()
    if operation.op == "remove" and isinstance(value, list):
        paths = [f"{path}[value eq {orjson.dumps(one).decode()}]" for one in ids_in(value)]
        return tuple(Change(one, get(live.resource, one), None) for one in paths)
    return (Change(path, get(live.resource, path), None if operation.op == "remove" else value),)


def activate(view: View) -> Decision | Subject:
    """Set `active` to what the verb says."""
    verb, wanted = view.operation.verb, view.operation.spec.active
    live = _standing(view, verb.value)
    if not isinstance(live, Found):
        return live
    if holds("active", wanted, live.resource):
        return Subject(live.id)
    change = Change("active", get(live.resource, "active"), wanted)
    return modify(view, verb.value, live, (change,), (PatchOperation("replace", "active", wanted),))


def replace(view: View) -> Decision | Subject:
    """Put the record's data in the resource's place, unless it already stands so."""
    live = _standing(view, "replace")
    if not isinstance(live, Found):
        return live
    carry = carried(view, whole=True)
    if not isinstance(carry, Carried):
        return carry
    body = with_references(view.operation.data, carry)
    if not differences(body, live.resource, exact=True):
        return Subject(live.id)
    return Step(
        "replace",
        Action.REPLACE,
        view.operation.type,
        covers=carry.covers,
        id=live.id,
        body=body,
        changes=effects.of_put(live.resource, body),
        before=live.resource,
        if_match=version(view, live),
    )


def delete(view: View) -> Decision | Subject:
    """Delete the resource.

    Absent under its name is as wanted. Absent under an id that this run never saw may be a wrong id, so the
    row fails.
    """
    part = EMPTIED if taking_back.may_be_emptied(view) else DELETE
    live = _standing(view, part)
    match live:
        case Found() if (first := _unnamed(view) or _emptied(view, part, live)) is not None:
            return first
        case Found():
            sent_version = version(view, live)
            return Step(
                part,
                Action.DELETE,
                view.operation.type,
                id=live.id,
                before=live.resource,
                if_match=sent_version,
            )
        case Settle(state=RowState.FAILED) if _absent_by_name(view):
            return Settle(RowState.NOOP, f"{live.detail}: nothing to delete")
        case _:
            return live


def _emptied(view: View, part: str, live: Found) -> Step | Settle | None:
    """Return what comes before the delete of a group that the run has created: its own members leave one that stays.

    So too where the tenant has refused to delete it with them.
    """
    if not view.operation.expect.get(OWN_MEMBERS):
        return None
    drift = drifted(view, live)
    if drift is None and part == DELETE:
        return None
    for some, due in taking_back.own_members(view, live):
        return _patch(view, some, live, due, ())
    if drift is not None:
        kept = [one.told for one in view.facts.refused.values() if one.part.startswith(taking_back.WHOLE)]
        told = f"; some that the run had added could not leave: {kept[-1]}" if kept else ""
        return evolved(drift, detail=drift.detail + told)
    is_empty = not taking_back.own_shown(view, live)  # they may also have been deleted since it was refused
    return None if is_empty else failed(view.facts.refused[DELETE])


def _unnamed(view: View) -> Wait | Later | None:
    """Return what must be known before the expectation can be looked at: the ids of what is recreated."""
    for reference, producer in view.references():
        match view.named(reference.key, producer):
            case Wait() as first:
                return first
            case ParentLater() as later:
                return Later(Parent(later.row))
            case _:
                continue
    return None


def _absent_by_name(view: View) -> bool:
    if "delete" in view.facts.refused:
        return False
    target = view.target()
    known = view.operation.target.attribute != "id" or view.row.target_producer is not None
    return known and isinstance(target, Unfit) and target.missing
