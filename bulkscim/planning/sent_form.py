"""The form in which a patch is sent: a few operations for many members, and removals as the tenant takes them.

A value filter must match something (RFC 7644 §3.5.2.3: else noTarget), so an element that does not exist is added.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from bulkscim.model.operation import JsonObject, PatchOperation
from bulkscim.scim import patch, paths, schemas
from bulkscim.scim.diff import NOTHING

MEMBERS = "members"


def as_sent(operations: Iterable[PatchOperation], *, by_value: bool) -> tuple[PatchOperation, ...]:
    """Return the operations, those that follow one another and add members made one.

    `by_value`: removals of single members are said by path `members` and value, and made one in the same way.
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


def adds_elements(operations: Iterable[PatchOperation], resource: JsonObject) -> bool:
    """Return whether a patch writes to an element of a list that the resource does not have."""
    return any(_missing(one, resource) is not None for one in _by_path(operations))


def with_targets(operations: tuple[PatchOperation, ...], resource: JsonObject) -> tuple[PatchOperation, ...]:
    """Return the operations in a form that has a target: what is written to a missing element adds that element.

    Operations on one new element become one add.
    """
    if not any(_element_of(one) is not None for one in _by_path(operations)):
        return operations
    sent: list[PatchOperation] = []
    new: list[tuple[str, JsonObject]] = []
    shown = resource  # as it is after the operations so far
    for operation in _by_path(operations):
        path = operation.path or ""
        element = _element_of(operation)
        made = _only(path, shown, new) if element is not None else None
        if element is not None and made is not None:
            made |= element
        elif (missing := _missing(operation, shown)) is not None:
            new.append((_list_of(path).lower(), missing))
            sent.append(PatchOperation("add", _list_of(path), [missing]))
        else:
            sent.append(operation)
        shown = patch.apply((operation,), shown)
    return tuple(sent)


def _only(path: str, shown: JsonObject, new: Iterable[tuple[str, JsonObject]]) -> JsonObject | None:
    """Return the new element that a path picks, where it picks no other."""
    picks, name = paths.parse(path).picks, _list_of(path)
    made = [one for held, one in new if held == name.lower() and picks(one)]
    return made[0] if len(made) == 1 == sum(map(picks, _elements(shown, name))) else None


def _by_path(operations: Iterable[PatchOperation]) -> Iterator[PatchOperation]:
    """Yield the operations; one whose value names elements of lists becomes one for each path."""
    for operation in operations:
        named = operation.value if operation.path is None and operation.op != "remove" else None
        if isinstance(named, dict) and any("[" in name for name in named):
            yield from patch.spread(operation)
        else:
            yield operation


def _missing(operation: PatchOperation, resource: JsonObject) -> JsonObject | None:
    """Return the element that an operation writes to, where the resource has none that it picks; else None."""
    element = _element_of(operation)
    if element is None or operation.path is None:
        return None
    picks = paths.parse(operation.path).picks
    return None if any(map(picks, _elements(resource, _list_of(operation.path)))) else element


def _element_of(operation: PatchOperation) -> JsonObject | None:
    """Return the element of a list that an operation makes where it picks none; None where it can make none."""
    if operation.op == "remove" or operation.path is None or operation.value in NOTHING:
        return None
    try:
        parsed = paths.parse(operation.path)
    except paths.PathError:
        return None
    is_list = parsed.conditions or (parsed.sub is not None and schemas.multi_valued(parsed.attribute))
    value: Any = {parsed.sub: operation.value} if parsed.sub else operation.value
    if not is_list or not isinstance(value, dict) or any(one.operator != "eq" for one in parsed.conditions):
        return None
    return {condition.attribute: condition.value for condition in parsed.conditions} | value


def _elements(resource: JsonObject, path: str) -> list[Any]:
    held = paths.get(resource, path)
    return held if isinstance(held, list) else [] if held is None else [held]


def _list_of(path: str) -> str:
    """Return the path of the whole list that a path leads into; "" for what is not understood."""
    try:
        parsed = paths.parse(path)
    except paths.PathError:
        return ""
    return f"{parsed.schema}:{parsed.attribute}" if parsed.schema else parsed.attribute


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
