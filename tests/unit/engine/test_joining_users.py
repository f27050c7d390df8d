"""Where joining a group takes a user out of another one, a listing that is proved tells many users' groups."""

import json

import pytest

from bulkscim.journal.entries import Kind
from tests.support.simulation.tenant import SimulatedTenant

PEOPLE = [f"u{number}" for number in range(60)]
GROUPS = ["g0", "g1", "g2"]
ONE_GROUP = {"one_group": True}


class Organization(SimulatedTenant):
    """Users show their one group. `sizes` are the members in each change, `reads` users read by id, `pages` of listings."""

    before = 0  # users who are in the group g9 before

    def __init__(self, *given):
        super().__init__(*given)
        self.sizes, self.reads, self.pages, self.moved = [], [], 0, []
        for one in PEOPLE:
            self.hold("Users", {"id": one, "userName": f"{one}@example.com"})
        for group in (*GROUPS, "g9"):
            self.hold("Groups", {"id": group, "displayName": group.upper(), "members": []})
        self.held["Groups"]["g9"]["members"] = [{"value": one} for one in PEOPLE[: self.before]]

    def _apply(self, request):
        if request.method == "GET" and request.path.startswith("/Users"):
            self.pages += "startIndex" in request.path
            identifier = request.path.rpartition("/Users/")[2] if "/Users/" in request.path else ""
            self.reads += [identifier] if identifier else []
            for one in self.held["Users"].values():
                one["groups"] = self.groups_of(one["id"], listed=not identifier)
        answer = super()._apply(request)
        if request.method == "PATCH":
            changes = json.loads(request.body)["Operations"]
            entries = [one["value"] for one in changes if one["op"] == "add"]
            self.sizes.append(sum(map(len, entries)))
            self.joined(request.path.rpartition("/")[2], {one["value"] for some in entries for one in some})
        return answer

    def groups_of(self, user, *, listed):
        return [
            {"value": group, "display": group.upper()}
            for group, held in self.held["Groups"].items()
            if {"value": user} in held.get("members", ())
        ]

    def joined(self, group, members):
        for one, held in self.held["Groups"].items():
            if one != group:
                self.moved += [each["value"] for each in held.get("members", ()) if each["value"] in members]
                held["members"] = [each for each in held.get("members", ()) if each["value"] not in members]


class Held(Organization):
    """Some users are in a group before."""

    before = 20


class Restless(Organization):
    """Who has joined a group last is shown first."""

    def __init__(self, *given):
        super().__init__(*given)
        self.held["Users"] = dict(reversed(self.held["Users"].items()))

    def joined(self, group, members):
        super().joined(group, members)
        users = self.held["Users"]
        self.held["Users"] = {one: users[one] for one in (*members, *(users.keys() - members))}


class Mute(Organization):
    """Listings do not show the groups of users, and none is in one before."""

    def groups_of(self, user, *, listed):
        return [] if listed else super().groups_of(user, listed=listed)


class Silent(Held):
    """Listings do not show the groups of users."""

    def groups_of(self, user, *, listed):
        return [] if listed else super().groups_of(user, listed=listed)


class Moving(Held):
    """Others move a user after the listing."""

    async def send(self, request):
        answer = await super().send(request)
        if "startIndex" in request.path and request.path.startswith("/Users"):
            self.held["Groups"]["g9"]["members"] = [{"value": one} for one in PEOPLE[1 : self.before]]
            self.held["Groups"]["g2"]["members"] += [] if self.sizes else [{"value": "u0"}]
        return answer


def rows():
    """Add each user to a group."""
    return [
        {
            "op": "add_member",
            "type": "Group",
            "id": GROUPS[number % len(GROUPS) if number else 0],
            "member": {"id": one},
        }
        for number, one in enumerate(PEOPLE)
    ]


def left(carried):
    """Return the groups that steps record as left, by member."""
    bodies = [entry.body for entry in carried.record.entries(Kind.STARTED)]
    return {
        body.member.id: [one["value"] for one in change.before]
        for body in bodies
        for change in body.changes
        if change.path == "groups"
    }


async def test_users_who_are_in_no_group_join_together(carried):
    """1,000 users took two requests each. The first addition gives the listing a user to be proved by."""
    report = await carried(rows(), kind=Organization, profile=ONE_GROUP)

    assert report.totals.done == len(PEOPLE)
    assert len(carried.tenant.sizes) <= 10
    assert len(carried.tenant.reads) <= 10
    assert not left(carried)


@pytest.mark.parametrize(("kind", "more"), [(Organization, 1), (Restless, 2 * (1 + 2)), (Mute, 3)])
async def test_one_page_of_the_listing_is_read_again_after_an_addition(carried, kind, more):
    """All of it was, though one user proves it. Where the user is not on its page any more, the others are read."""
    report = await carried(rows(), kind=kind, profile=ONE_GROUP)

    assert report.totals.done == len(PEOPLE)
    assert carried.tenant.pages == 2 + more
    assert not left(carried)


async def test_users_who_move_go_alone_and_the_group_that_they_leave_is_recorded(carried):
    report = await carried(rows(), kind=Held, profile=ONE_GROUP)

    assert report.totals.done == len(PEOPLE)
    assert left(carried) == {one: ["g9"] for one in PEOPLE[: Held.before]}
    assert carried.tenant.sizes.count(1) >= Held.before
    assert len(carried.tenant.sizes) <= Held.before + 10


async def test_a_listing_without_groups_tells_nothing(carried):
    """Users would have been taken for members of no group, and a rollback could not have brought them back."""
    report = await carried(rows(), kind=Silent, profile=ONE_GROUP)

    assert report.totals.done == len(PEOPLE)
    assert left(carried) == {one: ["g9"] for one in PEOPLE[: Held.before]}
    assert set(carried.tenant.sizes) == {1}


async def test_the_group_that_is_left_is_read_just_before(carried):
    """The listing showed another one."""
    report = await carried(rows(), kind=Moving, profile=ONE_GROUP)

    assert report.totals.done == len(PEOPLE)
    assert left(carried)["u0"] == ["g2"]


@pytest.mark.parametrize("kind", [Organization, Held])
async def test_at_the_pace_of_a_tenant_the_listing_is_read_again_when_it_is_old(carried, kind):
    report = await carried(rows(), kind=kind, profile=ONE_GROUP, rate="100/min", concurrency=4)

    assert report.totals.done == len(PEOPLE)
    assert left(carried) == {one: ["g9"] for one in PEOPLE[: kind.before]}
