"""Replace, patch, (de)activate and delete: the main part of a row whose resource must be there."""

from bulkscim.model.live import Found
from bulkscim.model.operation import PatchOperation, Verb
from bulkscim.model.row import RowState
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning import effects
from bulkscim.planning.compare import differences, holds
from bulkscim.planning.decision import Decision, Later, Settle, Wait
from bulkscim.planning.drift import modify, version
from bulkscim.planning.parts import Carried, Subject, carried, substitute, with_references
from bulkscim.planning.view import Unfit, View, failed
from bulkscim.scim.patch import in_effect
from bulkscim.scim.paths import get


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
        case Unfit():
            return Settle(RowState.FAILED, target.why, status=target.status)
        case Found():
            return target


def patch(view: View) -> Decision | Subject:
    """Send the record's changes, unless all of them are in effect."""
    live = _standing(view, "patch")
    if not isinstance(live, Found):
        return live
    carry = carried(view, whole=False)
    if not isinstance(carry, Carried):
        return carry
    operations = tuple(
        PatchOperation(change.op, change.path, substitute(change.value, carry))
        for change in view.operation.changes
    )
    due = tuple(one for one in operations if not in_effect(one, live.resource, view.operation.type))
    if not due:
        return Subject(live.id)
    changes = tuple(change for one in due for change in _changes(one, live, view.operation.type))
    return modify(view, "patch", live, changes, due)


def _changes(operation: PatchOperation, live: Found, kind: str) -> tuple[Change, ...]:
    """Return what an operation changes, at paths that can be looked at afterwards."""
    value, path = operation.value, operation.path
    if path is None:
        return differences(value, live.resource, kind) if isinstance(value, dict) else ()
    if operation.op == "remove" and isinstance(value, list):
        paths = [f'{path}[value eq "{one.get("value")}"]' for one in value if isinstance(one, dict)]
        return tuple(Change(one, get(live.resource, one), None) for one in paths)
    return (Change(path, get(live.resource, path), None if operation.op == "remove" else value),)


def activate(view: View) -> Decision | Subject:
    """Set `active` to what the verb says."""
    verb = view.operation.verb
    live = _standing(view, verb.value)
    if not isinstance(live, Found):
        return live
    wanted = verb is Verb.ACTIVATE
    if holds("active", wanted, live.resource, view.operation.type):
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
    if not differences(body, live.resource, view.operation.type):
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
    live = _standing(view, "delete")
    match live:
        case Found():
            sent_version = version(view, live)
            return Step(
                "delete",
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


def _absent_by_name(view: View) -> bool:
    if "delete" in view.facts.refused:
        return False
    target = view.target()
    known = view.operation.target.attribute != "id" or view.row.target_producer is not None
    return known and isinstance(target, Unfit) and target.missing
