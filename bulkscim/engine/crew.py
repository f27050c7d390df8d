"""The workers of a pass: as many as are wanted now."""

from collections.abc import Callable, Coroutine
from typing import Any

from anyio.abc import TaskGroup


class Crew:
    """Starts workers in a group, and tells one that there are too many; `wanted` is asked each time."""

    def __init__(
        self, wanted: Callable[[], int], group: TaskGroup, work: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        self._wanted = wanted
        self._group = group
        self._work = work
        self._working = 0

    def fill(self) -> None:
        """Start the workers that are missing."""
        for _ in range(self._wanted() - self._working):
            self._working += 1
            self._group.start_soon(self._work)

    def leaves(self) -> bool:
        """Return whether a worker that asks is one too many; it leaves then."""
        if self._working <= max(1, self._wanted()):
            return False
        self._working -= 1
        return True
