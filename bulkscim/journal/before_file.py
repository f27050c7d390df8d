"""`before.jsonl`: resources as they are before a step removes something, one JSON object a line, for readers without bulkscim.

What is kept is durable when `keep` returns. What several workers keep meanwhile is written and synced at once.
"""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from bulkscim.errors import JournalDead
from bulkscim.journal.durable import Appender, Disk
from bulkscim.model.typed import next_line

BEFORE = "before.jsonl"


@dataclass(slots=True)
class _Together:
    """Lines that become durable together."""

    lines: list[bytes] = field(default_factory=list)
    durable: bool = False


class BeforeFile:
    """The file of one run folder; it is made with its first line, and grows over all sessions."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk
        self._file: Appender | None = None
        self._turn = anyio.Lock()
        self._next = _Together()
        self._dead = ""

    async def keep(self, lines: Iterable[bytes]) -> None:
        """Return when these lines are durable; JournalDead where they, or others before them, cannot be written."""
        mine = self._next
        mine.lines += lines
        if not mine.lines:
            return
        async with self._turn:
            if mine.durable:
                return
            self._next = _Together()
            with anyio.CancelScope(shield=True):
                await self._disk.off_loop(lambda: self._write(mine.lines))
            mine.durable = True

    def _write(self, lines: Iterable[bytes]) -> None:
        path = self._folder / BEFORE
        try:
            if self._dead:
                raise OSError(self._dead)
            if self._file is None:
                self._file = self._opened(path)
            self._file.write(b"".join(line + b"\n" for line in lines))
            self._file.sync()
        except OSError as error:
            self._dead = self._dead or str(error)
            raise JournalDead(
                f"{path} cannot be written: {self._dead}. Nothing is removed without it; remove the cause, then continue\n"
                f"{next_line('resume', self._folder)}"
            ) from error

    def _opened(self, path: Path) -> Appender:
        """Open the file at its end; a line that a crash has cut short is ended."""
        if not self._disk.exists(path):
            made = self._disk.create(path)
            self._disk.sync_folder(self._folder)
            return made
        with closing(self._disk.open_read(path)) as reader:
            size = reader.size()
            torn = size > 0 and reader.read_at(size - 1, 1) != b"\n"
        file = self._disk.open_append(path)
        if torn:
            file.write(b"\n")
        return file

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._file is not None:
            self._file.close()
