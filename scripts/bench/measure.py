"""Run one process to its end and say what it took: wall time, CPU time, peak memory."""

import os
import pty
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CLIENT_CORE = 1


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def pinned(command: Sequence[str], core: int) -> list[str]:
    """Return the command bound to one core, where that can be done."""
    taskset = shutil.which("taskset")
    if taskset is None or (os.cpu_count() or 1) <= core:
        return list(command)
    return [taskset, "-c", str(core), *command]


def cost(command: Sequence[str], environment: Mapping[str, str], output: Path) -> Cost:
    """Run a command with a terminal for its stderr, so that a progress bar is drawn; stdout goes to a file.

    SystemExit with what it said if it fails.
    """
    ours, theirs = pty.openpty()
    said: list[bytes] = []
    reader = threading.Thread(target=_drain, args=(ours, said))
    with output.open("wb") as stdout:
        began = time.perf_counter()
        process = subprocess.Popen(
            pinned(command, CLIENT_CORE),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=theirs,
        )
        os.close(theirs)
        reader.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    reader.join()
    os.close(ours)
    if process.returncode:
        raise SystemExit(
            f"{' '.join(command)} ended with {process.returncode}:\n{b''.join(said).decode(errors='replace')[-2000:]}"
        )
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)


def _drain(terminal: int, said: list[bytes]) -> None:
    """Read what is shown until there is no more."""
    while True:
        try:
            shown = os.read(terminal, 65536)
        except OSError:  # how Linux tells that the other side has gone
            return
        if not shown:
            return
        said.append(shown)
