"""Signals: the first lets what is under way come to its end, the second stops at once."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from bulkscim.engine.stopping import Stopping
from bulkscim.errors import Interrupted
from bulkscim.model.events import Watcher

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@asynccontextmanager
async def draining(stopping: Stopping, watcher: Watcher) -> AsyncIterator[None]:
    """Run the body until it ends; a first signal asks it to stop, a second cancels it."""
    async with anyio.create_task_group() as group:
        group.start_soon(_listen, stopping, watcher, group.cancel_scope)
        yield
        group.cancel_scope.cancel()


async def _listen(stopping: Stopping, watcher: Watcher, scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(*SIGNALS) as signals:
        async for _ in signals:
            if isinstance(stopping.reason, Interrupted):
                scope.cancel()
                return
            stopping.stop(Interrupted("interrupted"))
            watcher.note("stopping: what is under way comes to its end; once more to stop at once")
