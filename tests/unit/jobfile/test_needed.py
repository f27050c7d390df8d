"""Rows beyond a limit that rows within it refer to."""

import json

import pytest

from bulkscim.jobfile.needed import Beyond
from bulkscim.jobfile.reading import rows
from bulkscim.jobfile.source import open_source
from bulkscim.model.operation import Defaults, Verb

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
        return Beyond(open_source(str(path)), defaults, limit, tmp_path / "index")

    return look


def test_rows_are_needed_through_others_too(beyond):
    """Ada's manager comes later, and so does that one's; a row within the limit is not needed."""
    found = beyond(TEAM, 2)

    assert found.rows == (5, 6)
    assert found.count == 1
    assert found.note() == (
        "--limit 2: 1 row needs rows beyond the limit: row 1 needs row 6 (manager fay@x.test). Where the tenant does "
        "not have them yet, these parts fail; add --with-needed to take these 2 rows along"
    )
    assert found.numbers().startswith("rows 3 to 4 of this run are rows 5, 6 of ")
    assert found.records == 6


def test_a_copy_holds_the_rows_as_they_are_written(beyond):
    """Quotes, line breaks, delimiter and byte order mark stay; so do line numbers within the limit."""
    found = beyond(TEAM, 2)
    source = found.selected()
    try:
        text = source.path.read_bytes().decode()
        taken = [(number, operation.target.value) for number, operation in rows(source, CREATES)]
    finally:
        source.discard()

    assert text == TEAM.partition("cyd")[0] + 'eve@x.test;;;\r\nfay@x.test;eve@x.test;;"last one"\r\n'
    assert taken == [(1, "ada@x.test"), (2, "bob@x.test"), (3, "eve@x.test"), (4, "fay@x.test")]
    assert source.spooled
    assert not source.path.exists()


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
    source = found.selected()
    copied = source.path.read_text().splitlines()
    source.discard()

    assert (found.rows, found.count) == ((5, 6, 7), 2)
    assert [json.loads(line) for line in copied] == [lines[number - 1] for number in (1, 2, 5, 6, 7)]
    assert "row 1 needs row 6 (manager boss)" in found.note()


def test_a_file_whose_header_is_wrong_is_left_to_the_check(beyond):
    """It names what is wrong; here nothing is needed."""
    assert beyond("shoe size\n43\n44\n", 1).note() == ""
