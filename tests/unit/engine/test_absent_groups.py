"""Groups that are not there are looked up together: by one listing, or by filters with several names."""

from random import Random

import pytest

from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.directory.together import Purpose
from bulkscim.engine.reads import Reads
from bulkscim.model.live import Found, Missing
from bulkscim.model.operation import GROUP, Key
from bulkscim.model.step import Action, Step
from bulkscim.scim import filters
from tests.support.making.providers import GENERIC
from tests.support.running.fake_clock import VirtualClock
from tests.support.simulation.tenant import SimulatedTenant

NEW = 60


class Counting(SimulatedTenant):
    """Takes filters with several names, of which it heeds `heeds`, and counts reads and creates of groups."""

    heeds, there = 100, 0

    def __init__(self, *given):
        super().__init__(*given)
        self.reads = self.creates = 0
        for number in range(self.there):
            self.hold("Groups", {"id": f"g{number}", "displayName": f"Old {number}"})

    async def send(self, request):
        groups = request.path.startswith("/Groups")
        self.reads += groups and request.method == "GET"
        self.creates += groups and request.method == "POST"
        return await super().send(request)

    def _list(self, collection, path):
        asked = filters.any_asked_for(path)
        if asked is None:
            return super()._list(collection, path)
        wanted = {value.casefold() for value in asked[1][: self.heeds]}
        found = [
            one for one in self.held[collection].values() if str(one.get(asked[0], "")).casefold() in wanted
        ]
        return self._answer(200, {"totalResults": len(found), "Resources": found})


class Some(Counting):
    """Has groups already."""

    there = 30


class HeedsFirst(Some):
    """Heeds the first name of a filter alone."""

    heeds = 1


def creates(*names):
    return [{"op": "create", "type": "Group", "data": {"displayName": name}} for name in names]


@pytest.mark.parametrize("kind", [Counting, Some])
async def test_new_groups_are_proved_absent_together(carried, kind):
    """Each was looked up by itself."""
    report = await carried(creates(*(f"New {number}" for number in range(NEW))), kind=kind)

    assert report.totals.done == carried.tenant.creates == NEW
    assert carried.tenant.reads <= 12


@pytest.mark.parametrize("kind", [Some, HeedsFirst])
async def test_no_group_is_created_twice(carried, kind):
    """Those that are there stand between new ones."""
    names = [name for number in range(30) for name in (f"New {number}", f"OLD {number}")]
    report = await carried(creates(*names), kind=kind)

    assert report.totals.done == carried.tenant.creates == 30
    assert report.totals.adopted == 30


@pytest.mark.parametrize("end", ["doubts", "refused"])
async def test_a_group_whose_create_did_not_end_well_is_looked_up_again(end):
    """A listing from before did not show it, and the next row that named it created it again."""
    clock = VirtualClock()
    tenant = Some(clock, Random(1))
    directory, reads = Directory(clock, GENERIC), Reads(tenant, clock, GENERIC)
    names = [Key(GROUP, "displayName", f"New {number}") for number in range(NEW)]
    purpose = Purpose(only_id=True, soon=lambda: names)
    assert isinstance(await directory.find(names[0], reads, purpose), Missing)

    tenant.hold("Groups", {"id": "made", "displayName": "New 0"})
    getattr(directory, end)(Step("create", Action.CREATE, GROUP, identity=(names[0],)))
    assert isinstance(await directory.find(names[0], reads, purpose), Found)


@pytest.mark.parametrize("rate", ["100000/s", "100/min"])
async def test_second_groups_of_users_are_proved_absent_together(carried, rate):
    """A user joins one group after the other: the second one was looked up when the first had its member, each by itself."""
    teams = [["Everyone", f"New {number}"] for number in range(NEW)]
    users = [
        {"op": "create", "data": {"userName": f"u{number}@example.com", "groups": team}}
        for number, team in enumerate(teams)
    ]
    report = await carried(users, kind=Some, rate=rate, create_groups=True)

    assert report.totals.done == NEW
    assert carried.tenant.creates == NEW + 1
    assert carried.tenant.reads <= 12
