"""From the cells of a CSV row to an operation, by a plan made once from the header (pure).

1. An empty cell leaves alone; blanks around a cell do not count.
2. The target of a change is the `id` cell where it is filled, else the `ref` cell, else the match column
   (userName or displayName unless the defaults say otherwise); that cell is then not itself a change.
3. activate, deactivate and delete look at the target only; other columns of such rows tell people something.
4. Where the file has a `ref` column, `ref:x` in manager, groups, members and member means its record x.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bulkscim.jobfile.columns import Column, Use, column_of, put
from bulkscim.jobfile.operations import MEMBERSHIP, Defaults, Draft, finish, type_of, verb_of
from bulkscim.jobfile.records import Fault, Problem, Record, located, shown
from bulkscim.jobfile.references import key, key_attribute, name_attribute
from bulkscim.model.operation import (
    GROUP,
    USER,
    JsonObject,
    Key,
    Operation,
    PatchOperation,
    Reference,
    Role,
    Verb,
)
from bulkscim.model.secret import MASK

_MAKES = frozenset({Verb.CREATE, Verb.UPSERT})
_TARGET_ONLY = frozenset({Verb.ACTIVATE, Verb.DEACTIVATE, Verb.DELETE})
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_REF = "ref:"


@dataclass(frozen=True, slots=True)
class _Plan:
    """Value columns sorted by how their values are held; tuples, for they are walked for every row.

    `flat` is (index, name), `nested` (index, outer name, name), `lists` one element of a multi-valued
    attribute each: (name, what it also holds, ((index, part)…)); `others` take the slow way.
    """

    flat: tuple[tuple[int, str], ...]
    nested: tuple[tuple[int, str, str], ...]
    lists: tuple[tuple[str, JsonObject, tuple[tuple[int, str], ...]], ...]
    others: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A header made ready: `operation_of` reads one record by it."""

    columns: tuple[Column, ...]
    defaults: Defaults
    plan: _Plan

    def operation_of(self, record: Record) -> Operation | list[Problem]:
        """Read the operation of a CSV record."""
        cells = [cell.strip() for cell in record.cells]
        faults: list[Fault] = []
        op, place = self._cell(Use.OP, cells)
        verb = verb_of(op, self.defaults, place, faults)
        named, place = self._cell(Use.TYPE, cells)
        kind = type_of(named, verb, self.defaults, place, faults)
        operation = None
        if verb is not None and kind is not None:
            draft = self._draft(verb, kind, cells, faults)
            operation = finish(draft, faults) if not faults else None
        if MASK in cells:
            faults += self._masked(cells)
        return operation if operation is not None and not faults else located(record, faults)

    def _cell(self, use: Use, cells: list[str]) -> tuple[str, str]:
        """Return the cell of a column that says something about the record, and its place."""
        for column in self.columns:
            if column.use is use:
                return cells[column.index], column.place
        return "", ""

    def _draft(self, verb: Verb, kind: str, cells: list[str], faults: list[Fault]) -> Draft:
        """Read the parts of a row, as far as its verb looks at them."""
        target, used = self._target(verb, kind, cells, faults)
        if verb in _TARGET_ONLY:
            return Draft(verb, kind, target)
        if verb in MEMBERSHIP:
            return Draft(verb, kind, target, references=tuple(self._references({Use.MEMBER}, cells, faults)))
        references = tuple(self._references(_REFERENCES[kind], cells, faults))
        if self._cell(Use.MEMBER, cells)[0]:
            faults.append(Fault("", f"{verb} takes no member; use the column members, or add_member"))
        if verb is Verb.PATCH:
            return Draft(
                verb, kind, target, changes=self._changes(cells, used, faults), references=references
            )
        ref = self._cell(Use.REF, cells)[0] or None
        data = self._data(cells, faults)
        return Draft(verb, kind, target, data, references=references, ref=ref if verb in _MAKES else None)

    def _target(
        self, verb: Verb, kind: str, cells: list[str], faults: list[Fault]
    ) -> tuple[Key | None, Column | None]:
        """Find what the row names, and the value column that named it."""
        if verb is Verb.CREATE:
            return None, None
        for use in (Use.ID, Use.REF):
            cell, place = self._cell(use, cells)
            if cell and not (use is Use.REF and verb in _MAKES):
                return key(kind, use.value, cell, place, faults), None
        attribute = key_attribute(self.defaults.match or name_attribute(kind)) or name_attribute(kind)
        for column in self.columns:
            if matches(column, attribute):
                cell = cells[column.index]
                return (Key(kind, attribute, cell) if cell else None), column
        return None, None

    def _data(self, cells: list[str], faults: list[Fault]) -> JsonObject:
        """Build the resource that the value columns describe."""
        data: JsonObject = {}
        for index, name in self.plan.flat:
            if cell := cells[index]:
                data[name] = cell
        for index, outer, name in self.plan.nested:
            if cell := cells[index]:
                if outer in data:
                    data[outer][name] = cell
                else:
                    data[outer] = {name: cell}
        for outer, element, parts in self.plan.lists:
            found = {part: cells[index] for index, part in parts if cells[index]}
            if found:
                data.setdefault(outer, []).append(found | element)
        for column in self.plan.others:
            if cells[column.index]:
                put(data, column.keys, _value(column, cells[column.index], faults))
        return data

    def _changes(
        self, cells: list[str], used: Column | None, faults: list[Fault]
    ) -> tuple[PatchOperation, ...]:
        """Return a replacement for each filled value column but the one that named the target."""
        return tuple(
            PatchOperation("replace", column.path, _value(column, cells[column.index], faults))
            for column in self.columns
            if column.use is Use.VALUE and column is not used and cells[column.index]
        )

    def _references(
        self, uses: set[Use] | frozenset[Use], cells: list[str], faults: list[Fault]
    ) -> Iterator[Reference]:
        """Read the references of the columns with these uses; several names stand with `;` between."""
        has_refs = any(column.use is Use.REF for column in self.columns)
        for column in self.columns:
            if column.use not in uses or not cells[column.index]:
                continue
            role, kind, many = _ROLES[column.use]
            names = cells[column.index].split(";") if many else [cells[column.index]]
            for name in dict.fromkeys(each.strip() for each in names if each.strip()):
                attribute = name_attribute(kind)
                if has_refs and name.startswith(_REF):
                    attribute, name = "ref", name.removeprefix(_REF)  # noqa: PLW2901
                found = key(kind, attribute, name, column.place, faults)
                if found is not None:
                    yield Reference(role, found)

    def _masked(self, cells: list[str]) -> list[Fault]:
        """Name the columns whose cell stands for a secret."""
        text = f'"{MASK}" stands for a secret that no file holds; put in a value or empty the cell'
        return [Fault(column.place, text) for column in self.columns if cells[column.index] == MASK]


_ROLES = {
    Use.MANAGER: (Role.MANAGER, USER, False),
    Use.GROUPS: (Role.GROUP, GROUP, True),
    Use.MEMBERS: (Role.MEMBER, USER, True),
    Use.MEMBER: (Role.MEMBER, USER, False),
}
_REFERENCES = {USER: frozenset({Use.MANAGER, Use.GROUPS}), GROUP: frozenset({Use.MEMBERS})}


def compile_header(headers: Sequence[str], defaults: Defaults) -> Mapping | list[Fault]:
    """Make a header ready for reading rows, or return all that is wrong with it."""
    faults: list[Fault] = []
    read = [column_of(header, index, faults) for index, header in enumerate(headers)]
    columns = tuple(column for column in read if column is not None)
    _no_twins(columns, faults)
    if not faults:
        _nothing_missing(columns, defaults, faults)
    return faults or Mapping(columns, defaults, _plan(columns))


def matches(column: Column, attribute: str) -> bool:
    """Tell whether a column holds the attribute that targets are matched by."""
    if attribute == "emails.value":
        return column.keys == ("emails",) and column.part == "value"
    return column.use is Use.VALUE and column.keys == (attribute,)


def _no_twins(columns: Sequence[Column], faults: list[Fault]) -> None:
    """Refuse two columns that mean the same."""
    seen: dict[tuple[object, ...], Column] = {}
    for column in columns:
        twin = seen.setdefault(
            (column.use, column.keys, dict(column.element).get("type"), column.part), column
        )
        if twin is not column:
            what = column.path or column.use.value
            faults.append(Fault(column.place, f"means {what}, as {twin.place} does; keep one of them"))


def _nothing_missing(columns: Sequence[Column], defaults: Defaults, faults: list[Fault]) -> None:
    """Name the columns without which no row could be read."""
    uses = {column.use for column in columns}
    if defaults.match and not key_attribute(defaults.match):
        faults.append(Fault("", f"{shown(defaults.match)} is nothing to match by"))
    if Use.OP not in uses and defaults.op is None:
        faults.append(Fault("", 'no column "op" says what to do; add one, or use --op for the whole file'))
    if Use.OP in uses or Use.TYPE in uses or defaults.op is None:
        return
    kind = GROUP if defaults.op in MEMBERSHIP else defaults.type
    name = name_attribute(kind)
    match = key_attribute(defaults.match or name) or name
    if defaults.op in _MAKES and not any(matches(column, name) for column in columns):
        faults.append(Fault("", f'column "{name}" is missing: {defaults.op} of a {kind} needs it'))
    elif not uses & {Use.ID, Use.REF} and not any(matches(column, match) for column in columns):
        faults.append(Fault("", f'column "{match}" (or "id") is missing: it says which {kind} is meant'))
    if defaults.op in MEMBERSHIP and Use.MEMBER not in uses:
        faults.append(Fault("", f'column "member" is missing: {defaults.op} needs it'))


def _plan(columns: Sequence[Column]) -> _Plan:
    """Sort the value columns by how their values are held."""
    values = [column for column in columns if column.use is Use.VALUE]
    plain = [column for column in values if not column.part and not column.boolean]
    lists: dict[tuple[object, ...], list[Column]] = {}
    for column in values:
        if column.part:
            element = dict(column.element)
            element.pop("primary", None)
            lists.setdefault((column.keys, tuple(element.items())), []).append(column)
    flat, nested = 1, 2
    return _Plan(
        tuple((column.index, column.keys[0]) for column in plain if len(column.keys) == flat),
        tuple(
            (column.index, column.keys[0], column.keys[1]) for column in plain if len(column.keys) == nested
        ),
        tuple(_list_plan(group) for group in lists.values()),
        tuple(
            column for column in values if not column.part and (column.boolean or len(column.keys) > nested)
        ),
    )


def _list_plan(group: list[Column]) -> tuple[str, JsonObject, tuple[tuple[int, str], ...]]:
    """Join the columns of one element of a multi-valued attribute."""
    element: JsonObject = {}
    for column in group:
        element |= dict(column.element)
    return group[0].keys[0], element, tuple((column.index, column.part) for column in group)


def _value(column: Column, cell: str, faults: list[Fault]) -> object:
    """Read one cell; true, 1 and yes are true in any case."""
    if not column.boolean:
        return cell
    value = _BOOLEANS.get(cell.lower())
    if value is None:
        faults.append(
            Fault(column.place, f"{shown(cell)} is not true or false; write true, false or leave it empty")
        )
    return value
