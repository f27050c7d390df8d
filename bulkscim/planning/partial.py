"""Take back by parts: of a patch, leave out what is no longer as the run left it, and do the rest."""

from collections.abc import Iterator
from typing import Any

from bulkscim.model.live import Found, ParentFailed, ParentReady
from bulkscim.model.operation import PatchOperation, Role
from bulkscim.model.step import Change
from bulkscim.planning import compare
from bulkscim.planning.sent_form import MEMBERS
from bulkscim.planning.view import Unfit, View
from bulkscim.scim import paths
from bulkscim.scim.forms import ids_in

SHOWN = 5
PART = "part"
FORCE = "force"


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
            yield text, f"{reference.key.value} is not there again, row {named.row} failed: {named.why}"
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
