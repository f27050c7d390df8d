"""Resources that rows name by their ids are read together, as far as a filter is proved to show what is needed."""

import re

import orjson
import pytest

from bulkscim.journal.entries import Kind
from bulkscim.scim import filters
from tests.support.simulation.tenant import SimulatedTenant

USERS = 60
HELD = [
    {"id": f"u{number}", "userName": f"p{number}@example.com", "active": True, "title": "T"}
    for number in range(USERS)
]


class Joining(SimulatedTenant):
    """Takes filters with several values, and counts requests by kind; filters leave out the attributes of `hidden`."""

    hidden = frozenset()

    def __init__(self, *given):
        super().__init__(*given)
        self.together = self.reads = self.writes = 0

    async def send(self, request):
        self.together += request.method == "GET" and "?filter=" in request.path
        self.reads += request.method == "GET" and re.match("/(Users|Groups)/", request.path) is not None
        self.writes += request.method != "GET"
        return await super().send(request)

    def _list(self, collection, path):
        asked = filters.any_asked_for(path)
        if asked is None:
            return super()._list(collection, path)
        wanted = {value.casefold() for value in asked[1]}
        found = [
            {name: value for name, value in one.items() if name not in self.hidden}
            for one in self.held[collection].values()
            if str(one.get(asked[0], "")).casefold() in wanted
        ]
        return self._answer(200, {"totalResults": len(found), "Resources": found})


class Short(Joining):
    """Filters do not show who is active."""

    hidden = frozenset({"active"})


def rows(verb, **more):
    """Return a row for each user, by its id."""
    return [{"op": verb, "type": "User", "id": user["id"], **more} for user in HELD]


TITLE = [{"op": "replace", "path": "title", "value": "New"}]


@pytest.mark.parametrize(("verb", "more"), [("deactivate", {}), ("delete", {}), ("patch", {"patch": TITLE})])
async def test_rows_by_id_read_their_resources_together(carried, verb, more):
    """A rollback read each resource that it changes by itself."""
    report = await carried(rows(verb, **more), held=HELD, kind=Joining)

    assert report.totals.done == carried.tenant.writes == USERS
    assert carried.tenant.together <= 8
    assert carried.tenant.reads <= 12  # comparisons


async def test_rows_at_work_at_once_are_compared_once(carried):
    """Each of the first rows compared its own user, though one proved it for all."""
    await carried(rows("deactivate"), held=HELD, kind=Joining, concurrency=8)

    assert carried.tenant.reads == 1


async def test_what_a_filter_does_not_show_is_read_by_id(carried):
    """It would have been recorded as not set."""
    await carried(rows("deactivate"), held=HELD, kind=Short)
    begun = [entry.body for entry in carried.record.entries(Kind.STARTED)]

    assert {body.changes[0].before for body in begun} == {True}
    assert carried.tenant.reads == USERS


async def test_an_address_that_a_filter_does_not_show_is_not_added_next_to_it(carried):
    """What a patch writes to is looked at in a read by its id."""

    class Addresses(Joining):
        hidden = frozenset({"emails"})

    held = [{**user, "emails": [{"type": "work", "value": "a@x"}]} for user in HELD]
    path = 'emails[type eq "work"].value'
    report = await carried(
        rows("patch", patch=[{"op": "replace", "path": path, "value": "b@x"}]), held=held, kind=Addresses
    )

    assert report.totals.done == USERS
    assert {len(user["emails"]) for user in carried.tenant.held["Users"].values()} == {1}


GROUPS, MEMBERS = 20, 9


class Grouped(Joining):
    """Holds groups of equal size, of which filters show `cut` members each; answers to changes show `answered`."""

    cut = answered = 100

    def __init__(self, *given):
        super().__init__(*given)
        for group in range(GROUPS):
            members = [{"value": f"m{group}-{one}"} for one in range(MEMBERS)]
            self.hold("Groups", {"id": f"g{group}", "displayName": f"G{group}", "members": members})

    def _list(self, collection, path):
        reply = super()._list(collection, path)
        body = orjson.loads(reply.body)
        for one in body["Resources"]:
            one["members"] = one.get("members", [])[: self.cut]
        return self._answer(200, body)

    def _one(self, method, collection, resource_id, body):
        reply = super()._one(method, collection, resource_id, body)
        if method != "PATCH":
            return reply
        shown = orjson.loads(reply.body)
        return self._answer(200, shown | {"members": shown.get("members", [])[: self.answered]})

    def left(self):
        """Return how many members are left in all groups."""
        return sum(len(group.get("members", [])) for group in self.held["Groups"].values())


class CutInFilters(Grouped):
    """Filters cut lists of members."""

    cut = 5


class CutAsLong(Grouped):
    """Filters cut lists of members just where those of the first groups end, and some groups are larger."""

    cut = MEMBERS

    def __init__(self, *given):
        super().__init__(*given)
        for group in range(2, GROUPS):
            self.held["Groups"][f"g{group}"]["members"].append({"value": f"m{group}-{MEMBERS}"})


class CutInAnswers(Grouped):
    """Answers to changes cut lists of members."""

    answered = 2


class Paged:
    """Takes filters with one name alone."""

    pages = 0

    def _list(self, collection, path):
        self.pages += collection == "Groups" and "startIndex" in path
        asked = filters.any_asked_for(path)
        return self._answer(400, {}) if asked and len(asked[1]) > 1 else super()._list(collection, path)


class PagedGroups(Paged, Grouped):
    """Groups of equal size."""


class CutInPages(Paged, CutInFilters):
    """Listings cut lists of members."""


class CutAsLongInPages(Paged, CutAsLong):
    """Listings cut lists of members just where those of the first groups end."""


def joining(members):
    """Return the change that adds members."""
    return {"op": "add", "path": "members", "value": [{"value": one} for one in members]}


def leavings(each=3):
    """Return rows that take the members out of their groups, some at a time, those of a group one after the other."""
    return [
        {
            "op": "patch",
            "type": "Group",
            "id": f"g{group}",
            "patch": [
                {"op": "remove", "path": f'members[value eq "m{group}-{one}"]'}
                for one in range(first, first + each)
            ],
        }
        for group in range(GROUPS)
        for first in range(0, MEMBERS, each)
    ]


async def test_groups_whose_members_change_are_read_together_and_not_again_after_answers(carried):
    """Each change of a group read it first."""
    report = await carried(leavings(), kind=Grouped)

    assert report.totals.done == carried.tenant.writes == 60
    assert carried.tenant.left() == 0
    assert carried.tenant.together + carried.tenant.reads <= 12


async def test_where_filters_take_one_name_a_listing_shows_the_groups(carried):
    """Each change of a group read it by its id."""
    report = await carried(leavings(), kind=PagedGroups)

    assert report.totals.done == carried.tenant.writes == 60
    assert carried.tenant.left() == 0
    assert carried.tenant.together + carried.tenant.reads + carried.tenant.pages <= 14


class Empty(Grouped):
    """Groups have no members, so that reading them proves nothing."""

    def __init__(self, *given):
        super().__init__(*given)
        for group in self.held["Groups"].values():
            group["members"] = []


class EmptyAndHiding(Empty):
    """Filters show no members either."""

    cut = 0


@pytest.mark.parametrize(("kind", "most"), [(Empty, 10), (EmptyAndHiding, GROUPS + 10)])
async def test_a_group_that_got_members_proves_that_others_have_none(carried, kind, most):
    """Each group that shows no member was read by its id."""
    rows = [
        {
            "op": "patch",
            "type": "Group",
            "id": f"g{group}",
            "patch": [joining(f"n{group}-{one}" for one in range(9))],
        }
        for group in range(GROUPS)
    ]
    report = await carried(rows, kind=kind)

    assert report.totals.done == carried.tenant.writes == GROUPS
    assert carried.tenant.together + carried.tenant.reads <= most


@pytest.mark.parametrize("kind", [CutInFilters, CutAsLong, CutInAnswers, CutInPages, CutAsLongInPages])
async def test_who_is_in_a_group_behind_the_end_of_a_cut_list_is_not_recorded_as_added(carried, kind):
    """Undo would take members out who were there before."""
    last = MEMBERS - (not issubclass(kind, CutAsLong))
    rows = [
        {
            "op": "patch",
            "type": "Group",
            "id": f"g{group}",
            "patch": [joining([one])],
        }
        for group in range(GROUPS)
        for one in (f"m{group}-{last}", f"n{group}", f"m{group}-{last}")
    ]
    report = await carried(rows, kind=kind)
    begun = [entry.body for entry in carried.record.entries(Kind.STARTED)]
    added = [
        change.path for body in begun for change in body.changes if "m" in change.path.removeprefix("members")
    ]

    assert report.totals.failed == 0
    assert len(added) == (2 if issubclass(kind, CutAsLong) else 0)
