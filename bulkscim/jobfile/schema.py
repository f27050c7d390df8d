"""The shapes of core User, Group and enterprise User attributes (RFC 7643 §4), for checking what a file says.

Attributes and extensions that are not here pass as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bulkscim.jobfile.records import Fault, shown
from bulkscim.model.operation import ENTERPRISE, GROUP, USER, JsonObject


class Shape(StrEnum):
    """What a value must look like."""

    TEXT = "text in quotes"
    BOOLEAN = "true or false, without quotes"
    OBJECT = "an object {…}"
    LIST = "a list of objects [{…}]"
    ANY = "anything"


_HOLDERS = (dict, list)
_TWICE = "is given twice, also as {}: capitals do not tell attributes apart; keep one of them"
_HOLDS: dict[Shape, type] = {Shape.TEXT: str, Shape.BOOLEAN: bool, Shape.OBJECT: dict, Shape.LIST: list}


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: its name as the RFC spells it, its shape, and its sub-attributes."""

    name: str
    shape: Shape
    parts: Mapping[str, "Attribute"] = field(default_factory=dict)
    holds: type = field(init=False)

    def __post_init__(self) -> None:
        """Work out the type that JSON gives a value of this shape."""
        object.__setattr__(self, "holds", _HOLDS.get(self.shape, object))


def _table(*attributes: Attribute) -> dict[str, Attribute]:
    """Index attributes by their spelling and by their lower case."""
    return {name: each for each in attributes for name in (each.name.lower(), each.name)}


def _texts(names: str) -> tuple[Attribute, ...]:
    return tuple(Attribute(name, Shape.TEXT) for name in names.split())


_PRIMARY = Attribute("primary", Shape.BOOLEAN)


def _plural(name: str) -> Attribute:
    """Make a multi-valued attribute with the default sub-attributes (RFC 7643 §2.4)."""
    return Attribute(name, Shape.LIST, _table(*_texts("value display type $ref"), _PRIMARY))


_PLURALS = ("emails", "phoneNumbers", "ims", "photos", "entitlements", "roles", "x509Certificates")
_NAME = _table(*_texts("formatted familyName givenName middleName honorificPrefix honorificSuffix"))
_ADDRESS = _table(
    *_texts("formatted streetAddress locality region postalCode country type display value"), _PRIMARY
)
_MANAGER = Attribute("manager", Shape.OBJECT, {})
_EXTENSION = _table(*_texts("employeeNumber costCenter organization division department"), _MANAGER)
_COMMON = (
    *_texts("id externalId displayName"),
    Attribute("schemas", Shape.ANY),
    Attribute("meta", Shape.OBJECT),
    Attribute("members", Shape.ANY),
)
_USER = _table(
    *_COMMON,
    *_texts("userName nickName profileUrl title userType preferredLanguage locale timezone password"),
    Attribute("active", Shape.BOOLEAN),
    Attribute("name", Shape.OBJECT, _NAME),
    *map(_plural, _PLURALS),
    Attribute("addresses", Shape.LIST, _ADDRESS),
    Attribute("groups", Shape.ANY),
    Attribute("manager", Shape.ANY),
    Attribute(ENTERPRISE, Shape.OBJECT, _EXTENSION),
)
_GROUP = _table(*_COMMON)

SCHEMAS: Mapping[str, Mapping[str, Attribute]] = {USER: _USER, GROUP: _GROUP}


def attribute(kind: str, name: str) -> Attribute | None:
    """Return what is known of a top-level attribute, whatever its case."""
    table = SCHEMAS[kind]
    return table.get(name) or table.get(name.lower())


def checked(kind: str, data: JsonObject, place: str, faults: list[Fault]) -> JsonObject:
    """Return the data with known attributes spelled as the RFC does; add a fault for each wrong shape."""
    return data if _sound(SCHEMAS[kind], data) else _object(SCHEMAS[kind], data, place, faults)


def _sound(table: Mapping[str, Attribute], data: JsonObject) -> bool:
    """Return quickly whether all is well, as nearly always; the slow way says what is not."""
    unknown = 0
    for name, value in data.items():
        known = table.get(name)
        if known is None:
            unknown += 1
            if name.lower() in table or not are_distinct(value):
                return False
        elif known.name != name:
            return False
        elif type(value) is known.holds:
            if known.parts and not _sound_parts(known, value):
                return False
        elif known.shape is Shape.ANY:
            if not are_distinct(value):
                return False
        elif value is not None:
            return False
    return unknown <= 1 or len({name.lower() for name in data}) == len(data)


def are_distinct(value: Any) -> bool:
    """Return whether no object in a value has two names that differ by their capitals alone."""
    if type(value) is dict:
        if len(value) > 1 and len({name.lower() for name in value}) < len(value):
            return False
        return all(are_distinct(each) for each in value.values() if type(each) in _HOLDERS)
    return type(value) is not list or all(are_distinct(each) for each in value if type(each) in _HOLDERS)


def twins(value: Any, place: str, faults: list[Fault]) -> None:
    """Add a fault for each name in a value that differs from an earlier one by its capitals alone."""
    if isinstance(value, dict):
        seen: dict[str, str] = {}
        for name, each in value.items():
            first = seen.setdefault(name.lower(), name)
            if first is not name:
                faults.append(Fault(f"{place}.{name}", _TWICE.format(first)))
            twins(each, f"{place}.{name}", faults)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            twins(each, f"{place}.{index}", faults)


def _sound_parts(known: Attribute, value: Any) -> bool:
    """Return whether sub-attributes are as they should be, in an object or in each of a list."""
    if known.shape is Shape.OBJECT:
        return _sound(known.parts, value)
    return all(type(each) is dict and _sound(known.parts, each) for each in value)


def value_checked(known: Attribute, value: Any, place: str, faults: list[Fault]) -> Any:
    """Return one value with its sub-attributes spelled right; null passes (it clears)."""
    match known.shape, value:
        case Shape.ANY, _:
            twins(value, place, faults)
            return value
        case (_, None) | (Shape.TEXT, str()) | (Shape.BOOLEAN, bool()):
            return value
        case Shape.OBJECT, dict():
            return _object(known.parts, value, place, faults)
        case Shape.LIST, list():
            return [_element(known, each, place, faults) for each in value]
        case _:
            faults.append(Fault(place, f"{shown(value)} is not {known.shape}"))
            return value


def _element(known: Attribute, value: Any, place: str, faults: list[Fault]) -> Any:
    """Check one value of a multi-valued attribute."""
    if isinstance(value, dict):
        return _object(known.parts, value, place, faults)
    faults.append(Fault(place, f'{shown(value)} is not an object; write {{"value": {shown(value)}}}'))
    return value


def _object(table: Mapping[str, Attribute], data: JsonObject, place: str, faults: list[Fault]) -> JsonObject:
    """Check the attributes of one object."""
    result: JsonObject = {}
    seen: dict[str, str] = {}
    for name, value in data.items():
        first = seen.setdefault(name.lower(), name)
        if first is not name:
            faults.append(Fault(f"{place}.{name}", _TWICE.format(first)))
        known = table.get(name) or table.get(name.lower())
        if known is None:
            twins(value, f"{place}.{name}", faults)
            result[name] = value
            continue
        result[known.name] = value_checked(known, value, f"{place}.{name}", faults)
    return result
