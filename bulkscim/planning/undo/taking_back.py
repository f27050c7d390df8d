"""Take back what a run did where it cannot be undone whole: the rules that only records of a rollback follow.

1. Of a patch, what is no longer as the run left it is omitted, and the rest is done.
2. What a tenant refuses as a whole is halved: one member that it does not take must not keep the others out.
3. Some tenants answer 404 for a user that is deactivated, and still take a change of it by id. Others have deleted it.
   So `active` alone is sent, unseen, and what the answer says decides. The rest of the record follows once the user
   is shown again, under the usual rules.
4. A group that the run created is deleted with the members that the run put into it. Where it stays, since others have
   changed it, or cannot be deleted while it has members, these members are taken out of it.
5. Of a member that was added to a group which did not show it, and which does not show it now, it is not known whether the
   run has added it. It stays.
6. Some tenants show no user that is inactive, by its id neither. One that the run created inactive is deleted by its id, unseen:
   an answer of 404 says that it is gone.
"""

from collections.abc import Iterator
from typing import Any

from bulkscim.model.active import ACTIVE, is_inactive, last_set, truth
from bulkscim.model.live import Found, ParentFailed, ParentReady
from bulkscim.model.operation import GROUP, USER, PatchOperation, Role, Verb
from bulkscim.model.row import RowState
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning import compare
from bulkscim.planning.context import Subject, Unfit, View
from bulkscim.planning.decision import Settle
from bulkscim.planning.derived import as_written, kind_of, respelled_element
from bulkscim.planning.sent_form import MEMBERS, member_at, place_of
from bulkscim.scim import paths
from bulkscim.scim.forms import ids_in

SHOWN = 5
PART = "part"
FORCE = "force"
WHOLE = "patch"
DELETE, EMPTIED = (
    "delete",
    "delete:emptied",
)  # parts of a delete: the second is tried where the first was refused
BAD = frozenset({400, 404, 409, 413, 422})  # refusals that may be for one of the members
ACTIVE_PART = Verb.ACTIVATE.value
NOT_SHOWN = (
    "this tenant does not show the user since this run deactivated it: it hides or deletes deactivated users; "
    "create the user again to restore it"
)
NOT_RECORDED = (
    "the user is there again, and was added to no group: the groups that it was in could not be recorded when it was deleted; "
    "add it to its groups"
)
_GONE = frozenset({404, 410})


def recreated(view: View) -> dict[str, str]:
    """Return the ids behind the record's `bulkId:` texts, as far as they are known."""
    named = (
        (reference, view.named(reference.key, producer))
        for reference, producer in view.references()
        if reference.role is Role.VALUE
    )
    return {f"bulkId:{each.key.value}": found.id for each, found in named if isinstance(found, ParentReady)}


def divided(
    view: View, live: Found, due: tuple[PatchOperation, ...]
) -> tuple[tuple[PatchOperation, ...], tuple[str, ...]]:
    """Return which operations are to be sent, and why each of the others is left out."""
    failed = dict(_failed_names(view))
    drifted: tuple[Change, ...] = ()
    if view.policy.on_drift == PART:
        drifted = compare.drifted(view.operation.expect, live.resource, recreated(view), exact=True)
        drifted += tuple(_respelled(view, live, due))
    sent: list[PatchOperation] = []
    left: list[str] = []
    for operation in due:
        why = next((failed[text] for text in _texts(operation.value) if text in failed), None)
        found = [change for change in drifted if concerns(operation, change.path)]
        if why is None and not found:
            sent.append(operation)
        else:
            left.append(why or told(found))
    return tuple(sent), tuple(left)


def with_rewritten(
    view: View, live: Found, operations: tuple[PatchOperation, ...]
) -> tuple[tuple[PatchOperation, ...], tuple[str, ...]]:
    """Return the operations with the elements to remove as the service spells them, and which of these it may not have written.

    Without proof that it spells values in its own way, others may have changed the element.
    """
    own, found, left = view.operation.expect.get(compare.DERIVED) or (), [], []
    for one in operations:
        path = one.path or ""
        element = respelled_element(path, live.resource) if one.op == "remove" else None
        if element is None:
            found.append(one)
        elif kind_of(path) in own:
            found.append(PatchOperation("remove", as_written(Change(path, None, None), element).path))
        else:
            left.append(told([Change(path, element, view.operation.expect.get(path))]))
    return tuple(found), tuple(left)


def inherits(view: View, live: Found, operation: PatchOperation) -> bool:
    """Return whether an operation adds a member that was in the group through another one, which is in it still."""
    if operation.op != "add" or operation.path != MEMBERS:
        return False
    names, held = recreated(view), set(ids_in(paths.find(live.resource, MEMBERS)))
    returning = (
        one for change in view.operation.changes if change.op == "add" for one in ids_in(change.value)
    )
    held.update(names.get(one, one) for one in returning)
    through = view.operation.expect[compare.THROUGH]
    inherited = {
        names.get(text, text)
        for text, others in through.items()
        if held.intersection(names.get(other, other) for other in others)
    }
    return inherited.issuperset(ids_in(operation.value))


def without_unproved(
    view: View, live: Found, due: tuple[PatchOperation, ...]
) -> tuple[tuple[PatchOperation, ...], tuple[str, ...]]:
    """Return the operations without the removals of members that a group does not show now, as it did not before the run added them.

    They may have been in it then. The second value says so. Where the profile says that groups show no members, the run has
    told before its approval that memberships are not known, and what it added is removed.
    """
    removes_all = view.policy.on_drift == FORCE or not view.policy.profile.lists_members
    unproved = set() if removes_all else {*(view.operation.expect.get(compare.UNPROVED) or ())}
    hidden = unproved - {*ids_in(paths.find(live.resource, MEMBERS))}
    sent: list[PatchOperation] = []
    left: list[str] = []
    for one in due:
        removed = member_at(one.path or "") if one.op == "remove" else None
        if removed is not None and removed in hidden:
            left.append(removed)
        else:
            sent.append(one)
    return tuple(sent), (_told_unproved(left),) if left else ()


def _told_unproved(members: list[str]) -> str:
    """Say which members stay since they may have been in the group before the run."""
    more = f" and {len(members) - SHOWN} more" if len(members) > SHOWN else ""
    named = f"member {', '.join(members[:SHOWN])}{more}"
    return (
        f"{named}: left, since the group does not show it, so that it is not known whether it was in it before the run; "
        "--on-drift force removes it"
    )


def _respelled(view: View, live: Found, due: tuple[PatchOperation, ...]) -> Iterator[Change]:
    """Yield the capitals that others have changed since the run corrected them, at the paths of the operations."""
    for operation in due:
        path = operation.path or ""
        expected = view.operation.expect.get(path)
        if expected is None or not compare.respells(expected, operation.value, path):
            continue
        value = paths.get(live.resource, path)
        if compare.respells(value, expected, path):
            yield Change(path, value, expected)


def told(drifted: list[Change]) -> str:
    """Say both values of each difference: the one found, and the one that the run had set."""
    texts = [f"{each.path} is {each.before!r}, this run had set {each.after!r}" for each in drifted]
    more = [f"and {len(texts) - SHOWN} more"] if len(texts) > SHOWN else []
    return "drift: " + "; ".join((*texts[:SHOWN], *more, "left as it is"))


def concerns(operation: PatchOperation, path: str) -> bool:
    """Return whether an operation writes what stands at a path."""
    own = operation.path or ""
    if own.lower() == path.lower():
        return True
    if path.lower().startswith(f"{own}[".lower()) and isinstance(operation.value, list):
        parsed = paths.parse(path)
        return any(parsed.picks(element) for element in operation.value)
    return any(_within(one, other) for one, other in ((path, own), (own, path)))


def _within(path: str, place: str) -> bool:
    return bool(place) and path.lower().startswith((f"{place}.".lower(), f"{place}:".lower()))


def _failed_names(view: View) -> Iterator[tuple[str, str]]:
    """Yield the `bulkId:` texts for which there will be no id, each with the reason."""
    for reference, producer in view.references():
        if reference.role is not Role.VALUE:
            continue
        named = view.named(reference.key, producer)
        text = f"bulkId:{reference.key.value}"
        if isinstance(named, ParentFailed):
            yield text, f"{reference.key.value} was not created again: row {named.row} failed: {named.why}"
        elif isinstance(named, Unfit):
            yield text, named.why


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list() | dict():
            for each in value.values() if isinstance(value, dict) else value:
                yield from _texts(each)
        case _:
            return


def may_be_emptied(view: View) -> bool:
    """Return whether the delete of a group was refused, which may be for the members that the run put into it."""
    refusal = view.facts.refused.get(DELETE)
    return (
        bool(view.operation.expect.get(compare.OWN_MEMBERS)) and refusal is not None and refusal.status in BAD
    )


def own_shown(view: View, live: Found) -> set[str]:
    """Return the members that the run put into a group and that it still shows."""
    own = view.operation.expect.get(compare.OWN_MEMBERS) or ()
    return {*own} & {*ids_in(paths.find(live.resource, MEMBERS))}


def own_members(view: View, live: Found) -> Iterator[tuple[str, tuple[PatchOperation, ...]]]:
    """Yield the changes, by part, that take the members out of a group which the run put there and which it still shows.

    Parts that took effect are over; those that were refused are halved.
    """
    own = view.operation.expect.get(compare.OWN_MEMBERS) or ()
    removals, most = (
        tuple(PatchOperation("remove", place_of(one)) for one in own),
        view.policy.profile.most_members,
    )
    shown = own_shown(view, live)
    for first in range(0, len(removals), most):
        for part, some in _halves(view, removals, first, min(first + most, len(removals))):
            due = tuple(one for one in some if member_at(one.path or "") in shown)
            if due and part not in view.facts.applied and part not in view.facts.refused:
                yield part, due


def is_refused_whole(view: View) -> bool:
    """Return whether a patch of many members was refused, in a record that takes memberships back."""
    operation = view.operation
    refused = view.facts.refused.get(WHOLE)
    if not view.policy.takes_back or refused is None or refused.status not in BAD:
        return False
    only_members = all(
        one.path == MEMBERS or member_at(one.path or "") is not None for one in operation.changes
    )
    return operation.type == GROUP and only_members and len(operation.changes) > 1


def halves(
    view: View, operations: tuple[PatchOperation, ...]
) -> Iterator[tuple[str, tuple[PatchOperation, ...]]]:
    """Yield the halves to look at now, by name: the largest that were not refused, and single ones that were."""
    yield from _halves(view, operations, 0, len(operations))


def member_told(operation: PatchOperation) -> str:
    """Return what users read of one member's operation."""
    member = member_at(operation.path or "")
    if member is None and isinstance(operation.value, list):
        member = ", ".join(str(entry.get("value")) for entry in operation.value if isinstance(entry, dict))
    return f"member {member} could not {'leave' if operation.op == 'remove' else 'return'}"


def _halves(
    view: View, operations: tuple[PatchOperation, ...], first: int, end: int
) -> Iterator[tuple[str, tuple[PatchOperation, ...]]]:
    name = WHOLE if end - first == len(operations) else f"{WHOLE}:{first + 1}-{end}"
    if name not in view.facts.refused or end - first == 1:
        yield name, operations[first:end]
        return
    middle = (first + end) // 2
    yield from _halves(view, operations, first, middle)
    yield from _halves(view, operations, middle, end)


def undoes_deactivation(view: View) -> bool:
    """Return whether a record takes back a deactivation of a user that it names by id."""
    operation = view.operation
    return (
        view.policy.takes_back
        and operation.type == USER
        and view.target_key().attribute == "id"
        and truth(operation.expect.get(ACTIVE)) is False
        and last_set((one.path, one.value) for one in operation.changes) is True
    )


def hidden_inactive(view: View) -> Found | None:
    """Return a user that the run created inactive and that is not shown, as the run left it; None for another record."""
    operation, key = view.operation, view.target_key()
    left = operation.expect.get(compare.WHOLE)
    is_delete = view.policy.takes_back and operation.type == USER and operation.spec.deletes
    if not is_delete or key.attribute != "id" or not isinstance(left, dict) or not is_inactive(left):
        return None
    return Found({**left, "id": key.value})


def reactivated(view: View) -> Step | Subject | Settle:
    """Return the change that makes a user active again which is not shown; after it, what became of it."""
    own = view.target_key().value
    refusal = view.facts.refused.get(ACTIVE_PART)
    if refusal is not None:
        told = (
            NOT_SHOWN
            if refusal.status in _GONE
            else f"{NOT_SHOWN}; it refused to activate it: {refusal.told}"
        )
        return Settle(RowState.SKIPPED, told, own, refusal.status)
    if ACTIVE_PART not in view.facts.applied:
        change = Change(ACTIVE, before=False, after=True)
        sent = (PatchOperation("replace", ACTIVE, value=True),)
        left = {"id": own, ACTIVE: False}  # as the run that is taken back has left it
        return Step(ACTIVE_PART, Action.MODIFY, USER, id=own, operations=sent, changes=(change,), before=left)
    if len(view.operation.changes) == 1:
        return Subject(own)
    return Settle(RowState.SKIPPED, f"active was set; the rest was not: {NOT_SHOWN}", own)
