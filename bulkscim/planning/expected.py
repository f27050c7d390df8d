"""What a resource is to show by all that a run has recorded of it, path by path.

Rule 1: the last word on a path counts. What stood below the path before is spoken over; where a wider path was
        recorded (a whole list of a resource as it was made), the change is taken into that.
Rule 2: two filters on one attribute may mean one element: the later one counts, unless both go by value.
Rule 3: what was not recorded is not looked at, nor are secrets and what no client can write.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from bulkscim.model.operation import JsonObject
from bulkscim.model.secret import MASK
from bulkscim.model.step import Change
from bulkscim.planning.compare import differences, holds, operation_for
from bulkscim.scim import patch, paths, schemas
from bulkscim.scim.diff import NOTHING

_BY_VALUE = "[value eq "


class RecordedValue(NamedTuple):
    """A value at a path, and the row that put it there."""

    value: Any
    row: int


class Unlike(NamedTuple):
    """A path at which something else stands than was recorded."""

    path: str
    recorded: Any
    live: Any
    row: int


State = dict[str, RecordedValue]


def made(resource: JsonObject, row: int) -> State:
    """Return what a new resource is to show; members are left to their own place."""
    return {
        path: RecordedValue(value, row)
        for path, value in _attributes(resource)
        if path.lower() not in schemas.READ_ONLY | {"members"} and not schemas.is_secret(path)
    }


def _attributes(resource: JsonObject) -> Iterator[tuple[str, Any]]:
    for name, value in resource.items():
        if name.lower().startswith("urn:") and isinstance(value, dict):
            yield from ((f"{name}:{part}", inner) for part, inner in value.items())
        else:
            yield name, value


def change(state: State, what: Change, row: int) -> None:
    """Take a change into what is recorded, in place."""
    if MASK in (what.before, what.after):
        return
    for path in [path for path in state if _is_below(path, what.path) or _may_be_one(path, what.path)]:
        del state[path]
    wider = next((path for path in state if _is_below(what.path, path)), None)
    if wider is None:
        state[what.path] = RecordedValue(what.after, row)
    else:
        state[wider] = RecordedValue(_with(state[wider].value, wider, what), row)


def unlike(state: Mapping[str, RecordedValue], live: JsonObject) -> Iterator[Unlike]:
    """Yield where a resource does not show what is recorded."""
    for path, (value, row) in state.items():
        try:
            for found in _differing(path, value, live):
                yield Unlike(found.path, found.after, found.before, row)
        except paths.PathError:
            continue


def _differing(path: str, value: Any, live: JsonObject) -> Iterable[Change]:
    """Return where one path differs: an attribute as part of its resource, so that the rules for parts hold."""
    if value in NOTHING or "[" in path:
        return () if holds(path, value, live) else (Change(path, paths.get(live, path), value),)
    wanted: JsonObject = {}
    paths.set(wanted, path, value)
    return differences(wanted, live)


def _is_below(path: str, above: str) -> bool:
    return path.lower().startswith(above.lower()) and path[len(above) : len(above) + 1] in {"[", ".", ":"}


def _may_be_one(path: str, other: str) -> bool:
    """Return whether two paths with filters may speak of one element."""
    attribute, bracket, chosen = path.lower().partition("[")
    also, _, wanted = other.lower().partition("[")
    if not bracket or attribute != also or not wanted:
        return False
    alike = chosen.partition("]")[0] == wanted.partition("]")[0]
    by_value = all(_BY_VALUE in one.lower() for one in (path, other))
    return not alike and not by_value


def _with(value: Any, path: str, what: Change) -> Any:
    """Return the value at a path with a change below it."""
    holder: JsonObject = {}
    try:
        if value is not None:
            paths.set(holder, path, value)
        return paths.get(patch.apply((operation_for(what),), holder), path)
    except paths.PathError:
        return what.after
