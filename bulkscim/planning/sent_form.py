"""The form in which a patch is sent: a few operations for many members, and removals as the tenant takes them."""

from collections.abc import Iterable

import orjson

from bulkscim.model.operation import PatchOperation
from bulkscim.scim import paths

MEMBERS = "members"


def as_sent(operations: Iterable[PatchOperation], *, by_value: bool) -> tuple[PatchOperation, ...]:
    """Return the operations, those that follow one another and add members made one.

    `by_value`: removals of single members are said by path `members` and value, and made one likewise.
    """
    sent: list[PatchOperation] = []
    for operation in operations:
        one = _by_value(operation) if by_value else operation
        last = sent[-1] if sent else None
        if last is not None and _mergeable(last) and _mergeable(one) and last.op == one.op:
            sent[-1] = PatchOperation(one.op, last.path, [*last.value, *one.value])
        else:
            sent.append(one)
    return tuple(sent)


def _mergeable(operation: PatchOperation) -> bool:
    return (
        operation.op in {"add", "remove"}
        and (operation.path or "").lower() == MEMBERS
        and isinstance(operation.value, list)
    )


def _by_value(operation: PatchOperation) -> PatchOperation:
    member = member_at(operation.path or "")
    if operation.op != "remove" or member is None:
        return operation
    return PatchOperation("remove", MEMBERS, [{"value": member}])


def place_of(member: str) -> str:
    """Return the path of one member of a group, whatever its id is made of."""
    return f"{MEMBERS}[value eq {orjson.dumps(member).decode()}]"


def member_at(path: str) -> str | None:
    """Return the member's id in `members[value eq "id"]`, None for any other path."""
    if not path.lower().startswith(f"{MEMBERS}["):
        return None
    try:
        parsed = paths.parse(path)
    except paths.PathError:
        return None
    match parsed.conditions:
        case (condition,) if (condition.attribute.lower(), condition.operator, parsed.sub) == (
            "value",
            "eq",
            None,
        ) and isinstance(condition.value, str):
            return condition.value
        case _:
            return None
