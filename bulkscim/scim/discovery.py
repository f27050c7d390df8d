"""Discovery (RFC 7644 §4): what a tenant says of itself, and whether what answers is a SCIM service at all (pure).

What its ServiceProviderConfig (RFC 7643 §5) says is believed where it makes sense, else absent. What its /Schemas
(RFC 7643 §7) say of attributes is for judging what a job file gives.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

from bulkscim.model.operation import JsonObject
from bulkscim.model.request import Reply, Response
from bulkscim.scim import paths, protocol

CONFIG_PATH = "/ServiceProviderConfig"
READ_ONLY = "readonly"
IMMUTABLE = "immutable"
_COMMON = frozenset(
    {"schemas", "id", "externalid", "meta"}
)  # of every resource, though few schemas list them
_MOST = 2_000  # attributes of one schema
_URNS = ("urn:ietf:params:scim:", "urn:scim:")
_NAMES = frozenset(
    ["resources", "totalresults", "itemsperpage", "patch", "bulk", "filter", "authenticationschemes"]
)
_GONE = frozenset({404, 410})
_GOOD = range(200, 300)
_REDIRECT = range(300, 400)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What was said; None where nothing was, or nothing that makes sense. `notes` say what was not believed."""

    patch: bool | None = None
    filter: bool | None = None
    bulk: bool | None = None
    etag: bool | None = None
    cursor: bool | None = None
    max_results: int | None = None
    notes: tuple[str, ...] = ()


def capabilities_of(reply: Reply) -> Capabilities:
    """Read the answer to a GET of /ServiceProviderConfig; this never raises."""
    if not isinstance(reply, Response):
        return _absent(f"no answer ({reply.detail})")
    if reply.status != HTTPStatus.OK:
        return _absent(f"answered {reply.status}")
    config = protocol.json_of(reply.body)
    if not isinstance(config, dict) or protocol.is_error(config):
        return _absent("is not a ServiceProviderConfig")
    return _read(config)


def _absent(why: str) -> Capabilities:
    """Return what is known where there is no ServiceProviderConfig."""
    return Capabilities(notes=(f"{CONFIG_PATH} {why}; the profile's settings are used",))


def _read(config: JsonObject) -> Capabilities:
    """Read each part for itself, so that one bad part does not spoil the rest."""
    notes: list[str] = []
    supported = {name: _supported(config, name, notes) for name in ("patch", "filter", "bulk", "etag")}
    return Capabilities(
        patch=supported["patch"],
        filter=supported["filter"],
        bulk=supported["bulk"],
        etag=supported["etag"],
        cursor=_cursor(config),
        max_results=_most_results(config, notes),
        notes=tuple(notes),
    )


def _cursor(config: JsonObject) -> bool | None:
    """Return whether listings are paged by cursors (RFC 9865 §4) rather than by an index."""
    said: Any = paths.find(config, "pagination")
    if not isinstance(said, dict) or paths.find(said, "cursor") is not True:
        return None
    usual = str(paths.find(said, "defaultPaginationMethod") or "").lower()
    return usual == "cursor" or paths.find(said, "index") is not True


def _supported(config: JsonObject, name: str, notes: list[str]) -> bool | None:
    """Return a part's `supported`, which may be written as text."""
    value: Any = paths.find(paths.find(config, name), "supported")
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.strip().lower(), value)
    if value is None or isinstance(value, bool):
        return value
    notes.append(f"{CONFIG_PATH}: {name}.supported is {protocol.printable(str(value), 40)!r}; ignored")
    return None


def _most_results(config: JsonObject, notes: list[str]) -> int | None:
    """Return the largest page, a positive number; servers write 0 where they mean no limit."""
    value: Any = paths.find(paths.find(config, "filter"), "maxResults")
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if value not in (None, 0):
        notes.append(f"{CONFIG_PATH}: filter.maxResults is {protocol.printable(str(value), 40)!r}; ignored")
    return None


@dataclass(frozen=True, slots=True)
class LiveAttribute:
    """An attribute as a tenant describes it; `type` and `mutability` in lower case, empty where it says nothing."""

    name: str
    type: str = ""
    is_list: bool = False
    is_required: bool = False
    mutability: str = ""
    canonical: tuple[str, ...] = ()
    parts: Mapping[str, "LiveAttribute"] = field(default_factory=dict)

    @property
    def must_be_given(self) -> bool:
        """Whether a new resource cannot be without it."""
        return self.is_required and self.mutability != READ_ONLY and self.name.lower() not in _COMMON


@dataclass(frozen=True, slots=True)
class LiveSchemas:
    """The attributes of each schema that a tenant shows, by URN and name in lower case."""

    tables: Mapping[str, Mapping[str, LiveAttribute]]

    def table(self, urn: str) -> Mapping[str, LiveAttribute] | None:
        """Return the attributes of a schema, None where the tenant does not show it."""
        return self.tables.get(urn.lower())


def is_common(name: str) -> bool:
    """Return whether an attribute belongs to every resource."""
    return name.lower() in _COMMON


def live_schemas(resources: Iterable[JsonObject]) -> LiveSchemas | None:
    """Read the resources of /Schemas; None where none of them is a schema with attributes."""
    tables = {}
    for each in resources:
        urn, attributes = each.get("id"), each.get("attributes")
        if isinstance(urn, str) and isinstance(attributes, list) and (table := _table(attributes)):
            tables[urn.lower()] = table
    return LiveSchemas(tables) if tables else None


def _table(attributes: list[Any]) -> dict[str, LiveAttribute]:
    read = [_attribute(each) for each in attributes[:_MOST] if isinstance(each, dict)]
    return {each.name.lower(): each for each in read if each is not None}


def _attribute(stated: JsonObject) -> LiveAttribute | None:
    """Read one attribute; what it does not state in the form of the RFC is not known."""
    name, parts, canonical = stated.get("name"), stated.get("subAttributes"), stated.get("canonicalValues")
    if not isinstance(name, str) or not name:
        return None
    return LiveAttribute(
        name,
        str(stated.get("type") or "").lower(),
        stated.get("multiValued") is True,
        stated.get("required") is True,
        str(stated.get("mutability") or "").lower(),
        tuple(each for each in canonical if isinstance(each, str)) if isinstance(canonical, list) else (),
        _table(parts) if isinstance(parts, list) else {},
    )


def schemas_to_keep(resources: Iterable[JsonObject]) -> list[JsonObject]:
    """Return what `live_schemas` reads of the resources, for keeping."""
    return [{"id": each.get("id"), "attributes": _kept(each.get("attributes"))} for each in resources]


def _kept(attributes: Any) -> list[JsonObject]:
    names = ("name", "type", "multiValued", "required", "mutability", "canonicalValues")
    return [
        {name: each[name] for name in names if each.get(name)}
        | ({"subAttributes": _kept(each["subAttributes"])} if each.get("subAttributes") else {})
        for each in (attributes if isinstance(attributes, list) else ())
        if isinstance(each, dict)
    ]


class AnsweredBy(Enum):
    """What sent an answer to a read of a SCIM endpoint."""

    SCIM = auto()
    OTHER = auto()  # a web server with no SCIM at this place
    UNKNOWN = auto()  # a SCIM service may answer so, and another server too


def origin_of(reply: Reply) -> AnsweredBy:
    """Return what kind of server sent an answer.

    "Not found", a redirect, and a page or JSON that no SCIM endpoint answers with are another server's. A refusal,
    an error of the server, silence and an empty body say nothing.
    """
    if not isinstance(reply, Response):
        return AnsweredBy.UNKNOWN
    if reply.status in _GONE or reply.status in _REDIRECT:
        return AnsweredBy.OTHER
    value = protocol.json_of(reply.body)
    if _is_scim(value):
        return AnsweredBy.SCIM
    told = isinstance(value, dict) or (value is None and bool(reply.body.strip()))
    return AnsweredBy.OTHER if reply.status in _GOOD and told else AnsweredBy.UNKNOWN


def _is_scim(value: Any) -> bool:
    """Return whether a JSON value names a SCIM schema, or has an attribute of the messages that are asked for."""
    if not isinstance(value, dict):
        return False
    folded = {name.lower(): part for name, part in value.items()}
    schemas = folded.get("schemas")
    named = [schemas] if isinstance(schemas, str) else schemas if isinstance(schemas, list) else []
    return bool(_NAMES & folded.keys()) or any(str(each).lower().startswith(_URNS) for each in named)


def described(reply: Reply) -> str:
    """Say what an answer was, for users."""
    if not isinstance(reply, Response):
        return "gave no answer"
    if reply.status in _REDIRECT:
        return f"redirects ({reply.status}) to {protocol.printable(reply.headers.get('location', 'nowhere'), 100)}"
    detail = protocol.error_of(reply).detail
    return f"answered {reply.status}" + (f" ({protocol.printable(detail, 60)})" if detail else "")
