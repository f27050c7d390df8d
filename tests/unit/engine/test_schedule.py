"""A run within hours of the day, and until a deadline, on virtual time."""

from datetime import UTC, datetime

import anyio
import pytest

from bulkscim.engine.permits import Permits
from bulkscim.engine.schedule import Schedule, Times
from bulkscim.engine.stopping import Stopping
from bulkscim.errors import DeadlineReached, Stopped
from bulkscim.model.request import Request, Response
from bulkscim.pacing.hours import parse_hours
from tests.support.running.virtual_loop import running_time

READ = Request("GET", "/Users")
EVENING = datetime(2026, 11, 27, 21, 58, tzinfo=UTC).timestamp()
NIGHT = parse_hours("22:00-22:05")


class Tenant:
    """Notes the minute in which each request arrives; each takes twenty seconds."""

    def __init__(self, wall):
        self.clock, self.arrived = running_time(), []
        self.clock.wall = wall - self.clock.monotonic()

    async def send(self, request):
        self.arrived.append(datetime.fromtimestamp(self.clock.now(), UTC).strftime("%H:%M"))
        await self.clock.sleep(20)
        return Response(200)


async def working(permits, tenant):
    """Send one request after the other."""
    while await permits.obtain(READ):
        await permits.send(READ, tenant)


async def worked(times, for_s, wall=EVENING):
    """Return the minutes in which requests arrived, and why the run stopped."""
    tenant = Tenant(wall)
    stopping = Stopping(tenant.clock)
    permits = Permits([], tenant.clock, stopping)
    with anyio.move_on_after(for_s):
        async with Schedule(times, tenant.clock, permits.holding, stopping).kept():
            await working(permits, tenant)
    return tenant.arrived, stopping.reason


async def test_requests_leave_within_the_hours_only():
    """They begin on time, and what was sent before the end is answered after it."""
    arrived, _ = await worked(Times(NIGHT, zone=UTC), 3600)

    assert sorted(set(arrived)) == ["22:00", "22:01", "22:02", "22:03", "22:04"]
    assert len(arrived) == 15


@pytest.mark.slow
async def test_a_run_goes_on_in_the_next_night():
    """The same time a day later."""
    arrived, _ = await worked(Times(NIGHT, zone=UTC), 24 * 3600 + 180)

    assert arrived[15:] == ["22:00"] * 3


@pytest.mark.parametrize("hours", [None, NIGHT])
async def test_a_run_stops_at_its_deadline(hours):
    """It drains; resume continues. Outside of the hours too."""
    deadline = EVENING + 130
    arrived, reason = await worked(Times(hours, deadline, "22:00", UTC), 3600)

    assert isinstance(reason, DeadlineReached)
    assert (str(reason), reason.cause) == ("the deadline of 22:00 was reached", "deadline")
    assert len(arrived) == (7 if hours is None else 1)


async def test_a_deadline_that_has_passed_lets_nothing_out():
    """The approval took longer than that."""
    arrived, reason = await worked(Times(None, EVENING - 1, "21:57"), 3600)

    assert (arrived, isinstance(reason, DeadlineReached)) == ([], True)


async def test_a_clock_that_is_set_is_heeded_within_a_second():
    """NTP, or a machine that was asleep."""
    tenant = Tenant(EVENING - 3600)
    tenant.clock.leap = (tenant.clock.monotonic() + 30, 3700)
    stopping = Stopping(tenant.clock)
    permits = Permits([], tenant.clock, stopping)
    schedule = Schedule(Times(NIGHT, zone=UTC), tenant.clock, permits.holding, stopping)
    async with schedule.kept(), anyio.create_task_group() as group:
        group.start_soon(working, permits, tenant)
        await tenant.clock.sleep(29)
        assert "22:00" in permits.quiet().held
        await tenant.clock.sleep(22)
        assert tenant.arrived
        stopping.stop(Stopped("enough"))


async def test_the_time_left_holds_the_hours_in_which_nothing_is_sent():
    """Two nights of five minutes for six minutes of work."""
    clock = Tenant(EVENING).clock
    holding = Permits([], clock, Stopping(clock)).holding
    async with Schedule(Times(NIGHT, zone=UTC), clock, holding, Stopping(clock)).kept():
        assert holding.stretch(60) == 180
        assert holding.stretch(360) == 24 * 3600 + 180


async def test_without_hours_and_deadline_nothing_is_looked_at():
    """Most runs."""
    arrived, reason = await worked(Times(), 59)

    assert (len(arrived), reason) == (3, None)
