"""Append to a journal in groups: what is queued is written at once, synced once, and then acknowledged.

Rule 1: the first caller of a group writes for all of it, as soon as the group before is durable; no timer.
Rule 2: an entry reaches the ledger only when it is durable.
Rule 3: a caller that is cancelled waits for its group all the same, so that what returns is known.
Rule 4: after a write or sync that failed nothing is written any more, and no write is acknowledged.
Rule 5: a commit counts only where the journal's name still leads to the file that was written, and that file holds
nothing else: another process that took the run over replaces the file, and what is written to the old one is lost.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import NamedTuple

import anyio

from bulkscim.errors import JournalDead
from bulkscim.journal import checkpoint, entries
from bulkscim.journal.durable import Appender, Disk
from bulkscim.journal.entries import Entry
from bulkscim.journal.ledger import Standing, following
from bulkscim.journal.reader import Fold
from bulkscim.model.clock import Clock
from bulkscim.model.typed import next_line

JOURNAL = "journal.jsonl"

_CHECKPOINT_LINES = 200_000
_CHECKPOINT_SECONDS = 30.0
_CHECKPOINT_LEAST_LINES = 5_000


class _Placed(NamedTuple):
    """The entries of a line with its place in the file."""

    told: tuple[Entry, ...]
    offset: int
    time: float


@dataclass(slots=True)
class _CommitGroup:
    """Entries that become durable together. `commit` is the number of its first line."""

    commit: int
    lines: list[bytes] = field(default_factory=list)
    placed: list[_Placed] = field(default_factory=list)
    done: anyio.Event = field(default_factory=anyio.Event)
    durable: bool = False

    async def ended(self) -> None:
        """Return when its fate is known, also to one who is cancelled meanwhile: that comes at its next wait.

        A shield is put up only then: it costs more than the wait.
        """
        try:
            await self.done.wait()
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self.done.wait()
            if anyio.current_effective_deadline() != -inf:
                raise  # the loop's own, which does not come again as that of a scope does


@dataclass(slots=True)
class _Tip:
    """The end of the file as it will be when all that is queued is written."""

    offset: int
    lines: int
    chain: bytes


class JournalWriter:
    """The only writer of a journal, going on from a fold of it that it keeps up to date."""

    def __init__(self, folder: Path, disk: Disk, file: Appender, fold: Fold, clock: Clock) -> None:
        self._folder, self._disk, self._file, self._fold, self._clock = folder, disk, file, fold, clock
        self._path, end = folder / JOURNAL, fold.end
        self._tip = _Tip(end.offset, end.lines, end.chain)
        self._group: _CommitGroup | None = None  # the one that still takes entries
        self._turn = anyio.Lock()
        self._ahead: dict[int, Standing] = {}  # rows as they will stand when all that is queued is written
        self._dead: str | None = None
        self._kept_lines, self._kept_at = end.lines, clock.monotonic()

    async def append(self, *new: Entry) -> None:
        """Return when all of them are durable, in one commit.

        ValueError, and nothing written, if one cannot follow what stands in the journal; JournalDead if
        this or an earlier write or sync failed.
        """
        self._check_alive()
        if not new:
            return
        leads = self._group is None
        group = self._queue(new)
        # The group's fate must be known to each caller that queued it, even when that one is being cancelled.
        if leads:
            with anyio.CancelScope(shield=True):
                await self._commit(group)
        else:
            await group.ended()
        if not group.durable:
            self._check_alive()

    async def aclose(self) -> None:
        """Wait for what is queued, write a checkpoint, close the file; may be called twice."""
        with anyio.CancelScope(shield=True):
            async with self._turn:
                if self._dead is None and self._file.is_at(self._path, self._fold.end.offset):
                    await self._disk.off_loop(self._save)
                self._dead = self._dead or "it is closed"
                self._file.close()

    def _check_alive(self) -> None:
        """Raise JournalDead if nothing can be written any more."""
        if self._dead is not None:
            raise JournalDead(
                f"{self._path} cannot be written: {self._dead}. Nothing after line {self._fold.end.lines} counts; "
                f"remove the cause, then continue\n{next_line('resume', self._folder)}"
            )

    def _queue(self, new: tuple[Entry, ...]) -> _CommitGroup:
        """Put entries in the group that is next to be written: all of them, or none."""
        group = self._group or _CommitGroup(self._tip.lines + 1)
        tip = _Tip(self._tip.offset, self._tip.lines, self._tip.chain)
        ahead: dict[int, Standing] = {}
        lines, placed = [], []
        time = self._clock.now()
        version = self._fold.header.format
        for told in entries.joined(new, version):
            tip.lines += 1
            previous = tuple(self._advance(row, told, tip.offset, ahead) for row, _ in told[0].rows)
            text = entries.encode(told, tip.lines, group.commit, time, previous, version)
            tip.chain = entries.link(tip.chain, text)
            line = entries.seal(text, tip.chain)
            lines.append(line)
            placed.append(_Placed(told, tip.offset, time))
            tip.offset += len(line)
        group.lines += lines
        group.placed += placed
        self._ahead |= ahead
        self._tip, self._group = tip, group
        return group

    def _advance(self, row: int, told: tuple[Entry, ...], offset: int, ahead: dict[int, Standing]) -> int:
        """Move a row by a line that will stand at `offset`; return the offset of its line before."""
        ledger = self._fold.ledger
        now = ahead.get(row) or self._ahead.get(row) or ledger.standing(row)
        after = following(now, told, offset, several=ledger.several)
        if after is None:
            raise ValueError(f"row {row}, step {told[0].step}: {told[-1].word} cannot follow {now.told}")
        ahead[row] = after
        return now.offset

    async def _commit(self, group: _CommitGroup) -> None:
        """Make a group durable when its turn comes, then the ledger, then all who wait know."""
        try:
            async with self._turn:
                self._group = None
                if self._dead is None:
                    await self._write(b"".join(group.lines))
                if self._dead is None:
                    self._take_in(group)
                    group.durable = True
                group.done.set()
                if self._dead is None and self._checkpoint_due():
                    await self._disk.off_loop(self._save)
        except BaseException as error:
            self._dead = self._dead or f"{type(error).__name__}: {error}"
            raise
        finally:
            group.done.set()

    async def _write(self, data: bytes) -> None:
        """Write and sync outside the loop; a failure ends the journal."""
        try:
            await self._disk.off_loop(self._put(data))
        except OSError as error:
            self._dead = error.strerror or str(error)

    def _put(self, data: bytes) -> Callable[[], None]:
        """Return the call that writes and syncs; the checks before and after it are rule 5."""
        begin = self._fold.end.offset

        def put() -> None:
            self._check_ours(begin)
            self._file.write(data)
            self._file.sync()
            self._check_ours(begin + len(data))

        return put

    def _check_ours(self, size: int) -> None:
        if not self._file.is_at(self._path, size):
            raise OSError(errno.ESTALE, "another process took this run over")

    def _take_in(self, group: _CommitGroup) -> None:
        """Pass what is durable now to ledger and timeline."""
        ledger, timeline, end = self._fold.ledger, self._fold.timeline, self._fold.end
        for placed in group.placed:
            first, offset = placed.told[0], placed.offset
            ledger.apply(placed.told, offset)
            timeline.note(first.kind, placed.time, first.body)
            for row, _ in first.rows:
                if self._ahead[row].offset == offset:
                    del self._ahead[row]
        last = group.lines[-1]
        end.offset = group.placed[-1].offset + len(last)
        end.lines += len(group.lines)
        end.commit = group.commit
        end.chain = last[:-1][entries.SEAL].removesuffix(entries.END)

    def _checkpoint_due(self) -> bool:
        """Whether enough was written since the last checkpoint."""
        lines = self._fold.end.lines - self._kept_lines
        late = self._clock.monotonic() - self._kept_at >= _CHECKPOINT_SECONDS
        return lines >= _CHECKPOINT_LINES or (late and lines >= _CHECKPOINT_LEAST_LINES)

    def _save(self) -> None:
        """Write a checkpoint; nothing is folded meanwhile, since this is done in a commit's turn."""
        self._kept_lines, self._kept_at = self._fold.end.lines, self._clock.monotonic()
        checkpoint.save(self._folder, self._disk, self._fold)
