"""From the cells of a CSV row to an operation, by a plan made once from the header (pure).

1. An empty cell leaves alone; blanks around a cell do not count.
2. The target of a change is the `id` cell where it is filled, else the `ref` cell, else the match column
   (userName or displayName unless the defaults say otherwise); that cell is then not itself a change.
3. activate, deactivate and delete look at the target only; other columns of such rows tell users something. Where the
   `id` cell names the target, the match column is what the resource is expected to have: a file may have been sorted in half.
4. Where the file has a `ref` column, `ref:x` in manager, groups, members and member means its record x.
5. With a [map] the columns are those that its rules fill; the file's own count only as far as rules use them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bulkscim.jobfile.columns import Column, Use, column_of, columns_of, put, refuse_twins
from bulkscim.jobfile.invisible import stripped
from bulkscim.jobfile.operations import (
    Draft,
    finish,
    primaries,
    type_of,
    verb_of,
)
from bulkscim.jobfile.records import Fault, Problem, Record, located, shown
from bulkscim.jobfile.references import EMPLOYEE_NUMBER, key, key_attribute
from bulkscim.jobfile.rules import Rule, compile_rules
from bulkscim.model.names import NAMES, name_attribute
from bulkscim.model.operation import (
    ENTERPRISE,
    GROUP,
    MAKES,
    MEMBERSHIP,
    USER,
    VERBS,
    Content,
    Defaults,
    JsonObject,
    Key,
    Operation,
    PatchOperation,
    Reference,
    Role,
    Verb,
)
from bulkscim.model.secret import MASK

_NOTHING: JsonObject = {}
_BOOLEANS = dict.fromkeys(("true", "1", "yes", "y", "on", "active", "enabled"), True) | dict.fromkeys(
    ("false", "0", "no", "n", "off", "inactive", "disabled"),
    False,
)
_REF = "ref:"
_MANAGER = f"{ENTERPRISE}:manager"
_Parts = tuple[tuple[int, str, Column | None], ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """Value columns sorted by how their values are held; tuples, for they are walked for every row.

    `flat` is (index, name), `nested` (index, outer name, name), `lists` one element of a multi-valued
    attribute each: (name, what it also holds, ((index, part, its column if it is true or false)…)); `others`
    take the slow way.
    """

    flat: tuple[tuple[int, str], ...]
    nested: tuple[tuple[int, str, str], ...]
    lists: tuple[tuple[str, JsonObject, _Parts], ...]
    others: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A header made ready: `operation_of` reads one record by it.

    `fixed` are verb and type where no column says them; `clearing` are the columns that the map may clear; `words` are the columns about the record itself, `links` those that refer to other resources, and
    `named` the column of the match attribute, these two by resource type. `rules`, where there is a map, fill
    the columns.
    """

    columns: tuple[Column, ...]
    defaults: Defaults
    plan: _Plan
    fixed: tuple[Verb | None, str | None] | None
    words: dict[Use, Column]
    links: dict[str, tuple[Column, ...]]
    named: dict[str, tuple[str, Column | None]]
    rules: tuple[Rule, ...] = ()
    clearing: tuple[Column, ...] = ()
    may_have_primaries: bool = False

    def operation_of(self, record: Record) -> Operation | list[Problem]:
        """Read the operation of a CSV record."""
        faults: list[Fault] = []
        cells = self.cells_of(record, faults)
        verb, kind = self.fixed or self._verb_and_type(cells, faults)
        operation = None
        if verb is not None and kind is not None:
            draft = self._draft(verb, kind, cells, faults)
            if self.may_have_primaries:
                primaries(draft, faults)
            operation = finish(draft, faults) if not faults else None
        if MASK in cells:
            faults += self._masked(cells)
        if operation is not None and not faults:
            return operation
        return located(record, [self._placed(fault) for fault in faults])

    def cells_of(self, record: Record, faults: list[Fault]) -> list[str]:
        """Return the texts that the columns are filled with."""
        cells = list(map(str.strip, record.cells))
        if not "".join(
            cells
        ).isascii():  # only then can there be more to take off, which takes three times as long
            cells = list(map(stripped, cells))
        return [rule.cell(cells, faults) for rule in self.rules] if self.rules else cells

    def _placed(self, fault: Fault) -> Fault:
        """Name the file's own column where a fault names the attribute that it fills."""
        path = fault.place.removeprefix("data.")
        filled = [one for one in self.columns if one.path == path or (one.part and one.keys == (path,))]
        column = next(iter(filled), None)
        return replace(fault, place=column.place) if column is not None else fault

    def _verb_and_type(self, cells: list[str], faults: list[Fault]) -> tuple[Verb | None, str | None]:
        """Read what the row asks, and of which type of resource."""
        op, place = self._word(Use.OP, cells)
        verb = verb_of(op, self.defaults, place, faults)
        named, place = self._word(Use.TYPE, cells)
        return verb, type_of(named, verb, self.defaults, place, faults)

    def _word(self, use: Use, cells: list[str]) -> tuple[str, str]:
        """Return the cell of a column that says something about the record, and its place."""
        column = self.words.get(use)
        return ("", "") if column is None else (cells[column.index], column.place)

    def _draft(self, verb: Verb, kind: str, cells: list[str], faults: list[Fault]) -> Draft:
        """Read the parts of a row, as far as its verb looks at them."""
        target, used = self._target(verb, kind, cells, faults)
        spec = VERBS[verb]
        if spec.content is Content.NOTHING:
            return Draft(verb, kind, target, expect=self._expected(kind, target, cells))
        member = self.words.get(Use.MEMBER)
        if spec.is_membership:
            joined = self._references(() if member is None else (member,), cells, faults)
            return Draft(verb, kind, target, references=joined)
        if member is not None and cells[member.index]:
            faults.append(Fault(member.place, f"{verb} takes no member; use add_member, or a column members"))
        links = self.links[kind]
        references = self._references(links, cells, faults) if links else ()
        if spec.content is Content.CHANGES:
            changes = self._changes(cells, used, faults)
            changes += tuple(PatchOperation("remove", column.path) for column in self._cleared(cells))
            return Draft(verb, kind, target, _NOTHING, changes, references)
        ref = (self._word(Use.REF, cells)[0] or None) if spec.makes else None
        data = self._data(cells, faults)
        if spec.updates:
            for column in self._cleared(cells):
                put(data, column.keys, None)
        return Draft(verb, kind, target, data, (), references, ref)

    def _target(
        self, verb: Verb, kind: str, cells: list[str], faults: list[Fault]
    ) -> tuple[Key | None, Column | None]:
        """Find what the row names, and the value column that named it."""
        if not VERBS[verb].finds:
            return None, None
        for use in (Use.ID,) if verb in MAKES else (Use.ID, Use.REF):
            cell, place = self._word(use, cells)
            if cell:
                return key(kind, use.value, cell, place, faults), None
        attribute, column = self.named[kind]
        cell = "" if column is None else cells[column.index]
        return (Key(kind, attribute, cell) if cell else None), column

    def _expected(self, kind: str, target: Key | None, cells: list[str]) -> JsonObject:
        """Return the name that the resource must have which the row names by its id."""
        attribute, column = self.named[kind]
        named = target is not None and target.attribute == "id" and column is not None and cells[column.index]
        return {attribute: named} if named and attribute in NAMES else _NOTHING

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
            found = {
                part: cells[index] if boolean is None else _value(boolean, cells[index], faults)
                for index, part, boolean in parts
                if cells[index]
            }
            if found:
                data.setdefault(outer, []).append(element | found)
        for column in self.plan.others:
            if cells[column.index]:
                put(data, column.keys, _value(column, cells[column.index], faults))
        return data

    def _cleared(self, cells: list[str]) -> Iterator[Column]:
        """Return the columns whose cell is empty, and which the map says to clear then."""
        return (column for column in self.clearing if not cells[column.index])

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
        self, columns: Iterable[Column], cells: list[str], faults: list[Fault]
    ) -> tuple[Reference, ...]:
        """Read the references in these columns; several names stand with `;` between."""
        found: list[Reference] = []
        for column in columns:
            cell = cells[column.index]
            if not cell:
                continue
            role, kind, attribute = _ROLES[column.use]
            for name in _names(cell, column.split) if role is not Role.MANAGER else (cell,):
                if name.startswith(_REF) and Use.REF in self.words:
                    named = key(kind, "ref", name.removeprefix(_REF), column.place, faults)
                else:
                    named = key(kind, column.lookup or attribute, name, column.place, faults)
                found += [Reference(role, named)] if named else []
        return tuple(found)

    def _masked(self, cells: list[str]) -> list[Fault]:
        """Name the columns whose cell stands for a secret."""
        text = f'"{MASK}" is the mask of a secret; put in a value or empty the cell'
        return [Fault(column.place, text) for column in self.columns if cells[column.index] == MASK]


_ROLES = {
    Use.MANAGER: (Role.MANAGER, USER, "userName"),
    Use.GROUPS: (Role.GROUP, GROUP, "displayName"),
    Use.MEMBERS: (Role.MEMBER, USER, "userName"),
    Use.MEMBER: (Role.MEMBER, USER, "userName"),
}
_LINKS = {USER: frozenset({Use.MANAGER, Use.GROUPS}), GROUP: frozenset({Use.MEMBERS})}
_WORDS = frozenset({Use.OP, Use.TYPE, Use.ID, Use.REF, Use.MEMBER})


def _names(cell: str, between: str) -> Iterable[str]:
    """Split a cell; a name counts once."""
    if between not in cell:
        return (cell,)
    return dict.fromkeys(name for each in cell.split(between) if (name := stripped(each)))


def compile_header(headers: Sequence[str], defaults: Defaults) -> Mapping | list[Fault]:
    """Make a header ready for reading rows, or return all that is wrong with it."""
    faults: list[Fault] = []
    rules: tuple[Rule, ...] = ()
    if defaults.map is None:
        read = columns_of(headers, defaults.op, faults)
    else:
        rules = compile_rules(defaults.map, headers, faults)
        read = [_ruled(rule, index, faults) for index, rule in enumerate(rules)]
    columns = tuple(column for column in read if column is not None)
    refuse_twins(columns, faults)
    if not faults:
        _nothing_missing(columns, defaults, faults)
    return faults or _mapping(columns, defaults, rules)


def _ruled(rule: Rule, index: int, faults: list[Fault]) -> Column | None:
    """Return the column that a rule fills."""
    found: list[Fault] = []
    column = column_of(rule.target, index, found)
    faults += [Fault(f"map, {fault.place}", fault.message) for fault in found]
    if column is None:
        if not found:
            faults.append(Fault(f"map, {rule.target}", "columns that begin with _ are ignored"))
        return None
    place = f"map, {rule.target}"
    several = column.use in {Use.GROUPS, Use.MEMBERS}
    if rule.split and not several:
        faults.append(Fault(place, "split is for groups and members"))
    if rule.lookup and not (several or column.use in {Use.MANAGER, Use.MEMBER}):
        faults.append(Fault(place, "lookup is for manager, groups, members and member"))
    if rule.lookup == EMPLOYEE_NUMBER and column.use is Use.GROUPS:
        faults.append(Fault(place, "lookup = employeeNumber is for manager, members and member"))
    if rule.clears and not (column.use is Use.MANAGER or (column.use is Use.VALUE and not column.part)):
        faults.append(Fault(place, "empty = remove is for the manager and for attributes of one value"))
    if column.use is Use.MANAGER:
        column = replace(column, path=_MANAGER, keys=(ENTERPRISE, "manager"))
    return replace(
        column,
        source=rule.source,
        split=rule.split or column.split,
        lookup=rule.lookup,
        clears=rule.clears,
    )


def _mapping(columns: tuple[Column, ...], defaults: Defaults, rules: tuple[Rule, ...]) -> Mapping:
    """Sort the columns by what they are for, so that no row has to search."""
    words = {column.use: column for column in columns if column.use in _WORDS}
    links = {kind: tuple(each for each in columns if each.use in uses) for kind, uses in _LINKS.items()}
    named = {}
    for kind in (USER, GROUP):
        attribute = match_attribute(kind, defaults)
        named[kind] = attribute, next((each for each in columns if matches(each, attribute)), None)
    fixed = None
    if Use.OP not in words and Use.TYPE not in words:
        fixed = defaults.op, type_of(None, defaults.op, defaults, "", [])
    clearing = tuple(column for column in columns if column.clears)
    several = sum(column.may_be_primary for column in columns) > 1
    return Mapping(columns, defaults, _plan(columns), fixed, words, links, named, rules, clearing, several)


def match_attribute(kind: str, defaults: Defaults) -> str:
    """Return the attribute that targets are matched by: the default's, or the type's name."""
    return key_attribute(defaults.match or "") or name_attribute(kind)


def matches(column: Column, attribute: str) -> bool:
    """Return whether a column holds the attribute that targets are matched by."""
    if attribute == "emails.value":
        return column.keys == ("emails",) and column.part == "value"
    return column.use is Use.VALUE and column.keys == (attribute,)


def _nothing_missing(columns: Sequence[Column], defaults: Defaults, faults: list[Fault]) -> None:
    """Name the columns without which no row could be read."""
    uses = {column.use for column in columns}
    if defaults.match and not key_attribute(defaults.match):
        faults.append(Fault("", f"{shown(defaults.match)} cannot be used to match"))
    if Use.OP not in uses and defaults.op is None:
        op = "add_member" if Use.MEMBER in uses else "create"
        text = f'no column "op"; name one operation for the whole file, such as --op {op}, or add the column'
        faults.append(Fault("", text))
    if Use.OP in uses or Use.TYPE in uses or defaults.op is None:
        return
    kind = GROUP if defaults.op in MEMBERSHIP else defaults.type
    name = name_attribute(kind)
    match = match_attribute(kind, defaults)
    if defaults.op in MAKES and not any(matches(column, name) for column in columns):
        faults.append(Fault("", f'column "{name}" is missing: {defaults.op} of a {kind} needs it'))
    elif not uses & {Use.ID, Use.REF} and not any(matches(column, match) for column in columns):
        faults.append(Fault("", f'column "{match}" (or "id") is missing: it identifies the {kind}'))
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


def _list_plan(group: list[Column]) -> tuple[str, JsonObject, _Parts]:
    """Join the columns of one element of a multi-valued attribute."""
    element: JsonObject = {}
    for column in group:
        element |= dict(column.element)
    parts = tuple((each.index, each.part, each if each.boolean else None) for each in group)
    return group[0].keys[0], element, parts


def _value(column: Column, cell: str, faults: list[Fault]) -> object:
    """Read one cell; true, 1 and yes are true in any case."""
    if not column.boolean:
        return cell
    value = _BOOLEANS.get(cell.lower())
    if value is None:
        told = f"write true, false or leave it empty, or map it: values = {{ {shown(cell)} = true }}"
        faults.append(Fault(column.place, f"{shown(cell)} is not true or false; {told}"))
    return value
