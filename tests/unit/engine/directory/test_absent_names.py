"""Names that no resource has, by filters with several names, once these are proved to heed each of them."""

import json

import anyio
import pytest

from bulkscim.engine.directory.absent_names import AbsentNames
from bulkscim.engine.directory.together import LookupsTogether, NamesAhead
from bulkscim.engine.reads import Reads
from bulkscim.model.operation import USER, Key
from bulkscim.model.request import Response
from bulkscim.model.step import Action, Change, Step
from bulkscim.scim import filters
from tests.support.making.providers import GENERIC
from tests.support.running.fake_clock import VirtualClock

AGE_S = 60.0


class Tenant:
    """So many users; `heeds` is what a filter takes of its values, `most` how many resources it shows."""

    def __init__(self, users, *, heeds=lambda values: values, most=1000, total=True, folds=True):
        self.users = [
            {"id": f"u{number}", "userName": f"u{number}@x.test", "displayName": f"Name {number}"}
            for number in range(users)
        ]
        self.heeds, self.most, self.total, self.folds = heeds, most, total, folds
        self.asked = self.listed = 0

    async def send(self, request):
        """Answer a filter or a page."""
        asked = filters.any_asked_for(request.path)
        self.asked += asked is not None
        self.listed += asked is None
        wanted = [self._form(value) for value in self.heeds(asked[1])] if asked else ()
        found = [one for one in self.users if asked is None or self._form(one[asked[0]]) in wanted]
        found = found[: self.most] if asked else found
        body = {"Resources": found} | ({"totalResults": len(found)} if self.total else {})
        return Response(200, {}, json.dumps(body).encode())

    def _form(self, value):
        return value.casefold() if self.folds else value


def key(number):
    return Key(USER, "userName", f"u{number}@x.test")


def proving(tenant):
    """Return what proves absences in a tenant, by the number of a user; rows to come name the next 20."""
    clock = VirtualClock()
    names, reads = AbsentNames(clock), Reads(tenant, clock, GENERIC)

    async def prove(number):
        return await names.prove(
            key(number), NamesAhead(lambda: map(key, range(number, number + 20)), 50, AGE_S), reads
        )

    return names, prove, clock


async def test_names_to_come_are_proved_absent_with_the_first():
    """1,000 upserts of new users took 1,000 lookups."""
    tenant = Tenant(10)
    _, prove, clock = proving(tenant)

    assert [await prove(number) for number in range(100, 120)] == [True] * 20
    assert (tenant.listed, tenant.asked) == (1, 2)  # one tries the filter
    assert not await prove(3)
    await clock.sleep(AGE_S + 1)
    assert await prove(100)
    assert tenant.asked == 4


async def test_an_answer_as_long_as_none_before_may_have_been_cut():
    """What it does not show is asked for again, and that answer is short."""
    tenant = Tenant(30)
    _, prove, _ = proving(tenant)

    assert not await prove(12)  # it shows 18 of 20, after ten at most
    assert [await prove(number) for number in (30, 31)] == [True, True]


@pytest.mark.parametrize(
    "tenant",
    [
        Tenant(10, heeds=lambda values: values[:1]),
        Tenant(10, heeds=lambda values: values[-1:]),
        Tenant(10, heeds=lambda values: values[::2]),
        Tenant(10, heeds=lambda values: ()),
        Tenant(10, most=2),
        Tenant(10, total=False),
        Tenant(10, folds=False),
        Tenant(2),
    ],
    ids=["first", "last", "some", "none", "cut", "uncounted", "capitals", "too few to try it with"],
)
async def test_a_filter_that_does_not_heed_each_name_proves_nothing(tenant):
    """Each name is then looked up by itself."""
    _, prove, _ = proving(tenant)

    assert [await prove(number) for number in (100, 101, 102, 103)] == [False] * 4


async def test_a_filter_that_is_cut_later_proves_nothing():
    """A service may begin to show less."""
    tenant = Tenant(10)
    _, prove, clock = proving(tenant)
    assert await prove(100)
    await clock.sleep(AGE_S + 1)
    tenant.most = 1

    assert not await prove(100)


async def test_a_name_that_a_step_may_have_given_is_proved_again():
    """A create of the run takes its own name, a change of names any."""
    tenant = Tenant(10)
    names, prove, _ = proving(tenant)
    assert await prove(100)
    tenant.users.append({"id": "new", "userName": key(100).value})
    names.changed(Step("create", Action.CREATE, USER, identity=(key(100),)))
    assert not await prove(100)

    assert await prove(101)
    tenant.users.append({"id": "other", "userName": key(101).value})
    names.changed(Step("patch", Action.MODIFY, USER, id="u1", changes=(Change("userName", "a", "b"),)))
    assert not await prove(101)


async def test_a_create_during_the_request_takes_its_name():
    """The answer may be older than it."""
    tenant = Tenant(10)
    names, prove, _ = proving(tenant)
    assert await prove(200)
    send = tenant.send

    async def created_meanwhile(request):
        names.changed(Step("create", Action.CREATE, USER, identity=(key(100),)))
        return await send(request)

    tenant.send = created_meanwhile
    assert not await prove(100)
    assert await prove(101)


async def test_a_step_during_requests_of_two_attributes_is_taken_in_once():
    """It was dropped without end, since both requests had seen the same steps."""
    tenant = Tenant(10)
    names, prove, clock = proving(tenant)
    reads = Reads(tenant, clock, GENERIC)

    async def prove_name(number):
        key = Key(USER, "displayName", f"Name {number}")
        return await names.prove(key, NamesAhead(tuple, 50, AGE_S), reads)

    assert [await prove(400), await prove_name(400)] == [True, True]
    send, asked, answered, proved = tenant.send, anyio.Event(), anyio.Event(), {}

    async def second_is_answered_first(request):
        if not asked.is_set():
            asked.set()
            await answered.wait()
            return await send(request)
        names.changed(Step("create", Action.CREATE, USER, identity=(key(100),)))
        return await send(request)

    async def first():
        proved["userName"] = await prove(100)

    async def second():
        await asked.wait()
        proved["displayName"] = await prove_name(100)
        answered.set()

    tenant.send = second_is_answered_first
    async with anyio.create_task_group() as group:
        group.start_soon(first)
        group.start_soon(second)
    assert proved == {"userName": False, "displayName": True}


async def test_names_that_rows_have_found_serve_as_samples():
    """No page is read for them."""
    tenant = Tenant(10)
    clock = VirtualClock()
    names = AbsentNames(clock, lambda *_: map(key, range(5)))
    reads = Reads(tenant, clock, GENERIC)

    assert names.may_prove(USER, "userName")
    assert await names.prove(key(100), NamesAhead(tuple, 50, AGE_S), reads)
    assert (tenant.listed, tenant.asked) == (0, 2)


async def test_what_is_there_is_taken_from_the_same_answer():
    """A plan of upserts asked for each name twice where one in ten was new."""
    tenant, clock = Tenant(200), VirtualClock()
    together, reads = LookupsTogether(clock), Reads(tenant, clock, GENERIC)
    names = AbsentNames(clock, together=together)
    numbers = [number if number % 10 else 1000 + number for number in range(120)]

    for place, number in enumerate(numbers):
        ahead = NamesAhead(lambda place=place: map(key, numbers[place:]), 50, AGE_S)
        assert await names.prove(key(number), ahead, reads) is (number >= 1000)
        if number < 1000:
            assert (await together.find(key(number), ahead, reads)).id == f"u{number}"

    assert tenant.asked == 4  # one tries the filter


async def test_where_the_first_filter_fails_shorter_ones_are_tried():
    """A tenant may show fewer resources than a page has names."""
    tenant = Tenant(100, most=20)
    _, prove, _ = proving(tenant)

    assert [await prove(number) for number in (200, 201, 202)] == [False, True, True]


async def test_a_change_that_gives_no_name_leaves_absences_proved():
    """Rows that change titles stand between those that create users."""
    tenant = Tenant(10)
    names, prove, _ = proving(tenant)
    assert await prove(100)
    asked = tenant.asked

    names.changed(Step("patch", Action.MODIFY, USER, id="u1", changes=(Change("title", None, "Lead"),)))
    assert await prove(101)
    assert tenant.asked == asked
