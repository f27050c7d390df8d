"""The lock of a run folder, and which process holds it.

Rule 1: the system's lock on the file `lock` decides who may work; it ends with its process.
Rule 2: a text next to it, `lock.json`, only informs. It is written when the lock was taken, and emptied before it is released.
Rule 3: so a text that is found by the process that takes the lock is that of a process that ended without releasing it,
        or came with a copy of the folder. Then requests may have been sent that no journal tells of, and the next
        process waits as long as that asks for.
"""

import os
import socket
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from bulkscim.errors import Locked
from bulkscim.journal.durable import Disk, Lock
from bulkscim.model.clock import Clock
from bulkscim.model.typed import next_line
from bulkscim.private_files import refuse_links

LOCK = "lock"
LOCK_TEXT = "lock.json"
_PROBES = 20


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds a lock; `run` is what it works on, where the lock is not the run's own."""

    pid: int
    host: str
    since: str
    run: str = ""

    @property
    def told(self) -> str:
        """The holder as users read it."""
        working = f", working on {self.run}" if self.run else ""
        return f"process {self.pid} on {self.host} since {self.since}{working}"

    @property
    def gone(self) -> str:
        """What the user should know when its lock was taken over; empty where that is this process."""
        if self.host != socket.gethostname():
            return (
                f"{self.told} is named as the holder, and it is not of this machine: going on. If it still works on"
                " another copy of this folder, stop one of the two"
            )
        return (
            ""
            if self.pid == os.getpid()
            else f"{self.told} ended without releasing it; this command continues"
        )


def this_process(now: float, run: str = "") -> Holder:
    """Return this process as a holder."""
    since = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
    return Holder(os.getpid(), socket.gethostname(), since, run)


def write_holder(path: Path, disk: Disk, holder: Holder | None) -> None:
    """Write which process holds the lock, or that none does; on a full disk the lock holds without it."""
    with suppress(OSError), closing(disk.create(path)) as file:
        if holder is not None:
            file.write(orjson.dumps(asdict(holder)) + b"\n")


def read_holder(path: Path, disk: Disk) -> Holder | None:
    """Return the holder that a text names, None where it names none."""
    with suppress(OSError, ValueError, KeyError, TypeError), closing(disk.open_read(path)) as file:
        text = orjson.loads(file.read_at(0, file.size()))
        return Holder(int(text["pid"]), str(text["host"]), str(text["since"]), str(text.get("run", "")))
    return None


@dataclass(slots=True)
class HeldFolder:
    """A run folder whose lock this process holds until `release`, or until it ends.

    `before` is who had it and did not let go.
    """

    path: Path
    _lock: Lock
    _disk: Disk
    before: Holder | None = None
    _released: bool = False

    @property
    def note(self) -> str:
        """What the user should know of who had it before, empty where there is nothing."""
        gone = self.before.gone if self.before else ""
        return f"{self.path}: {gone}" if gone else ""

    def release(self) -> None:
        """Let the folder go; may be called twice."""
        if not self._released:
            self._released = True
            write_holder(self.path / LOCK_TEXT, self._disk, None)
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def hold(path: Path, disk: Disk, clock: Clock) -> HeldFolder:
    """Lock a run folder; Locked names the process that has it, UsageError a link in it."""
    refuse_links(path)
    # `is_locked` takes the lock for some microseconds, so one refusal proves nothing.
    for _ in range(_PROBES):
        if lock := disk.lock(path / LOCK):
            text = path / LOCK_TEXT
            before = read_holder(text, disk)
            write_holder(text, disk, this_process(clock.now()))
            return HeldFolder(path, lock, disk, before)
    has = read_holder(path / LOCK_TEXT, disk)
    told = has.told if has else "another process"
    raise Locked(
        f"{path} is in use by {told}; wait until it ends, or stop it, then give the command again\n"
        f"{next_line('status', path)}"
    )


def is_locked(path: Path, disk: Disk) -> bool:
    """Whether a process is working on the run; none works where none can write."""
    if not disk.exists(path / LOCK):
        return False
    try:
        lock = disk.lock(path / LOCK)
    except OSError:
        return False
    if lock is not None:
        lock.release()
    return lock is None
