"""Let workers ask the tenant for one thing one after the other: the answer to the first is one to those who wait."""

from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

import anyio


class OneByOne:
    """A lock for each thing that is asked for."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, anyio.Lock] = {}

    @asynccontextmanager
    async def asking(self, thing: Hashable) -> AsyncIterator[None]:
        """Wait until no other worker asks for it."""
        lock = self._locks.setdefault(thing, anyio.Lock())
        async with lock:
            yield
        if not lock.statistics().tasks_waiting:
            self._locks.pop(thing, None)
