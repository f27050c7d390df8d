"""Measure a job of a million rows against a tenant that answers at once: memory, resume, validate.

Prints P8 (peak memory against that of a small job), P9 (resume of a half-done job against one pass of orjson over
its journal) and P12 (validate against csv.reader alone). `--rows 100000` is quicker and says less.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson
from people import ENTERPRISE, person, write_job

ROOT = Path(__file__).parents[2]
SMALL = 10_000


def probe(command: str, job: Path, folder: Path, stop_after: int = 0) -> dict[str, Any]:
    """Run or resume a job in a process of its own; return what it took."""
    arguments = [
        sys.executable,
        "-m",
        "tests.support.running.memory_probe",
        command,
        str(job),
        str(folder),
        str(stop_after),
    ]
    environment = os.environ | {"BULKSCIM_STATE_DIR": str(folder.parent / "state")}
    done = subprocess.run(arguments, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def write_csv(path: Path, count: int) -> None:
    """Write a job file of so many creates as CSV."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(
            ["userName", "externalId", "givenName", "familyName", "title", "active", "email", "department"]
        )
        for number in range(1, count + 1):
            one = person(number)
            names = one["name"]["givenName"], one["name"]["familyName"]
            work = one["title"], "true", one["userName"], one[ENTERPRISE]["department"]
            rows.writerow([one["userName"], one["externalId"], *names, *work])


def seconds_of_json(journal: Path) -> float:
    """Return how long one pass of orjson over a journal takes."""
    began = time.perf_counter()
    with journal.open("rb") as lines:
        for line in lines:
            orjson.loads(line)
    return time.perf_counter() - began


def seconds_of_csv(path: Path) -> float:
    """Return how long csv.reader alone takes."""
    began = time.perf_counter()
    with path.open(newline="") as lines:
        for _ in csv.reader(lines):
            pass
    return time.perf_counter() - began


def seconds_of_validate(path: Path) -> float:
    """Return how long the command takes."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "bulkscim", "validate", str(path), "--op", "create", "-q"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def memory_and_resume(folder: Path, rows: int) -> list[str]:
    """Run half of a large job, then resume it to its end."""
    small, large = folder / "small.jsonl", folder / "large.jsonl"
    write_job(small, SMALL)
    write_job(large, rows)
    little = probe("run", small, folder / "little")
    half = probe("run", large, folder / "run", rows // 2)
    reading = seconds_of_json(folder / "run" / "journal.jsonl")
    rest = probe("resume", large, folder / "run")
    peak = max(half["peak_mb"], rest["peak_mb"])
    return [
        verdict("P8", f"peak memory, {rows:,} rows against {SMALL:,}", peak / little["peak_mb"], 1.15),
        f"   {peak:.0f} MB against {little['peak_mb']:.0f} MB, goal 128 MB; {rest['done']:,} done",
        verdict(
            "P9",
            "first request of resume against orjson over its journal",
            rest["first_write_cpu_s"] / reading,
            2.0,
        ),
        f"   {rest['first_write_cpu_s']:.1f} s against {reading:.1f} s",
    ]


def validate(folder: Path, rows: int) -> list[str]:
    """Validate a large CSV file."""
    path = folder / "large.csv"
    write_csv(path, rows)
    whole, alone = seconds_of_validate(path), seconds_of_csv(path)
    return [
        verdict("P12", f"validate of {rows:,} CSV rows against csv.reader", whole / alone, 12),
        f"   {whole:.1f} s against {alone:.1f} s",
    ]


def verdict(number: str, what: str, reached: float, most: float) -> str:
    """Return one goal in a line."""
    return (
        f"{number} {what}: {reached:.2f}x, goal at most {most:g}x: {'met' if reached <= most else 'MISSED'}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bulkscim-bench-") as name:
        for line in (*validate(Path(name), chosen.rows), *memory_and_resume(Path(name), chosen.rows)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
