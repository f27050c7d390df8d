"""Whether a run is to stop, and why: the one place that says so. A signal is one of the reasons.

The first signal lets requests that are in flight end; the second stops at once.
"""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial

import anyio

from bulkscim.errors import BulkScimError, Interrupted, MembersLost
from bulkscim.model.clock import Clock
from bulkscim.model.events import Watcher
from bulkscim.pacing.waiting import CONFIRMATION

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
MOST_NAMED = 100  # members that a group has lost


class Stopping:
    """Asked by all who would begin something new; the first reason stays."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waits: dict[anyio.CancelScope, None] = {}  # a set in order, so that a replay is exact
        self._pauses: dict[object, tuple[str, float]] = {}  # that have a reason, each with when it ends
        self.requested = False  # whether nothing new may begin
        self.reason: BulkScimError | None = None

    def stop(self, reason: BulkScimError) -> None:
        """Let what is under way come to its end, and begin nothing new. May be called twice."""
        if self.reason is None:
            self.reason = reason
        self.requested = True
        for scope in self._waits:
            scope.cancel()

    async def pause(self, seconds: float, why: str = "") -> bool:
        """Wait; return False at once when the run is to stop. `why` is for those who watch."""
        if seconds <= 0:
            return not self.requested
        one = object()
        if why:
            self._pauses[one] = why, self._clock.monotonic() + seconds
        try:
            return await self.unless_stopped(partial(self._clock.sleep, seconds))
        finally:
            self._pauses.pop(one, None)

    async def confirmation(self, seconds: float) -> bool:
        """Wait as `pause` does until the tenant may show what was changed."""
        return await self.pause(seconds, CONFIRMATION)

    def pauses(self, now: float) -> tuple[tuple[str, float], ...]:
        """Return why there are pauses now, each with the seconds that are left of it."""
        return tuple((why, until - now) for why, until in self._pauses.values())

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


def members_lost(row: int, group: str, lost: tuple[str, ...]) -> MembersLost:
    """Return what stops a run whose change took members out of a group, which are named so that they can be added again."""
    more = f" and {len(lost) - MOST_NAMED:,} more" if len(lost) > MOST_NAMED else ""
    told = (
        f"the change of row {row} took members out of group {group} that no row names: {', '.join(lost[:MOST_NAMED])}{more}. "
        "The tenant took a change of some members for the list of all, or others removed them just now. No further change is sent; those that were under way may have done the same to other groups. "
        "Add them again, or roll the run back, which adds them; and change members of this tenant only once it is known which form of change it takes"
    )
    return MembersLost(told, lost)


@asynccontextmanager
async def draining(stopping: Stopping, watcher: Watcher) -> AsyncIterator[None]:
    """Run the body until it ends; a first signal asks it to stop, a second cancels it.

    A signal that is ignored stays ignored: nohup means that a run outlives its terminal.
    """
    heeded = tuple(number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN)
    with _as_before(heeded):
        async with anyio.create_task_group() as group:
            group.start_soon(_listen, heeded, stopping, watcher, group.cancel_scope)
            yield
            group.cancel_scope.cancel()


@contextmanager
def _as_before(numbers: tuple[signal.Signals, ...]) -> Iterator[None]:
    """Put back how signals were handled: the event loop leaves them with the system's own way, which is to die."""
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # it was not Python that set it
                signal.signal(number, handler)


async def _listen(
    numbers: tuple[signal.Signals, ...], stopping: Stopping, watcher: Watcher, scope: anyio.CancelScope
) -> None:
    with anyio.open_signal_receiver(*numbers) as signals:
        async for _ in signals:
            if isinstance(stopping.reason, Interrupted):
                scope.cancel()
                return
            stopping.stop(Interrupted("interrupted"))
            watcher.note("stopping after the requests that are under way; press Ctrl-C again to stop at once")
