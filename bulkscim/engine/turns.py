"""Let one after the other take something, the urgent first."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heapify, heappop, heappush

import anyio


class Turns:
    """A queue in two classes; within each, who came first goes first."""

    def __init__(self) -> None:
        self._queue: list[tuple[bool, int, anyio.Event]] = []
        self._came = 0
        self._taken = False

    @asynccontextmanager
    async def taken(self, *, urgent: bool) -> AsyncIterator[None]:
        """Wait for a turn, and hold it while the body runs."""
        await self._wait(urgent=urgent)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, *, urgent: bool) -> None:
        if not self._taken:
            self._taken = True
            return
        self._came += 1
        turn = anyio.Event()
        heappush(self._queue, (not urgent, self._came, turn))
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():
                self._pass_on()
            else:
                self._queue = [entry for entry in self._queue if entry[2] is not turn]
                heapify(self._queue)
            raise

    def _pass_on(self) -> None:
        if self._queue:
            heappop(self._queue)[2].set()
        else:
            self._taken = False
