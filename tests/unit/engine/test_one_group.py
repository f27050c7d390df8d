"""Where a user is in one group at a time, what a row reports as done holds at the end of the run."""

import pytest

from bulkscim.model.row import RowState
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
    members = [{"userName": f"{user}@example.com"} for user in users]
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
