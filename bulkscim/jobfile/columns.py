"""What each column of a CSV file stands for: a SCIM path, a reference, or a word about the record (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum

from bulkscim.jobfile.records import Fault, shown
from bulkscim.jobfile.schema import SCHEMAS, Attribute, Shape
from bulkscim.jobfile.usual_headers import meant_by
from bulkscim.model.operation import ENTERPRISE, GROUP, MEMBERSHIP, USER, JsonObject, Verb
from bulkscim.scim.paths import Path, PathError, parse, unquoted


class Use(StrEnum):
    """What a column is for."""

    OP = "op"
    TYPE = "type"
    ID = "id"
    REF = "ref"
    MEMBER = "member"
    MANAGER = "manager"
    GROUPS = "groups"
    MEMBERS = "members"
    VALUE = "value"  # an attribute's value


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header, its place in the row, and its use.

    For a value: `path` as a PATCH takes it; `keys` lead to it in a resource, where it is not in a
    multi-valued attribute; else `keys` is the attribute's name, `element` what its element also holds
    (`type`, `primary`) and `part` the sub-attribute. `boolean` values are written true or false.
    """

    header: str
    index: int
    use: Use
    path: str = ""
    keys: tuple[str, ...] = ()
    element: tuple[tuple[str, object], ...] = ()
    part: str = ""
    boolean: bool = False
    source: str = ""
    split: str = ";"
    lookup: str = ""
    clears: bool = False

    @property
    def may_be_primary(self) -> bool:
        """Whether it can make a value of a list the primary one."""
        return self.part == "primary" or dict(self.element).get("primary") is True

    @property
    def place(self) -> str:
        """The column as messages name it."""
        return f"{self.source} ({self.header})" if self.source else f'column "{self.header.strip()}"'


@dataclass(frozen=True, slots=True)
class UnknownColumn(Fault):
    """A column whose header means nothing here, and the columns that it may mean."""

    header: str = ""
    means: tuple[str, ...] = ()


_MANAGER_KEYS = (ENTERPRISE.lower(), "manager")
_OF_MEMBERSHIP = {"groups": "displayName", "userName": "member", "email": "member"}
_LIKENESS = 0.75  # of two names before one is proposed for the other
_WORK = '[type eq "work"].value'
SHORT_NAMES = {
    "email": f"emails{_WORK}",
    "phone": f"phoneNumbers{_WORK}",
    **{
        part: f"name.{part}"
        for part in ("givenName", "familyName", "middleName", "honorificPrefix", "honorificSuffix")
    },
    **{
        part: f"{ENTERPRISE}:{part}"
        for part in ("employeeNumber", "costCenter", "organization", "division", "department")
    },
}
_SHORT = {name.lower(): path for name, path in SHORT_NAMES.items()} | {
    "emails.value": f"emails{_WORK}",
    "phonenumbers.value": f"phoneNumbers{_WORK}",
}
_USES = {use.value: use for use in Use if use is not Use.VALUE} | {
    f"{ENTERPRISE.lower()}:manager": Use.MANAGER
}
_PLAIN = {
    known.name
    for kind in (USER, GROUP)
    for known in SCHEMAS[kind].values()
    if known.shape in {Shape.TEXT, Shape.BOOLEAN}
}
_KNOWN = sorted({*SHORT_NAMES, *_PLAIN, *(use.value for use in _USES.values())} - {"password"})


def columns_of(headers: Sequence[str], op: Verb | None, faults: list[Fault]) -> list[Column | None]:
    """Read all headers, each as `column_of` does; of memberships, `group` and `user` mean the group and its member."""
    found: list[Fault] = []
    read = [column_of(header, index, found) for index, header in enumerate(headers)]
    is_pair = op is None and _is_group_and_user(headers)
    if is_pair or op in MEMBERSHIP or Use.MEMBER.value in map(str.lower, map(str.strip, headers)):
        found = [_of_membership(fault) for fault in found]
    if is_pair and found:
        found.append(Fault("", "where each row is a membership, add --op add_member or --op remove_member"))
    faults += found
    return read


def _is_group_and_user(headers: Sequence[str]) -> bool:
    """Return whether a header names a group and a user, and nothing else."""
    names = [name for header in headers if (name := header.strip()) and not name.startswith("_")]
    meant = sorted(_OF_MEMBERSHIP.get(means, means) for name in names if (means := meant_by(name)))
    return len(names) == len(meant) and meant == ["displayName", "member"]


def _of_membership(fault: Fault) -> Fault:
    """Propose for an unknown column what it means where each row is a membership."""
    if not isinstance(fault, UnknownColumn) or len(fault.means) != 1:
        return fault
    meant = _OF_MEMBERSHIP.get(fault.means[0])
    if meant is None:
        return fault
    message = fault.message.replace(f"did you mean {fault.means[0]}?", f"did you mean {meant}?")
    return replace(fault, message=message, means=(meant,))


def column_of(header: str, index: int, faults: list[Fault]) -> Column | None:
    """Read one header; None for a column that begins with `_`, and for one with a fault."""
    name = header.strip()
    if name.startswith("_"):
        return None
    if not name:
        faults.append(Fault(f"column {index + 1}", "has no name; name it, or begin the name with _"))
        return None
    use = _USES.get(name.lower())
    if use is not None:
        return Column(header, index, use)
    path = _SHORT.get(name.lower(), name)
    try:
        parsed = parse(path)
    except PathError as error:
        faults.append(_unknown(name, str(error)))
        return None
    if wrong := unquoted(path):
        faults.append(Fault(f'column "{name}"', wrong))
        return None
    return _value_column(header, index, path, parsed, faults)


def is_known(header: str) -> bool:
    """Return whether a header means something here, or is known to be one in other programs."""
    return bool(meant_by(header)) or column_of(header, 0, []) is not None


def _value_column(header: str, index: int, path: str, parsed: Path, faults: list[Fault]) -> Column | None:
    """Find the attribute that a path leads to, and how its values are held."""
    schema = ENTERPRISE if (parsed.schema or "").lower() == ENTERPRISE.lower() else parsed.schema
    table = SCHEMAS[USER][ENTERPRISE].parts if schema == ENTERPRISE else {**SCHEMAS[GROUP], **SCHEMAS[USER]}
    known = None if schema not in {None, ENTERPRISE} else table.get(parsed.attribute.lower())
    if known is None and schema in {None, ENTERPRISE}:
        faults.append(_unknown(header.strip(), "is not a known column"))
        return None
    part = _part(known, parsed.sub)
    wrong = _misfit(known, part, parsed)
    if wrong:
        faults.append(Fault(f'column "{header.strip()}"', wrong))
        return None
    leaf = part or known
    boolean = leaf is not None and leaf.shape is Shape.BOOLEAN
    name = known.name if known else parsed.attribute
    sub = part.name if part else parsed.sub
    if known is not None and known.shape is Shape.LIST:
        element = {each.attribute: each.value for each in parsed.conditions}
        if header.strip().lower() in {"email", "emails.value"}:
            element["primary"] = True
        return Column(
            header, index, Use.VALUE, path, (name,), tuple(element.items()), sub or "value", boolean
        )
    keys = tuple(each for each in (schema, name, sub) if each)
    path = f"{schema}:{'.'.join(keys[1:])}" if schema else ".".join(keys)  # as the RFC spells it
    return Column(header, index, Use.VALUE, path, keys, boolean=boolean)


def _part(known: Attribute | None, sub: str | None) -> Attribute | None:
    """Find a sub-attribute whatever its case."""
    return known.parts.get(sub.lower()) if known is not None and sub else None


def _misfit(known: Attribute | None, part: Attribute | None, parsed: Path) -> str:
    """Say why no single text can stand at this path; empty where one can."""
    if known is None:
        return "a filter is only for core attributes" if parsed.conditions else ""
    if parsed.sub and part is None and known.parts:
        near = get_close_matches(parsed.sub, [each.name for each in known.parts.values()], 1)
        return f"{known.name} has no {parsed.sub}" + (
            f"; did you mean {known.name}.{near[0]}?" if near else ""
        )
    match known.shape:
        case Shape.ANY:
            return "cannot be set from a cell"
        case Shape.OBJECT if not parsed.sub:
            one = next(iter(known.parts.values())).name if known.parts else "value"
            return f"{known.name} is made of parts; name one, such as {known.name}.{one}"
        case Shape.LIST if not _one_element(parsed):
            return f'{known.name} holds a list; write {known.name}[type eq "work"].value'
        case Shape.TEXT | Shape.BOOLEAN if parsed.sub or parsed.conditions:
            return f"{known.name} has no parts"
        case _:
            return ""


def _one_element(parsed: Path) -> bool:
    """Return whether a path leads to one element of a list by what is equal in it."""
    return bool(parsed.conditions) and all(each.operator == "eq" for each in parsed.conditions)


def _unknown(name: str, why: str) -> UnknownColumn:
    """Say that a header is not known, and what it may mean."""
    meant = meant_by(name)
    near = get_close_matches(name.lower(), [each.lower() for each in _KNOWN], 2, _LIKENESS)
    names = (meant,) if meant else tuple(each for each in _KNOWN if each.lower() in near)
    hint = f"did you mean {' or '.join(names)}?" if names else "use a SCIM path"
    return UnknownColumn(
        f'column "{name}"', f"{why}; {hint} (columns that begin with _ are ignored)", name, names
    )


def refuse_twins(columns: Sequence[Column], faults: list[Fault]) -> None:
    """Add a fault for each column that means the same as an earlier one."""
    seen: dict[tuple[object, ...], Column] = {}
    for column in columns:
        element = str(dict(column.element).get("type", "")).lower()
        keys = tuple(key.lower() for key in column.keys)
        use = column.use
        if keys[:2] == _MANAGER_KEYS:  # its id, or how it is found: it is one manager
            use, keys, element = Use.MANAGER, (), ""
        twin = seen.setdefault((use, keys, element, column.part.lower()), column)
        if twin is not column:
            what = column.path or column.use.value
            faults.append(Fault(column.place, f"means {what}, as {twin.place} does; keep one of them"))


def put(resource: JsonObject, keys: tuple[str, ...], value: object) -> None:
    """Set a value in nested objects, making those on the way."""
    for key in keys[:-1]:
        resource = resource.setdefault(key, {})
    resource[keys[-1]] = value


__all__ = [
    "SHORT_NAMES",
    "Column",
    "UnknownColumn",
    "Use",
    "column_of",
    "columns_of",
    "put",
    "refuse_twins",
    "shown",
]
