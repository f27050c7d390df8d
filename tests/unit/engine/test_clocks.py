"""A clock on the wall that is set back or forward, and one that stands still while the machine sleeps."""

import pytest

from bulkscim.engine.exchange import ServerClock
from bulkscim.engine.work import Moment
from bulkscim.model.clock import Dated
from bulkscim.model.request import Response

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


@pytest.mark.parametrize(
    ("wall", "ticks", "early"),
    [(3.0, 3.0, 0.0), (-86_400.0, 3.0, 0.0), (600.0, 0.5, 599.5)],
    ids=["as it should be", "set back", "asleep or set forward"],
)
def test_a_moment_before_the_first_date_is_counted_back_from_it(wall, ticks, early):
    """A clock that was set in between moved the moment with it."""
    clock = TwoClocks()
    server = ServerClock(clock)
    moment = server.moment()
    clock.wall += wall
    clock.ticks += ticks
    server.note(Response(200, headers={"date": DATE}))
    clock.ticks += 100.0
    server.note(Response(200, headers={"date": "Sat, 21 Nov 2026 23:10:03 GMT"}))

    shown = server.shown(moment)
    assert (shown.at, shown.early_s) == (STATED - ticks, early)
    assert server.shown(Moment(moment.at, stated=False)) is None  # noted by another process


def test_clock_that_is_set_between_the_look_at_the_tenant_and_the_run_is_noticed():
    """The server's time was told by how far it was ahead, so that own creates seemed older than they were."""
    clock = TwoClocks()
    server, dated = ServerClock(clock), Dated(STATED, clock.wall, clock.ticks)
    clock.wall += 434.0
    server.take(dated)

    moment = server.moment()
    assert (moment.at - moment.early_s, moment.early_s) == (STATED, 434.0)
