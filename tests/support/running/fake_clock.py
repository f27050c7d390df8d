"""A clock whose time moves only when everybody waits for it."""

import heapq
from itertools import count

from anyio.lowlevel import checkpoint

SETTLING_TURNS = 25  # turns of the loop given to everybody else before time moves


class VirtualClock:
    """The Clock protocol without real waiting; sleepers wake in the order of their deadlines.

    Time moves to the earliest deadline once the other tasks have had their turns. Work in a thread does
    not hold it back, so keep disks and transports inside the loop where the order matters.
    """

    def __init__(self, wall: float = 1_800_000_000.0) -> None:
        self._offset = wall
        self._passed = 0.0
        self._numbers = count()
        self._waiting: list[tuple[float, int]] = []

    def now(self) -> float:
        """Return wall time, seconds since 1970, UTC."""
        return self._offset + self._passed

    def monotonic(self) -> float:
        """Return the seconds since the clock was made."""
        return self._passed

    def advance(self, seconds: float) -> None:
        """Let time pass at once, sleepers or not."""
        self._passed += max(0.0, seconds)

    def set_wall(self, wall: float) -> None:
        """Move wall time alone, as an administrator or NTP does."""
        self._offset = wall - self._passed

    async def sleep(self, seconds: float) -> None:
        """Wait until virtual time has moved that far; a negative time does not wait."""
        if seconds <= 0:
            await checkpoint()
            return
        ticket = (self._passed + seconds, next(self._numbers))
        heapq.heappush(self._waiting, ticket)
        try:
            while not self._my_turn(ticket):
                await self._settle(ticket)
            self._passed = max(self._passed, ticket[0])
        finally:
            self._waiting.remove(ticket)
            heapq.heapify(self._waiting)

    def _my_turn(self, ticket: tuple[float, int]) -> bool:
        return self._passed >= ticket[0]

    async def _settle(self, ticket: tuple[float, int]) -> None:
        for _ in range(SETTLING_TURNS):
            await checkpoint()
        if self._waiting[0] == ticket:
            self._passed = max(self._passed, ticket[0])
