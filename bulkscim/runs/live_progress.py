"""While a run works: show how far it is every second, and leave it in the run folder for `status`."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio

from bulkscim.model.clock import Clock
from bulkscim.model.events import Watcher
from bulkscim.model.progress import RunProgress
from bulkscim.reporting.progress_file import forget_progress, keep_progress

SHOWN_EVERY_S = 1.0
KEPT_EVERY = 3  # times that it is shown


@dataclass(frozen=True, slots=True)
class LiveProgress:
    """Shows one session's progress; `look` takes a look at it."""

    look: Callable[[], RunProgress]
    watcher: Watcher
    clock: Clock
    folder: Path
    session: int

    @asynccontextmanager
    async def shown(self) -> AsyncIterator[None]:
        """Show it while the body works, and at its end."""
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._show)
                yield
                group.cancel_scope.cancel()
        finally:
            self.watcher.moved(self.look())
            forget_progress(self.folder)

    async def _show(self) -> None:
        times = 0
        while True:
            progress = self.look()
            self.watcher.moved(progress)
            if times % KEPT_EVERY == 0:
                keep_progress(self.folder, progress, self.session, self.clock.now())
            times += 1
            await self.clock.sleep(SHOWN_EVERY_S)
