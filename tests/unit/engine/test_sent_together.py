"""Memberships of one group share requests; each row keeps its own end."""

import json

import pytest

from bulkscim.errors import CredentialError
from bulkscim.model.request import Loss, NoAnswer
from bulkscim.model.row import RowState
from tests.support.making.records import create
from tests.support.simulation.tenant import SimulatedTenant

PEOPLE = 30


class Groups(SimulatedTenant):
    """Holds people and two groups, and answers as `meet` says where it returns an answer to a change of members.

    `sizes` are the numbers of members in each change.
    """

    def __init__(self, *given):
        super().__init__(*given)
        self.sizes, self.reads = [], 0
        for number in range(PEOPLE):
            self.hold("Users", {"id": f"u{number}", "userName": f"u{number}@example.com"})
        for group in ("g1", "g2"):
            self.hold("Groups", {"id": group, "displayName": group.upper(), "members": list(self.members)})

    members = ()

    async def send(self, request):
        if request.method != "PATCH" or "/Groups/" not in request.path:
            self.reads += request.method == "GET"
            return await super().send(request)
        entries = [
            entry for one in json.loads(request.body)["Operations"] for entry in one.get("value") or [one]
        ]
        self.sizes.append(len(entries))
        return self.meet(request, {entry.get("value") for entry in entries}) or await super().send(request)

    def meet(self, request, members):
        """Return an answer in place of the usual one."""

    def are_in(self, group):
        """Return how many members a group has."""
        return len(self.held["Groups"][group].get("members", ()))


def adds(number, group="g1"):
    return {"op": "add_member", "type": "Group", "id": group, "member": {"id": f"u{number}"}}


def removes(number, group="g1"):
    return {"op": "remove_member", "type": "Group", "id": group, "member": {"id": f"u{number}"}}


def states(carried):
    """Return where each row stands, in order."""
    ledger = carried.record.ledger
    return [ledger.state(row) for row in range(1, ledger.rows + 1)]


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_memberships_of_a_group_share_one_request(carried, concurrency):
    """A request for each of them takes an hour for 6,000."""
    rows = [adds(number, group) for number in range(PEOPLE) for group in ("g1", "g2")]
    report = await carried(rows, kind=Groups, concurrency=concurrency)

    assert report.totals.done == 2 * PEOPLE
    assert carried.tenant.sizes == [PEOPLE, PEOPLE]
    assert (carried.tenant.are_in("g1"), carried.tenant.are_in("g2")) == (PEOPLE, PEOPLE)


async def test_rows_in_the_order_of_people_share_requests_as_well(carried):
    """The memberships of one person follow each other; those of all people in one group are far apart in the file."""
    rows = [adds(number, group) for number in range(PEOPLE) for group in ("g1", "g2", "g1")]
    report = await carried(rows, kind=Groups, concurrency=3)

    assert (report.totals.done, report.totals.noop) == (2 * PEOPLE, PEOPLE)
    assert carried.tenant.sizes == [PEOPLE, PEOPLE]


async def test_a_request_holds_no_more_members_than_the_provider_takes(carried):
    rows = [adds(number) for number in range(PEOPLE)]
    report = await carried(rows, kind=Groups, profile={"most_members": 12}, concurrency=1)

    assert report.totals.done == PEOPLE
    assert carried.tenant.sizes == [12, 12, 6]


async def test_additions_and_removals_go_in_requests_of_their_own_and_one_member_keeps_its_order(carried):
    """Each member ends as its last row says."""
    rows = [adds(0), adds(1), removes(0), removes(1), adds(0)]
    report = await carried(rows, kind=Groups)

    assert report.totals.done == 5
    assert carried.tenant.sizes == [2, 2, 1]
    assert carried.tenant.held["Groups"]["g1"]["members"] == [{"value": "u0"}]


async def test_who_is_in_the_group_already_is_not_sent(carried):
    class Half(Groups):
        members = tuple({"value": f"u{number}"} for number in range(0, PEOPLE, 2))

    report = await carried([adds(number) for number in range(PEOPLE)], kind=Half)

    assert (report.totals.done, report.totals.noop) == (PEOPLE // 2, PEOPLE // 2)
    assert carried.tenant.sizes == [PEOPLE // 2]


class Refusing(Groups):
    """Refuses a change with one member in it, `bad`; `applies` half of such a change all the same."""

    bad, status, applies = {"u13"}, 400, 0

    def meet(self, request, members):
        if not members & self.bad:
            return None
        held = self.held["Groups"]["g1"].setdefault("members", [])
        good = sorted(members - self.bad)[: self.applies]
        self.held["Groups"]["g1"]["members"] = [*held, *({"value": one} for one in good)]
        return self._answer(self.status, {"detail": "no"})


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422, 500, 503])
@pytest.mark.parametrize("applies", [0, 5])
async def test_a_refused_request_is_halved_down_to_the_bad_member(carried, status, applies):
    """Only a step that serves one row counts as an error, and what took effect is not sent again."""
    kind = type("Kind", (Refusing,), {"status": status, "applies": applies})
    report = await carried([adds(number) for number in range(PEOPLE)], kind=kind)

    assert (report.totals.done, report.totals.failed) == (PEOPLE - 1, 1)
    assert states(carried)[13] is RowState.FAILED
    assert carried.tenant.are_in("g1") == PEOPLE - 1
    assert len(carried.tenant.sizes) <= 2 * 5 + 6  # five halvings, and what one row may be sent again
    assert carried.tenant.reads <= 30


async def test_a_lost_answer_is_looked_for_once_for_all(carried):
    """A read for each row would cost more than the request has saved."""

    class Losing(Groups):
        lost = False

        def meet(self, request, members):
            if self.lost:
                return None
            self.lost = True
            self._apply(request)
            return NoAnswer(Loss.CUT, "the connection was cut")

    report = await carried([adds(number) for number in range(PEOPLE)], kind=Losing)

    assert report.totals.done == PEOPLE
    assert carried.tenant.sizes == [PEOPLE]
    assert carried.tenant.reads <= 4


async def test_a_throttled_request_is_sent_again_whole(carried):
    class Busy(Groups):
        def meet(self, request, members):
            return self._answer(429, {}, {"retry-after": "1"}) if len(self.sizes) < 3 else None

    report = await carried([adds(number) for number in range(PEOPLE)], kind=Busy)

    assert report.totals.done == PEOPLE
    assert carried.tenant.sizes == [PEOPLE] * 3


async def test_a_group_that_rows_make_by_its_name_is_made_once(carried):
    """Several rows need it at the same time."""
    rows = [
        {"op": "add_member", "type": "Group", "match": {"displayName": "New"}, "member": {"id": f"u{number}"}}
        for number in range(PEOPLE)
    ]
    report = await carried(rows, kind=Groups, create_groups=True)

    assert report.totals.done == PEOPLE
    assert [name for _, name in carried.tenant.created] == ["New"]
    assert carried.tenant.sizes == [PEOPLE]


async def test_reports_of_a_user_do_not_wait_until_it_is_in_its_group(carried):
    """A manager's id is known when it is created, and its membership waits for those of others."""
    rows = [create("p0", groups=["New"])]
    rows += [
        create(f"p{number}", groups=["New"], manager={"userName": f"p{number - 1}"})
        for number in range(1, PEOPLE)
    ]
    report = await carried(rows, kind=Groups, create_groups=True)

    assert report.totals.done == PEOPLE
    assert carried.tenant.sizes == [PEOPLE]


async def test_what_was_read_long_before_the_request_leaves_is_read_again(carried):
    """Rows wait for others longer than what they know may be believed."""

    class Slow(Groups):
        """Takes a minute for each new user."""

        async def send(self, request):
            if request.method == "POST":
                await self.clock.sleep(60.0)
                self.held["Groups"]["g1"]["members"] = [{"value": "u0"}]  # by someone else
            return await super().send(request)

    rows = [
        adds(0),
        adds(1),
        {"op": "create", "type": "User", "data": {"userName": "new@example.com"}},
        adds(2),
    ]
    report = await carried(rows, kind=Slow, concurrency=1)

    assert report.totals.done == 3
    assert states(carried)[0] is RowState.NOOP
    assert carried.tenant.sizes == [2]


async def test_workers_that_need_one_group_look_it_up_once(carried):
    """Each of them asked for it at the same time."""
    rows = [{**adds(number), "match": {"displayName": "G1"}} for number in range(PEOPLE)]
    for row in rows:
        del row["id"]
    report = await carried(rows, kind=Groups, concurrency=8)

    assert report.totals.done == PEOPLE
    assert carried.tenant.reads == 2  # its name, and its members


@pytest.mark.parametrize("rejects_reads", [False, True])
async def test_a_refused_token_is_found_out_once_for_all_rows_of_a_request(carried, rejects_reads):
    """Each row sent a read of its own to see whether the token is still good."""

    class Revoked(Groups):
        revoked = False

        def meet(self, request, members):
            self.revoked = True
            return self._answer(401, {"detail": "no longer"})

        async def send(self, request):
            after, self.after = self.revoked, getattr(self, "after", 0) + self.revoked
            if after and rejects_reads:
                return self._answer(401, {"detail": "no longer"})
            return await super().send(request)

    report = await carried([adds(number) for number in range(PEOPLE)], kind=Revoked, rate="1000/s")

    assert isinstance(report.exit_reason, CredentialError)
    assert report.totals.pending == PEOPLE
    assert carried.tenant.after <= 4  # the change a second time, and at most two reads


async def test_where_members_move_only_those_whose_groups_must_be_read_go_alone(carried):
    """What was read of 30 users in turn is too old for a request of all, and was read three times for each."""
    new = [create(f"n{number}@example.com", groups=["G1"]) for number in range(5)]
    there = [adds(number, "g2") for number in range(5)]
    report = await carried(new + there, kind=Groups, profile={"one_group": True})

    assert report.totals.done == 10
    assert sorted(carried.tenant.sizes) == [1] * 5 + [5]


class KeepsTwins(SimulatedTenant):
    """Keeps each member as often as it is added."""

    def _one(self, method, collection, resource_id, body):
        if method != "PATCH" or collection != "Groups":
            return super()._one(method, collection, resource_id, body)
        group = self.held["Groups"][resource_id]
        group["members"] = [
            *group.get("members", ()),
            *(entry for one in body["Operations"] for entry in one["value"]),
        ]
        return self._answer(200, group)


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_no_member_is_added_twice_whichever_rows_ask_for_it(carried, concurrency):
    """A row of the group and a later one of the user, which it names by its `ref`, waited for one request."""
    people = [
        {
            "op": "create",
            "ref": f"p{number}",
            "data": {"userName": f"p{number}@example.com", "groups": ["Team"]},
        }
        for number in range(9)
    ]
    team = {"displayName": "Team", "members": [{"ref": f"p{number}"} for number in (0, 5, 8)]}
    lines = [people[3], {"op": "create", "type": "Group", "data": team}, *people[:3], *people[4:]]
    report = await carried(lines, kind=KeepsTwins, concurrency=concurrency)
    (group,) = carried.tenant.held["Groups"].values()
    assert report.totals.done == len(lines)
    assert sorted(one["value"] for one in group["members"]) == sorted(carried.tenant.held["Users"])
