"""Where a user is in one group at a time, what a row reports as done holds at the end of the run."""

from contextlib import suppress

import pytest

from bulkscim.errors import JournalDead
from bulkscim.model.row import RowState
from bulkscim.tenants.profiles import profile_named
from tests.unit.engine.test_joining_users import Organization

ONE_GROUP = {"one_group": True}


def membership(user, group):
    member = {"userName": f"{user}@example.com"}
    return {"op": "add_member", "type": "Group", "match": {"displayName": group}, "member": member}


def with_groups(user, *groups):
    return {
        "op": "create",
        "type": "User",
        "data": {"userName": user, "groups": [{"displayName": one} for one in groups]},
    }


def with_members(group, *users):
    members = [one if isinstance(one, dict) else {"userName": f"{one}@example.com"} for one in users]
    return {"op": "create", "type": "Group", "data": {"displayName": group, "members": members}}


def by_value(group, *users):
    members = [{"value": user} for user in users]
    return {"op": "create", "type": "Group", "data": {"displayName": group, "members": members}}


def states(carried):
    ledger = carried.record.ledger
    return [ledger.state(row).value for row in range(1, ledger.rows + 1)]


def members(tenant, name):
    [held] = [one for one in tenant.held["Groups"].values() if one["displayName"] == name]
    return sorted(one["value"] for one in held.get("members", ()))


JOBS = [
    pytest.param([membership("u1", "G0"), membership("u1", "G1")], ["done", "failed"], id="membership rows"),
    pytest.param([with_members("A", "u1"), with_members("B", "u1", "u2")], ["done", "failed"], id="groups"),
    pytest.param([by_value("A", "u1"), by_value("B", "u1", "u2")], ["done", "failed"], id="members by value"),
    pytest.param([with_groups("new", "G0", "G1")], ["failed"], id="a user with groups"),
    pytest.param(
        [with_members("A", "u1"), membership("u1", "G1"), membership("u2", "G1")],
        ["done", "failed", "done"],
        id="a group, then memberships",
    ),
]


@pytest.mark.parametrize(("lines", "expected"), JOBS)
async def test_a_second_group_is_refused_and_not_sent(carried, lines, expected):
    """Each of them was done, and the user was in the last one alone."""
    await carried(lines, kind=Organization, profile=ONE_GROUP)

    assert states(carried) == expected
    row = expected.index("failed") + 1
    detail = carried.record.end_of(row).detail
    assert "a user is in one group at a time, and " in detail
    assert f"{'row 1' if row > 1 else 'this row'} puts " in detail
    assert not carried.tenant.moved


async def test_a_job_may_move_a_user_once(carried):
    """One row that names another group than the user's is what the user asks for."""
    await carried([membership("u1", "G0")], kind=InGroup, profile=ONE_GROUP)

    assert states(carried) == [RowState.DONE]
    assert carried.tenant.moved == ["u1"]
    assert members(carried.tenant, "G0") == ["u1"]


class InGroup(Organization):
    """Users are in a group before."""

    before = 20


MAY = {"one_group": True, "integrations": profile_named("lucid").integrations}


@pytest.mark.parametrize(("lines", "expected"), JOBS)
async def test_where_it_is_not_known_a_user_that_left_its_group_is_put_back(carried, lines, expected):
    """The token may open either of Lucid's services: the second membership is made, and the user is read after it."""
    await carried(lines, kind=Organization, profile=MAY)

    assert states(carried) == expected
    [user] = {one["id"] for one in carried.tenant.held["Users"].values()} & set(carried.tenant.moved) or {
        "u1"
    }
    first = "A" if lines[0]["op"] == "create" and lines[0]["type"] == "Group" else "G0"
    assert user in members(carried.tenant, first)


async def test_once_a_user_was_moved_no_further_one_is(carried):
    """The first one that left its group shows what the token opens."""
    people = [f"u{number}" for number in range(10)]
    lines = [membership(one, group) for group in ("G0", "G1") for one in people]

    await carried(lines, kind=Organization, profile=MAY, concurrency=1)

    assert states(carried) == ["done"] * 10 + ["failed"] * 10
    assert members(carried.tenant, "G0") == people
    assert carried.tenant.moved in (["u0", "u0"], [])
    assert [note for note in carried.notes if "took it out of the one before" in note]


async def test_users_who_stay_in_both_groups_are_done(carried):
    """The same file at a service whose users may be in several groups."""
    lines = [membership("u1", "G0"), membership("u1", "G1")]

    await carried(lines, kind=Staying, profile=MAY)

    assert states(carried) == ["done", "done"]
    assert members(carried.tenant, "G0") == members(carried.tenant, "G1") == ["u1"]


async def test_a_user_that_the_file_takes_out_again_moves(carried):
    """The file itself ends the first membership."""
    ended = {**membership("u1", "G0"), "op": "remove_member"}
    lines = [membership("u1", "G0"), membership("u1", "G1"), ended]

    await carried(lines, kind=Organization, profile=ONE_GROUP)

    assert states(carried)[:2] == ["done", "done"]
    assert members(carried.tenant, "G1") == ["u1"]


@pytest.mark.parametrize("profile", [ONE_GROUP, MAY], ids=["sure", "not sure"])
@pytest.mark.parametrize(
    "again",
    [
        {"op": "add_member", "type": "Group", "id": "g1", "member": {"id": "u1"}},
        {"op": "add_member", "type": "Group", "id": "g1", "member": {"userName": "u1@example.com"}},
        {"op": "add_member", "type": "Group", "match": {"displayName": "G1"}, "member": {"id": "u1"}},
        with_members("A", {"id": "u1"}, "u2"),
    ],
)
async def test_a_user_or_group_that_rows_name_in_two_ways_is_one(carried, profile, again):
    """The file alone does not tell that they are: what the run has done is compared by ids."""
    await carried([membership("u1", "G0"), again], kind=Organization, profile=profile)

    assert states(carried) == ["done", "failed"]
    assert members(carried.tenant, "G0") == ["u1"]
    assert "a user is in one group at a time" in carried.record.end_of(2).detail


@pytest.mark.parametrize("profile", [ONE_GROUP, MAY], ids=["sure", "not sure"])
async def test_members_that_a_group_is_created_with_by_value_are_no_others(carried, profile):
    """Which of the two rows comes first is not known before the user's name is looked up."""
    await carried([membership("u1", "G0"), by_value("A", "u1", "u2")], kind=Organization, profile=profile)

    assert sorted(states(carried)) == ["done", "failed"]
    assert members(carried.tenant, "G0" if states(carried)[0] == "done" else "A")[0] == "u1"


@pytest.mark.parametrize("calls", [5, *range(8, 40, 2)])
@pytest.mark.parametrize("first", [membership("u1", "G0"), with_members("A", "u1")], ids=["a row", "a group"])
async def test_after_a_crash_the_first_group_is_kept_as_well(carried, calls, first):
    """Between the addition and the look at it, and between that and the end of the row."""
    with suppress(JournalDead):
        await carried([first, membership("u1", "G1")], kind=Organization, profile=MAY, fail_at=(calls,))
    for _ in range(3):
        if {"pending", "in_doubt"} & set(states(carried)):
            await carried.on()

    assert states(carried) == ["done", "failed"]
    assert members(carried.tenant, "A" if "data" in first else "G0") == ["u1"]
    assert members(carried.tenant, "G1") == []


class Staying(Organization):
    """Users may be in several groups."""

    def joined(self, group, members):
        pass
