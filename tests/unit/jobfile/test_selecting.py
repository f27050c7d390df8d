"""The rows of a job file that a run takes."""

import json

import pytest

from bulkscim.errors import UsageError
from bulkscim.jobfile.selecting import sampled, select
from bulkscim.jobfile.source import open_source
from bulkscim.model.operation import Defaults, Verb
from bulkscim.model.selection import RowSelection, TakenRows

PEOPLE = """userName,department,active,manager,groups,email,_code
ada@x.test,Sales,true,,Everyone;Leads,ada@home.test,409
bob@x.test,sales,false,ada@x.test,Everyone,,
cyd@x.test,Research,true,ada@x.test,,,409
dan@x.test,,true,bob@x.test,Leads,,
"""
CREATES = Defaults(op=Verb.CREATE)


@pytest.fixture
def taken(tmp_path):
    """Select rows of a file."""

    def look(asked, text=PEOPLE, name="people.csv", defaults=CREATES, others=()):
        (tmp_path / name).write_text(text)
        asked = asked if isinstance(asked, RowSelection) else RowSelection(where=asked)
        return list(select(open_source(str(tmp_path / name)), defaults, asked, others).rows)

    return look


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ('department = "Sales"', [1, 2]),
        ('department = "Sales" and active = true', [1]),
        ('manager = "ada@x.test"', [2, 3]),
        ('groups = "leads"', [1, 4]),
        ("manager pr", [2, 3, 4]),
        ("department = null", [4]),
        ('userName sw "a" or userName sw "D"', [1, 4]),
        ('op = "create" and type = "User" and not (_code = 409)', [2, 4]),
        ('email = "ada@home.test"', [1]),
        ('urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department = "Research"', [3]),
    ],
)
def test_a_filter_sees_what_a_record_says(taken, where, rows):
    """Attributes by their short names and paths, references, words about the record, and columns of the file."""
    assert taken(where) == rows


def test_a_filter_sees_attributes_as_a_map_gives_them(taken):
    """And the columns as the file has them."""
    text = "Login;First Name;Status;Dept\nada;Ada;Active;12\nbob;Bob;Gone;34\n"
    mapped = Defaults(
        op=Verb.UPSERT,
        map={
            "userName": "Login",
            "name.givenName": "First Name",
            "active": {"column": "Status", "values": {"Active": True, "Gone": False}},
        },
    )

    for where in (
        "active = false",
        'Status = "gone"',
        'givenName = "Bob"',
        '"First Name" = "bob"',
        "dept > 12",
    ):
        assert taken(where, text, defaults=mapped) == [2], where


def test_a_filter_sees_json_records(taken):
    """Data, patches, targets and the record's own words."""
    lines = [
        {"op": "create", "data": {"userName": "ada", "emails": [{"value": "a@x.test"}, {"value": "b@x.test"}]}},
        {"op": "patch", "id": "7", "patch": [{"op": "replace", "path": "title", "value": "Lead"}]},
        {"op": "patch", "id": "8", "patch": [{"op": "replace", "value": {"title": "Clerk"}}], "_wave": 2},
        {"op": "add_member", "match": {"displayName": "Sales"}, "type": "Group", "member": "ada"},
    ]  # fmt: skip
    text = "".join(json.dumps(line) + "\n" for line in lines)
    found = {
        where: taken(where, text, "job.jsonl", Defaults())
        for where in ('email = "b@x.test"', 'title = "lead"', "title pr", "_wave = 2", 'displayName = "sales"', 'member = "ada"', "id = 7")
    }  # fmt: skip

    assert list(found.values()) == [[1], [2], [2, 3], [3], [4], [4], [2]]


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ('departmnt = "Sales"', "column 1: no record of .*people.csv has departmnt; did you mean department"),
        (
            'department = "x" and shoeSize > 3',
            "column 22: no record of .* has shoeSize; they have userName, department, active",
        ),
        ("department = Sales", 'column 14: texts are in double quotes: department = "Sales"'),
    ],
)
def test_a_name_that_no_record_has_is_refused(taken, where, told):
    """Which one, and which there are."""
    with pytest.raises(UsageError, match=told):
        taken(where)


def test_a_record_that_cannot_be_read_is_taken(taken):
    """So that its check names what is wrong."""
    assert taken('department = "Sales"', PEOPLE + "eve@x.test,Sales,perhaps,,,,\n") == [1, 2, 5]


def test_conditions_narrow_down_one_after_the_other(taken):
    """The filter, other runs, the skip, the sample, the limit."""
    text = "userName,department\n" + "".join(f"u{n},{'A' if n % 2 else 'B'}\n" for n in range(1, 41))
    others = (TakenRows.of([1, 3]), TakenRows.of([5, 6]))
    where = 'department = "A"'

    assert taken(RowSelection(where, skip=1, limit=3), text) == [3, 5, 7]
    assert taken(RowSelection(where, not_in=("a", "b"), skip=1, limit=3), text, others=others) == [9, 11, 13]
    sample = taken(RowSelection(where, ("a", "b"), 1, 5, 7), text, others=others)
    assert len(sample) == 5
    assert set(sample) <= set(range(9, 41, 2))
    assert taken(RowSelection(where, ("a", "b"), 1, 5, 7, 2), text, others=others) == sample[:2]
    assert taken(RowSelection(skip=40), text) == []


def test_a_sample_is_the_same_for_a_seed_and_fair():
    """Each row has the same chance; another seed gives another sample."""
    counts = [0] * 21
    for seed in range(400):
        found = list(sampled(range(1, 21), 20, 5, seed))
        assert len(found) == 5
        for row in found:
            counts[row] += 1

    assert list(sampled(range(1, 51), 50, 10, 4)) == [4, 5, 12, 14, 15, 17, 18, 30, 35, 49]
    assert min(counts[1:]) > 60
    assert max(counts) < 140
    assert list(sampled([3, 5], 2, 9, 1)) == [3, 5]
