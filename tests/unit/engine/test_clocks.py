"""A clock on the wall that is set back or forward, and one that stands still while the machine sleeps."""

import pytest

from bulkscim.engine.permits import Permits
from bulkscim.engine.sending import ServerClock
from bulkscim.engine.stopping import Stopping
from bulkscim.model.request import Response
from bulkscim.providers.profile import Bucket
from tests.support.watching import Silent

DATE = "Sat, 21 Nov 2026 22:10:03 GMT"
STATED = 1_795_299_003.0


class TwoClocks:
    """A clock whose two hands are set by the test."""

    def __init__(self):
        self.wall, self.ticks, self.slept = 1000.0, 50.0, 0.0

    def now(self):
        return self.wall

    def monotonic(self):
        return self.ticks

    async def sleep(self, seconds):
        self.slept += seconds
        self.ticks += seconds


@pytest.mark.parametrize(
    ("wall", "ticks", "passed"),
    [(3.0, 3.0, 3.0), (-86_400.0, 3.0, 3.0), (600.0, 0.5, 600.0)],
    ids=["as it should be", "set back", "asleep"],
)
def test_the_servers_time_never_runs_back(wall, ticks, passed):
    """After an answer's Date, the larger of what the two clocks say has passed."""
    clock = TwoClocks()
    server = ServerClock(clock)
    assert server.now() == clock.wall
    server.note(Response(200, headers={"date": DATE}))
    clock.wall += wall
    clock.ticks += ticks

    assert server.now() == STATED + passed


@pytest.mark.parametrize("ago", [-86_400.0, 0.0, 1.0, 3600.0])
async def test_a_clock_that_was_set_back_does_not_hold_up_a_resume(ago):
    """The wait before the first request is never longer than a full burst needs."""
    clock = TwoClocks()
    permits = Permits([Bucket(100, 60.0)], clock, Stopping(clock), Silent())
    permits.resume_after(ago)
    await permits._opened()

    assert clock.slept <= 1.0
