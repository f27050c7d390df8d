"""Halve what a tenant refuses whole: one member that it does not take must not keep the others out."""

from collections.abc import Iterator

from bulkscim.model.operation import GROUP, PatchOperation
from bulkscim.planning.sent_form import MEMBERS, member_at
from bulkscim.planning.view import View

WHOLE = "patch"
BAD = frozenset({400, 404, 409, 413, 422})  # refusals that may be for one of the members


def is_due(view: View) -> bool:
    """Return whether a patch of many members was refused, in a record that takes memberships back."""
    operation = view.operation
    refused = view.facts.refused.get(WHOLE)
    if not view.policy.takes_back or refused is None or refused.status not in BAD:
        return False
    only_members = all(
        one.path == MEMBERS or member_at(one.path or "") is not None for one in operation.changes
    )
    return operation.type == GROUP and only_members and len(operation.changes) > 1


def parts(
    view: View, operations: tuple[PatchOperation, ...]
) -> Iterator[tuple[str, tuple[PatchOperation, ...]]]:
    """Yield the parts to look at now, by name: the largest that were not refused, and single ones that were."""
    yield from _parts(view, operations, 0, len(operations))


def named(operation: PatchOperation) -> str:
    """Return how people are told of one member's operation."""
    member = member_at(operation.path or "")
    if member is None and isinstance(operation.value, list):
        member = ", ".join(str(entry.get("value")) for entry in operation.value if isinstance(entry, dict))
    return f"member {member} could not {'leave' if operation.op == 'remove' else 'return'}"


def _parts(
    view: View, operations: tuple[PatchOperation, ...], first: int, end: int
) -> Iterator[tuple[str, tuple[PatchOperation, ...]]]:
    name = WHOLE if end - first == len(operations) else f"{WHOLE}:{first + 1}-{end}"
    if name not in view.facts.refused or end - first == 1:
        yield name, operations[first:end]
        return
    middle = (first + end) // 2
    yield from _parts(view, operations, first, middle)
    yield from _parts(view, operations, middle, end)
