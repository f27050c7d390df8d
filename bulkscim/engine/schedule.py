"""Keep to hours of the day, and stop at a deadline; looked at every second, since the clock on the wall may be set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import tzinfo

import anyio

from bulkscim.engine.holding import Holding
from bulkscim.engine.stopping import Stopping
from bulkscim.errors import DeadlineReached
from bulkscim.model.clock import Clock
from bulkscim.pacing.hours import Hours, deadline_reached

_HOURS = "hours"
_LOOKS_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Times:
    """When a session may send: within `hours`, and until `deadline`, in seconds since 1970, which users wrote as `told`.

    `zone` is that of the hours; None is this machine's.
    """

    hours: Hours | None = None
    deadline: float | None = None
    told: str = ""
    zone: tzinfo | None = None

    def seconds_for(self, busy_s: float, now: float) -> float:
        """Return how long a work of so many seconds takes within the hours."""
        return busy_s if self.hours is None else self.hours.seconds_for(busy_s, now, self.zone)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Holds requests back outside of the hours, and stops the run at the deadline."""

    times: Times
    clock: Clock
    holding: Holding
    stopping: Stopping

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Keep to it while the body works."""
        self.holding.stretch = self._seconds_for
        if self.times.hours is None and self.times.deadline is None:
            yield
            return
        wait_s = self._look()
        async with anyio.create_task_group() as group:
            group.start_soon(self._look_on, wait_s)
            yield
            group.cancel_scope.cancel()

    def _seconds_for(self, seconds: float) -> float:
        return self.times.seconds_for(seconds, self.clock.now())

    async def _look_on(self, wait_s: float) -> None:
        while not self.stopping.requested:
            await self.clock.sleep(min(wait_s, _LOOKS_EVERY_S))
            wait_s = self._look()

    def _look(self) -> float:
        """Hold, release or stop, as the time of day says; return after how many seconds that may change."""
        now, times = self.clock.now(), self.times
        left = _LOOKS_EVERY_S if times.deadline is None else times.deadline - now
        if left <= 0:
            self.stopping.stop(DeadlineReached(deadline_reached(times.told)))
        if times.hours is None:
            return left
        opens_s = times.hours.opens_in(now, times.zone)
        if opens_s > 0:
            self.holding.hold(
                _HOURS, f"waiting until {times.hours.begin:%H:%M} (--between {times.hours})", ends=True
            )
        else:
            self.holding.release(_HOURS)
        changes_s = opens_s or times.hours.closes_in(now, times.zone)
        return left if changes_s is None else min(left, changes_s)
