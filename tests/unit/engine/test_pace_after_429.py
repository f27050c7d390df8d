"""How the pace recovers after answers of 429."""

from collections import deque

import anyio
import pytest

from bulkscim.engine.permits import Permits
from bulkscim.engine.stopping import Stopping
from bulkscim.journal.settings import Connection, Settings
from bulkscim.model.request import Request, Response
from bulkscim.providers.profile import Bucket
from bulkscim.tenants.profiles import profile_named
from tests.support.making.few import few
from tests.support.running.virtual_loop import running_time

READ, CHANGE = Request("GET", "/Users"), Request("PATCH", "/Groups/g1", b"{}")


class Throttling:
    """Answers the requests of some numbers with 429, and the rest at once."""

    def __init__(self, refused, retry_after):
        self.refused, self.retry_after, self.sent = refused, retry_after, 0

    async def send(self, request):
        self.sent += 1
        if self.refused(self.sent):
            return Response(429, {"retry-after": str(self.retry_after)})
        return Response(200)


async def sends(permits, tenant, times=1, request=READ):
    """Send a request several times, one after the other."""
    for _ in range(times):
        await permits.obtain(request)
        await permits.send(request, tenant)


@pytest.mark.parametrize("rate", [None, "6000/min"])
async def test_a_sandbox_at_speed_recovers_at_speed(rate):
    """One request in 20 is throttled: at 60 times Lucid's limits 1,000 requests took 6 minutes, most of them waiting."""
    clock, speed = running_time(), 60.0
    buckets = Settings(connection=Connection(rate)).buckets(profile_named("lucid").at(speed))
    permits = Permits(buckets, clock, Stopping(clock))
    began = clock.monotonic()
    await sends(permits, Throttling(lambda sent: sent % 20 == 0, 1 / speed), 1000)

    assert 10 < clock.monotonic() - began < 60


async def test_a_stray_429_costs_its_wait_alone():
    """It cost 27 s of work at the full rate: the pace was halved, and came back a twentieth at a time."""
    clock, tenant = running_time(), Throttling(lambda sent: sent == 100, 1)
    permits = Permits([Bucket(10, 1.0)], clock, Stopping(clock))
    began = clock.monotonic()
    await sends(permits, tenant, 300)

    assert clock.monotonic() - began == pytest.approx(300 / 9.9 + 1.0, abs=0.5)


async def test_a_429_holds_up_what_counts_under_the_same_limit_alone():
    """Changes of groups closed the way for all, and halved the pace of all."""
    clock, tenant = running_time(), Throttling(lambda sent: sent == 1, 60)
    groups = Bucket(5, 10.0, "groups", frozenset({"PATCH"}), "/Groups")
    permits = Permits([Bucket(10, 1.0), groups], clock, Stopping(clock))
    await sends(permits, tenant, request=CHANGE)
    began = clock.monotonic()
    await sends(permits, tenant, 10)
    assert clock.monotonic() - began == pytest.approx(10 / 9.9, abs=0.1)

    await sends(permits, tenant, request=CHANGE)
    assert clock.monotonic() - began > 59


async def test_waits_grow_while_nothing_passes_and_no_answer_says_how_long():
    """100 an hour without Retry-After: each half second another 429."""
    clock, tenant = running_time(), Throttling(lambda sent: sent > 1, "")
    permits = Permits([Bucket(1000, 1.0)], clock, Stopping(clock))
    began = clock.monotonic()
    await sends(permits, tenant, 12)

    assert clock.monotonic() - began > 120


class Unstated:
    """Takes so many requests in any second, and says nothing of it but 429."""

    def __init__(self, clock, per_second):
        self.clock, self.per_second = clock, per_second
        self.times, self.throttled, self.served = deque(), 0, 0

    async def send(self, request):
        await self.clock.sleep(0.1)
        now = self.clock.monotonic()
        while self.times and self.times[0] <= now - 1.0:
            self.times.popleft()
        if len(self.times) >= self.per_second:
            self.throttled += 1
            return Response(429)
        self.times.append(now)
        self.served += 1
        return Response(201)


@pytest.mark.parametrize("per_second", few([25, 14, 1000], 1))
async def test_auto_finds_the_limit_up_to_four_times_the_default(per_second):
    """In ten minutes; where there is no limit, four times the default is the most."""
    clock, limit = running_time(), min(per_second, 40)
    tenant = Unstated(clock, per_second)
    buckets = Settings(connection=Connection("auto")).buckets(profile_named("generic"))
    permits = Permits(buckets, clock, Stopping(clock))

    async def work():
        while clock.monotonic() < 600:
            await sends(permits, tenant)

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(work)

    assert tenant.throttled <= 5
    assert tenant.served >= 0.85 * limit * clock.monotonic()
