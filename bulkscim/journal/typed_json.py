"""Frozen classes as JSON objects: read and written by the types of their fields, in their order.

A field that the object does not name has its default, also where it is null and None is no value of it. What no field names is left alone. The metadata
of a field may say otherwise: `FLAT` (the fields of its class stand in the object itself), `OMITTED` (it is not written
where it is None), `REST` (it holds what no other field names, at any depth), `named` (it has another name there).
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from bulkscim.model.operation import JsonObject

_T = TypeVar("_T")

_CALLED = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}
FLAT, OMITTED, REST = ({name: True} for name in ("flat", "omitted", "rest"))


class _Member(NamedTuple):
    """How one field stands in an object."""

    field: str
    name: str
    kind: Any
    marks: Mapping[str, Any]


def named(name: str) -> JsonObject:
    """Return the metadata of a field that has this name in the object."""
    return {"name": name}


def read(kind: type[_T], data: object, where: str = "") -> _T:
    """Return what an object says; ValueError names the member that does not fit. `where` is the object's own name."""
    if not isinstance(data, dict):
        raise ValueError(_wrong(where, data, _CALLED[dict]))
    found: dict[str, Any] = {}
    for field, name, wanted, marks in _members(kind):
        if "flat" in marks:
            found[field] = read(wanted, data, where)
        elif "rest" not in marks and name in data:
            if data[name] is not None:
                found[field] = _reader(wanted)(data[name], f"{where}.{name}" if where else name)
            elif wanted is Any or NoneType in get_args(wanted):
                found[field] = None
    try:
        made = kind(**found)
    except TypeError as error:
        raise ValueError(f"{where or 'it'} does not say all that it must") from error
    rest = _rest(kind)
    if not rest:
        return made
    omitted = {one.name: None for one in _members(kind) if "omitted" in one.marks}
    return kind(**found, **{rest: _beyond(data, omitted | write(made))})


def write(value: Any) -> JsonObject:
    """Return a value as an object."""
    made: JsonObject = {}
    for field, name, _, marks in _members(type(value)):
        held = getattr(value, field)
        if "flat" in marks:
            made |= write(held)
        elif "rest" not in marks and (held is not None or "omitted" not in marks):
            made[name] = _written(held)
    rest = _rest(type(value))
    return merged(made, getattr(value, rest)) if rest else made


def merged(known: JsonObject, more: Mapping[str, Any]) -> JsonObject:
    """Return an object with what another names; objects that are in both are merged as well."""
    made = dict(known)
    for name, value in more.items():
        both = isinstance(value, dict) and isinstance(made.get(name), dict)
        made[name] = merged(made[name], value) if both else value
    return made


def _beyond(data: JsonObject, known: JsonObject) -> JsonObject:
    """Return what an object names that another does not, objects within it included."""
    left: JsonObject = {}
    for name, value in data.items():
        if name not in known:
            left[name] = value
        elif (
            isinstance(value, dict)
            and isinstance(known[name], dict)
            and (within := _beyond(value, known[name]))
        ):
            left[name] = within
    return left


def _members_of(kind: Any) -> tuple[_Member, ...]:
    types = get_type_hints(kind)
    return tuple(
        _Member(one.name, one.metadata.get("name", one.name), types[one.name], one.metadata)
        for one in fields(kind)
    )


_members: Callable[[Any], tuple[_Member, ...]] = cache(_members_of)


def _rest(kind: Any) -> str:
    """Return the field that holds what no other one names; empty where there is none."""
    return next((one.field for one in _members(kind) if "rest" in one.marks), "")


def _written(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value):
        return write(value)
    if isinstance(value, tuple | list):
        return [_written(one) for one in value]
    return dict(value) if isinstance(value, Mapping) else value


@cache
def _reader(kind: Any) -> Callable[[Any, str], Any]:
    """Return what reads values of a type; it is given the value and its name."""
    origin, within = get_origin(kind), get_args(kind)
    if kind is Any:
        return lambda value, _: value
    if origin is UnionType:
        return _reader(next(one for one in within if one is not NoneType))
    if origin is tuple:
        each = _reader(within[0])
        return lambda value, name: tuple(each(one, name) for one in _plain(value, list, name))
    if origin in {dict, Mapping}:
        each = _reader(within[1])
        return lambda value, name: {
            one: each(value[one], f"{name}.{one}") for one in _plain(value, dict, name)
        }
    if isinstance(kind, type) and is_dataclass(kind):
        return lambda value, name: read(kind, value, name)
    if issubclass(kind, Enum):
        return lambda value, name: _one_of(kind, value, name)
    if kind is Path:
        return lambda value, name: Path(text) if (text := _plain(value, str, name)) else None
    return lambda value, name: _plain(value, kind, name)


def _plain(value: Any, kind: type[Any], name: str) -> Any:
    """Return a value of one type; whole numbers are no flags, and may stand for any number."""
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError(_wrong(name, value, _CALLED[kind]))
    return value


def _one_of(kind: type[Enum], value: Any, name: str) -> Enum:
    try:
        return kind(value)
    except ValueError as error:
        raise ValueError(
            _wrong(name, value, f"one of {', '.join(str(one.value) for one in kind)}")
        ) from error


def _wrong(name: str, value: object, wanted: str) -> str:
    return f"{name or 'it'}: {value!r} stands where {wanted} should"
