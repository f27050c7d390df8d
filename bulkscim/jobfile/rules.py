"""The [map] of a job definition: how each SCIM column is filled from the file's own columns (pure).

1. A rule is a column's name, a template `"{First Name} {Last Name}"`, or a table with one of `column`,
   `template`, `constant` and any of `values`, `default`, `lower`, `strip`, `split`, `lookup`, `empty`, `nothing`.
2. In this order: joined, stripped, split, emptied where it is a word of `nothing`, looked up in `values`, lowered; what is
   then empty is the default.
3. A template whose columns stand apart by blanks leaves out the empty ones; one with other text between
   (an address, say) is empty as soon as one of its columns is: half an address is worse than none.
4. A value that `values` does not list is a fault of its row; case does not count.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from bulkscim.jobfile.invisible import plain_name
from bulkscim.jobfile.records import Fault, shown
from bulkscim.jobfile.references import EMPLOYEE_NUMBER, KEY_ATTRIBUTES, key_attribute

_SOURCES = ("column", "template", "constant")
_OPTIONS = ("values", "default", "lower", "strip", "split", "lookup", "empty", "nothing")
_KEYS = frozenset({*_SOURCES, *_OPTIONS})
_FIELD = re.compile(r"\{\{|\}\}|\{([^{}]+)\}")
_FORMS = 'write a column\'s name, "{A} {B}", or {column = …}'


@dataclass(frozen=True, slots=True)
class Rule:
    """How one SCIM column is filled.

    `source` is how messages name where its text comes from. `pieces` are texts, each followed by the cell of
    a column (None: by nothing). `values` is by folded text, `listed` how users wrote it. `clears`: an empty text takes away what stands in the tenant.
    """

    target: str
    source: str
    pieces: tuple[tuple[str, int | None], ...]
    values: Mapping[str, str] | None = None
    listed: str = ""
    default: str = ""
    lower: bool = False
    strip: str = ""
    split: str = ""
    lookup: str = ""
    clears: bool = False
    nothing: frozenset[str] = frozenset()

    def cell(self, cells: Sequence[str], faults: list[Fault]) -> str:
        """Return the text for one row."""
        if self.nothing:
            cells = ["" if cell.strip().casefold() in self.nothing else cell for cell in cells]
        text = self._joined(cells).strip()
        if self.split:
            parts = [self._finished(part, faults) for part in text.split(self.split)]
            text = self.split.join(part for part in parts if part)
        else:
            text = self._finished(text, faults)
        return text or self.default

    def _joined(self, cells: Sequence[str]) -> str:
        """Join texts and cells; empty where no cell, or not each cell that must be, is filled."""
        if len(self.pieces) == 1 and not self.pieces[0][0]:
            index = self.pieces[0][1]
            return "" if index is None else cells[index]
        filled = [cells[index].strip() for _, index in self.pieces if index is not None]
        loose = all(text.isspace() or not text for text, _ in self.pieces)
        if filled and not (any(filled) if loose else all(filled)):
            return ""
        joined = "".join(
            text + ("" if index is None else cells[index].strip()) for text, index in self.pieces
        )
        return " ".join(joined.split()) if loose else joined

    def _finished(self, text: str, faults: list[Fault]) -> str:
        """Strip, translate and lower one value."""
        text = text.strip().strip(self.strip).strip() if self.strip else text.strip()
        if text.casefold() in self.nothing:
            return ""
        if text and self.values is not None:
            found = self.values.get(text.casefold())
            if found is None:
                faults.append(
                    Fault(f"{self.source} ({self.target})", f"{shown(text)} is none of {self.listed}")
                )
            text = found or ""
        return text.lower() if self.lower else text


def flattened(table: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return a map with one entry per SCIM column: TOML reads `name.givenName` without quotes as a table.

    ValueError for a column that is filled twice, with quotes and without.
    """
    found: dict[str, Any] = {}
    for name, given in table.items():
        nested = isinstance(given, Mapping) and given and not given.keys() & _KEYS
        entries = flattened(given, f"{before}{name}.") if nested else {f"{before}{name}": given}
        if both := found.keys() & entries.keys():
            raise ValueError(f"{min(both)} is filled twice; keep one of them")
        found |= entries
    return found


def compile_rules(table: Mapping[str, Any], header: Sequence[str], faults: list[Fault]) -> tuple[Rule, ...]:
    """Make a map ready for a header, or add all that is wrong with it."""
    names = [plain_name(name) for name in header]
    rules = [_rule(target, given, names, faults) for target, given in flattened(table).items()]
    if not rules:
        faults.append(Fault("map", "is empty; map at least the columns that identify the resource"))
    return tuple(rule for rule in rules if rule is not None)


def unused(table: Mapping[str, Any], header: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a file that its map leaves out."""
    faults: list[Fault] = []
    rules = compile_rules(table, header, faults)
    used = {index for rule in rules for _, index in rule.pieces}
    return tuple(
        name.strip()
        for index, name in enumerate(header)
        if index not in used and name.strip() and not name.startswith("_")
    )


def _rule(target: str, given: Any, names: Sequence[str], faults: list[Fault]) -> Rule | None:
    """Read one rule."""
    place = f"map, {target}"
    if isinstance(given, str):
        given = {"template" if "{" in given else "column": given}
    if not isinstance(given, Mapping):
        faults.append(Fault(place, f"{shown(given)} is not a rule; {_FORMS}"))
        return None
    known = len(faults)
    for name in given.keys() - _KEYS:
        near = get_close_matches(str(name), _KEYS, 1)
        hint = f"did you mean {near[0]}?" if near else f"a rule knows {', '.join((*_SOURCES, *_OPTIONS))}"
        faults.append(Fault(place, f"{shown(name)} means nothing here; {hint}"))
    source, pieces = _source(given, names, place, faults)
    rule = Rule(
        target,
        source,
        pieces,
        *_values(given, place, faults),
        _text(given, "default", place, faults),
        _yes(given, "lower", place, faults),
        _strip(given, place, faults),
        _text(given, "split", place, faults),
        _lookup(given, place, faults),
        _clears(given, place, faults),
        _nothing(given, place, faults),
    )
    return rule if len(faults) == known else None


def _source(
    given: Mapping[str, Any], names: Sequence[str], place: str, faults: list[Fault]
) -> tuple[str, tuple[tuple[str, int | None], ...]]:
    """Read where the text comes from, and how messages call that."""
    ways = [way for way in _SOURCES if way in given]
    if len(ways) != 1:
        faults.append(Fault(place, f"needs exactly one of {', '.join(_SOURCES)}"))
        return "", ()
    text = _text(given, ways[0], place, faults)
    match ways[0]:
        case "constant":
            return f"constant {shown(text)}", ((text, None),)
        case "column":
            return f'column "{text}"', (("", _index(text, names, place, faults)),)
        case _:
            return f"template {shown(text)}", tuple(_pieces(text, names, place, faults))


def _pieces(
    template: str, names: Sequence[str], place: str, faults: list[Fault]
) -> Iterator[tuple[str, int | None]]:
    """Cut a template into texts and the columns behind them."""
    before, at = "", 0
    for found in _FIELD.finditer(template):
        before += template[at : found.start()]
        at = found.end()
        if found[1] is None:
            before += found[0][0]
        else:
            yield before, _index(found[1], names, place, faults)
            before = ""
    rest = template[at:]
    if "{" in rest or "}" in rest:
        faults.append(Fault(place, f"{shown(template)}: a brace is not closed; write {{{{ for a brace"))
    if before + rest:
        yield before + rest, None


def _index(name: str, names: Sequence[str], place: str, faults: list[Fault]) -> int | None:
    """Find a column of the file: by its name as written, else whatever its case."""
    wanted = plain_name(name)
    found = [index for index, each in enumerate(names) if each == wanted] or [
        index for index, each in enumerate(names) if each.casefold() == wanted.casefold()
    ]
    if len(found) > 1:
        numbers = ", ".join(str(index + 1) for index in found)
        faults.append(
            Fault(place, f"the file has several columns {shown(wanted)} ({numbers}); rename all but one")
        )
        return None
    if found:
        return found[0]
    near = get_close_matches(wanted, names, 2)
    hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(names[:20])}"
    faults.append(Fault(place, f"the file has no column {shown(wanted)}; {hint}"))
    return None


def _plain(value: Any) -> str | None:
    """Return what a TOML value is in a cell; None for what no cell can hold."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case _:
            return None


def _text(given: Mapping[str, Any], name: str, place: str, faults: list[Fault]) -> str:
    """Read a text that may be left out."""
    text = _plain(given.get(name, ""))
    if text is None or (name in given and name != "default" and not text):
        faults.append(Fault(place, f"{name} = {shown(given[name])} is not text"))
    return text or ""


def _values(
    given: Mapping[str, Any], place: str, faults: list[Fault]
) -> tuple[Mapping[str, str] | None, str]:
    """Read a table of values and how to list it; what stands in a cell is found whatever its case."""
    table = given.get("values")
    if table is None:
        return None, ""
    if not isinstance(table, Mapping) or not table:
        faults.append(Fault(place, "values is not a table { Active = true, Terminated = false }"))
        return None, ""
    found = {str(name).strip().casefold(): _plain(value) for name, value in table.items()}
    if len(found) < len(table):
        faults.append(Fault(place, "values lists a text twice (capitals do not count); keep one of them"))
    wrong = next((name for name, value in found.items() if value is None), None)
    if wrong is not None:
        faults.append(Fault(place, f"the value of {shown(wrong)} is neither text, number, true nor false"))
    return {name: value or "" for name, value in found.items()}, ", ".join(map(str, table))


def _yes(given: Mapping[str, Any], name: str, place: str, faults: list[Fault]) -> bool:
    """Read a switch."""
    value = given.get(name, False)
    if not isinstance(value, bool):
        faults.append(Fault(place, f"{name} = {shown(value)} is not true or false"))
    return value is True


def _strip(given: Mapping[str, Any], place: str, faults: list[Fault]) -> str:
    """Read which characters are taken off both ends besides blanks, which always are."""
    value = given.get("strip", "")
    if value is True:
        return ""
    if not isinstance(value, str):
        faults.append(Fault(place, f"strip = {shown(value)} is neither true nor the characters to take off"))
        return ""
    return value


def _lookup(given: Mapping[str, Any], place: str, faults: list[Fault]) -> str:
    """Read by which attribute a manager, member or group is found."""
    if "lookup" not in given:
        return ""
    named = str(given["lookup"])
    attribute = EMPLOYEE_NUMBER if named.lower() == "employeenumber" else key_attribute(named)
    if attribute is None:
        ways = ", ".join(sorted({*KEY_ATTRIBUTES, "employeeNumber"}))
        faults.append(Fault(place, f"lookup = {shown(given['lookup'])} is none of {ways}"))
    return attribute or ""


def _clears(given: Mapping[str, Any], place: str, faults: list[Fault]) -> bool:
    """Read what an empty cell means: nothing is done, or the value is removed."""
    value = given.get("empty", "leave")
    if value not in {"leave", "remove"}:
        faults.append(Fault(place, f"empty = {shown(value)} is neither leave nor remove"))
    if value == "remove" and "default" in given:
        faults.append(Fault(place, "has both default and empty = remove; keep one of them"))
    return bool(value == "remove")


def _nothing(given: Mapping[str, Any], place: str, faults: list[Fault]) -> frozenset[str]:
    """Read the words that stand for an empty cell: one, or a list."""
    value = given.get("nothing", [])
    words = value if isinstance(value, list) else [value]
    if not all(isinstance(word, str) and word.strip() for word in words):
        faults.append(
            Fault(place, f'nothing = {shown(value)} is neither a word nor a list such as ["N/A", "-"]')
        )
        return frozenset()
    return frozenset(word.strip().casefold() for word in words)
