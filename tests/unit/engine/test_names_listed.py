"""What rows only name is found in one listing, where filters take one name or none, and a listing costs less."""

import pytest

from tests.support.servers.asked import asked_for
from tests.support.simulation.tenant import SimulatedTenant

PEOPLE, GROUPS = 40, 12
ONE_NAME = {"unquoted_filters": frozenset({"User"}), "exact_filters": frozenset({"Group"})}
NO_FILTERS = {"filter": False}


class Counting(SimulatedTenant):
    """Holds users and groups; counts lookups by name, reads of users by id, and pages."""

    def __init__(self, *given):
        super().__init__(*given)
        self.lookups = self.reads = self.pages = 0
        for number in range(PEOPLE):
            self.hold("Users", {"id": f"u{number}", "userName": f"p{number}@example.com"})
        for number in range(GROUPS):
            self.hold("Groups", {"id": f"g{number}", "displayName": f"Team {number}"})

    async def send(self, request):
        if request.method == "GET":
            asked = asked_for(request.path)
            self.lookups += asked is not None and asked[0] != "id"
            self.reads += "/Users/" in request.path
            self.pages += "startIndex" in request.path
        return await super().send(request)


class Twins(Counting):
    """A second user and a second group have the names of others."""

    def __init__(self, *given):
        super().__init__(*given)
        self.hold("Users", {"id": "u99", "userName": "P1@example.com"})
        self.hold("Groups", {"id": "g99", "displayName": "TEAM 1"})


class Short(Counting):
    """Pages hold few resources."""

    page_size = 5


def adds(people=PEOPLE, groups=GROUPS):
    """Add each user to one group, by name."""
    return [
        {
            "op": "add_member",
            "type": "Group",
            "match": {"displayName": f"Team {number % groups}"},
            "member": {"userName": f"p{number}@example.com"},
        }
        for number in range(people)
    ]


@pytest.mark.parametrize("profile", [ONE_NAME, NO_FILTERS])
async def test_names_of_many_rows_are_found_in_a_listing(carried, profile):
    """5,000 memberships took a lookup for each user, or a read of each that a listing had shown."""
    report = await carried(adds(), kind=Counting, profile=profile)

    assert report.totals.done == PEOPLE
    assert (carried.tenant.lookups, carried.tenant.reads) == (0, 0)
    assert carried.tenant.pages <= 6


async def test_few_names_are_looked_up_one_by_one(carried):
    report = await carried(adds(2, 2), kind=Counting, profile=ONE_NAME)

    assert report.totals.done == 2
    assert carried.tenant.lookups == 4


async def test_a_long_listing_is_given_up_after_its_first_page(carried):
    report = await carried(adds(10, 2), kind=Short, profile=ONE_NAME)

    assert report.totals.done == 10
    assert carried.tenant.lookups == 10 + 2
    assert carried.tenant.pages == 1


async def test_two_resources_of_one_name_are_not_chosen_from(carried):
    """A listing that shows both proves that the name is ambiguous, and so does a lookup."""
    report = await carried(adds(), kind=Twins, profile=ONE_NAME)

    assert report.totals.failed >= 1
    assert report.totals.done == PEOPLE - report.totals.failed
    members = {
        one["value"] for group in carried.tenant.held["Groups"].values() for one in group.get("members", ())
    }
    assert not members & {"u1", "u99"}
