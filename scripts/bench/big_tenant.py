"""Measure the memory and the requests of jobs of 1,000 rows, in a small tenant and in one of 100,000 users and 5,000 groups.

Both are sandboxes in processes of their own, whose files are written beforehand; the command runs as it does for users.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from minimum import Kinds, Server, minimum
from request_jobs import Trial, deactivate, delete, grown, memberships, new_groups, upsert
from virtual import KINDS, ROOT, by_kind, fill, kind_of

from bulkscim.sandbox.requestlog import read_log

PEAK = Path(__file__).parent / "peak.py"
START_S = 600.0
GENERIC = KINDS["generic"]
FLAGS = ("--tenant", "sandbox", "--yes", "--json", "-q")
LIMITS = ("--max-delete", "100%", "--max-create", "100%", "--max-removals", "100%")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took: its peak of memory, seconds, and its requests."""

    peak_mb: float
    seconds: float
    requests: Kinds


def trials() -> list[Trial]:
    """Return jobs of 1,000 rows, or of 1,000 members."""
    return [
        upsert(1_000, 100),
        deactivate(1_000, hides=False),
        memberships(200, 20, each=5),
        memberships(200, 20, each=5, by_id=True),
        new_groups(10, 100),
        delete(1_000, 30),
    ]


@contextmanager
def sandbox(folder: Path, trial: Trial) -> Iterator[dict[str, str]]:
    """Serve a tenant until the block ends; yield the environment of commands."""
    environment = os.environ | {
        "HOME": str(folder),
        "BULKSCIM_STATE_DIR": str(folder / "state"),
        "PYTHONPATH": str(ROOT),
    }
    place = folder / "state" / "sandbox"
    place.mkdir(parents=True, mode=0o700)
    fill(place / "generic.sqlite", GENERIC, trial.users(), trial.held_groups())
    command = [sys.executable, "-m", "bulkscim", "sandbox", "--profile", "generic"]
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _until((place / "generic.json").exists, process)
        yield environment
    finally:
        process.terminate()
        process.wait()


def _until(ready: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("the sandbox did not start")
        time.sleep(0.1)


def cost(folder: Path, environment: dict[str, str], *arguments: str) -> Cost:
    """Run a command to its end."""
    log = folder / "state" / "sandbox" / "generic-requests.jsonl"
    before = Counter(map(kind_of, read_log(log)))
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(PEAK), str(folder / "peak"), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return Cost(float((folder / "peak").read_text()), seconds, Counter(map(kind_of, read_log(log))) - before)


def measured(trial: Trial) -> dict[str, Cost]:
    """Run a job, dry and for real, and roll it back."""
    with tempfile.TemporaryDirectory(prefix="bulkscim-bench-") as name:
        folder = Path(name)
        with sandbox(folder, trial) as environment:
            job = str(trial.write(folder))
            op = [word for key, value in trial.options.items() for word in (f"--{key}", str(value))]
            run = ("run", job, *op, *FLAGS, *LIMITS)
            return {
                "dry run": cost(folder, environment, *run, "-n"),
                "run": cost(folder, environment, *run),
                "rollback": cost(folder, environment, "rollback", "last", *FLAGS, "--max-delete", "100%"),
            }


def main() -> None:
    """Measure, and print a line for each command of each job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--groups", type=int, default=5_000)
    parser.add_argument("--job", action="append", help="only jobs whose name holds this text; repeatable")
    parser.add_argument("--json", action="store_true", help="a JSON object a line instead of the table")
    chosen = parser.parse_args()
    if not chosen.json:
        print(
            "| job | MB, small tenant | MB, large tenant | requests, small | requests, large | minimum | seconds | by kind, large |"
        )
        print(f"|{'---|' * 8}")
    for trial in trials():
        if chosen.job and not any(text in trial.name for text in chosen.job):
            continue
        large = grown(trial, chosen.users, chosen.groups)
        small, big = measured(trial), measured(large)
        for command, one in big.items():
            few = minimum(large.work, Server(if_match=True)).total() if command == "run" else 0
            line = {
                "job": trial.name if command == "run" else f"{trial.name}: {command}",
                "small_mb": round(small[command].peak_mb, 1),
                "large_mb": round(one.peak_mb, 1),
                "small_requests": small[command].requests.total(),
                "large_requests": one.requests.total(),
                "minimum": few or None,
                "seconds": round(one.seconds, 1),
                "by kind": by_kind(one.requests),
            }
            shown = [
                f"{value:,}" if isinstance(value, int | float) else value or "" for value in line.values()
            ]
            print(json.dumps(line) if chosen.json else f"| {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    main()
