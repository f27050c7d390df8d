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
        self._event = anyio.Event()
        self.reason: BulkScimError | None = None

    @property
    def requested(self) -> bool:
        """Whether nothing new may begin."""
        return self._event.is_set()

    def stop(self, reason: BulkScimError) -> None:
        """Let what is under way come to its end, and begin nothing new. May be called twice."""
        if self.reason is None:
            self.reason = reason
        self._event.set()

    async def pause(self, seconds: float) -> bool:
        """Wait; return False at once when the run is to stop."""
        if seconds <= 0:
            return not self.requested
        return await self.unless_stopped(partial(self._clock.sleep, seconds))

    async def unless_stopped(self, wait: Callable[[], Awaitable[object]]) -> bool:
        """Wait for something; give it up and return False at once when the run is to stop."""
        if not self.requested:
            async with anyio.create_task_group() as both:
                both.start_soon(self._until_stopped, both.cancel_scope)
                await wait()
                both.cancel_scope.cancel()
        return not self.requested

    async def _until_stopped(self, scope: anyio.CancelScope) -> None:
        await self._event.wait()
        scope.cancel()
