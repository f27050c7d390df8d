"""What holds all requests back though the run goes on: a person's pause, the hours of the day."""

from dataclasses import dataclass

import anyio

from bulkscim.engine.stopping import Stopping


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason to wait, for users; `ends`: the clock ends it, and no person has to."""

    why: str
    ends: bool = False


def _unstretched(seconds: float) -> float:
    """Return the time itself: no clock holds."""
    return seconds


class Holding:
    """Asked before each new request; what was permitted before comes to its end.

    `stretch` returns how long a work of so many seconds takes, with the holds that the clock will make and end.
    """

    def __init__(self, stopping: Stopping) -> None:
        self._stopping = stopping
        self.holds: dict[str, Hold] = {}
        self._freed: anyio.Event | None = None  # there while a request waits
        self.stretch = _unstretched

    def hold(self, what: str, why: str, *, ends: bool = False) -> None:
        """Hold requests back; `what` names the hold for `release`, and replaces one of its name."""
        self.holds[what] = Hold(why, ends)

    def release(self, what: str) -> None:
        """End a hold, if there is one."""
        self.holds.pop(what, None)
        if not self.holds and self._freed is not None:
            self._freed.set()
            self._freed = None

    def take_over(self, other: "Holding") -> None:
        """Hold what another one holds."""
        self.holds |= other.holds

    def has(self, what: str) -> bool:
        """Return whether there is such a hold."""
        return what in self.holds

    @property
    def first(self) -> Hold | None:
        """The hold that is named to users: one that a person has to end before others; None where none is."""
        return min(self.holds.values(), key=lambda one: one.ends, default=None)

    async def over(self) -> bool:
        """Wait while anything holds; False when the run is to stop instead."""
        while self.holds and not self._stopping.requested:
            self._freed = self._freed or anyio.Event()
            await self._stopping.unless_stopped(self._freed.wait)
        return not self._stopping.requested
