"""A resume begins with as few requests in flight as a run does, and stays inside the limit from its first second on."""

from datetime import UTC, datetime

import pytest

from tests.unit.engine.test_learned_rates import Kept, Limited

ROWS = [{"op": "create", "data": {"userName": f"u{number}@example.com"}} for number in range(1200)]
STOPPED_S = 31.0
FIRST = 8


class Far(Limited):
    """Takes up to 500 requests in any ten seconds, and a second for each answer."""

    limit, window_s, latency_s = 500, 10.0, 1.0

    def __init__(self, *given):
        super().__init__(*given)
        self.in_flight, self.counts = 0, []

    async def send(self, request):
        self.in_flight += 1
        self.counts.append(self.in_flight)
        await self.clock.sleep(self.latency_s / 2)
        now = self.clock.monotonic()
        while self.times and self.times[0] <= now - self.window_s:
            self.times.popleft()
        self.times.append(now)
        is_free = len(self.times) <= self.limit
        self.throttled += not is_free
        await self.clock.sleep(self.latency_s / 2)
        self.in_flight -= 1
        return self._apply(request) if is_free else self._answer(429, {}, {})


class Learned(Far):
    """Takes fifteen in any second, and counts the 429s by the request."""

    limit, window_s, latency_s = 15, 1.0, 0.1

    def __init__(self, *given):
        super().__init__(*given)
        self.throttled_by = []  # when each request was sent

    async def send(self, request):
        self.throttled_by.append(self.throttled)
        return await super().send(request)


class Near(Far):
    """Takes 20 in ten seconds, so that a window is full when the run stops."""

    limit, latency_s = 20, 0.1


async def stopped_and_resumed(carried, count, kind, **settings):
    """Carry a run out until its deadline, and go on at once; return the tenant, and how many requests it had seen by then."""
    deadline = datetime.fromtimestamp(1_800_000_000 + STOPPED_S, UTC).isoformat()
    await carried(ROWS[:count], kind=kind, deadline=deadline, **settings)
    tenant = carried.tenant
    assert STOPPED_S <= tenant.clock.monotonic() <= STOPPED_S + 3
    before = len(tenant.counts)
    assert (await carried.on(deadline=None)).totals.done == count
    return tenant, before


@pytest.mark.slow
async def test_it_begins_with_few_in_flight(carried):
    """How many the tenant bears by now is not known."""
    tenant, before = await stopped_and_resumed(carried, 1200, Far, rate="500/10s", concurrency=0)

    assert max(tenant.counts[:before]) > 2 * FIRST
    assert max(tenant.counts[before : before + 50]) <= FIRST
    assert tenant.throttled == 0


async def test_what_was_sent_last_counts_under_the_limit(carried):
    """The window is full when the process begins."""
    tenant, before = await stopped_and_resumed(carried, 100, Near, rate="20/10s", concurrency=0)

    assert 55 <= before <= 66
    assert tenant.throttled == 0


@pytest.mark.slow
async def test_what_was_learned_holds_from_the_first_request_on(carried):
    """The process before had met 429s; this one begins with less than what passed."""
    more = {"rate": "auto", "rates": Kept(), "concurrency": 16}
    tenant, before = await stopped_and_resumed(carried, 800, Learned, **more)

    assert tenant.throttled_by[before] > 0
    assert tenant.throttled - tenant.throttled_by[before] <= 1
    assert tenant.throttled_by[before + 75] == tenant.throttled_by[before]
