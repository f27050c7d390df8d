"""Writes that are answered with 202: looked for once at the end of the run, never sent again."""

import pytest

from bulkscim.model.request import Response
from tests.support.simulation.tenant import SimulatedTenant

BOB = {"id": "b", "userName": "bob@example.com", "title": "Old", "active": True}
ADA = {"op": "create", "type": "User", "data": {"userName": "ada@example.com"}}
PATCH = [{"op": "replace", "path": "title", "value": "New"}]
CHANGE = {"op": "patch", "type": "User", "match": {"userName": "bob@example.com"}, "patch": PATCH}
DELETE = {"op": "delete", "type": "User", "match": {"userName": "bob@example.com"}}


class Accepting(SimulatedTenant):
    """Answers each write with 202. It takes effect `later_s` after that, or never."""

    later_s = None
    body = b""

    def __init__(self, *given):
        super().__init__(*given)
        self.writes, self.due = [], []

    async def send(self, request):
        await self.clock.sleep(0.1)
        now = self.clock.monotonic()
        ready = [one for at, one in self.due if at <= now]
        self.due = [(at, one) for at, one in self.due if at > now]
        for one in ready:
            self._apply(one)
        if request.method == "GET":
            return self._apply(request)
        self.writes.append((request.method, now))
        if self.later_s is not None:
            self.due.append((now + self.later_s, request))
        return Response(202, {}, self.body)


class AcceptingAtOnce(Accepting):
    later_s = 0.0


class AcceptingSoon(Accepting):
    later_s = 1.5


class AcceptingLate(Accepting):
    later_s = 60.0


class AcceptingWithAResource(Accepting):
    body = b'{"id": "U1", "userName": "ada@example.com"}'


@pytest.mark.parametrize("line", [ADA, CHANGE, DELETE], ids=lambda line: line["op"])
@pytest.mark.parametrize(
    ("kind", "done"),
    [
        (Accepting, 0),
        (AcceptingAtOnce, 1),
        (AcceptingSoon, 1),
        (AcceptingLate, 0),
        (AcceptingWithAResource, 0),
    ],
)
async def test_accepted_write_is_sent_once_and_looked_for(carried, line, kind, done):
    """A create was sent five times and failed; a change counted as done whatever became of it."""
    report = await carried([line], held=[BOB], kind=kind, concurrency=1)

    assert len(carried.tenant.writes) == 1
    assert (report.totals.done, report.totals.in_doubt) == (done, 1 - done)
    assert report.exit_reason is None


async def test_accepted_rows_hold_no_worker(carried):
    """Each create that the tenant accepted kept its worker for three visibility lags."""
    lines = [{**ADA, "data": {"userName": f"p{number}@example.com"}} for number in range(10)]
    report = await carried(lines, kind=AcceptingSoon, concurrency=1)

    sent = [at for _, at in carried.tenant.writes]
    assert max(sent) - min(sent) < 3.0
    assert carried.tenant.clock.monotonic() < 36.0  # the visibility lag, once
    assert report.totals.done == 10


async def test_rows_that_need_an_accepted_one_wait_for_the_look_at_it(carried):
    """A later change of the same user goes after it, a membership when its user is there."""
    boss = {"op": "create", "type": "User", "data": {"userName": "boss@example.com"}}
    with_manager = {**ADA, "data": {**ADA["data"], "manager": {"userName": "boss@example.com"}}}
    again = {**CHANGE, "patch": [{"op": "replace", "path": "title", "value": "Newer"}]}
    team = {"op": "create", "type": "Group", "data": {"displayName": "Team"}}
    join = {"op": "add_member", "type": "Group", "match": {"displayName": "Team"}}
    lines = [with_manager, boss, CHANGE, again, team, {**join, "member": {"userName": "ada@example.com"}}]
    report = await carried(lines, held=[BOB], kind=AcceptingSoon, concurrency=4)

    state = carried.tenant.state()
    assert report.totals.done == len(lines)
    assert state["Users", "bob@example.com"]["title"] == "Newer"
    assert state["Groups", "Team"]["members"] == ["ada@example.com"]


class AcceptingWhatAnotherMakes(Accepting):
    """Holds a user of the name that was asked for, made long ago and not by this run."""

    async def send(self, request):
        reply = await super().send(request)
        if request.method == "POST":
            self.hold("Users", {"id": "theirs", "userName": "ada@example.com"})
        return reply


async def test_what_an_accepted_create_met_is_adopted(carried):
    """It is not asked for again, though the row goes on in another pass."""
    report = await carried([ADA], kind=AcceptingWhatAnotherMakes, concurrency=1)

    assert report.totals.adopted == 1
    assert len(carried.tenant.writes) == 1


class AcceptingDeletes(AcceptingLate):
    """Answers deletes alone with 202."""

    async def send(self, request):
        return await (super() if request.method in {"GET", "DELETE"} else super(Accepting, self)).send(
            request
        )


async def test_accepted_delete_of_what_an_earlier_session_created_is_found(carried):
    """Each resume took the user for one that may be shown late, ended within the lag, and left the row in doubt."""
    lines = [ADA, {"op": "delete", "type": "User", "match": {"userName": "ada@example.com"}}]
    assert (await carried(lines, kind=AcceptingDeletes, concurrency=1)).totals.in_doubt == 1
    await carried.tenant.clock.sleep(60)

    assert (await carried.on()).totals.done == 2
