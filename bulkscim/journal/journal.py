"""A run's journal as a whole: made, opened to append, or only read."""

from pathlib import Path
from types import TracebackType
from typing import Self

from bulkscim.journal.durable import Disk
from bulkscim.journal.entries import Entry
from bulkscim.journal.ledger import Ledger
from bulkscim.journal.timeline import Timeline
from bulkscim.model.clock import Clock
from bulkscim.model.operation import JsonObject

JOURNAL = "journal.jsonl"


class RecordedRun:
    """What a run folder's journal tells."""

    folder: Path
    header: JsonObject
    ledger: Ledger
    timeline: Timeline

    @property
    def chain(self) -> str:
        """The chain value of the last durable line, in hex."""
        raise NotImplementedError

    def history(self, row: int) -> list[Entry]:
        """Return the entries of a row, oldest first."""
        raise NotImplementedError

    def last(self, row: int) -> Entry | None:
        """Return the last entry of a row."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the file."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Journal(RecordedRun):
    """A journal that is appended to; its folder must be locked by the caller."""

    def next_step(self) -> int:
        """Return a step number that no step of this run had."""
        raise NotImplementedError

    async def append(self, *entries: Entry) -> None:
        """Return when the entries are durable, all in one commit."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Write a checkpoint and close the file."""
        raise NotImplementedError


def create(folder: Path, disk: Disk, header: JsonObject, rows: int, clock: Clock) -> Journal:
    """Begin a journal."""
    raise NotImplementedError


def open_for_append(folder: Path, disk: Disk, clock: Clock) -> Journal:
    """Open a journal to go on with it."""
    raise NotImplementedError


def read(folder: Path, disk: Disk, *, checkpoint: bool = True) -> RecordedRun:
    """Read the good part of a journal, without lock or change."""
    raise NotImplementedError
