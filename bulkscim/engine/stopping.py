"""The one place that says whether a run is to stop, and why."""

from collections.abc import Awaitable, Callable
from functools import partial

import anyio

from bulkscim.errors import BulkScimError
from bulkscim.model.clock import Clock


class Stopping:
    """Asked by all who would begin something new; the first reason stays."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waits: dict[anyio.CancelScope, None] = {}  # a set in order, so that a replay is exact
        self.requested = False  # whether nothing new may begin
        self.reason: BulkScimError | None = None

    def stop(self, reason: BulkScimError) -> None:
        """Let what is under way come to its end, and begin nothing new. May be called twice."""
        if self.reason is None:
            self.reason = reason
        self.requested = True
        for scope in self._waits:
            scope.cancel()

    async def pause(self, seconds: float) -> bool:
        """Wait; return False at once when the run is to stop."""
        if seconds <= 0:
            return not self.requested
        return await self.unless_stopped(partial(self._clock.sleep, seconds))

    async def unless_stopped(self, wait: Callable[[], Awaitable[object]]) -> bool:
        """Wait for something; give it up and return False at once when the run is to stop."""
        if not self.requested:
            with anyio.CancelScope() as scope:
                self._waits[scope] = None
                try:
                    await wait()
                finally:
                    del self._waits[scope]
        return not self.requested
