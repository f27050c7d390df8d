"""Streams of a job file: its records, and the operations that they mean."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bulkscim.errors import Stopped
from bulkscim.jobfile import csv_reader, json_document, jsonl_reader, operations
from bulkscim.jobfile.columns import UnknownColumn, column_of, is_known
from bulkscim.jobfile.lines import INVERSE_LIMIT
from bulkscim.jobfile.mapping import Mapping, compile_header
from bulkscim.jobfile.own_names import FileNames, are_asked
from bulkscim.jobfile.records import Fault, Problem, Record, shown
from bulkscim.jobfile.rules import compile_rules, unused
from bulkscim.jobfile.short_rows import ShortRows
from bulkscim.jobfile.source import JobSource
from bulkscim.model.names import name_attribute
from bulkscim.model.operation import TARGET_ONLY, VERBS, Defaults, Operation
from bulkscim.model.selection import TakenRows
from bulkscim.model.typed import command, quoted

_FEW = 3  # unknown columns that are named one by one
_NAMED = 12  # of more
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TITLE_LINES = 20  # in which the header is searched for
Wanted = Callable[[int], bool]
Interpreter = Callable[[Record], Operation | list[Problem]]


def records(source: JobSource, start: int = 1, wanted: Wanted | None = None) -> Iterator[Record | Problem]:
    """Read records in row order from `start` on; those that are not wanted cost little."""
    with source.stream() as stream:
        if source.format == "csv":
            yield from csv_reader.read(
                stream,
                start,
                wanted,
                header_line=source.header_line,
                short_rows=lambda: _short_rows(source),
                name=source.name,
            )
        elif source.is_inverse:
            yield from jsonl_reader.read(stream, start, wanted, INVERSE_LIMIT)
        elif json_document.document(stream.peek()):
            yield from json_document.read(stream, source.name, start, wanted)
        else:
            yield from jsonl_reader.read(stream, start, wanted)


def taken_records(source: JobSource, taken: TakenRows | None) -> Iterator[Record | Problem]:
    """Read the records that a run takes, in row order, all where `taken` is None; what comes behind the last is not read."""
    if taken is None:
        yield from records(source)
        return
    for record in records(source, wanted=taken.__contains__) if taken.last else ():
        yield record
        if (record.row if isinstance(record, Problem) else record.number) >= taken.last:
            return


def _short_rows(source: JobSource) -> ShortRows:
    """Return what the whole file says of rows that are shorter than the header; it is read when first needed."""
    if not source.short_rows.is_known:
        found = header_of(source)
        with source.stream() as stream:
            width = len(found.names) if isinstance(found, csv_reader.ColumnNames) else 0
            source.short_rows.learn(width, csv_reader.all_cells(stream, source.header_line))
    return source.short_rows


def count(source: JobSource) -> int:
    """Count the records of a file; none of them is parsed."""
    last = 0

    def skipped(number: int) -> bool:
        nonlocal last
        last = number
        return False

    for _ in records(source, wanted=skipped):
        pass  # a header that cannot be read is the only thing that comes
    return last


def interpreter(source: JobSource, defaults: Defaults) -> Interpreter | list[Problem]:
    """Make what reads this file's records, or return what is wrong with its header."""
    if source.format != "csv":
        if defaults.map is not None or source.header_line:
            what = "a header line" if defaults.map is None else "a map"
            return [Problem(0, 0, Fault("", f"{what} is for CSV; JSONL says itself what it means"))]
        first = next(records(source), None)
        wrong = json_document.other_form(first, source.name) if isinstance(first, Record) else None
        if wrong is not None:
            return [wrong]
        return lambda record: operations.operation_of(record, defaults)
    header = header_of(source)
    if isinstance(header, Problem):
        return [header]
    mapping = compile_header(header.names, defaults)
    if isinstance(mapping, Mapping):
        return (
            FileNames(mapping, records(source)).operation_of if are_asked(mapping) else mapping.operation_of
        )
    elsewhere = None if source.header_line else _header_elsewhere(source, header, defaults)
    cause = elsewhere or _other_cause(source, header, mapping)
    if cause is not None:
        return [cause]
    return [Problem(header.line, 0, fault) for fault in _unknown_as_one(source, mapping, defaults)]


def _unknown_as_one(source: JobSource, faults: list[Fault], defaults: Defaults) -> list[Fault]:
    """Make one fault of many unknown columns: such a file wants a map."""
    unknown = [fault for fault in faults if isinstance(fault, UnknownColumn)]
    if len(unknown) <= _FEW:
        return faults
    unknown.sort(key=lambda fault: not fault.means)
    named = [shown(each.header) + (f" ({each.means[0]})" if each.means else "") for each in unknown]
    op = () if defaults.op is None else ("--op", defaults.op)
    name = Path("FILE.csv" if source.name == "stdin" else source.name)
    rules = Path(f"{name.name.split('.')[0]}-map.toml")
    lines = " ".join(map(quoted, ("[map]", *_proposed(source, unknown))))
    text = (
        f"{len(unknown)} columns are unknown: {', '.join(named[:_NAMED])}{', …' * (len(named) > _NAMED)}. A map says what "
        "columns mean, and only the columns that it names are sent. To write one and to see what it makes: printf "
        f"'%s\\n' {lines} > {quoted(str(rules))} && {command('map', 'test', name, '--map', rules, *op)}"
    )
    return [Fault("", text), *(fault for fault in faults if not isinstance(fault, UnknownColumn))]


def _proposed(source: JobSource, unknown: list[UnknownColumn]) -> list[str]:
    """Return the lines of a map for the columns that are known, and for unknown ones by what they may mean."""
    known = [name for name in names_of(source) if name and column_of(name, 0, []) is not None]
    means = {name: name for name in known}
    for each in unknown:
        for name in each.means[:1]:
            means.setdefault(name, each.header)
    folded = {name.casefold(): name for name in means}
    if "username" not in folded:
        means = {"userName": means[folded["email"]] if "email" in folded else "Login"} | means
    return [f"{_toml_key(name)} = {_toml_text(header)}" for name, header in means.items()]


def _other_cause(source: JobSource, header: csv_reader.ColumnNames, faults: list[Fault]) -> Problem | None:
    """Say why none of a header's names is known: lines are in quotes as a whole, or the first one is a record."""
    inside = header.names[0] if len(header.names) == 1 else ""
    cut = next((mark for mark in csv_reader.DELIMITERS if mark in inside), "")
    if cut and any(is_known(name.strip(' "')) for name in inside.split(cut)):
        return Problem(header.line, 0, Fault("", csv_reader.whole_line(source.name)))
    unknown = [fault.header for fault in faults if isinstance(fault, UnknownColumn)]
    is_record = len(unknown) == sum(map(bool, header.names)) and any(map(_ADDRESS.fullmatch, unknown))
    if not is_record:
        return None
    names = "userName,givenName,familyName,email"
    text = f"names no columns: it seems to be the first record. Add a line of column names above it, such as {names}"
    return Problem(header.line, 0, Fault("", text))


def _toml_key(name: str) -> str:
    return name if name.isalnum() else f"'{name}'"


def _toml_text(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _known_names(headers: Sequence[str], defaults: Defaults) -> int:
    """Count the names of a line that mean something as columns, by the map if there is one."""
    if defaults.map is None:
        return sum(bool(name) and is_known(name) for name in headers)
    return len(compile_rules(defaults.map, headers, []))


def _header_elsewhere(source: JobSource, above: csv_reader.ColumnNames, defaults: Defaults) -> Problem | None:
    """Say on which of the first lines the names seem to be: below a title, the known ones with most on a line."""
    best, filled = None, sum(map(bool, above.names))
    least = 1 if defaults.map is None else 0  # one word may be a column's name by chance
    most = max(least, _known_names(above.names, defaults))
    for line in range(above.line + 1, above.line + _TITLE_LINES):
        with source.stream() as stream:
            found = csv_reader.header(stream, line)
        if isinstance(found, Problem) or sum(map(bool, found.names)) <= filled:
            continue
        known = _known_names(found.names, defaults)
        if known > most and (defaults.map is not None or known * 2 >= len(found.names)):
            best, most = found, known
    if best is None:
        return None
    names = ", ".join(map(shown, best.names[:3])) + (", …" if len(best.names) > 3 else "")  # noqa: PLR2004
    return Problem(
        above.line,
        0,
        Fault(
            "",
            f"does not name columns; the header seems to be on line {best.line} ({names}): give that line with "
            f"--header-line {best.line}, or header_line = {best.line} under [job] of a definition",
        ),
    )


def told(source: JobSource, defaults: Defaults) -> tuple[str, ...]:
    """Return what was detected of the file's form, and which columns are not sent; at most a note each."""
    form = source.notes
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    header = header_of(source) if source.format == "csv" else None
    if isinstance(header, csv_reader.ColumnNames):
        form += header.notes
        left_out = () if defaults.map is None else unused(defaults.map, header.names)
        notes += _not_sent(header.names, defaults)
        notes += _server_own(header.names, defaults)
    if form:
        notes = (", ".join(form), *notes)
    if left_out:
        notes += (_left_out(left_out),)
    return notes


def _left_out(names: tuple[str, ...]) -> str:
    """Say which columns a map leaves out, and how those that are known would be sent."""
    known = [name for name in names if column_of(name, 0, []) is not None]
    hint = f"; to send {known[0]}, add {_toml_key(known[0])} = {_toml_text(known[0])} to it" if known else ""
    return f"columns that the map does not use: {', '.join(names)}{hint}"


def _not_sent(names: tuple[str, ...], defaults: Defaults) -> tuple[str, ...]:
    """Say which columns an operation passes over that only names its resource."""
    if defaults.op not in TARGET_ONLY or defaults.map is not None:
        return ()
    match = defaults.match or name_attribute(defaults.type)
    named = {"op", "type", "id", "ref", match.casefold()}
    others = [name.strip() for name in names if name.strip() and not name.startswith("_")]
    passed = [name for name in others if name.casefold() not in named and not match.startswith(name)]
    return (f"{defaults.op} only names its users or groups; not sent: {', '.join(passed)}",) if passed else ()


def _server_own(names: tuple[str, ...], defaults: Defaults) -> tuple[str, ...]:
    """Name the columns that only the server can fill."""
    if defaults.map is not None or defaults.op in TARGET_ONLY:
        return ()
    told = {name.strip(): name.strip().partition(".")[0].casefold() for name in names}
    own = [name for name, first in told.items() if first == "meta"]
    notes = (
        (f"the server alone sets {', '.join(own)}, and ignores the column or refuses its rows",)
        if own
        else ()
    )
    with_id = defaults.op is not None and not VERBS[defaults.op].finds and "id" in told.values()
    return (*notes, "create takes no id: the column is not sent") if with_id else notes


def names_of(source: JobSource) -> tuple[str, ...]:
    """Return the names of a CSV file's columns; none of any other file, or where the header cannot be read."""
    header = header_of(source) if source.format == "csv" else None
    return header.names if isinstance(header, csv_reader.ColumnNames) else ()


def header_of(source: JobSource) -> csv_reader.ColumnNames | Problem:
    """Read a CSV file's header, or what is wrong with it."""
    with source.stream() as stream:
        return csv_reader.header(stream, source.header_line)


def run_of(source: JobSource) -> Callable[[Record], str | None]:
    """Return what tells the run whose errors file a record is from: a ref may mean what that run made."""
    if source.format != "csv":
        return lambda record: str(record.body["_run"]) if "_run" in record.body else None
    header = header_of(source)
    if isinstance(header, Problem) or "_run" not in header.names:
        return lambda _: None
    index = header.names.index("_run")
    return lambda record: record.cells[index].strip()


def rows(
    source: JobSource, defaults: Defaults, start: int = 1, wanted: Wanted | None = None
) -> Iterator[tuple[int, Operation]]:
    """Read (number, operation) in row order from a file that was checked; Stopped where it cannot be read now."""
    interpret = interpreter(source, defaults)
    if isinstance(interpret, list):
        raise _unreadable(source, interpret[0])
    for record in raw_records(source, start, wanted):
        operation = interpret(record)
        if isinstance(operation, list):
            raise _unreadable(source, operation[0])
        yield record.number, operation


def taken_rows(
    source: JobSource, defaults: Defaults, taken: TakenRows | None
) -> Iterator[tuple[int, Operation]]:
    """Read what a run takes of a file that was checked, as `rows` does; what comes behind its last row is not read."""
    if taken is None:
        yield from rows(source, defaults)
        return
    for number, operation in rows(source, defaults, 1, taken.__contains__) if taken.last else ():
        yield number, operation
        if number >= taken.last:
            return


def raw_records(source: JobSource, start: int = 1, wanted: Wanted | None = None) -> Iterator[Record]:
    """Read the records as written, in row order, for files that show them again."""
    for record in records(source, start, wanted):
        if isinstance(record, Problem):
            raise _unreadable(source, record)
        yield record


def _unreadable(source: JobSource, problem: Problem) -> Stopped:
    """Say that the same bytes are read in another way than when they were checked, by another version maybe."""
    return Stopped(f"{problem.text(source.name)}; it was good when it was checked, and is not sent")
