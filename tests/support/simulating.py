"""Live many seeds of the simulation and say how many, how fast, and what they held; `scripts/simulate` runs it."""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.support.simulated_machine import simulate

PIECE = 20


def lived(operations, seed):
    """Return a seed's story, or why it failed."""
    try:
        return simulate(seed, operations), None
    except Exception as error:  # noqa: BLE001 - each is a finding
        told = "\n  ".join((f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())))
        return None, f"seed {seed}: {told}"


def asked():
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, metavar="N")
    parser.add_argument("--from", type=int, default=0, metavar="K", dest="first")
    parser.add_argument("--operations", type=int, default=30, metavar="M")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="W")
    return parser.parse_args()


def main():
    """Live them all; exit 1 if any failed."""
    wanted, began = asked(), time.monotonic()
    seeds = range(wanted.first, wanted.first + wanted.seeds)
    stories, failed = [], 0
    with ProcessPoolExecutor(wanted.workers) as pool:
        for story, why in pool.map(partial(lived, wanted.operations), seeds, chunksize=PIECE):
            if why is None:
                stories.append(story)
                continue
            failed += 1
            print(why, flush=True)
    print(summary(stories, failed, time.monotonic() - began))
    sys.exit(1 if failed else 0)


def summary(stories, failed, seconds):
    """Say what the seeds went through."""
    count = len(stories) + failed
    held = {
        name: sum(getattr(one, name) for one in stories)
        for name in ("sessions", "crashes", "faults", "requests")
    }
    days = sum(one.seconds for one in stories) / 86_400
    return (
        f"{count:,} seeds in {seconds:.0f} s: {count / seconds:.1f} seeds/s; {failed} failed\n"
        f"{held['sessions']:,} sessions, {held['crashes']:,} crashes, {held['faults']:,} faults, "
        f"{held['requests']:,} requests, {days:,.1f} days of virtual time"
    )


if __name__ == "__main__":
    main()
