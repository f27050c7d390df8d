"""How a record points at other resources: managers, groups, members, and `bulkId:` texts (pure)."""

from collections.abc import Iterator
from typing import Any

from bulkscim.jobfile.records import Fault, shown
from bulkscim.model.names import name_attribute
from bulkscim.model.operation import ENTERPRISE, GROUP, USER, JsonObject, Key, Reference, Role

BULK_ID = "bulkId:"

# Names that may stand in a reference or a match, and the attribute that each one means.
KEY_ATTRIBUTES = {
    "ref": "ref",
    "id": "id",
    "userName": "userName",
    "externalId": "externalId",
    "email": "emails.value",
    "emails": "emails.value",
    "emails.value": "emails.value",
    "displayName": "displayName",
}
EMPLOYEE_NUMBER = f"{ENTERPRISE}:employeeNumber"  # in maps alone: the file itself says which user has which
_FOLDED = {name.lower(): meaning for name, meaning in KEY_ATTRIBUTES.items()}


def key_attribute(name: str) -> str | None:
    """Return the attribute that a name in a match means, whatever its case."""
    return KEY_ATTRIBUTES.get(name) or _FOLDED.get(name.lower())


def key(kind: str, attribute: str, value: Any, place: str, faults: list[Fault]) -> Key | None:
    """Make a key, or add the fault: it must be text, not empty, and an id that is safe in a URL."""
    if not isinstance(value, str):
        faults.append(Fault(place, f"{shown(value)} is not text in quotes"))
    elif not value.strip():
        faults.append(Fault(place, f"an empty {attribute} names nothing; fill it in or leave it out"))
    elif attribute == "id" and value.strip() in {".", ".."}:
        faults.append(Fault(place, f"{shown(value)} is not an id"))
    elif attribute == "id" and value.startswith(BULK_ID):
        return key(kind, "ref", value[len(BULK_ID) :], place, faults)
    else:
        return Key(kind, attribute, value)
    return None


def reference(role: Role, kind: str, value: Any, place: str, faults: list[Fault]) -> Reference | None:
    """Read one reference: text (a userName or displayName), or an object that names one key."""
    found = None
    if isinstance(value, dict):
        found = _key_of_object(role, kind, value, place, faults)
    elif not isinstance(value, str):
        faults.append(Fault(place, f"{shown(value)} is not a reference; {_FORMS}"))
    elif value.startswith(BULK_ID):
        found = key(kind, "ref", value.removeprefix(BULK_ID), place, faults)
    else:
        found = key(kind, name_attribute(kind), value, place, faults)
    return Reference(role, found) if found else None


# In the order in which they count, where a reference names several.
_REFERENCE_NAMES = {"ref": "ref", "value": "id"} | KEY_ATTRIBUTES
_FORMS = 'write {"userName": …}, {"displayName": …}, {"id": …} or {"ref": …}'


def _key_of_object(role: Role, kind: str, value: JsonObject, place: str, faults: list[Fault]) -> Key | None:
    """Read the key of a reference object; `value` and `id` are both the id (RFC 7643 §2.4)."""
    given = next((name for name in _REFERENCE_NAMES if name in value), None)
    if given is None:
        faults.append(Fault(place, f"names no resource; {_FORMS}"))
        return None
    if role is Role.MEMBER and (given == "displayName" or value.get("type") == GROUP):
        kind = GROUP
    return key(kind, _REFERENCE_NAMES[given], value[given], f"{place}.{given}", faults)


def extract(
    kind: str, data: JsonObject, place: str, faults: list[Fault]
) -> tuple[JsonObject, tuple[Reference, ...]]:
    """Take the references out of the data; what names a resource by a plain id stays in it."""
    if kind == GROUP:
        return _members(data, place, faults) if "members" in data else (data, ())
    if "manager" not in data and "groups" not in data and not _manager_object(data):
        return data, ()
    rest = data.copy()
    manager, groups = _take_manager(rest, place, faults), rest.pop("groups", None)
    managers = _each(Role.MANAGER, USER, None if manager is None else [manager], f"{place}.manager", faults)
    return rest, (*managers, *_each(Role.GROUP, GROUP, groups, f"{place}.groups", faults))


def _manager_object(data: JsonObject) -> JsonObject:
    """Return the enterprise extension's manager object, empty where there is none."""
    extension = data.get(ENTERPRISE)
    manager = extension.get("manager") if isinstance(extension, dict) else None
    return manager if isinstance(manager, dict) else {}


def _take_manager(rest: JsonObject, place: str, faults: list[Fault]) -> Any:
    """Take the manager out of the data; an enterprise manager with a plain id stays where it is."""
    own = rest.pop("manager", None)
    nested = _manager_object(rest)
    if own is not None and nested:
        faults.append(Fault(f"{place}.manager", f"is given twice, also in {ENTERPRISE}; keep one of them"))
    if not nested or _plain_id(nested):
        return own
    extension = {name: value for name, value in rest[ENTERPRISE].items() if name != "manager"}
    if extension:
        rest[ENTERPRISE] = extension
    else:
        del rest[ENTERPRISE]
    return nested if own is None else own


def _members(data: JsonObject, place: str, faults: list[Fault]) -> tuple[JsonObject, tuple[Reference, ...]]:
    """Split a group's members: plain ids stay in the data, the others become references."""
    members = data["members"]
    if not isinstance(members, list):
        found = tuple(_each(Role.MEMBER, USER, members, f"{place}.members", faults))
        return data, found
    others = [each for each in members if not _plain_id(each)]
    found = tuple(_each(Role.MEMBER, USER, others, f"{place}.members", faults))
    rest = {name: value for name, value in data.items() if name != "members"}
    plain = [each for each in members if _plain_id(each)]
    return rest | ({"members": plain} if plain or not members else {}), found


def _each(role: Role, kind: str, values: Any, place: str, faults: list[Fault]) -> list[Reference]:
    """Read a list of references; each resource counts once."""
    if values is None:
        return []
    if not isinstance(values, list):
        faults.append(Fault(place, f"{shown(values)} is not a list […]"))
        return []
    found: dict[Key, Reference] = {}
    for value in values:
        each = reference(role, kind, value, place, faults)
        if each is not None:
            found.setdefault(each.key.folded, each)
    return list(found.values())


def _plain_id(value: Any) -> bool:
    """Return whether a complex value names its resource by an id of the tenant, as the RFC does."""
    text = value.get("value") if isinstance(value, dict) and "ref" not in value else None
    return isinstance(text, str) and bool(text.strip()) and not text.startswith(BULK_ID)


def bulk_texts(value: Any) -> Iterator[Reference]:
    """Find each text `bulkId:<ref>` anywhere in a value; the type is a guess, for a ref is one for the file."""
    match value:
        case str() if value.startswith(BULK_ID) and value != BULK_ID:
            yield Reference(Role.VALUE, Key(USER, "ref", value[len(BULK_ID) :]))
        case dict():
            for each in value.values():
                yield from bulk_texts(each)
        case list():
            for each in value:
                yield from bulk_texts(each)
        case _:
            pass
