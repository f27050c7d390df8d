"""Turn resources of a tenant into records of a job file (pure): as JSONL they are whole, as CSV what cells can hold."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bulkscim.model.operation import ENTERPRISE, GROUP, JsonObject
from bulkscim.scim import schemas

LEADING = ("op", "type", "_row", "_id", "userName", "displayName", "externalId", "active")
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
    """Say whether a client may set an attribute, and whether it may be shown."""
    return name.lower() not in schemas.READ_ONLY and not schemas.is_secret(name)


def _wanted(name: str, value: Any) -> Any:
    """Return a value without secrets, and without what the server writes beside a reference."""
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

    `name_of` gives the userName behind an id: in a cell people are named, not numbered.
    """
    cells = {"op": record["op"], "type": record["type"], "_id": record["_id"]}
    left_out: list[str] = []
    for path, value in _leaves(record["data"], name_of):
        if value is None or path in cells:
            left_out.append(path)
        else:
            cells[path] = _text(value)
    return cells, left_out


def _leaves(data: JsonObject, name_of: NameOf) -> Iterator[tuple[str, Any]]:
    """Yield paths with simple values; None for what no cell can hold."""
    for name, value in data.items():
        if name == "members":
            yield name, _named(value, name_of)
        elif isinstance(value, list):
            yield from _elements(name, value)
        elif isinstance(value, dict):
            yield from _parts(name, value, name_of)
        else:
            yield name, value


def _named(members: Any, name_of: NameOf) -> str | None:
    """Return members as one cell, None unless each of them is a user with a name."""
    values = [one.get("value") if isinstance(one, dict) else None for one in members]
    names = [name_of(value) if isinstance(value, str) else None for value in values]
    found = [name for name in names if name and ";" not in name]
    return ";".join(found) if len(found) == len(names) else None


def _elements(name: str, elements: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Yield what stands in a list, each element by its type; one without a type has no path."""
    for element in elements:
        kind = element.get("type") if isinstance(element, dict) else None
        if not isinstance(kind, str) or '"' in kind or "\\" in kind:
            yield name, None
            continue
        for part, value in element.items():
            if part != "type":
                yield f'{name}[type eq "{kind}"].{part}', None if isinstance(value, dict | list) else value


def _parts(name: str, value: JsonObject, name_of: NameOf) -> Iterator[tuple[str, Any]]:
    """Yield the parts of an object or an extension."""
    for part, one in value.items():
        if name.lower() == ENTERPRISE.lower() and part.lower() == "manager":
            manager = one.get("value") if isinstance(one, dict) else one
            yield "manager", name_of(manager) if isinstance(manager, str) else None
            continue
        path = f"{name}:{part}" if ":" in name else f"{name}.{part}"
        if isinstance(one, dict) and ":" in name:
            yield from (
                (f"{path}.{sub}", None if isinstance(two, dict | list) else two) for sub, two in one.items()
            )
        else:
            yield path, None if isinstance(one, dict | list) else one


def _text(value: Any) -> str:
    """Return a simple value as a cell; booleans as SCIM writes them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def in_order(columns: Iterable[str]) -> list[str]:
    """Return columns with those first that people look for first."""
    names = set(columns) | {"op", "type", "_row", "_id"}
    first = [name for name in LEADING if name in names]
    return [*first, *sorted(names - set(first), key=str.lower)]
