"""Attribute paths (RFC 7644 §3.5.2) on resources: `name.givenName`, `emails[type eq "work"].value`, `URN:attribute`.

Names are found without case (RFC 7643 §2.1). A path that cannot be understood is a `PathError`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import filterfalse
from typing import Any

import orjson

from bulkscim.model.operation import JsonObject
from bulkscim.scim import schemas


class PathError(ValueError):
    """A text that is not a path; its message is for users."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a value filter; `operator` is eq, ne, co, sw, ew or pr."""

    attribute: str
    operator: str
    value: Any = None

    def holds(self, element: Any) -> bool:
        """Return whether an element of a multi-valued attribute fits."""
        value = part_of(element, self.attribute)
        if self.operator == "pr":
            return value not in (None, "", [], {})
        if self.operator in {"eq", "ne"}:
            return same_text(value, self.value) == (self.operator == "eq")
        return _text_fits(self.operator, value, self.value)


@dataclass(frozen=True, slots=True)
class Path:
    """A path in its parts. An empty `attribute` with a `schema` is the whole extension."""

    schema: str | None
    attribute: str
    conditions: tuple[Condition, ...] = ()
    sub: str | None = None

    def picks(self, element: Any) -> bool:
        """Return whether all conditions hold for an element."""
        return all(condition.holds(element) for condition in self.conditions)

    def picker(self) -> "Callable[[Any], bool]":
        """Return `picks` for many elements: quick where one text is looked for, as among a group's members."""
        first = self.conditions[0] if len(self.conditions) == 1 else None
        if first is None or first.operator != "eq" or not isinstance(first.value, str):
            return self.picks
        name, wanted = first.attribute, first.value.casefold()

        def picks(element: Any) -> bool:
            found = element.get(name) if isinstance(element, dict) else None
            return found.casefold() == wanted if isinstance(found, str) else self.picks(element)

        return picks

    @property
    def plain(self) -> str:
        """The attribute's name and its sub-attribute's, without schema and filter."""
        return f"{self.attribute}.{self.sub}" if self.sub else self.attribute


_PATH = re.compile(
    r"(?P<attribute>[A-Za-z$_][\w$-]*)(?:\[(?P<filter>.*)\])?(?:\.(?P<sub>[A-Za-z$_][\w$-]*))?",
    re.ASCII | re.DOTALL,
)
_CONDITION = re.compile(
    r"\s*(?P<attribute>[A-Za-z$_][\w$.-]*)\s+"
    r'(?:(?P<present>pr)|(?P<operator>eq|ne|co|sw|ew)\s+(?P<value>"(?:[^"\\]|\\.)*"|[^\s"\])]+))\s*',
    re.ASCII | re.IGNORECASE | re.DOTALL,
)


@lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """Take a path apart."""
    text = text.strip()
    schema, rest = schemas.split_urn(text) if text.lower().startswith("urn:") else (None, text)
    if schema in schemas.CORE.values():
        schema = None
    if schema and not rest:
        return Path(schema, "")
    found = _PATH.fullmatch(rest)
    if found is None:
        raise PathError(f"{text!r} is not a SCIM attribute path")
    conditions = tuple(_conditions(found["filter"], text)) if found["filter"] is not None else ()
    return Path(schema, found["attribute"], conditions, found["sub"])


def _conditions(text: str, whole: str) -> Iterator[Condition]:
    """Yield the comparisons of a value filter; only `and` joins them."""
    place = 0
    while True:
        found = _CONDITION.match(text, place)
        if found is None:
            raise PathError(
                f"{whole!r}: the filter in the path is not understood at {text[place : place + 30]!r}"
            )
        value = None if found["present"] else _literal(found["value"], whole)
        yield Condition(found["attribute"], (found["present"] or found["operator"]).lower(), value)
        place = found.end()
        if place == len(text):
            return
        if text[place : place + 4].lower() != "and ":
            raise PathError(f"{whole!r}: only `and` may join the comparisons in a path's filter")
        place += 4


def _literal(text: str, whole: str) -> Any:
    """Return a comparison's value; an unquoted word is taken as text, as some servers write it."""
    try:
        return orjson.loads(text)
    except ValueError:
        if text.startswith('"'):
            raise PathError(f"{whole!r}: {text} is not a JSON string") from None
        return {"true": True, "false": False}.get(text.lower(), text)


def unquoted(text: str) -> str:
    """Say which text in a path's filter is not in double quotes (RFC 7644 §3.4.2.2); empty where all are."""
    values = (found["value"] for found in _CONDITION.finditer(text[text.find("[") + 1 : text.rfind("]")]))
    bare = (one for one in values if one and not one.startswith('"') and isinstance(_literal(one, text), str))
    return next((f'{one} must be in double quotes: "{one.strip(chr(39))}"' for one in bare), "")


def same_text(left: Any, right: Any) -> bool:
    """Compare two simple values as a filter does: texts without case."""
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _text_fits(operator: str, value: Any, wanted: Any) -> bool:
    """Compare by contains, starts with, ends with."""
    if not isinstance(value, str) or not isinstance(wanted, str):
        return False
    text, part = value.casefold(), wanted.casefold()
    return {"co": part in text, "sw": text.startswith(part), "ew": text.endswith(part)}[operator]


def key_of(holder: JsonObject, name: str) -> str:
    """Return the key under which a holder keeps an attribute, or the name as the RFC spells it."""
    if name in holder:
        return name
    lowered, length = name.lower(), len(name)
    for key in holder:
        if len(key) == length and key.lower() == lowered:
            return key
    return schemas.spelled(name)


def find(holder: Any, name: str) -> Any:
    """Return an attribute's value by its name without case, None when it is not there."""
    if not isinstance(holder, dict):
        return None
    return holder[name] if name in holder else holder.get(key_of(holder, name))


def part_of(element: Any, name: str) -> Any:
    """Return a part of an element; one that is written as a bare text or number is its own `value`, and shows no more."""
    if isinstance(element, dict):
        return find(element, name)
    return element if name.lower() == "value" and not isinstance(element, list) else None


def get(resource: JsonObject, path: str) -> Any:
    """Return what stands at a path, None where nothing does.

    A filter that picks several elements, or a sub-attribute of a list, gives the list of what was picked.
    """
    whole = find(resource, path)
    if whole is not None:
        return whole
    parsed = parse(path)
    holder = find(resource, parsed.schema) if parsed.schema else resource
    if not parsed.attribute:
        return holder
    return _picked(find(holder, parsed.attribute), parsed)


def _picked(value: Any, path: Path) -> Any:
    """Apply a path's filter and sub-attribute to an attribute's value."""
    if not isinstance(value, list):
        if path.conditions and not path.picks(value):
            return None
        return part_of(value, path.sub) if path.sub else value
    elements = list(filter(path.picker(), value))
    if path.sub:
        elements = [found for element in elements if (found := part_of(element, path.sub)) is not None]
    if path.conditions and len(elements) <= 1:
        return elements[0] if elements else None
    return elements if elements or not (path.conditions or path.sub) else None


def set(resource: JsonObject, path: str, value: Any) -> None:  # noqa: A001
    """Put a value at a path, in place, making what is missing on the way.

    A filter's `eq` comparisons become attributes of the element that is made. A sub-attribute of a list that
    the core schemas know goes to its first element.
    """
    parsed = parse(path)
    holder = _holder(resource, parsed)
    if not parsed.attribute:
        _merge(holder, value)
        return
    key = key_of(holder, parsed.attribute)
    if parsed.conditions:
        _set_picked(_as_list(holder, key), parsed, value)
    elif parsed.sub and (isinstance(holder.get(key), list) or schemas.multi_valued(parsed.attribute)):
        elements = _as_list(holder, key)
        if not elements or not isinstance(elements[0], dict):
            elements.insert(0, {})
        elements[0][key_of(elements[0], parsed.sub)] = value
    elif parsed.sub:
        inner = holder.get(key)
        if not isinstance(inner, dict):
            inner = holder[key] = {}
        inner[key_of(inner, parsed.sub)] = value
    else:
        holder[key] = value


def _merge(holder: JsonObject, value: Any) -> None:
    """Put each attribute of an extension in its place."""
    if not isinstance(value, dict):
        raise PathError("an extension's value must be an object")
    for name, part in value.items():
        holder[key_of(holder, name)] = part


def _holder(resource: JsonObject, path: Path) -> JsonObject:
    """Return the object that holds a path's attribute, made if needed."""
    if not path.schema:
        return resource
    key = key_of(resource, path.schema)
    if not isinstance(resource.get(key), dict):
        resource[key] = {}
    holder: JsonObject = resource[key]
    return holder


def _as_list(holder: JsonObject, key: str) -> list[Any]:
    """Return the list under a key, made if needed; a single object becomes its first element."""
    value = holder.get(key)
    if not isinstance(value, list):
        holder[key] = [] if value is None else [value]
    elements: list[Any] = holder[key]
    return elements


def _set_picked(elements: list[Any], path: Path, value: Any) -> None:
    """Write to every element that a filter picks, or add one that it would pick."""
    picks = path.picker()
    places = [place for place, element in enumerate(elements) if picks(element)]
    if not places:
        made = {part.attribute: part.value for part in path.conditions if part.operator == "eq"}
        elements.append(made)
        places = [len(elements) - 1]
    for place in places:
        if path.sub is None and not isinstance(value, dict):
            raise PathError("the value for an element of a list must be an object")
        if not isinstance(elements[place], dict):
            raise PathError("an element of a list that is no object has no parts to set")
        new = {path.sub: value} if path.sub else value
        for name, part in new.items():
            elements[place][key_of(elements[place], name)] = part


def delete(resource: JsonObject, path: str) -> None:
    """Take away what stands at a path, in place; nothing there is fine."""
    parsed = parse(path)
    holder = find(resource, parsed.schema) if parsed.schema else resource
    if not isinstance(holder, dict):
        return
    if not parsed.attribute:
        resource.pop(key_of(resource, parsed.schema or ""), None)
        return
    key = key_of(holder, parsed.attribute)
    value = holder.get(key)
    if parsed.sub is None and not parsed.conditions:
        holder.pop(key, None)
    elif parsed.sub is None and isinstance(value, list):
        holder[key] = list(filterfalse(parsed.picker(), value))
        if not holder[key]:
            del holder[key]
    elif parsed.sub is not None:
        for element in value if isinstance(value, list) else [value]:
            if isinstance(element, dict) and parsed.picks(element):
                element.pop(key_of(element, parsed.sub), None)
