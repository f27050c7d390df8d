"""Rows that change one membership keep the order of the file, whatever names they use and whatever they wait for."""

import pytest

from tests.support.simulation.tenant import SimulatedTenant

ADA = {
    "id": "u1",
    "userName": "ada@example.com",
    "externalId": "E1",
    "emails": [{"value": "ada@mail.example"}],
}
REMOVES = {"op": "remove_member", "type": "Group", "id": "g1", "member": {"userName": "ADA@example.com"}}
UPSERTS = {"op": "upsert", "type": "User", "data": {"userName": "ada@example.com", "title": "Lead"}}
PATCHES = {
    "op": "patch",
    "type": "User",
    "id": "u1",
    "patch": [{"op": "replace", "path": "nickName", "value": "A"}],
}


class HasGroup(SimulatedTenant):
    """Holds a group of which Ada is a member."""

    def __init__(self, *given):
        super().__init__(*given)
        self.hold("Groups", {"id": "g1", "displayName": "Sales", "members": [{"value": "u1"}]})


def adds(**member):
    """Return a record that adds Ada to the group under another name."""
    return {"op": "add_member", "type": "Group", "id": "g1", "member": member}


@pytest.mark.parametrize(
    "member", [{"emails.value": "ada@mail.example"}, {"externalId": "E1"}, {"id": "u1"}], ids=str
)
@pytest.mark.parametrize("between", [[], [PATCHES]], ids=["alone", "in a circle"])
async def test_addition_follows_an_earlier_removal_that_waits_for_a_later_upsert(carried, member, between):
    """The user was added first and then removed, with exit 0; the file says the opposite."""
    lines = [REMOVES, adds(**member), *between, UPSERTS]
    report = await carried(lines, held=[ADA], kind=HasGroup)

    assert report.totals.done == 3 + len(between)
    assert carried.tenant.held["Groups"]["g1"]["members"] == [{"value": "u1"}]


async def test_a_row_behind_an_upsert_waits_for_what_the_upsert_makes(carried):
    """Its user is deleted before and created again: the addition must not go to the one that is deleted."""
    deletes = {"op": "delete", "type": "User", "id": "u1"}
    lines = [REMOVES, adds(externalId="E1"), deletes, UPSERTS, adds(userName="ada@example.com")]
    report = await carried(lines, held=[ADA], kind=HasGroup)

    held = carried.tenant.held
    assert report.totals.done == 5
    assert "u1" not in held["Users"]
    (made,) = held["Users"]
    assert {"value": made} in held["Groups"]["g1"]["members"]
