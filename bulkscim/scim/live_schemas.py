"""What a tenant's /Schemas say about attributes (RFC 7643 §7), read for judging what a job file gives (pure).

A schema that is not shown says nothing: only what a shown schema states is held against a record.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bulkscim.model.operation import JsonObject

READ_ONLY = "readonly"
IMMUTABLE = "immutable"
_COMMON = frozenset(
    {"schemas", "id", "externalid", "meta"}
)  # of every resource, though few schemas list them
_MOST = 2_000  # attributes of one schema


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


def kept(resources: Iterable[JsonObject]) -> list[JsonObject]:
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
