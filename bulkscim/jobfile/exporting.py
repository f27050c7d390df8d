"""Turn resources of a tenant into records of a job file (pure): as JSONL they are whole, as CSV what cells can hold."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from bulkscim.jobfile.columns import Column, Use, column_of
from bulkscim.model.harmless import is_harmless
from bulkscim.model.operation import ENTERPRISE, GROUP, JsonObject
from bulkscim.model.secret import MASK
from bulkscim.scim import schemas

LEADING = ("op", "type", "_row", "_id", "userName", "displayName", "externalId", "active")
_BOOLEANS = frozenset({"true", "false"})
_NOTHING: tuple[Any, ...] = (None, "", [], {})
NameOf = Callable[[str], str | None]


def record_of(kind: str, resource: JsonObject) -> JsonObject:
    """Return the record that would bring a resource about; its id is noted, and passed over on input."""
    data = {name: _wanted(name, value) for name, value in resource.items() if _is_ours(name)}
    return {"op": "upsert", "type": kind, "_id": resource["id"], "data": _filled(data)}


def identity_of(record: JsonObject) -> str | None:
    """Return the name that a record's resource goes by, None for one that no job file could name."""
    name = record["data"].get("displayName" if record["type"] == GROUP else "userName")
    return name if isinstance(name, str) else None


def _is_ours(name: str) -> bool:
    """Return whether a client may set an attribute, and whether it may be shown."""
    return name.lower() not in schemas.READ_ONLY and not schemas.is_secret(name)


def _wanted(name: str, value: Any) -> Any:
    """Return a value without secrets, and without what the server adds to a reference."""
    if isinstance(value, list):
        return [_wanted(name, one) for one in value]
    if not isinstance(value, dict):
        return value
    reference = name.lower() in schemas.REFERENCES
    kept = {
        part: _wanted(part, one)
        for part, one in value.items()
        if not schemas.is_secret(part) and not (reference and part.lower() in schemas.READ_ONLY_OF_REFERENCES)
    }
    return _filled(kept)


def _filled(value: JsonObject) -> JsonObject:
    return {name: one for name, one in value.items() if one not in _NOTHING}


def cells_of(record: JsonObject, name_of: NameOf) -> tuple[dict[str, str], list[str]]:
    """Return a record's cells by column, and the paths that no cell can hold.

    What a cell holds is read from it again as the same value at the same place. `name_of` gives the userName
    behind an id: in a cell users are named, not numbered.
    """
    cells = {"op": record["op"], "type": record["type"], "_id": record["_id"]}
    left_out: list[str] = []
    taken = {"op", "type", "_id"}
    for leaf in _leaves(record["data"], name_of):
        text = _text(leaf)
        if text is None or leaf.path.lower() in taken:
            left_out.append(leaf.path)
        else:
            cells[leaf.path] = text
            taken.add(leaf.path.lower())
    return cells, left_out


class _Leaf(NamedTuple):
    """A value, the header of its column, and the names that lead to it; None: no column does."""

    path: str
    keys: tuple[str, ...] | None
    value: Any = None


def _text(leaf: _Leaf) -> str | None:
    """Return a value as the text of its cell; None where it would be read as something else, or its header is harmful."""
    column = _column(leaf.path)
    if (
        column is None
        or leaf.keys is None
        or not is_harmless(leaf.path)
        or _keys_of(column) != tuple(map(str.lower, leaf.keys))
    ):
        return None
    text = str(leaf.value).lower() if column.boolean and isinstance(leaf.value, bool) else leaf.value
    if not isinstance(text, str) or not text or text != text.strip() or text == MASK or "\0" in text:
        return None
    return None if column.boolean and text.lower() not in _BOOLEANS else text


@lru_cache(maxsize=4096)
def _column(path: str) -> Column | None:
    """Return the column that a header with this text is."""
    return column_of(path, 0, [])


def _keys_of(column: Column) -> tuple[str, ...]:
    """Return the names that lead to what a column fills, in lower case."""
    if column.use is not Use.VALUE:
        return (column.use.value,)
    element = dict(column.element)
    inside = (str(element.get("type")), column.part) if column.part else ()
    return tuple(map(str.lower, (*column.keys, *inside)))


def _leaves(data: JsonObject, name_of: NameOf) -> Iterator[_Leaf]:
    """Yield all values."""
    for name, value in data.items():
        if name.lower() == "members":
            yield _Leaf(name, (name,), _named(value, name_of))
        elif isinstance(value, list):
            yield from _elements(name, value)
        elif isinstance(value, dict):
            yield from _parts(name, value, name_of)
        else:
            yield _Leaf(name, None if name.lower() == "manager" else (name,), value)


def _named(members: Any, name_of: NameOf) -> str | None:
    """Return members as one cell, None unless each of them is a user with a name that can stand in a list."""
    elements = members if isinstance(members, list) else ()
    values = [one.get("value") if isinstance(one, dict) else None for one in elements]
    names = [name_of(value) if isinstance(value, str) else None for value in values]
    found = [name for name in names if name and ";" not in name and name == name.strip()]
    return ";".join(found) if len(found) == len(names) else None


def _elements(name: str, elements: Iterable[Any]) -> Iterator[_Leaf]:
    """Yield the first element of each type in a list; another one, or one without a type, has no path."""
    taken: set[str] = set()
    for element in elements:
        kind = element.get("type") if isinstance(element, dict) else None
        if not isinstance(kind, str) or '"' in kind or "\\" in kind or kind.lower() in taken:
            yield _Leaf(name, None)
            continue
        taken.add(kind.lower())
        for part, value in element.items():
            if part != "type":
                yield _Leaf(f'{name}[type eq "{kind}"].{part}', (name, kind, part), value)


def _parts(name: str, value: JsonObject, name_of: NameOf) -> Iterator[_Leaf]:
    """Yield the parts of an object or an extension."""
    for part, one in value.items():
        if name.lower() == ENTERPRISE.lower() and part.lower() == "manager":
            manager = one.get("value") if isinstance(one, dict) else one
            yield _Leaf("manager", ("manager",), name_of(manager) if isinstance(manager, str) else None)
            continue
        path = f"{name}:{part}" if ":" in name else f"{name}.{part}"
        if isinstance(one, dict) and ":" in name:
            yield from (_Leaf(f"{path}.{sub}", (name, part, sub), two) for sub, two in one.items())
        else:
            yield _Leaf(path, (name, part), one)


def in_order(columns: Iterable[str]) -> list[str]:
    """Return columns with those first that users look for first."""
    names = set(columns) | {"op", "type", "_row", "_id"}
    first = [name for name in LEADING if name in names]
    return [*first, *sorted(names - set(first), key=str.lower)]
