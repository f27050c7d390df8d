"""A JSON array and pretty-printed objects are read as records, in the memory of one; what is no record is one message."""

import io
import json
import tracemalloc

import pytest

from bulkscim.jobfile.json_document import document, read
from bulkscim.jobfile.needed import Beyond
from bulkscim.jobfile.reading import rows
from bulkscim.jobfile.records import Problem
from bulkscim.jobfile.source import open_source
from bulkscim.jobfile.validate import check
from bulkscim.model.operation import Defaults, Verb
from bulkscim.model.selection import TakenRows

NAMES = ["ada", 'b"{[}]\\', "é\u2028\n,"]
RECORDS = [{"op": "create", "data": {"userName": name, "emails": [{"value": f"{name}@x"}]}} for name in NAMES]


class Trickle(io.BytesIO):
    """Bytes that come a few at a time."""

    def read(self, size=-1):
        """Return up to three bytes."""
        return super().read(min(size, 3) if size >= 0 else 3)


FORMS = {
    "array": json.dumps(RECORDS),
    "pretty array": json.dumps(RECORDS, indent=2, ensure_ascii=False),
    "CR LF": json.dumps(RECORDS, indent=2).replace("\n", "\r\n"),
    "mark": "\ufeff" + json.dumps(RECORDS, indent="\t"),
    "pretty objects": "\n".join(json.dumps(each, indent=2) for each in RECORDS) + "\n",
    "a line ends inside": "\n".join(json.dumps(each).replace(', "data"', ',\n"data"') for each in RECORDS),
    "one a line in an array": "[\n" + ",\n".join(map(json.dumps, RECORDS)) + "\n]\n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", [io.BytesIO, Trickle])
def test_each_form_gives_the_same_records(form, kind):
    """Each line of an array was a problem: is not JSON."""
    text = FORMS[form]
    assert document(text.encode())

    found = list(read(kind(text.encode()), "p.json"))

    assert [record.body for record in found] == RECORDS
    assert [json.loads(record.text) for record in found] == RECORDS
    assert all("\n" not in record.text for record in found)
    lines = text.split("\n")
    assert all(lines[record.line - 1].lstrip("\ufeff[ \t").startswith("{") for record in found)
    assert [each.number for each in read(kind(text.encode()), "p.json", 2, lambda number: number != 2)] == [3]


@pytest.mark.parametrize(
    "start", ['{"op":"create"}\n', "", "\n", '{"op": "create",\n{"op":1}', "null", '{"x":[{"a":1}]}']
)
def test_json_lines_are_no_document(start):
    """A first line that is cut off is a fault of that line, and the others are read."""
    assert document(start.encode()) == ""


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[1, 2]", 1, '"1, 2" is not an object'),
        ('[{"op":1},\n\n"x"]', 3, "is not an object"),
        ('[{"op":1}\n{"op":1}]', 2, '"{" is not an object'),
        ('[{"op":1},\n]', 2, '"," is not an object'),
        ('[[{"op":1}]]', 1, '"[" is not an object'),
        ('[{"op":1}]\n{"op":1}', 2, "is not an object"),
        ('{\n"op":1}\n,', 3, '"," is not an object'),
        ('[{"op":1},\n{"op":', 2, "ends inside of the object that begins on line 2"),
        ('[{"op":1}', 1, "ends inside of an array"),
        ('[{"op":1,\n"a":tru}]', 1, "the object that begins here is not JSON"),
        ('[\n{"op":"a\nb"}]', 2, "the object that begins here is not JSON"),
        ('[\n{"op":1, "op":2}]', 2, "twice"),
        ("[\n{" + '"x":"' + "y" * 1_100_000 + '"}]', 2, "over 1 MB"),
    ],
)
@pytest.mark.parametrize("kind", [io.BytesIO, Trickle])
def test_what_cannot_be_cut_is_one_problem(text, line, said, kind):
    """It names the line, and nothing behind it is guessed."""
    if kind is Trickle and len(text) > 1000:
        return
    problems = [each for each in read(kind(text.encode()), "p.json") if isinstance(each, Problem)]

    assert [(problem.line, said in problem.fault.message) for problem in problems] == [(line, True)]


@pytest.mark.parametrize(
    ("data", "command"),
    [
        (
            {"schemas": ["s"], "Resources": [{"userName": "a"}]},
            "jq -c '.Resources[] | {data: .}' 'my users.json'",
        ),
        ({"total": 1, "active users": [{"userName": "a"}]}, "jq -c '.[\"active users\"][] | {data: .}'"),
        ([{"userName": "a", "emails": [{"value": "a@x"}]}] * 9, "then .[] else . end | {data: .}'"),
    ],
)
def test_resources_are_named_with_the_command_that_makes_records_of_them(
    tmp_path, monkeypatch, data, command
):
    """A listing that was saved was an error a line, and no word of what to do."""
    monkeypatch.chdir(tmp_path)
    long = {"x": "y" * 1_100_000}
    forms = [
        json.dumps(data, indent=1),
        json.dumps(data),
        json.dumps(data if isinstance(data, list) else {**data, **long}),
    ]
    for text in forms:
        (tmp_path / "my users.json").write_text(text)

        found = check(open_source("my users.json"), Defaults(Verb.CREATE), tmp_path / "index")

        assert found.problem_count == 1
        assert command in found.problems[0]
        assert found.problems[0].endswith("> 'my users-records.jsonl'")


def test_a_document_is_checked_and_its_rows_taken_along(tmp_path):
    """The note says what it is; a copy of some rows has them one a line."""
    path = tmp_path / "people.json"
    managers = {"eve": "ada", "bob": "eve"}
    made = [
        {"op": "create", "data": {"userName": name, "manager": managers.get(name)}}
        for name in ("bob", "ada", "eve")
    ]
    path.write_text(
        json.dumps(
            [{**each, "data": {k: v for k, v in each["data"].items() if v}} for each in made], indent=2
        )
    )
    source = open_source(str(path))

    checked = check(source, Defaults(), tmp_path / "index")

    assert (checked.rows, checked.notes) == (3, ("read as a JSON array",))
    checked.sound_index().close()
    assert [number for number, _ in rows(source, Defaults(), 2)] == [2, 3]
    assert list(Beyond(source, Defaults(), TakenRows.first(1), tmp_path / "beyond").rows) == [2, 3]


def test_an_array_of_any_size_needs_the_memory_of_a_record():
    """The whole is never parsed at once, whether it is one line or many."""
    record = json.dumps({"op": "create", "data": {"userName": "a", "title": "t" * 4000}}).encode()

    class Long(io.RawIOBase):
        """An array of 12 MB that is never in memory."""

        pieces = iter([b"[", *[record + b","] * 2999, record, b"]"])

        def read(self, size=-1):
            """Return one more record."""
            return next(self.pieces, b"")

    tracemalloc.start()
    try:
        count = sum(1 for _ in read(Long(), "p.json"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (count, peak < 1_000_000) == (3000, True)
