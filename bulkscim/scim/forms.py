"""The form that RFC 7643 gives a resource, made of the forms in which servers write it.

Rules
1. Attributes of the core schemas are spelled as the RFC spells them, whatever their capitals.
2. A multi-valued attribute is a list: a single object or text is a list of one.
3. A single-valued attribute is no list: a list of one is its element.
4. A manager, a member and a group are objects with a `value`, which is text: a bare id is such a value, and so is the id
   at the end of a `$ref` that comes without a value.
5. `active` and `primary` are booleans: "True", "false", 1 and 0 are read as such.
6. A number as a name (userName, displayName, externalId) is text: it is looked up as text. Other numbers stay: they go
   back as they were shown. A bare name of a person is the `formatted` one.
7. A text in a list of objects (an e-mail address alone) stays a text: it shows a value, and nothing of its type. To be
   sent it becomes an object.

What is in this form already is returned as it is, and not copied. What is not understood is left as it is.
"""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from bulkscim.model.active import truth
from bulkscim.model.names import NAMES
from bulkscim.model.operation import ENTERPRISE, JsonObject
from bulkscim.scim import paths, schemas

_BOOLEANS = frozenset({"active", "primary"})
_COMPLEX = frozenset({"manager", "name"})
_ANY = frozenset({"$ref", "meta", "schemas"})
_NAMES = frozenset(name.lower() for name in NAMES)
_OF_TEXTS = frozenset({"schemas"})
_HOLDERS = ("Users", "Groups")  # below them are those that a reference may lead to
# In the RFC's spelling: a text under one of these names is in its form. Most of what is read is.
_TEXTS = frozenset(filter(schemas.is_text, schemas.SPELLED))


def normal(resource: JsonObject) -> JsonObject:
    """Return a resource in the RFC's form."""
    return _each(resource, _attribute, urns=True)


def to_send(name: str, value: Any) -> Any:
    """Return an attribute's value as a server must take it: texts in a list of objects become objects."""
    if not isinstance(value, list) or not schemas.multi_valued(name) or name.lower() in _OF_TEXTS:
        return value
    return [{"value": one} if isinstance(one, str) else one for one in value]


def _each(holder: JsonObject, read: Callable[[str, Any], Any], *, urns: bool = False) -> JsonObject:
    """Read each attribute of an object; return the object itself where none is in another form."""
    changed: JsonObject = {}
    for name, value in holder.items():
        if name in _ANY or (type(value) is str and name in _TEXTS):
            continue
        known = _urn(name) if urns and name[:4].lower() == "urn:" else schemas.spelled(name)
        if known is not name and known != name and known in holder:
            known = name  # given in both spellings
        shown = _extension(value) if known == ENTERPRISE else read(known, value)
        if shown is not value or known != name:
            changed[name] = (known, shown)
    if not changed:
        return holder
    return dict(changed.get(name, (name, value)) for name, value in holder.items())


def _urn(name: str) -> str:
    return ENTERPRISE if name.lower() == ENTERPRISE.lower() else name


def _extension(value: Any) -> Any:
    return _each(value, _attribute) if isinstance(value, dict) else value


def _attribute(name: str, value: Any) -> Any:
    """Return the value of a top-level attribute, or of one of the enterprise extension."""
    folded = name.lower()
    if value is None or folded in _ANY or folded.startswith("urn:"):
        return value
    if folded in schemas.MULTI_VALUED:
        return _many(folded, value)
    if folded in _COMPLEX:
        return _complex(folded, value)
    return _simple(folded, value)


def _many(name: str, value: Any) -> Any:
    """Return the elements of a multi-valued attribute."""
    elements = value if isinstance(value, list) else [value] if value != "" else value
    if not isinstance(elements, list):
        return value
    read = [_reference(one) if name in schemas.REFERENCES else _element(one) for one in elements]
    same = elements is value and all(one is other for one, other in zip(read, elements, strict=True))
    return value if same else read


def _reference(value: Any) -> Any:
    """Return a reference as an object whose `value` is text."""
    if isinstance(value, dict):
        found = value.get("value")
        if found and type(found) is str and "Value" not in value:
            return value
        read = _each(value, lambda name, part: text_of(part) if name == "value" else part)
        named = id_in(read.get("$ref"), *_HOLDERS) if read.get("value") in (None, "") else None
        return read if named is None else {**read, "value": named}
    return {"value": text_of(value)} if isinstance(value, str | int) and value != "" else value


def id_in(address: Any, *endpoints: str) -> str | None:
    """Return the id at the end of a resource's address, absolute or not; None where it is no address below one of these."""
    try:
        path = urlsplit(address.strip()).path if isinstance(address, str) else ""
    except ValueError:
        return None
    head, _, tail = path.rstrip("/").rpartition("/")
    return unquote(tail) if head.lower().endswith(tuple(one.lower() for one in endpoints)) else None


def _element(value: Any) -> Any:
    return _each(value, _part) if isinstance(value, dict) else value


def _part(name: str, value: Any) -> Any:
    return value if name.lower() in _ANY else _simple(name.lower(), value)


def _complex(name: str, value: Any) -> Any:
    """Return a complex attribute that has one value."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if name in schemas.REFERENCES:
        return _reference(value)
    if isinstance(value, str) and value:
        return {"formatted": value}
    return _each(value, _part) if isinstance(value, dict) else value


def _simple(name: str, value: Any) -> Any:
    """Return a simple value; only of attributes that the core schemas know."""
    if name in _BOOLEANS:
        known = truth(value)
        return value if known is None else known
    if not schemas.is_text(name):
        return value
    if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], dict | list):
        value = value[0]
    return text_of(value) if name in _NAMES else value


def text_of(value: Any) -> Any:
    """Return a number as the text that stands for it, anything else as it is."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def ids_in(value: Any) -> Iterator[str]:
    """Yield the ids in a reference, in a list of them, or in a bare value; some services write them as numbers."""
    for one in value if isinstance(value, list) else [value]:
        found = paths.find(one, "value") if isinstance(one, dict) else one
        if isinstance(found, int) and not isinstance(found, bool):
            found = str(found)
        if isinstance(found, str) and found:
            yield found
