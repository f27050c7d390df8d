"""How the pace recovers after answers of 429."""

import pytest

from bulkscim.engine.permits import Permits
from bulkscim.engine.stopping import Stopping
from bulkscim.journal.settings import Connection, Settings
from bulkscim.model.request import Request
from bulkscim.providers import profile_named
from bulkscim.runs.headless import Unwatched
from tests.support.running.virtual_loop import running_time


@pytest.mark.parametrize("rate", [None, "6000/min"])
async def test_a_sandbox_at_speed_recovers_at_speed(rate):
    """One request in 20 is throttled: at 60 times Lucid's limits 1,000 requests took 6 minutes, most of them waiting."""
    clock, speed = running_time(), 60.0
    buckets = Settings(connection=Connection(rate)).buckets(profile_named("lucid").at(speed))
    permits = Permits(buckets, clock, Stopping(clock), Unwatched())
    began = clock.monotonic()
    for number in range(1000):
        await permits.obtain(Request("GET", "/Users"))
        if number % 20 == 0:
            permits.throttled(1 / speed, 0.0)
        else:
            permits.answered()

    assert 10 < clock.monotonic() - began < 60


async def test_a_tenant_at_its_own_speed_is_given_ten_quiet_seconds():
    """Less says nothing about a limit by the minute."""
    clock = running_time()
    permits = Permits(profile_named("lucid").buckets, clock, Stopping(clock), Unwatched())
    whole = permits.interval_s
    permits.throttled(1.0, 0.0)
    clock.advance(9.9)
    permits.answered()
    assert permits.interval_s == pytest.approx(2 * whole)
    clock.advance(0.2)
    permits.answered()
    assert permits.interval_s == pytest.approx(whole / 0.55)
