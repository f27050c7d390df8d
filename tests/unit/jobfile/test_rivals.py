"""Which memberships of a file cannot be kept, where a user is in one group at a time."""

import json

import pytest

from bulkscim.jobfile.rivals import rivals_in
from bulkscim.jobfile.source import open_source
from bulkscim.jobfile.validate import check
from bulkscim.model.operation import Defaults
from tests.support.making.providers import GENERIC, LUCID


def membership(user, group, op="add_member"):
    named = {"match": {"displayName": group}} if "#" not in group else {"id": group.strip("#")}
    member = {"userName": user} if "#" not in user else {"id": user.strip("#")}
    return {"op": op, "type": "Group", **named, "member": member}


def left(user, group):
    return membership(user, group, "remove_member")


def with_groups(user, *groups, op="create"):
    return {
        "op": op,
        "type": "User",
        "data": {"userName": user, "groups": [{"displayName": one} for one in groups]},
    }


def with_members(group, *users, op="create"):
    members = [{"userName": one} if isinstance(one, str) else one for one in users]
    return {"op": op, "type": "Group", "data": {"displayName": group, "members": members}}


def by_value(group, *users):
    return with_members(group, *({"value": user} for user in users))


def deleted(kind, name):
    match = {"userName" if kind == "User" else "displayName": name}
    return {"op": "delete", "type": kind, "match": match}


@pytest.fixture
def found(tmp_path):
    """Return the rivals of a file, None where there can be none."""

    def read(lines, profile=LUCID):
        path = tmp_path / "job.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        source = open_source(str(path))
        checked = check(source, Defaults(), tmp_path / "index")
        with checked.sound_index() as index:
            return rivals_in(source, Defaults(), None, index.makers, profile)

    return read


LATER = [
    ("two membership rows", [membership("ada", "A"), membership("bob", "A"), membership("ada", "B")], 3, "member:B"),
    ("in other capitals", [membership("ada", "A"), membership("ADA", "B")], 2, "member:B"),
    ("two groups of a user", [with_groups("ada", "A", "B")], 1, "member:B"),
    ("a user, then a membership", [with_groups("ada", "A"), membership("ada", "B")], 2, "member:B"),
    ("a membership, then a user", [membership("ada", "A"), with_groups("ada", "B", op="upsert")], 2, "member:B"),
    ("two groups with members", [with_members("A", "ada"), with_members("B", "ada", "bob")], 2, "member:ada"),
    ("a membership, then a group", [membership("ada", "A"), with_members("B", "ada")], 2, "member:ada"),
    ("a group, then a user", [with_members("A", "ada"), with_groups("ada", "B")], 2, "member:B"),
    ("a group that the file makes", [with_members("A"), membership("ada", "A"), membership("ada", "B")], 3, "member:B"),
    ("members by value", [by_value("A", "u1"), by_value("B", "u1")], 2, ""),
    ("ids", [membership("#u1", "#g1"), membership("#u1", "#g2")], 2, "member:g2"),
    (
        "a membership that was ended by another row, and one that was not",
        [membership("ada", "A"), left("ada", "A"), membership("ada", "B"), membership("ada", "C")],
        4,
        "member:C",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "row", "part"), [pytest.param(*rest, id=name) for name, *rest in LATER])
def test_the_first_membership_of_a_user_is_kept(found, lines, row, part):
    """All of them were done, and the user was in the last group alone."""
    rivals = found(lines)

    assert (rivals.rows, rivals.users) == (1, 1)
    assert {one: against(rivals, one) for one in range(1, len(lines) + 1) if against(rivals, one)} == {
        row: [part]
    }


def against(rivals, row):
    """Return the parts of a row that are against an earlier membership."""
    return [part for part, rival in rivals.of(row).items() if rival is not None]


FITTING = [
    ("each user once", [membership("ada", "A"), membership("bob", "B")]),
    ("one group twice", [membership("ada", "A"), with_members("A", "ada", op="upsert")]),
    ("the first is ended", [membership("ada", "A"), left("ada", "A"), membership("ada", "B")]),
    ("the first is ended at last", [membership("ada", "A"), membership("ada", "B"), left("ada", "A")]),
    ("the group is deleted", [membership("ada", "A"), deleted("Group", "A"), membership("ada", "B")]),
    ("the user is deleted", [membership("ada", "A"), membership("ada", "B"), deleted("User", "ada")]),
    ("an id and a name may be one group", [membership("ada", "#g1"), membership("ada", "B")]),
    ("a group may be in several", [membership("#lucid-group-1", "A"), membership("#lucid-group-1", "B")]),
]  # fmt: skip


@pytest.mark.parametrize("lines", [pytest.param(lines, id=name) for name, lines in FITTING])
def test_what_can_be_kept_is_against_nothing(found, lines):
    rivals = found(lines)

    assert (rivals.rows, rivals.users, rivals.named) == (0, 0, [])


def test_the_first_users_are_named_with_two_of_their_rows(found):
    lines = [membership(user, group) for group in "AB" for user in ("ada", "bob", "cyd", "dan")]

    rivals = found(lines)

    assert (rivals.rows, rivals.users) == (4, 4)
    assert rivals.named == [("ada", 1, 5), ("bob", 2, 6), ("cyd", 3, 7)]
    assert rivals.of(5)["member:B"].row == 1
    assert rivals.of(5)["member:B"].group.value == "A"


def test_where_users_may_be_in_several_groups_there_are_none(found):
    assert found([membership("ada", "A"), membership("ada", "B")], GENERIC) is None
