"""What requests say and what answers mean (RFC 7644 §3), read leniently: servers err in many ways, this never raises.

An answer that is not what it should be is None; the caller decides what that means.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import orjson

from bulkscim.model.operation import GROUP, USER, JsonObject, PatchOperation
from bulkscim.model.request import Response
from bulkscim.scim import filters, forms, paths, schemas

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
DETAIL_LENGTH = 300
_COLLECTIONS = {USER: "/Users", GROUP: "/Groups"}
_BOM = b"\xef\xbb\xbf"
MOST_DEPTH = (
    64  # of objects and lists in each other; no schema comes near it, and not all JSON writers go on for ever
)
_MOST_DIGITS = 18
_MOST_ID = 1000  # characters: a URL of 8 KB holds them in any encoding


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """A ListResponse. `total` is what the server claims, None where it claims nothing that is a number.

    `unusable` are the entries that are no resources, each with its place from 0 and a description for users.
    """

    resources: tuple[JsonObject, ...]
    total: int | None = None
    start: int | None = None
    next_cursor: str | None = None
    unusable: tuple[tuple[int, str], ...] = ()

    @property
    def size(self) -> int:
        """The number of entries, usable or not."""
        return len(self.resources) + len(self.unusable)


@dataclass(frozen=True, slots=True)
class ScimError:
    """What an error answer says; `detail` is short and safe to print."""

    status: int
    scim_type: str | None
    detail: str


def json_of(body: bytes) -> Any:
    """Return a body's JSON, None if it is not JSON (or is `null`), or is nested as no resource is."""
    try:
        value = orjson.loads(body.removeprefix(_BOM))
    except ValueError:
        return None
    return None if body.count(b"[") + body.count(b"{") > MOST_DEPTH and is_too_deep(value) else value


def is_too_deep(value: Any) -> bool:
    """Return whether a JSON value is nested deeper than it may be."""
    level = [value]
    for _ in range(MOST_DEPTH + 1):
        inner = [
            list(one.values()) if isinstance(one, dict) else one
            for one in level
            if isinstance(one, dict | list)
        ]
        level = [child for children in inner for child in children]
        if not level:
            return False
    return True


def resource_of(body: bytes) -> JsonObject | None:
    """Return the resource that a body holds, if it holds one."""
    return as_resource(json_of(body))


def as_resource(value: Any) -> JsonObject | None:
    """Return a JSON value as a resource in the RFC's form (see `forms`), with a text `id`; None if it is an error, a list, or has no id.

    The id may be one that no URL can hold: see `is_usable`.
    """
    if not isinstance(value, dict) or is_error(value) or paths.find(value, "Resources") is not None:
        return None
    key = paths.key_of(value, "id")
    identifier = value.get(key)
    if isinstance(identifier, int) and not isinstance(identifier, bool):
        identifier = str(identifier)
    if not isinstance(identifier, str) or not identifier.strip():
        return None
    if value.get("id") != identifier:
        value = {"id": identifier} | {name: part for name, part in value.items() if name != key}
    return forms.normal(value)


def is_error(value: JsonObject) -> bool:
    """Return whether a JSON object is a SCIM error, whatever status it came with."""
    named = paths.find(value, "schemas")
    texts = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    return any(isinstance(text, str) and text.lower().endswith(":error") for text in texts)


def list_of(body: bytes) -> ListAnswer | None:
    """Return the listing that a body holds; None if it is not a listing.

    Resources may be missing only where the total is said to be 0. A single object stands for a list of one. Entries
    that are no resources are noted, and the rest of the listing is used.
    """
    value = json_of(body)
    if not isinstance(value, dict) or is_error(value):
        return None
    total, found = _number(paths.find(value, "totalResults")), paths.find(value, "Resources")
    if found is None:
        return ListAnswer((), 0) if total == 0 else None
    if not isinstance(found, list | dict):
        return None
    elements = found if isinstance(found, list) else [found]
    read = [(place, as_resource(element), element) for place, element in enumerate(elements)]
    cursor = paths.find(value, "nextCursor")
    return ListAnswer(
        tuple(resource for _, resource, _ in read if resource is not None),
        total,
        _number(paths.find(value, "startIndex")),
        cursor if isinstance(cursor, str) and cursor else None,
        tuple((place, _unusable(element)) for place, resource, element in read if resource is None),
    )


def _unusable(element: Any) -> str:
    """Describe an entry of a listing that is no resource."""
    if not isinstance(element, dict):
        return f"{printable(orjson.dumps(element).decode(), 40)} is not a resource"
    if is_error(element):
        return f"an error stands for a resource: {_said(element)}"
    names = (paths.find(element, name) for name in ("userName", "displayName", "externalId"))
    name = next((name for name in names if isinstance(name, str) and name), None)
    return f"{printable(repr(name), 80)} has no id" if name else "a resource has neither id nor name"


def _number(value: Any) -> int | None:
    """Return a count that may be written as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def error_of(response: Response) -> ScimError:
    """Return what an error answer says: SCIM, other JSON, HTML, text or nothing."""
    value = json_of(response.body)
    if isinstance(value, dict):
        kind = paths.find(value, "scimType")
        return ScimError(
            response.status, printable(kind, 40) if isinstance(kind, str) else None, _said(value)
        )
    if isinstance(value, str):
        return ScimError(response.status, None, printable(value))
    text = printable(response.body[:4096].decode("utf-8", "replace"))
    if text.startswith("<"):
        text = _title(text)
    return ScimError(response.status, None, text)


def _said(value: JsonObject) -> str:
    """Return the sentence in a JSON error of any shape, else all of it."""
    for name in (
        "detail",
        "error_description",
        "message",
        "errorMessage",
        "description",
        "error",
        "Errors",
        "errors",
    ):
        found = paths.find(value, name)
        if isinstance(found, dict):
            return _said(found)
        if isinstance(found, list) and found:
            return _said(found[0]) if isinstance(found[0], dict) else printable(str(found[0]))
        if isinstance(found, str) and found.strip():
            return printable(found)
    return printable(orjson.dumps(value).decode()) if value else ""


def _title(html: str) -> str:
    """Return an HTML page's title or first heading, so that users see what answered."""
    lowered = html.lower()
    for tag in ("title", "h1"):
        start = lowered.find(f"<{tag}")
        start = lowered.find(">", start) + 1 if start >= 0 else 0
        end = lowered.find(f"</{tag}", start)
        if 0 < start < end:
            return f"a web page: {html[start:end].strip()}"
    return printable(f"a web page: {html}")


def printable(text: str, length: int = DETAIL_LENGTH) -> str:
    """Return a server's text on one line, without control characters, cut to a length."""
    shown = "".join(
        " " if unicodedata.category(letter)[0] in "CZ" else letter for letter in text[: length * 8]
    )
    shown = " ".join(shown.split())
    return shown if len(shown) <= length else shown[: length - 1] + "…"


_MEMBER = re.compile(r'(members)\[(value eq )"([^"\\\s\[\]]+)"\]', re.IGNORECASE)


class PatchForm(StrEnum):
    """What a PATCH names as its schema: the message (RFC 7644 §3.5.2), or, as some servers ask, the resource's.

    Where it is the message, some servers ask that the member in a path has no quotes.
    """

    PATCH_OP = "PatchOp"
    CORE = "core schema"
    BARE_MEMBERS = "PatchOp with members without quotes"


def patch_body(
    operations: Iterable[PatchOperation], kind: str = USER, form: PatchForm = PatchForm.PATCH_OP
) -> bytes:
    """Return a PATCH message; an empty one is a bug of the caller."""
    listed = [_patch_operation(operation) for operation in operations]
    if form is PatchForm.BARE_MEMBERS:
        listed = [
            one | {"path": _MEMBER.sub(r"\1[\2\3]", one["path"])} if "path" in one else one for one in listed
        ]
    if not listed:
        raise ValueError("a PATCH needs at least one operation")
    named = schemas.schema_of(kind) if form is PatchForm.CORE else PATCH_OP
    return orjson.dumps({"schemas": [named], "Operations": listed})


def _patch_operation(operation: PatchOperation) -> JsonObject:
    """Return one operation; a remove without a value sends none."""
    shown: JsonObject = {"op": operation.op}
    if operation.path is not None:
        shown["path"] = operation.path
    if operation.op != "remove" or operation.value is not None:
        shown["value"] = operation.value
    return shown


def resource_body(kind: str, data: JsonObject) -> bytes:
    """Return a resource to create or replace, with the schemas that it uses."""
    return orjson.dumps(with_schemas(kind, data))


def with_schemas(kind: str, data: JsonObject) -> JsonObject:
    """Return a resource's data with `schemas`: those it names, the core one, each extension that it holds."""
    named = paths.find(data, "schemas")
    wanted = [schemas.schema_of(kind)]
    wanted += [text for text in named if isinstance(text, str)] if isinstance(named, list) else []
    wanted += [key for key in data if key.lower().startswith("urn:")]
    rest = {name: value for name, value in data.items() if name.lower() != "schemas"}
    return {"schemas": list({text.lower(): text for text in reversed(wanted)}.values())[::-1]} | rest


def collection(kind: str) -> str:
    """Return where resources of a type live, below the base URL."""
    return _COLLECTIONS[kind]


def is_usable(identifier: str) -> bool:
    """Return whether an id can stand at the end of a URL and name one resource there."""
    return identifier.strip() not in {"", ".", ".."} and len(identifier) <= _MOST_ID


def usable_id(resource: JsonObject | None) -> str | None:
    """Return the id of a resource, None where it is missing or no URL can hold it."""
    identifier = str(resource.get("id") or "") if resource else ""
    return identifier if is_usable(identifier) else None


def resource_path(kind: str, identifier: str) -> str:
    """Return where one resource lives; an id that would name something else is an error."""
    if not is_usable(identifier):
        raise ValueError(f"{identifier!r} cannot be the id of a {kind}")
    return f"{collection(kind)}/{quote(identifier, safe='')}"


def lookup_path(kind: str, attribute: str, value: str, *, quoted: bool = True) -> str:
    """Return the request that asks for resources whose attribute equals a value."""
    return f"{collection(kind)}?{filters.query(filters.equals(attribute, value, quoted=quoted))}"


def lookups_path(kind: str, attribute: str, values: Iterable[str]) -> str:
    """Return the request that asks for resources whose attribute equals any of some values."""
    return f"{collection(kind)}?{filters.query(filters.any_of(attribute, values))}"


def page_path(kind: str, start: int, count: int) -> str:
    """Return the request for one page of a listing; `start` counts from 1."""
    return f"{collection(kind)}?startIndex={start}&count={count}"


def cursor_path(kind: str, cursor: str, count: int) -> str:
    """Return the request for the page that a cursor names (RFC 9865); an empty one asks for the first."""
    value = f"={quote(cursor, safe='')}" if cursor else ""
    return f"{collection(kind)}?cursor{value}&count={count}"


def id_of_location(location: str, kind: str) -> str | None:
    """Return the id at the end of a Location header, if it has one below the type's collection."""
    identifier = forms.id_in(location, collection(kind))
    return identifier if identifier is not None and is_usable(identifier) else None
