"""Properties of reading and writing job files."""

import csv
import io
import json
import tempfile
from functools import partial
from pathlib import Path

import orjson
from hypothesis import given
from hypothesis import strategies as st

from bulkscim.jobfile import csv_reader, json_document, jsonl_reader
from bulkscim.jobfile.csv_writer import unguarded
from bulkscim.jobfile.mapping import Mapping, compile_header
from bulkscim.jobfile.operations import operation_of
from bulkscim.jobfile.reading import raw_records, records
from bulkscim.jobfile.records import Problem, Record
from bulkscim.jobfile.source import open_source
from bulkscim.model.operation import Defaults, Operation, Verb
from bulkscim.reporting.errors_file import ErrorsFile, Failure

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
CELL = st.one_of(TEXT, st.sampled_from(["=1+1", "'=x", "''-", "@a", "a;b", 'say "x"', "x\r\ny", "\t", "+1"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["op", "type", "id", "ref", "match", "data", "patch", "member", "expect", "version", "method", "path"]
)
LIKELY = JSON | st.sampled_from(
    ["create", "patch", "User", "Group", "x", {"userName": "a"}, {"displayName": "b"}, {"ref": "x"}, "POST"]
)


@given(st.lists(st.tuples(CELL.filter(str.strip), CELL), min_size=1, max_size=6), st.sampled_from(",;\t"))
def test_quoting_round_trips(rows, delimiter):
    """What the csv module writes is read back cell for cell, except guards against spreadsheets."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([("first", "second"), *rows])

    found = list(csv_reader.read(io.BytesIO(text.getvalue().encode())))

    assert [unguarded(list(row)) for row in rows] == [record.cells for record in found]


@given(st.lists(st.tuples(CELL.filter(str.strip), CELL), min_size=1, max_size=5))
def test_an_errors_file_read_as_a_job_holds_the_same_cells(rows):
    """Guards against spreadsheets are put on and taken off without a trace."""
    with tempfile.TemporaryDirectory() as name:
        job = Path(name, "job.csv")
        with job.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("first", "second"), *rows])
        source = open_source(str(job))
        with ErrorsFile(Path(name), source) as errors:
            for record in raw_records(source):
                errors.add(record, Failure("r", record.number, "create", None, None, "-no", "", 1))

        found = [record.cells[:2] for record in raw_records(open_source(str(errors.path)))]

    assert [unguarded(list(row)) for row in rows] == found


@given(st.binary(max_size=200) | st.text('{}[]",:;\n\r\t\0 aé=', max_size=60).map(str.encode))
def test_any_bytes_are_records_or_problems(data):
    """No input ends a reader early or with an exception; numbers rise one by one, lines never fall."""
    for reader in (csv_reader.read, jsonl_reader.read, partial(json_document.read, name="p.json")):
        found = list(reader(io.BytesIO(data)))
        numbers = [each.row if isinstance(each, Problem) else each.number for each in found]
        lines = [each.line for each in found]

        assert numbers in ([0], list(range(1, len(found) + 1)))
        assert sorted(lines) == lines


@given(st.dictionaries(NAMES | TEXT, LIKELY, max_size=6), st.sampled_from([None, *Verb]))
def test_any_object_is_an_operation_or_problems(body, op):
    """A record is understood or refused with reasons; nothing in it raises."""
    found = operation_of(Record(1, 1, (), body, orjson.dumps(body).decode()), Defaults(op))

    assert isinstance(found, Operation) or found


@given(
    st.lists(
        st.sampled_from(
            [
                "op",
                "type",
                "id",
                "ref",
                "userName",
                "displayName",
                "email",
                "active",
                "member",
                "groups",
                "_x",
            ]
        )
        | TEXT,
        min_size=1,
        max_size=6,
    ),
    st.data(),
)
def test_any_row_is_an_operation_or_problems(header, data):
    """A header compiles or is refused with reasons, and so is each row."""
    mapping = compile_header(header, Defaults(data.draw(st.sampled_from([None, *Verb]))))
    if not isinstance(mapping, Mapping):
        assert mapping
        return
    cells = data.draw(
        st.lists(CELL | st.sampled_from(["create", "Group"]), min_size=len(header), max_size=len(header))
    )

    found = mapping.operation_of(Record(1, 2, cells))

    assert isinstance(found, Operation) or found


@given(
    st.lists(
        st.dictionaries(TEXT, TEXT | st.lists(TEXT, max_size=2), max_size=3).map(
            lambda body: {"op": "", **body}
        ),
        max_size=4,
    ),
    st.sampled_from([None, 0, 1]),
    st.booleans(),
    st.booleans(),
)
def test_records_are_the_same_in_an_array_and_on_several_lines(bodies, indent, is_array, is_ascii):
    """However JSON is laid out, each object is a record, and its text on one line is the object again."""
    written = [json.dumps(each, indent=indent, ensure_ascii=is_ascii) for each in bodies]
    text = json.dumps(bodies, indent=indent, ensure_ascii=is_ascii) if is_array else "\n".join(written)

    found = list(json_document.read(io.BytesIO(text.encode()), "p.json"))

    assert [each.body for each in found] == bodies
    assert [orjson.loads(each.text) for each in found] == bodies


@given(st.lists(st.tuples(*[st.sampled_from(["", "a", "1", "a@b"])] * 4), min_size=1, max_size=6))
def test_a_row_without_its_last_delimiters_is_the_row_or_a_problem(rows):
    """Whatever is left out at the end of rows, no cell is read under another column."""
    rows = [("name", *row) for row in rows]
    text = "\n".join(["p,q,r,s,t", *(",".join(row).rstrip(",") for row in rows)]) + "\n"
    with tempfile.TemporaryDirectory() as name:
        job = Path(name) / "job.csv"
        job.write_text(text)
        found = list(records(open_source(str(job))))

    assert all(
        isinstance(record, Problem) or tuple(record.cells) == row
        for record, row in zip(found, rows, strict=True)
    )
