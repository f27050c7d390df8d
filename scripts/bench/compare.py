"""Create users with bulkscim, with a bare aiohttp loop and with scim2-client, side by side, and print the ratios.

Each round runs every contestant, in a new order, against one server that is not the bottleneck; ratios are taken
within a round, and the median of the rounds is shown with the least and the most. What a contestant takes for one
create alone (start-up and end) is measured in each round too and taken off, so that only the price of a row is left.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from constant_server import constant_server
from measure import cost
from people import write_job

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PEERS = ROOT / ".bench" / "peers" / "bin" / "python"
Command = Callable[[int], list[str]]


@dataclass(frozen=True, slots=True)
class Contestant:
    """A program that creates users: its command line for so many of them, and how many it is asked for."""

    name: str
    command: Command
    count: int


@dataclass(frozen=True, slots=True)
class PerRow:
    """The price of one row."""

    wall_us: float
    cpu_us: float
    peak_mb: float


REFERENCE = "bare aiohttp"
BULKSCIM = "bulkscim run"
SCIM2_CLIENT = "scim2-client"


def contestants(base_url: str, folder: Path, count: int) -> list[Contestant]:
    """Return all of them; the slow ones are asked for less."""
    own, peers = sys.executable, str(PEERS)

    def bulkscim(rows: int) -> list[str]:
        shutil.rmtree(folder / "run", ignore_errors=True)
        job = folder / f"{rows}.jsonl"
        if not job.exists():
            write_job(job, rows)
        flags = ["--base-url", base_url, "--run-dir", str(folder / "run"), "--concurrency", "50"]
        return [own, "-m", "bulkscim", "run", str(job), *flags, "--rate", "1000000/s", "--yes", "--json"]

    bare, scim2 = str(HERE / "bare_aiohttp.py"), str(HERE / "with_scim2_client.py")
    return [
        Contestant(BULKSCIM, bulkscim, count),
        Contestant(REFERENCE, lambda rows: [own, bare, base_url, str(rows)], count),
        Contestant("bare aiohttp, uvloop", lambda rows: [own, bare, base_url, str(rows), "uvloop"], count),
        Contestant(SCIM2_CLIENT, lambda rows: [peers, scim2, base_url, str(rows)], count // 20),
        Contestant(
            "scim2-client, one by one",
            lambda rows: [peers, scim2, base_url, str(rows), "one-by-one"],
            count // 20,
        ),
    ]


def per_row(who: Contestant, folder: Path, environment: dict[str, str]) -> PerRow:
    """Return what a row costs a contestant, its start-up taken off."""
    whole, alone = (cost(who.command(rows), environment, folder / "out") for rows in (who.count, 1))
    rows = (who.count - 1) / 1e6
    return PerRow((whole.wall_s - alone.wall_s) / rows, (whole.cpu_s - alone.cpu_s) / rows, whole.peak_mb)


def one_round(
    all_of_them: Sequence[Contestant], folder: Path, environment: dict[str, str]
) -> dict[str, PerRow]:
    """Let each of them run, in a new order."""
    order = random.sample(all_of_them, len(all_of_them))
    found = {who.name: per_row(who, folder, environment) for who in order}
    return {who.name: found[who.name] for who in all_of_them}


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Show a median with the least and the most."""
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def table(rounds: Sequence[dict[str, PerRow]]) -> list[str]:
    """Return the table, one line for each contestant."""
    lines = [
        "| who | creates/s | speed against bare aiohttp | CPU us a row | CPU against bare aiohttp | peak MB |",
        "|---|---|---|---|---|---|",
    ]
    for name in rounds[0]:
        own = [one[name] for one in rounds]
        reference = [one[REFERENCE] for one in rounds]
        speed = [base.wall_us / mine.wall_us for mine, base in zip(own, reference, strict=True)]
        cpu = [mine.cpu_us / base.cpu_us for mine, base in zip(own, reference, strict=True)]
        rate = f"{1e6 / median(mine.wall_us for mine in own):,.0f}"
        used = spread([mine.cpu_us for mine in own], 0)
        peak = f"{median(mine.peak_mb for mine in own):.0f}"
        lines.append(f"| {name} | {rate} | {spread(speed)} | {used} | {spread(cpu)} | {peak} |")
    return lines


def goals(rounds: Sequence[dict[str, PerRow]]) -> list[str]:
    """Return the goals, each with what was reached."""
    bare = median(one[REFERENCE].wall_us / one[BULKSCIM].wall_us for one in rounds)
    client = median(one[SCIM2_CLIENT].wall_us / one[BULKSCIM].wall_us for one in rounds)
    return [
        verdict("P1", "against the bare aiohttp loop", bare, 0.75),
        verdict("P2", "against scim2-client with checked models", client, 12),
    ]


def verdict(number: str, what: str, reached: float, least: float) -> str:
    """Return one goal in a line."""
    word = "met" if reached >= least else "MISSED"
    return f"{number} {what}: {reached:.2f}x, goal {least:g}x: {word}"


def main() -> None:
    """Run the rounds and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=20_000, help="creates by the quick ones in each round")
    parser.add_argument("--quick", action="store_true", help="one round of 5,000")
    chosen = parser.parse_args()
    rounds, count = (1, 5_000) if chosen.quick else (chosen.rounds, chosen.count)
    with tempfile.TemporaryDirectory(prefix="bulkscim-bench-") as name, constant_server() as base_url:
        folder = Path(name)
        environment = os.environ | {
            "BULKSCIM_TOKEN": "bench",
            "BULKSCIM_STATE_DIR": str(folder / "state"),
            "TERM": "xterm",
        }
        field = contestants(base_url, folder, count)
        done = []
        for number in range(1, rounds + 1):
            print(f"round {number} of {rounds} ...", file=sys.stderr, flush=True)
            done.append(one_round(field, folder, environment))
    print("\n".join([*table(done), "", *goals(done)]))


if __name__ == "__main__":
    main()
