"""Which process holds a lock, as a text next to it says. The system's lock decides.

Rule 1: the text is written when the lock was taken, and emptied before it is released.
Rule 2: so a text that is found by the process that takes the lock is that of a process that ended without releasing it,
        or came with a copy of the folder. Then requests may have been sent that no journal tells of, and the next
        process waits as long as that asks for.
"""

import os
import socket
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from bulkscim.journal.durable import Disk


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds a lock; `run` is what it works on, where the lock is not the run's own."""

    pid: int
    host: str
    since: str
    run: str = ""

    @property
    def told(self) -> str:
        """The holder for people."""
        working = f", working on {self.run}" if self.run else ""
        return f"process {self.pid} on {self.host} since {self.since}{working}"

    @property
    def gone(self) -> str:
        """What people should know when its lock was taken over; empty where that is this process."""
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


def write(path: Path, disk: Disk, holder: Holder | None) -> None:
    """Write which process holds the lock, or that none does; on a full disk the lock holds without it."""
    with suppress(OSError), closing(disk.create(path)) as file:
        if holder is not None:
            file.write(orjson.dumps(asdict(holder)) + b"\n")


def read(path: Path, disk: Disk) -> Holder | None:
    """Return the holder that a text names, None where it names none."""
    with suppress(OSError, ValueError, KeyError, TypeError), closing(disk.open_read(path)) as file:
        text = orjson.loads(file.read_at(0, file.size()))
        return Holder(int(text["pid"]), str(text["host"]), str(text["since"]), str(text.get("run", "")))
    return None
