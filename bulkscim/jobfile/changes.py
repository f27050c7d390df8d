"""The changes that a patch record asks for, from PATCH operations or from plain data (pure)."""

import re
from collections.abc import Iterator
from typing import Any

from bulkscim.jobfile.records import Fault, shown
from bulkscim.jobfile.schema import Shape, are_distinct, attribute, checked, twins, value_checked
from bulkscim.model.operation import JsonObject, PatchOperation
from bulkscim.scim import paths

_OPERATIONS = frozenset({"add", "replace", "remove"})
_NAMES = frozenset({"op", "path", "value"})
NO_PATH = 'is no path as in title, name.givenName or emails[type eq "work"].value'
_NAME = re.compile(r"[A-Za-z$][\w$-]*")


def is_path(text: str) -> bool:
    """Return whether a text is a path of an attribute (RFC 7644 §3.5.2), as far as filters in it are understood here."""
    try:
        paths.parse(text)
    except paths.PathError:
        return False
    return True


def path_faults(path: str, place: str) -> list[Fault]:
    """Return what is wrong with a path that is sent; only what is a path can have a text that is not quoted."""
    wrong = paths.unquoted(path) if is_path(path) else f"{shown(path)} {NO_PATH}"
    return [Fault(place, wrong)] if wrong else []


def changes_of_patch(
    kind: str, patch: Any, faults: list[Fault], shapes: list[Fault]
) -> tuple[PatchOperation, ...]:
    """Read a list of PATCH operations (RFC 7644 §3.5.2), or one of them; values of a wrong shape go to `shapes`."""
    listed = [patch] if isinstance(patch, dict) else patch
    if not isinstance(listed, list) or not listed:
        faults.append(Fault("patch", 'is not a list of changes [{"op": "replace", "path": …, "value": …}]'))
        return ()
    read = [_change(kind, each, f"patch.{index}", faults, shapes) for index, each in enumerate(listed)]
    return tuple(change for change in read if change is not None)


def _change(
    kind: str, given: Any, place: str, faults: list[Fault], shapes: list[Fault]
) -> PatchOperation | None:
    """Read one PATCH operation; its names and its `op` may be in any case."""
    if not isinstance(given, dict):
        faults.append(Fault(place, f"{shown(given)} is not an object {{…}}"))
        return None
    named = {name.lower(): value for name, value in given.items()}
    if not are_distinct(given):
        twins(given, place, faults)
        return None
    faults += [Fault(f"{place}.{name}", "means nothing here") for name in named.keys() - _NAMES]
    op, path = str(named.get("op", "")).lower(), named.get("path")
    if op not in _OPERATIONS:
        faults.append(Fault(f"{place}.op", f"{shown(named.get('op'))} is none of add, replace, remove"))
    elif path is None and op == "remove":
        faults.append(Fault(place, "a removal needs a path"))
    elif path is not None and not (isinstance(path, str) and path.strip()):
        faults.append(Fault(f"{place}.path", f"{shown(path)} is not a path"))
    elif path is not None and not is_path(path):
        faults += path_faults(path, f"{place}.path")
    elif op != "remove" and "value" not in named:
        faults.append(Fault(place, f"{op} needs a value"))
    else:
        shapes += path_faults(path, f"{place}.path") if path is not None else ()
        value = _value(kind, path, named.get("value"), f"{place}.value", shapes)
        return PatchOperation(op, path, value)
    return None


def _value(kind: str, path: str | None, value: Any, place: str, faults: list[Fault]) -> Any:
    """Check a value against the attribute at its path, where that is a plain known one."""
    if path is None:
        if isinstance(value, dict):
            return checked(kind, value, place, faults)
        faults.append(Fault(place, f"{shown(value)}: a change without a path needs an object {{…}}"))
        return value
    known = attribute(kind, path) if _NAME.fullmatch(path) else None
    if known is None or value is None:
        return value
    if known.shape is Shape.LIST and isinstance(value, dict):
        return value_checked(known, [value], place, faults)[0]
    return value_checked(known, value, place, faults)


def changes_of_data(data: JsonObject) -> tuple[PatchOperation, ...]:
    """Turn plain data into one change per value: null removes, everything else replaces."""
    return tuple(
        PatchOperation("remove", path) if value is None else PatchOperation("replace", path, value)
        for path, value in _leaves(data)
    )


def _leaves(data: JsonObject) -> Iterator[tuple[str, Any]]:
    """Walk single values with their paths; a list is one value."""
    for name, value in data.items():
        if not isinstance(value, dict) or not value:
            yield name, value
            continue
        joint = ":" if name.lower().startswith("urn:") else "."
        for path, each in _leaves(value):
            yield f"{name}{joint}{path}", each
