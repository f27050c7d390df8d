"""While a run works: show how far it is every second, and leave it in the run folder for `status`."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio

from bulkscim.journal.journal import Journal
from bulkscim.journal.run_lock import LOCK_TEXT, read_holder
from bulkscim.model.clock import Clock
from bulkscim.model.events import Watcher
from bulkscim.model.progress import RunProgress
from bulkscim.reporting.progress_file import forget_progress, keep_progress
from bulkscim.runs.heeding import Heeding

SHOWN_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class LiveProgress:
    """Shows one session's progress; `look` takes a look at it. `heeding` heeds what users ask meanwhile."""

    look: Callable[[], RunProgress]
    watcher: Watcher
    clock: Clock
    journal: Journal
    heeding: Heeding | None = None

    @asynccontextmanager
    async def shown(self) -> AsyncIterator[None]:
        """Show it while the body works, and at its end."""
        try:
            await self._heeded()
            async with anyio.create_task_group() as group:
                group.start_soon(self._show)
                yield
                group.cancel_scope.cancel()
        finally:
            self.watcher.moved(self.look())
            forget_progress(self.journal.folder)
            if self.heeding is not None:
                self.heeding.forget()

    async def _show(self) -> None:
        while True:
            await self._heeded()
            progress = self.look()
            self.watcher.moved(progress)
            self._keep(progress)
            await self.clock.sleep(SHOWN_EVERY_S)

    async def _heeded(self) -> None:
        if self.heeding is not None:
            await self.heeding.look()

    def _keep(self, progress: RunProgress) -> None:
        heard, folder = self.heeding.heard if self.heeding is not None else 0.0, self.journal.folder
        holder = read_holder(folder / LOCK_TEXT, self.journal.disk)
        if holder is not None:
            keep_progress(folder, progress, holder, self.clock.now(), heard)
