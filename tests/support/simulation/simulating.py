"""Live seeds of the simulation and report how many, how fast, and what they held; `scripts/simulate` runs it.

With --minutes the seeds begin at a base that the clock draws, and never end before the time is over. What breaks is
kept in a file as it is found; at the end the first seeds of each kind are shrunk, and the shrunk cases can be replayed.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from itertools import count, islice
from pathlib import Path

from bulkscim.commands.runtime import collect_seldom
from tests.support.simulation.seeds import WIDER, case_of, from_json, live, simulate
from tests.support.simulation.shrinking import kind_of, shrink

PIECE = 4  # seeds that a process takes at a time: what is begun when the time is over is still lived
SHRUNK = 2  # seeds of a kind that are shrunk
SHRINKING_S = 60.0  # for one seed
BASES = 1_000_000_000
FOLDER = Path(".simulate")


@dataclass(slots=True)
class Breach:
    """A seed that broke: the oracle or exception, and the report."""

    seed: int
    kind: str
    report: str


@dataclass(slots=True)
class Piece:
    """What some seeds went through."""

    stories: list = field(default_factory=list)
    broken: list = field(default_factory=list)


def lived(operations, seeds):
    """Return the stories of some seeds, and what broke."""
    piece = Piece()
    for seed in seeds:
        try:
            piece.stories.append(simulate(seed, operations))
        except Exception as error:  # noqa: BLE001 - each is a finding
            piece.broken.append(Breach(seed, kind_of(error), f"seed {seed}: {_report(error)}"))
    return piece


def _report(error):
    return "\n  ".join((f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())))


def pieces(pool, operations, seeds, until):
    """Yield what pieces of the seeds went through as they end; none begins after `until`, a time of the clock."""
    pending = set()
    while True:
        while len(pending) < 2 * pool._max_workers and time.monotonic() < until:
            some = list(islice(seeds, PIECE))
            if not some:
                break
            pending.add(pool.submit(lived, operations, some))
        if not pending:
            return
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        for one in done:
            yield one.result()


def smaller(operations, folder, breach):
    """Return the report on a seed's smallest case that breaks the same way, kept in a file that can be replayed."""
    case = shrink(case_of(breach.seed, operations), breach.kind, seconds=SHRINKING_S)
    try:
        live(case)
        end = "does not break when it is lived again"
    except Exception as error:  # noqa: BLE001 - it is what is looked for
        end = _report(error)
    path = folder / f"shrunk-{breach.seed}.json"
    path.write_text(case.as_json())
    lines = "\n".join(json.dumps(line) for line in case.lines)
    return (
        f"seed {breach.seed} shrunk to {len(case.lines)} operations over {len(case.held)} resources:\n{lines}\n  {end}\n"
        f"  replay: scripts/simulate --replay {path}"
    )


def asked(arguments=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, metavar="N", help="so many seeds")
    parser.add_argument(
        "--minutes", type=float, metavar="M", help="until the time is over, instead of --seeds"
    )
    parser.add_argument("--from", type=int, metavar="K", dest="first", help="the first seed")
    parser.add_argument("--operations", type=int, default=30, metavar="O", help="operations of a job")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="W", help="processes")
    parser.add_argument("--broken", type=Path, metavar="FILE", help="the file that keeps what broke")
    parser.add_argument("--shrink", action="store_true", help="shrink what breaks, without --minutes as well")
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="live the case of a file, and nothing else"
    )
    return parser.parse_args(arguments)


def replayed(path):
    """Live the case of a file; return the exit code."""
    try:
        live(from_json(path.read_text()))
    except Exception as error:  # noqa: BLE001 - it is what is looked for
        print(_report(error))
        return 1
    print("no promise is broken")
    return 0


def main(arguments=None):
    """Live them all; return 1 if any failed."""
    wanted, began = asked(arguments), time.monotonic()
    if wanted.replay:
        return replayed(wanted.replay)
    base = wanted.first
    if base is None:
        base = WIDER + int(time.time() * 1000) % BASES if wanted.minutes else 0
    end = float("inf") if wanted.minutes is None else began + 60 * wanted.minutes
    seeds = count(base) if wanted.minutes else iter(range(base, base + wanted.seeds))
    path = wanted.broken or FOLDER / f"broken-{base}.txt"
    print(f"base {base}; what breaks is kept in {path}", flush=True)
    whole = Piece()
    with ProcessPoolExecutor(wanted.workers, initializer=collect_seldom) as pool:
        for piece in pieces(pool, wanted.operations, seeds, end):
            whole.stories += piece.stories
            whole.broken += piece.broken
            for breach in piece.broken:
                _keep(path, breach.report)
        print(summary(base, whole, time.monotonic() - began), flush=True)
        if wanted.minutes or wanted.shrink:
            path.parent.mkdir(parents=True, exist_ok=True)
            for report in pool.map(
                partial(smaller, wanted.operations, path.parent), _first_of_kinds(whole.broken)
            ):
                _keep(path, report)
    return 1 if whole.broken else 0


def _first_of_kinds(broken):
    """Return the first seeds of each kind."""
    seen = Counter()
    for breach in sorted(broken, key=lambda one: one.seed):
        seen[breach.kind] += 1
        if seen[breach.kind] <= SHRUNK:
            yield breach


def _keep(path, report):
    print(report, flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(f"{report}\n")


def summary(base, whole, seconds):
    """Return what the seeds went through, in words."""
    failed = len(whole.broken)
    number = len(whole.stories) + failed
    held = {
        name: sum(getattr(one, name) for one in whole.stories)
        for name in ("sessions", "crashes", "faults", "requests")
    }
    days = sum(one.seconds for one in whole.stories) / 86_400
    return (
        f"base {base}: {number:,} seeds in {seconds:.0f} s: {number / seconds:.1f} seeds/s; {failed} failed\n"
        f"{held['sessions']:,} sessions, {held['crashes']:,} crashes, {held['faults']:,} faults, "
        f"{held['requests']:,} requests, {days:,.1f} days of virtual time"
    )


if __name__ == "__main__":
    sys.exit(main())
