"""The order in which rows are carried out: each case is a job, what the tenant holds, and the writes as they arrive."""

import json
from itertools import pairwise

import pytest

from bulkscim.engine.facts import WINDOW
from tests.support.simulation.tenant import SimulatedTenant

BOSS, SALES = "boss@example.com", {"id": "g1", "displayName": "Sales", "members": []}


class Noting(SimulatedTenant):
    """Notes each write when it arrives and when it is answered, by the name of what it changes."""

    def __init__(self, *given):
        super().__init__(*given)
        self.log, self.names = [], {}
        self.hold("Groups", SALES)

    async def send(self, request):
        """Answer; reads are not noted."""
        if request.method == "GET":
            return await super().send(request)
        body = json.loads(request.body or b"{}")
        name = body.get("userName") or body.get("displayName") or self._name(request.path.rpartition("/")[2])
        self.log.append(f"{request.method} {name}")
        reply = await super().send(request)
        self.log.append(f"end {name}")
        return reply

    def _name(self, resource_id):
        held = [*self.held["Users"].values(), *self.held["Groups"].values()]
        names = {one["id"]: one.get("userName") or one.get("displayName") for one in held}
        return names.get(resource_id, resource_id)

    @property
    def writes(self):
        """The writes in the order of their arrival."""
        return [each for each in self.log if not each.startswith("end")]

    def overlap(self):
        """Return the names that two writes were on at one time."""
        busy, found = set(), set()
        for verb, _, name in (each.partition(" ") for each in self.log):
            if verb == "end":
                busy.discard(name)
            elif name in busy:
                found.add(name)
            else:
                busy.add(name)
        return found


def creates(name, **more):
    """Return a record that creates a user."""
    return {"op": "create", "type": "User", "data": {"userName": name, **more}}


def creates_group(name):
    """Return a record that creates a group."""
    return {"op": "create", "type": "Group", "data": {"displayName": name}}


def sets(name, title):
    """Return a record that sets a user's title."""
    change = {"op": "replace", "path": "title", "value": title}
    return {"op": "patch", "type": "User", "match": {"userName": name}, "patch": [change]}


def joins(name, group="Sales"):
    """Return a record that adds a user to a group."""
    match = {"displayName": group}
    return {"op": "add_member", "type": "Group", "match": match, "member": {"userName": name}}


def removes(name):
    """Return a record that deletes a user."""
    return {"op": "delete", "type": "User", "match": {"userName": name}}


def manager(name):
    """Return the attribute that names a manager."""
    return {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"userName": name}}}


@pytest.mark.parametrize(
    ("records", "writes"),
    [
        ([creates("ada"), creates("bob")], ["POST ada", "POST bob"]),
        (
            [sets("eve", "A"), sets("eve", "B"), creates("ada")],
            ["PATCH eve", "PATCH eve", "POST ada"],
        ),
        ([creates("ada", **manager(BOSS)), creates(BOSS)], [f"POST {BOSS}", "POST ada"]),
        ([joins("ada"), creates("ada")], ["POST ada", "PATCH Sales"]),
        ([creates("ada"), removes("ada")], ["POST ada", "DELETE ada"]),
        ([removes("eve"), creates("eve")], ["DELETE eve", "POST eve"]),
        (
            [creates("ada", **manager("bob")), creates("bob", **manager("ada"))],
            ["POST ada", "POST bob", "PATCH ada"],
        ),
    ],
    ids=[
        "file order",
        "one user: file order",
        "after its manager",
        "after its member",
        "before its removal",
        "after the removal of its name",
        "managers in a circle",
    ],
)
async def test_rows_run_in_file_order_except_behind_what_they_need(carried, records, writes):
    """With one worker the order is always the same. In a circle the earliest row goes on without what it waits for."""
    report = await carried(records, held=[{"id": "u9", "userName": "eve"}], kind=Noting, concurrency=1)

    assert report.totals.done == len(records)
    assert carried.tenant.writes == writes


@pytest.mark.parametrize(
    ("records", "alone"),
    [
        ([sets("eve", f"T{number}") for number in range(8)], "eve"),
        ([*map(creates, "abcdefgh"), *map(joins, "abcdefgh")], "Sales"),
        ([creates("ada"), *[sets("ada", f"T{number}") for number in range(4)], removes("ada")], "ada"),
        (
            [*[creates(name, groups=[{"displayName": "New"}]) for name in "abcdefgh"], creates_group("New")],
            "New",
        ),
    ],
    ids=["changes", "memberships", "from its create to its removal", "memberships of a group of a later row"],
)
async def test_two_writes_are_never_on_one_resource_at_a_time(carried, records, alone):
    """However many workers there are; other resources are written side by side."""
    others = [creates(f"n{number}") for number in range(20)]
    held = [{"id": "u9", "userName": "eve"}]
    report = await carried([*records, *others], held=held, kind=Noting, concurrency=8)

    log = carried.tenant.log
    assert report.totals.done == len(records) + len(others)
    assert carried.tenant.overlap() == set()
    assert any(not one.startswith("end") and not two.startswith("end") for one, two in pairwise(log))
    assert alone in {each.partition(" ")[2] for each in log}


@pytest.mark.parametrize(
    ("records", "states"),
    [
        ([joins("zoe"), creates("ada")], (1, 0, 1)),
        ([joins("ada", "Nowhere"), creates("ada")], (1, 0, 1)),
        ([creates("eve"), sets("zoe", "A"), creates("ada")], (1, 0, 1)),
    ],
    ids=["member that is nowhere", "group that is nowhere", "user that is nowhere"],
)
async def test_row_that_fails_holds_up_no_other(carried, records, states):
    """(failed, skipped, done); what exists already is adopted."""
    report = await carried(records, held=[{"id": "u9", "userName": "eve"}], kind=Noting, concurrency=1)
    totals = report.totals

    assert (totals.failed, totals.skipped, totals.done) == states
    assert totals.pending == 0


@pytest.mark.slow
async def test_rows_far_ahead_of_the_earliest_one_are_not_begun(carried):
    """Memory does not grow with the file: the window is counted from the earliest row under way."""

    class Hanging(Noting):
        late = 0

        async def send(self, request):
            first = request.method == "POST" and b'"first"' in request.body
            await self.clock.sleep(3_600 if first else 0)
            reply = await super().send(request)
            self.late = len(self.writes) if first else self.late
            return reply

    records = [creates("first"), *(creates(f"n{number}") for number in range(WINDOW + 200))]
    report = await carried(records, kind=Hanging, concurrency=4)

    assert report.totals.done == len(records)
    assert carried.tenant.late == WINDOW
