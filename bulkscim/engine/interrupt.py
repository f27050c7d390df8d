"""Signals: the first lets what is under way come to its end, the second stops at once."""

import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio

from bulkscim.engine.stopping import Stopping
from bulkscim.errors import Interrupted
from bulkscim.model.events import Watcher

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


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
            watcher.note("stopping: what is under way comes to its end; press Ctrl-C again to stop at once")
