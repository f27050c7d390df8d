"""What several rows name is looked up in one request, which proves presence and nothing else."""

import json
from dataclasses import replace

import anyio
import anyio.lowlevel
import pytest

from bulkscim.engine.directory import together
from bulkscim.engine.directory.together import LookupsTogether, NamesAhead
from bulkscim.engine.reads import Reads
from bulkscim.model.operation import GROUP, USER, Key
from bulkscim.model.request import Response
from bulkscim.model.step import Action, Step
from bulkscim.planning.lookup_costs import MOST
from bulkscim.scim import filters
from tests.support.making.providers import GENERIC
from tests.support.running.fake_clock import VirtualClock

AGE_S = 60.0


class Tenant:
    """Users by number; `twice` is one that has a double; `shown` is what a filter shows of those that it found.

    It refuses filters of more than `most` names, and heeds the first `heeds`.
    """

    def __init__(self, users, *, shown=lambda found: found, twice=None):
        self.users = [self.user(number) for number in range(users)]
        self.users += [] if twice is None else [{**self.user(twice), "id": "double"}]
        self.shown, self.asked, self.most, self.heeds = shown, 0, 1000, 1000

    @staticmethod
    def user(number):
        """Return one user, whose manager is the next one."""
        manager = {"manager": {"value": f"u{number + 1}"}}
        return {"id": f"u{number}", "userName": f"U{number}@x.test", "enterprise": manager}

    async def send(self, request):
        """Answer a filter."""
        self.asked += 1
        _, values = filters.any_asked_for(request.path)
        if len(values) > self.most:
            return Response(400, {}, b"{}")
        wanted = {value.casefold() for value in values[: self.heeds]}
        found = [one for one in self.users if one["userName"].casefold() in wanted]
        body = {"totalResults": len(found), "Resources": self.shown(found)}
        return Response(200, {}, json.dumps(body).encode())


def key(number):
    return Key(USER, "userName", f"u{number}@x.test")


def ahead(numbers, most=MOST):
    """Return the names of rows to come."""
    return NamesAhead(lambda: map(key, numbers), most, AGE_S)


class Rows:
    """Rows that name the users by number, in order."""

    def __init__(self, tenant, count, most=MOST):
        self.clock = VirtualClock()
        self.together, self.reads = LookupsTogether(self.clock), Reads(tenant, self.clock, GENERIC)
        self.count, self.most, self.taken, self.served = count, most, 0, 1000

    async def find(self, number):
        """Return the id that the row of this number finds, None where it must look it up by itself."""
        names = ahead(range(max(number, self.taken), self.count), self.most)
        found = await self.together.find(key(number), replace(names, served=self.served), self.reads)
        return found and found.id


async def test_rows_to_come_are_looked_up_with_the_first():
    """100 deactivations of users by name took 100 lookups: now 2."""
    tenant = Tenant(100)
    rows = Rows(tenant, 100)

    assert [await rows.find(number) for number in range(100)] == [f"u{number}" for number in range(100)]
    assert tenant.asked == 2


async def test_known_names_do_not_shorten_a_filter():
    """A filter may hold 3,000 bytes of names; rows that name 200 known users come before one that names another."""
    rows = Rows(Tenant(300), 300)
    await rows.find(0)
    asked = []
    rows.reads.any_of = lambda keys: asked.append(len(keys)) or Reads.any_of(rows.reads, keys)

    await rows.together.find(key(50), ahead([*range(50)] * 10 + [*range(51, 300)]), rows.reads)

    assert asked == [MOST]


async def test_names_of_rows_that_wait_are_asked_for_first():
    """Each of the rows at work asked for itself and for rows that came long after the others."""
    tenant = Tenant(100)
    rows = Rows(tenant, 100, most=8)
    rows.taken = 8  # by workers
    found = {}

    async def find(number):
        found[number] = await rows.find(number)

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(find, number)

    assert found == {number: f"u{number}" for number in range(8)}
    assert tenant.asked == 1


async def test_names_further_ahead_than_an_answer_can_serve_are_left_for_later():
    """Before deletes at a slow pace most names were looked up too early, and then again each by itself."""
    tenant = Tenant(100)
    rows = Rows(tenant, 100)
    rows.served = 7
    for number in (0, 6, 7, 14):
        assert await rows.find(number) == f"u{number}"

    assert tenant.asked == 3


async def test_what_is_not_shown_is_looked_up_by_itself_and_not_asked_for_again():
    """An answer that does not show a name proves nothing of it."""
    tenant = Tenant(5)
    rows = Rows(tenant, 8)

    assert [await rows.find(number) for number in range(8)] == [
        *(f"u{number}" for number in range(5)),
        *[None] * 3,
    ]
    assert tenant.asked == 1


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        (lambda found: found[:-1], "fewer than it found"),
        (lambda found: [*found, Tenant.user(99)], "others as well"),
        (lambda found: [*found[:-1], "spoilt"], "an entry that cannot be used"),
    ],
)
async def test_an_answer_that_is_not_whole_is_not_used(shown, why):
    """Of two users of one name it may hide one."""
    rows = Rows(Tenant(4, shown=shown), 4)

    assert await rows.find(0) is None, why


async def test_of_two_users_with_one_name_neither_is_taken():
    """The single lookup fails the row, and names both."""
    rows = Rows(Tenant(3, twice=1), 3)

    assert [await rows.find(number) for number in range(3)] == ["u0", None, "u2"]


async def test_a_tenant_that_refuses_such_filters_is_asked_once():
    """Then each row looks its user up, as before."""
    tenant = Tenant(30)
    tenant.most = 1
    rows = Rows(tenant, 30)

    assert [await rows.find(number) for number in range(30)] == [None] * 30
    assert tenant.asked == 1


async def test_fewer_are_asked_for_where_more_are_refused():
    """Services bound the length of a filter, each in its own way."""
    tenant = Tenant(100)
    rows = Rows(tenant, 100)
    await rows.find(0)
    tenant.most = 20

    found = [await rows.find(number) for number in range(50, 100)]

    assert found.count(None) <= 2
    assert tenant.asked <= 1 + 2 + 6  # 50 and 25 are refused; then 12 at a time


async def test_a_tenant_that_looks_at_the_first_name_alone_costs_little_more():
    """What is not shown is looked up by itself, and fewer names are asked for."""
    tenant = Tenant(200)
    tenant.heeds = 1
    rows = Rows(tenant, 200)

    by_themselves = [await rows.find(number) for number in range(200)].count(None)

    assert tenant.asked + by_themselves <= 200 + 6


async def test_what_was_read_too_long_ago_is_looked_up_again():
    """Others may have changed it."""
    tenant = Tenant(10)
    rows = Rows(tenant, 10)
    await rows.find(0)
    rows.clock.advance(AGE_S + 1)

    assert await rows.find(5) == "u5"
    assert tenant.asked == 2


async def test_what_a_row_relied_on_when_it_was_refused_is_looked_up_again():
    """A refused version was sent twice more, and took the tenant for one of which no version ever fits."""
    rows = Rows(Tenant(10), 10)
    assert await rows.find(0) == "u0"
    rows.clock.advance(1)
    refused = replace(ahead([0, 1]), since=rows.clock.monotonic())

    assert await rows.together.find(key(0), refused, rows.reads) is None  # by itself: the others are known
    assert await rows.find(1) == "u1"


def step(action, kind=USER, number=3, member=None):
    """Return a step on a user, or on the group that has one as a member."""
    return Step("part", action, kind, id=f"u{number}" if kind == USER else "g1", member=member)


@pytest.mark.parametrize(
    ("taken", "again"),
    [
        (step(Action.MODIFY), [3]),
        (step(Action.DELETE), [2, 3]),
        (step(Action.ADD_MEMBER, GROUP, member="u4"), [4]),
        (step(Action.MODIFY, GROUP), []),
    ],
    ids=[
        "changed",
        "deleted: its report as well",
        "the member of a group",
        "a group that none of them mentions",
    ],
)
async def test_what_the_run_has_changed_is_looked_up_again(taken, again):
    """A before-image shows what the row itself is about to change, not what an earlier row has changed already."""
    tenant = Tenant(6)
    rows = Rows(tenant, 6)
    await rows.find(0)
    rows.together.changed(taken)
    rows.count = 0  # nothing comes with it

    assert [number for number in range(6) if await rows.find(number) is None] == again


async def test_what_is_changed_while_the_answer_is_on_its_way_is_not_kept():
    """The answer may show it as it was."""
    tenant = Tenant(6)
    rows = Rows(tenant, 6)
    original = tenant.send

    async def meanwhile(request):
        rows.together.changed(step(Action.MODIFY))
        return await original(request)

    tenant.send = meanwhile
    await rows.find(0)
    rows.count = 0

    assert [number for number in range(6) if await rows.find(number) is None] == [3]


async def test_a_change_reaches_each_request_that_is_under_way():
    """Users and groups are looked up at the same time; a change concerns both answers."""
    tenant = Tenant(6)
    rows = Rows(tenant, 6)
    original, under_way, go_on = tenant.send, [], anyio.Event()

    async def slowly(request):
        under_way.append(request)
        await go_on.wait()
        return await original(request)

    tenant.send = slowly
    emails = Key(USER, "externalId", "e1")
    async with anyio.create_task_group() as group:
        group.start_soon(rows.find, 0)
        names = NamesAhead(lambda: [emails, Key(USER, "externalId", "e2")], MOST, AGE_S)
        group.start_soon(rows.together.find, emails, names, rows.reads)
        while len(under_way) < 2:
            await anyio.lowlevel.checkpoint()
        rows.together.changed(step(Action.MODIFY))
        go_on.set()
    rows.count = 0

    assert [number for number in range(6) if await rows.find(number) is None] == [3]


async def test_the_age_of_an_answer_counts_from_when_it_came():
    """A request that had waited 4 s for its permit made all that it showed too old for deletes."""
    tenant = Tenant(3)
    rows = Rows(tenant, 3)
    answer = tenant.send

    async def late(request):
        await rows.clock.sleep(50.0)
        return await answer(request)

    tenant.send = late
    found = await rows.together.find(key(0), ahead(range(3)), rows.reads)

    assert found.read_at == rows.clock.monotonic()
    # It may have left before a step that took effect meanwhile.
    after = replace(ahead(range(1, 3)), since=found.read_at - 10.0)
    assert await rows.together.find(key(1), after, rows.reads) is None


async def test_large_resources_are_asked_for_a_few_at_a_time(monkeypatch):
    """Groups may have thousands of members, and answers are kept."""
    monkeypatch.setattr(together, "KEPT_BYTES", 1000)
    tenant = Tenant(100)
    rows = Rows(tenant, 100)

    assert [await rows.find(number) for number in range(96)] == [f"u{number}" for number in range(96)]
    assert tenant.asked == 5
    assert sum(len(kept.text) for kept in rows.together._kept[USER, "userName"].values()) <= 1000
