"""Which integration a token opens may show during the run only: then additions that move no user share requests."""

import json
from collections import Counter

import pytest

from bulkscim.engine.integrations import TRIED, Integrations
from bulkscim.journal.entries import Kind
from bulkscim.model.live import Found, Missing
from bulkscim.model.operation import GROUP, USER, Key
from bulkscim.tenants.profiles import profile_named
from tests.support.simulation.tenant import SimulatedTenant

LUCID = profile_named("lucid")
ANY_NUMBER = {"one_group": True, "integrations": LUCID.integrations}
GROUPS = [f"g{number}" for number in range(5)]
PEOPLE = [f"u{number}" for number in range(20)]


class Teams(SimulatedTenant):
    """Users show their groups and may be in any number. `sizes` are the members in each change."""

    def __init__(self, *given):
        super().__init__(*given)
        self.sizes = []
        for one in PEOPLE:
            self.hold("Users", {"id": one, "userName": f"{one}@example.com"})
        for group in GROUPS:
            self.hold("Groups", {"id": group, "displayName": group.upper()})

    def _apply(self, request):
        if request.method == "PATCH":
            changes = json.loads(request.body)["Operations"]
            entries = [one["value"] for one in changes if one["op"] == "add"]
            self.sizes.append(sum(map(len, entries)))
            answer = super()._apply(request)
            for one in (each for some in entries for each in some):
                self.joined(request.path.rpartition("/")[2], one["value"])
            return answer
        if request.method == "GET" and request.path.startswith("/Users"):
            for user in self.held["Users"].values():
                user["groups"] = [{"value": one} for one in GROUPS if user["id"] in self.members(one)]
        return super()._apply(request)

    def members(self, group):
        return [one["value"] for one in self.held["Groups"][group].get("members", ())]

    def joined(self, group, member):
        """Take in that a member was added."""


class Organizational(Teams):
    """A user leaves its group for the one that it is added to."""

    def joined(self, group, member):
        for one in GROUPS:
            if one != group and member in self.members(one):
                kept = [each for each in self.members(one) if each != member]
                self.held["Groups"][one]["members"] = [{"value": each} for each in kept]


def rows():
    """Add each user to each group."""
    return [
        {"op": "add_member", "type": "Group", "id": group, "member": {"id": one}}
        for one in PEOPLE
        for group in GROUPS
    ]


def moves():
    """Add each user to each group, and remove it at last from all but one, so that it moves from group to group."""
    return rows() + [
        {"op": "remove_member", "type": "Group", "id": group, "member": {"id": one}}
        for one in PEOPLE
        for group in GROUPS[:-1]
    ]


async def test_additions_share_requests_once_a_user_is_seen_in_several_groups(carried):
    """5,000 additions took 15,000 requests, since each might have moved its user."""
    report = await carried(rows(), kind=Teams, profile=ANY_NUMBER)

    assert report.totals.done == len(PEOPLE) * len(GROUPS)
    assert len(carried.tenant.sizes) < len(PEOPLE) + len(GROUPS)
    assert any("SCIM for content access" in note for note in carried.notes)


async def test_users_who_move_are_added_one_by_one(carried):
    report = await carried(moves(), kind=Organizational, profile=ANY_NUMBER)

    assert report.totals.done + report.totals.noop == len(moves())
    assert carried.tenant.sizes.count(1) >= len(PEOPLE) * (len(GROUPS) - 1)


async def test_each_group_that_a_user_leaves_is_recorded_where_rows_give_ids(carried):
    """What was kept of a user by its id were its names alone, so that it seemed to be in no group."""
    await carried(moves(), kind=Organizational, profile=ANY_NUMBER)
    changes = [change for entry in carried.record.entries(Kind.STARTED) for change in entry.body.changes]
    left = [change.before for change in changes if change.path == "groups"]

    assert Counter(one["value"] for before in left for one in before) == dict.fromkeys(
        GROUPS[:-1], len(PEOPLE)
    )


def showing(groups):
    return Found({"id": "u1", "groups": [{"value": one} for one in groups]})


@pytest.mark.parametrize("shown", [("g1", "g2"), (), ("g1", "g1")])
async def test_few_groups_tell_nothing(shown):
    async def read(_):
        raise AssertionError("nothing is to be read")

    assert await Integrations(LUCID, print).learn(Key(USER, "id", "u1"), showing(shown), read) is None


async def test_groups_that_do_not_hold_the_user_are_asked_for_a_few_times_at_most():
    """A user may show groups that it is in through others."""
    reads = []

    async def read(group):
        reads.append(group)
        return Missing() if group == "g1" else Found({"id": group, "members": [{"value": "other"}]})

    learning = Integrations(LUCID, print)
    for _ in range(TRIED + 2):
        told = await learning.learn(Key(USER, "id", "u1"), showing(("g1", "g2", "g3", "g4")), read)
        assert told is None
    assert reads == ["g1", "g2", "g3"] * TRIED


async def test_two_users_in_groups_of_which_none_is_the_same_tell():
    """One group may be left out of the count of groups, the same for all users."""
    held = {"a": "u1", "b": "u1", "c": "u2", "d": "u2", "e": "u3"}

    async def read(group):
        return Found({"id": group, "members": [{"value": held[group]}, {"value": "other"}]})

    learning = Integrations(LUCID, print)
    on = Key(USER, "id", "u1")
    assert await learning.learn(on, showing(("a", "b")), read) is None
    assert await learning.learn(on, showing(("a", "e")), read) is None
    told = await learning.learn(on, showing(("c", "d")), read)
    assert told is not None
    assert not told.one_group


async def test_only_users_tell():
    assert await Integrations(LUCID, print).learn(Key(GROUP, "id", "g1"), showing("abc"), print) is None
