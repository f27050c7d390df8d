"""Judge the records of a job file by what the tenant's own schemas say (pure).

Rules
1. A value of another type, and a new resource without an attribute that the schema requires, refuse the file.
2. What the server may ignore is a warning: unknown and read-only attributes, values that are not canonical, changes of
   immutable attributes.
3. References to other records, whose ids are not known yet, are not judged, nor is what no shown schema describes.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bulkscim.jobfile.records import shown
from bulkscim.jobfile.values import Doubt
from bulkscim.model.operation import Content, JsonObject, Operation, Role
from bulkscim.scim.discovery import IMMUTABLE, READ_ONLY, LiveAttribute, LiveSchemas, is_common
from bulkscim.scim.paths import PathError, parse
from bulkscim.scim.schemas import READ_ONLY_OF_REFERENCES, schema_of

_TEXTS = frozenset({"string", "datetime", "reference", "binary"})
_NUMBERS = frozenset({"integer", "decimal"})
_FILLED = {Role.MANAGER: "manager", Role.GROUP: "groups", Role.MEMBER: "members"}
_Table = Mapping[str, LiveAttribute]


def doubts_by_schemas(operation: Operation, schemas: LiveSchemas) -> Iterator[Doubt]:
    """Yield what the schemas of a tenant say against a record."""
    core = schema_of(operation.type)
    if operation.data:
        yield from _of_object(operation.data, core, schemas)
    if operation.spec.content is Content.RESOURCE:
        yield from _missing(operation, core, schemas)
    elif operation.data:
        yield from _immutable(operation.data, schemas.table(core) or {})
    for change in operation.changes:
        if change.path is None:
            if isinstance(change.value, dict):
                yield from _of_object(change.value, core, schemas)
                yield from _immutable(change.value, schemas.table(core) or {})
        else:
            yield from _of_path(change.path, change.value, core, schemas)


def _of_object(data: JsonObject, core: str, schemas: LiveSchemas) -> Iterator[Doubt]:
    """Judge the attributes of a resource, those of extensions by their own schemas."""
    table = schemas.table(core)
    for name, value in data.items():
        if ":" in name:
            extension = schemas.table(name)
            if extension is None:
                text = "is an extension that the tenant's /Schemas do not list; the server may ignore or refuse it"
                yield Doubt("unknown by the tenant", name, "", text, refuses=False)
            elif isinstance(value, dict):
                yield from _of_attributes(value, extension, f"{name}:")
        elif table is not None and not is_common(name):
            yield from _of_attributes({name: value}, table, "")


def _of_attributes(data: JsonObject, table: _Table, before: str) -> Iterator[Doubt]:
    for name, value in data.items():
        known, place = table.get(name.lower()), f"{before}{name}"
        if known is None:
            if not name.startswith("$") and name.lower() not in READ_ONLY_OF_REFERENCES:
                text = "is not in the tenant's schema; the server may ignore or refuse it"
                yield Doubt("unknown by the tenant", place, _text(value), text, refuses=False)
        elif known.mutability == READ_ONLY:
            text = "is readOnly in the tenant's schema; the server ignores it"
            yield Doubt("readOnly", place, _text(value), text, refuses=False)
        elif value is not None:
            yield from _of_value(known, value, place)


def _of_value(known: LiveAttribute, value: Any, place: str) -> Iterator[Doubt]:
    """Judge a value by the attribute's type, and each of a list."""
    if known.is_list and not isinstance(value, list):
        yield _mistyped(known, value, place)
        return
    for each in value if known.is_list else (value,):
        inner = each.get("value") if known.is_list and isinstance(each, dict) and not known.parts else each
        if not _has_type(known, inner):
            yield _mistyped(known, inner, place)
        elif known.parts and isinstance(inner, dict):
            yield from _of_attributes(inner, known.parts, f"{place}.")
        elif known.canonical and isinstance(inner, str) and not _is_canonical(known, inner):
            text = f"is {shown(inner)}, and the tenant's schema names {_named(known.canonical)}"
            yield Doubt("canonical", place, inner, text, refuses=False)


def _has_type(known: LiveAttribute, value: Any) -> bool:
    if value is None or not known.type:
        return True
    if known.type in _TEXTS:
        return isinstance(value, str)
    if known.type in _NUMBERS:
        is_number = isinstance(value, int) or (known.type == "decimal" and isinstance(value, float))
        return is_number and not isinstance(value, bool)
    if known.type == "boolean":
        return isinstance(value, bool)
    return known.type != "complex" or isinstance(value, dict)


def _mistyped(known: LiveAttribute, value: Any, place: str) -> Doubt:
    what = (
        f"a list of {known.type or 'value'}s" if known.is_list and not isinstance(value, list) else known.type
    )
    hint = (
        "; only JSONL can give it" if known.type in {*_NUMBERS, "boolean"} and isinstance(value, str) else ""
    )
    text = f"is {shown(value)}, and the tenant's schema wants {what}{hint}"
    return Doubt("type", place, _text(value), text)


def _is_canonical(known: LiveAttribute, value: str) -> bool:
    return value.casefold() in {each.casefold() for each in known.canonical}


def _named(values: tuple[str, ...], most: int = 6) -> str:
    return ", ".join(map(shown, values[:most])) + ", \u2026" * (len(values) > most)


def _missing(operation: Operation, core: str, schemas: LiveSchemas) -> Iterator[Doubt]:
    """Judge what a whole resource lacks; an extension counts if the record uses it."""
    given = {name.lower(): value for name, value in operation.data.items()}
    by_reference = {_FILLED.get(each.role, "") for each in operation.references}
    tables = [("", given, schemas.table(core) or {})]
    for urn, extension in operation.data.items():
        if ":" in urn and isinstance(extension, dict):
            held = {name.lower(): value for name, value in extension.items()}
            tables.append((f"{urn}:", held, schemas.table(urn) or {}))
    for before, held, table in tables:
        for name, known in table.items():
            if known.must_be_given and held.get(name) in (None, "", [], {}) and name not in by_reference:
                yield Doubt(
                    "required", f"{before}{known.name}", "", "is empty, and the tenant's schema requires it"
                )


def _immutable(data: JsonObject, table: _Table) -> Iterator[Doubt]:
    for name, value in data.items():
        known = table.get(name.lower())
        if known is not None and known.mutability == IMMUTABLE:
            text = "is immutable in the tenant's schema; the server may refuse the change"
            yield Doubt("immutable", name, _text(value), text, refuses=False)


def _of_path(path: str, value: Any, core: str, schemas: LiveSchemas) -> Iterator[Doubt]:
    """Judge a change at a path: what it sets, by the attribute or the sub-attribute that it names."""
    try:
        parsed = parse(path)
    except PathError:
        return  # named elsewhere
    urn = parsed.schema or core
    if not parsed.attribute:
        yield from _of_object({urn: value}, core, schemas)
        return
    name = (
        f"{parsed.schema}:{parsed.attribute}"
        if parsed.schema and urn.lower() != core.lower()
        else parsed.attribute
    )
    table = schemas.table(urn)
    known = None if table is None else table.get(parsed.attribute.lower())
    if parsed.sub and known is not None and known.parts:
        yield from _of_attributes({parsed.sub: value}, known.parts, f"{name}.")
    elif known is not None and (parsed.conditions or (known.is_list and not isinstance(value, list))):
        elements = value if isinstance(value, list) else [value]
        yield from _of_value(known, [each for each in elements if each is not None], name)
    elif urn.lower() == core.lower():
        yield from _of_object({parsed.attribute: value}, core, schemas)
    else:
        yield from _of_object({urn: {parsed.attribute: value}}, core, schemas)
    yield from _immutable({parsed.attribute: value}, table or {})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
