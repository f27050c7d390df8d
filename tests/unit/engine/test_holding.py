"""Requests that wait though the run goes on, and limits that are replaced while they wait."""

import anyio

from bulkscim.engine.holding import Hold, Holding
from bulkscim.engine.permits import Permits
from bulkscim.engine.stopping import Stopping
from bulkscim.errors import Stopped
from bulkscim.model.request import Request, Response
from bulkscim.providers.profile import Bucket
from tests.support.running.virtual_loop import running_time

READ = Request("GET", "/Users")


class Tenant:
    """Notes when requests arrive, and answers each a second later."""

    def __init__(self):
        self.clock, self.arrived = running_time(), []

    async def send(self, request):
        self.arrived.append(round(self.clock.monotonic()))
        await self.clock.sleep(1)
        return Response(200)


async def work(permits, tenant, requests=100):
    """Send one request after the other."""
    for _ in range(requests):
        if not await permits.obtain(READ):
            return
        await permits.send(READ, tenant)


def permits_of(*buckets):
    """Return permits under limits, their tenant, and what may stop them."""
    tenant = Tenant()
    stopping = Stopping(tenant.clock)
    return Permits(buckets, tenant.clock, stopping), tenant, stopping


async def test_nothing_new_is_sent_while_anything_holds():
    """What is under way is answered; two holds are over when both are released."""
    permits, tenant, stopping = permits_of()
    async with anyio.create_task_group() as group:
        group.start_soon(work, permits, tenant)
        await tenant.clock.sleep(2.5)
        permits.holding.hold("run", "paused")
        permits.holding.hold("tenant", "paused too")
        await tenant.clock.sleep(10)
        assert tenant.arrived == [0, 1, 2]
        permits.holding.release("run")
        await tenant.clock.sleep(10)
        assert (tenant.arrived, permits.quiet().held) == ([0, 1, 2], "paused too")
        permits.holding.release("tenant")
        await tenant.clock.sleep(2.1)
        assert tenant.arrived[3:] == [23, 24, 25]
        stopping.stop(Stopped("enough"))


async def test_a_run_that_is_held_can_be_stopped():
    """Ctrl-C ends a pause as it ends any wait."""
    permits, tenant, stopping = permits_of(Bucket(10, 1.0))
    permits.holding.hold("run", "paused")
    async with anyio.create_task_group() as group:
        group.start_soon(work, permits, tenant)
        await tenant.clock.sleep(3600)
        stopping.stop(Stopped("enough"))
    assert tenant.arrived == []


async def test_the_hold_that_is_named_is_a_persons():
    """One that a person has to end before others."""
    holding = Holding(Stopping(running_time()))
    assert holding.first is None
    holding.hold("hours", "until 22:00", ends=True)
    assert holding.first == Hold("until 22:00", ends=True)
    holding.hold("run", "paused")
    assert holding.first == Hold("paused")
    holding.release("run")
    holding.release("run")
    assert (holding.has("run"), holding.has("hours")) == (False, True)


async def test_a_faster_rate_counts_for_requests_that_wait_already():
    """At five an hour the next one would have waited for twelve minutes."""
    permits, tenant, stopping = permits_of(Bucket(5, 3600.0))
    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(work, permits, tenant)
        await tenant.clock.sleep(60)
        before = len(tenant.arrived)
        permits.replace((Bucket(100, 10.0),))
        await tenant.clock.sleep(11)
        assert len(tenant.arrived) - before >= 30
        stopping.stop(Stopped("enough"))


async def test_what_was_sent_before_counts_under_a_slower_rate():
    """The tenant may have had the slower limit all the time."""
    permits, tenant, stopping = permits_of(Bucket(100, 10.0))
    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(work, permits, tenant)
        await tenant.clock.sleep(30)
        permits.replace((Bucket(20, 60.0),))
        slow_from = len(tenant.arrived)
        await tenant.clock.sleep(300)
        stopping.stop(Stopped("enough"))
    window = [one for one in tenant.arrived if one > 30]
    assert window
    assert min(window) >= 30 + 50
    assert all(later - first >= 59 for first, later in zip(window, window[20:], strict=False))
    assert len(tenant.arrived) > slow_from


async def test_a_wait_that_the_tenant_asked_for_outlives_the_limits():
    """Retry-After was said to the run, whatever its rate."""
    permits, tenant, stopping = permits_of(Bucket(100, 10.0))
    permits.gates[0].close(100)
    permits.replace((Bucket(1000, 10.0),))
    async with anyio.create_task_group() as group:
        group.start_soon(work, permits, tenant)
        await tenant.clock.sleep(99)
        assert tenant.arrived == []
        await tenant.clock.sleep(3)
        assert tenant.arrived
        stopping.stop(Stopped("enough"))
