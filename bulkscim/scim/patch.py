"""What a PATCH does (RFC 7644 §3.5.2), done to a resource here: for plans, and to see whether one has taken effect."""

from collections.abc import Iterable
from typing import Any

from bulkscim.model.operation import JsonObject, PatchOperation
from bulkscim.scim import diff, paths, schemas
from bulkscim.scim.diff import NOTHING, ComparedPath


def apply(operations: Iterable[PatchOperation], resource: JsonObject) -> JsonObject:
    """Return the resource as it is after the operations; one that cannot be understood is a PathError."""
    result: JsonObject = _copied(resource)
    for operation in operations:
        for single in spread(operation):
            _apply(single, result)
    return result


def _copied(value: Any) -> Any:
    """Return a copy of JSON; four times as quick as one that must look for circles."""
    if isinstance(value, dict):
        return {name: _copied(part) for name, part in value.items()}
    return [_copied(part) for part in value] if isinstance(value, list) else value


def in_effect(operation: PatchOperation, resource: JsonObject, *, exact: bool = False) -> bool:
    """Return whether a resource shows that nothing is left for an operation to do; `exact`: in its very capitals.

    What cannot be seen, a secret or a path not understood, is never taken to be in effect.
    """
    try:
        parts = list(spread(operation))
        return bool(parts) and all(_stands(part, resource, exact=exact) for part in parts)
    except paths.PathError:
        return False


def spread(operation: PatchOperation) -> Iterable[PatchOperation]:
    """Return an operation as one for each path: without a path, its value names the paths; PathError if it does not."""
    if operation.path is not None:
        return (operation,)
    if operation.op == "remove" or not isinstance(operation.value, dict):
        raise paths.PathError("an operation without a path needs an object of attributes")
    named = {name: value for name, value in operation.value.items() if name.lower() != "schemas"}
    return [PatchOperation(operation.op, name, value) for name, value in named.items()]


def _apply(operation: PatchOperation, resource: JsonObject) -> None:
    """Do one operation with a path, in place."""
    path, value = operation.path or "", _copied(operation.value)
    parsed = paths.parse(path)
    if operation.op == "remove" and value is not None and not parsed.conditions and parsed.sub is None:
        _remove_values(resource, path, value)
    elif operation.op == "remove" or value is None:
        paths.delete(resource, path)
    elif operation.op == "add" and _is_list(resource, parsed, path):
        _append(resource, path, value)
    elif isinstance(value, dict) and isinstance(paths.get(resource, path), dict) and not parsed.conditions:
        paths.set(resource, path, paths.get(resource, path) | value)
    else:
        paths.set(resource, path, value)


def _is_list(resource: JsonObject, path: paths.Path, text: str) -> bool:
    """Return whether a path names a whole multi-valued attribute."""
    if path.conditions or path.sub:
        return False
    return schemas.multi_valued(path.attribute) or isinstance(paths.get(resource, text), list)


def _append(resource: JsonObject, path: str, value: Any) -> None:
    """Add to a list what it does not hold yet."""
    present = paths.get(resource, path)
    elements = list(present) if isinstance(present, list) else [] if present is None else [present]
    held = set(map(_mark, elements))
    for element in value if isinstance(value, list) else [value]:
        mark = _mark(element)
        if mark not in held if mark else not any(_same_element(element, other) for other in elements):
            elements.append(element)
            held.add(mark)
    paths.set(resource, path, elements)


def _remove_values(resource: JsonObject, path: str, value: Any) -> None:
    """Take from a list the elements that a value names; this is what most servers make of it."""
    present = paths.get(resource, path)
    unwanted = value if isinstance(value, list) else [value]
    if not isinstance(present, list):
        paths.delete(resource, path)
        return
    marks = set(map(_mark, unwanted)) - {None}
    plain = [one for one in unwanted if _mark(one) is None]
    kept = [
        element
        for element in present
        if _mark(element) not in marks and not any(_same_element(one, element) for one in plain)
    ]
    if kept:
        paths.set(resource, path, kept)
    else:
        paths.delete(resource, path)


def _mark(element: Any) -> str | None:
    """Return the text that an element's sameness rests on, None where it has none."""
    value = paths.find(element, "value")
    return value if isinstance(value, str) else None


def _same_element(left: Any, right: Any) -> bool:
    """Return whether two elements are the same thing: by value, where both have one."""
    ours, theirs = paths.find(left, "value"), paths.find(right, "value")
    return bool(ours == theirs) if ours is not None and theirs is not None else bool(left == right)


def _stands(operation: PatchOperation, resource: JsonObject, *, exact: bool) -> bool:
    """Return whether an operation with a path would change nothing."""
    path = operation.path or ""
    parsed = paths.parse(path)
    live = paths.get(resource, path)
    if schemas.is_secret(parsed.attribute) or schemas.is_secret(parsed.sub or ""):
        return False
    if operation.op == "remove" and operation.value is not None and isinstance(live, list):
        unwanted = operation.value if isinstance(operation.value, list) else [operation.value]
        return not any(_same_element(one, element) for one in unwanted for element in live)
    if operation.op == "remove" or operation.value in NOTHING:
        return live in NOTHING
    whole_list = _is_list(resource, parsed, path)
    # To add an element that differs in capitals alone would give the list both.
    place = ComparedPath.at(path, exact=exact and not (operation.op == "add" and whole_list))
    return _holds(operation, live, place, whole_list=whole_list)


def _holds(operation: PatchOperation, live: Any, place: ComparedPath, *, whole_list: bool) -> bool:
    """Return whether what an add or a replace wants is there; a replaced list must hold nothing more."""
    wanted = operation.value
    if whole_list and not isinstance(wanted, list):
        wanted = [wanted]
    elif not whole_list and isinstance(live, list) and not isinstance(wanted, list):
        return all(next(diff.value_differences(wanted, one, place), None) is None for one in live)
    if operation.op == "replace" and whole_list and len(wanted) != len(live or []):
        return False
    return next(diff.value_differences(wanted, live, place), None) is None
