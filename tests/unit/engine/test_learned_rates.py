"""A run begins with what earlier ones have learned of the tenant's limit, and keeps what it learns itself."""

from collections import deque
from dataclasses import replace

import pytest

from bulkscim.pacing.known_limit import KnownLimit, Source
from tests.support.simulation.tenant import SimulatedTenant

ROWS = [{"op": "create", "data": {"userName": f"u{number}@example.com"}} for number in range(900)]


class Kept:
    """What is kept of a tenant, in memory."""

    def __init__(self, *limits):
        self.limits = limits

    def known(self):
        return self.limits

    def keep(self, found):
        self.limits = tuple(found) or self.limits


class Limited(SimulatedTenant):
    """Takes fifteen requests in any second, and says no more than 429."""

    def __init__(self, *given):
        super().__init__(*given)
        self.times, self.throttled = deque(), 0

    async def send(self, request):
        now = self.clock.monotonic()
        while self.times and self.times[0] <= now - 1.0:
            self.times.popleft()
        if len(self.times) >= 15:
            self.throttled += 1
            return self._answer(429, {}, {})
        self.times.append(now)
        return await super().send(request)


@pytest.mark.slow
async def test_the_second_run_begins_with_what_the_first_has_learned(carried):
    """It met a 429 in its first second again."""
    kept = Kept()
    await carried(ROWS, kind=Limited, rate="auto", rates=kept, concurrency=16)
    assert 0 < carried.tenant.throttled <= 10
    (learned,) = kept.known()
    assert 12 <= learned.per_second <= 15
    assert learned.too_fast > learned.per_second

    report = await carried(ROWS, kind=Limited, rate="auto", rates=kept, concurrency=16)
    assert report.totals.done == len(ROWS)
    assert carried.tenant.throttled <= 1
    assert report.elapsed_s <= report.totals.requests / 12 + 10
    assert not report.held_back


async def test_a_lower_limit_that_is_known_holds_without_any_flag(carried):
    """The profile says ten a second, and the tenant takes five."""
    await carried(ROWS[:200], rates=Kept(KnownLimit(5.0, 6.0)))

    assert carried.tenant.clock.monotonic() >= 35


async def test_the_end_names_the_default_that_has_held_it_back(carried):
    """No limit of the tenant is known, and it would have taken more."""
    report = await carried(ROWS[:200])

    assert report.held_back.startswith("rate: 10/s, the default of bulkscim")


class Stating(Limited):
    """Says what its limit is with each answer."""

    async def send(self, request):
        reply = await super().send(request)
        return replace(reply, headers={**reply.headers, "ratelimit-policy": '"all";q=15;w=1'})


async def test_what_a_header_states_is_used_at_once_and_whole(carried):
    """Where a faster pace is permitted; a later run begins with all of it."""
    kept = Kept()
    report = await carried(ROWS[:450], kind=Stating, rate="auto", rates=kept, concurrency=16)

    assert report.elapsed_s <= report.totals.requests / 14 + 5
    assert kept.known() == (KnownLimit(15.0, source=Source.HEADER),)
    assert kept.known()[0].first == 15.0


async def test_what_a_header_states_is_no_leave_for_a_faster_pace(carried):
    """The default of ten a second holds; what is stated is kept, and the end names it."""
    kept = Kept()
    report = await carried(ROWS[:150], kind=Stating, rates=kept)

    assert report.elapsed_s >= 14
    assert kept.known() == (KnownLimit(15.0, source=Source.HEADER),)
    assert "; 15/s of all requests stated on " in report.held_back


class StatingTheDefault(SimulatedTenant):
    """States the limit that is assumed of it."""

    async def send(self, request):
        reply = await super().send(request)
        return replace(reply, headers={**reply.headers, "ratelimit-policy": '"all";q=20;w=2'})


async def test_a_default_that_the_tenant_states_itself_holds_nothing_back(carried):
    """No flag would make it faster."""
    report = await carried(ROWS[:200], kind=StatingTheDefault, rates=Kept())

    assert not report.held_back


class SlowsDown(SimulatedTenant):
    """Answers in a tenth of a second, and in half of one while more than fifteen came in the last second."""

    def __init__(self, *given):
        super().__init__(*given)
        self.times, self.fastest = deque(), 0

    async def send(self, request):
        now = self.clock.monotonic()
        self.times.append(now)
        while self.times[0] <= now - 1.0:
            self.times.popleft()
        self.fastest = max(self.fastest, len(self.times))
        await self.clock.sleep(0.1 if len(self.times) <= 15 else 0.5)
        return await super().send(request)


async def test_the_pace_does_not_go_up_where_answers_take_much_longer(carried):
    """Up to forty a second were permitted, and the tenant is at its end at fifteen."""
    report = await carried(ROWS, kind=SlowsDown, rate="auto", rates=Kept(), concurrency=50)

    assert report.totals.done == len(ROWS)
    assert 15 < carried.tenant.fastest <= 22
