"""Rows beyond a limit that rows within it refer to."""

import json

import pytest

from bulkscim.jobfile.needed import Beyond
from bulkscim.jobfile.source import open_source
from bulkscim.model.operation import Defaults, Verb
from bulkscim.model.selection import TakenRows

CREATES = Defaults(op=Verb.CREATE)
TEAM = """\ufeffuserName;manager;groups;nickName\r
ada@x.test;fay@x.test;;"two
lines"\r
bob@x.test;ADA@x.test;Sales;\r
\r
cyd@x.test;;;\r
dan@x.test;;;"a ""quoted"" cell
over; three
lines"\r
eve@x.test;;;\r
fay@x.test;eve@x.test;;"last one"\r
"""


@pytest.fixture
def beyond(tmp_path):
    """Look beyond a limit of a file."""

    def look(text, limit, name="people.csv", defaults=CREATES):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return Beyond(open_source(str(path)), defaults, TakenRows.first(limit), tmp_path / "index")

    return look


def test_rows_are_needed_through_others_too(beyond):
    """Ada's manager comes later, and so does that one's; a row within the limit is not needed."""
    found = beyond(TEAM, 2)

    assert list(found.rows) == [5, 6]
    assert found.count == 1
    assert found.note() == (
        "1 row needs rows that are not taken: row 1 needs row 6 (manager fay@x.test). Where the tenant does not have "
        "them yet, these parts fail; add --with-needed to take these 2 rows along"
    )
    assert found.numbers().startswith("taken along: rows 5, 6 of ")


def test_what_another_run_took_is_not_needed(tmp_path):
    """It was made there; a row that is not taken before the first one is needed as well."""
    path = tmp_path / "people.csv"
    path.write_text(TEAM)
    source, taken = open_source(str(path)), TakenRows.of([1, 3])

    assert list(Beyond(source, CREATES, taken, tmp_path / "index", TakenRows.of([6])).rows) == []
    assert list(Beyond(source, CREATES, TakenRows.of([2]), tmp_path / "index").rows) == [1, 5, 6]


@pytest.mark.parametrize("limit", [6, 100])
def test_nothing_is_needed_where_the_limit_takes_all(beyond, limit):
    """No note, and no index."""
    assert beyond(TEAM, limit).note() == ""


def test_groups_members_refs_and_addresses_count(beyond):
    """Whatever a row refers to another by; bad records beyond the limit are passed over, and not taken."""
    lines = [
        {"op": "create", "data": {"userName": "ada", "groups": ["Sales"], "manager": {"ref": "boss"}}},
        {"op": "add_member", "type": "Group", "match": {"displayName": "Old"}, "member": {"emails.value": "eve@x.test"}},
        {"op": "create", "data": {"userName": "far", "manager": "ada"}},
        {"op": "no such thing"},
        {"op": "create", "type": "Group", "data": {"displayName": "SALES", "members": [{"ref": "boss"}]}},
        {"op": "upsert", "ref": "boss", "data": {"userName": "boss", "manager": {"ref": "boss"}}},
        {"op": "create", "data": {"userName": "eve", "emails": [{"value": "Eve@x.test"}]}},
    ]  # fmt: skip
    text = "".join(json.dumps(line) + "\n" for line in lines)

    found = beyond(text.rstrip("\n"), 2, "job.jsonl", Defaults())

    assert (list(found.rows), found.count) == ([5, 6, 7], 2)
    assert "row 1 needs row 6 (manager boss)" in found.note()


def test_a_file_whose_header_is_wrong_is_left_to_the_check(beyond):
    """It names what is wrong; here nothing is needed."""
    assert beyond("shoe size\n43\n44\n", 1).note() == ""
