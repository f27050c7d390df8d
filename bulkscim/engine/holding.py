"""What holds all requests back though the run goes on: a person's pause, the hours of the day."""

from dataclasses import dataclass

import anyio

from bulkscim.engine.stopping import Stopping


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason to wait, for users; `until` is by the monotonic clock, None where the end is not known."""

    why: str
    until: float | None = None


class Holding:
    """Asked before each new request; what was permitted before comes to its end."""

    def __init__(self, stopping: Stopping) -> None:
        self._stopping = stopping
        self._holds: dict[str, Hold] = {}
        self._freed: anyio.Event | None = None  # there while a request waits

    def hold(self, what: str, why: str, until: float | None = None) -> None:
        """Hold requests back; `what` names the hold for `release`, and replaces one of its name."""
        self._holds[what] = Hold(why, until)

    def release(self, what: str) -> None:
        """End a hold, if there is one."""
        self._holds.pop(what, None)
        if not self._holds and self._freed is not None:
            self._freed.set()
            self._freed = None

    def has(self, what: str) -> bool:
        """Return whether there is such a hold."""
        return what in self._holds

    @property
    def first(self) -> Hold | None:
        """The hold that is named to users: one without a known end, else the one that ends last; None where none is."""
        return max(self._holds.values(), key=lambda one: (one.until is None, one.until or 0.0), default=None)

    async def over(self) -> bool:
        """Wait while anything holds; False when the run is to stop instead."""
        while self._holds and not self._stopping.requested:
            self._freed = self._freed or anyio.Event()
            await self._stopping.unless_stopped(self._freed.wait)
        return not self._stopping.requested
