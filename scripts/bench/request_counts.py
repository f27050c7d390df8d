"""Count the requests of jobs, by the sandbox's own log, and compare them with the fewest that the rules allow.

Each job runs in this process against a sandbox without a network, in virtual time: once as fast as answers come, and
once at 100 requests a minute. So a job of hours takes seconds, and what gets too old at the slow pace shows.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

from minimum import Job, Kinds, Server, minimum
from request_jobs import MANY, Trial, grown, trials
from virtual import KINDS, Bench, Kind, Outcome, by_kind

from bulkscim.runs import api
from bulkscim.runs.report import RunReport
from bulkscim.tenants.profiles import profile_named

PER_MINUTE = 100
PACES = {"fast": inf, "slow": float(PER_MINUTE)}
RATES = {"fast": "1000000/s", "slow": f"{PER_MINUTE}/min"}
MEMORY = Path("/dev/shm")


@dataclass(frozen=True, slots=True)
class Count:
    """What one command cost at one pace, and the fewest that it could."""

    outcome: Outcome
    fewest: Kinds

    @property
    def ratio(self) -> float:
        """How many times the fewest it is."""
        return self.outcome.requests.total() / self.fewest.total()


@dataclass(frozen=True, slots=True)
class Line:
    """One command of a job at one kind of server, counted at each pace."""

    server: str
    job: str
    counts: dict[str, Count]

    @property
    def rows(self) -> int:
        """How many rows the command has."""
        outcome = next(iter(self.counts.values())).outcome
        return outcome.wanted + outcome.others


def server_of(bench: Bench, pace: str) -> Server:
    """Return what a server takes, for the arithmetic."""
    quirks = bench.kind.quirks
    names = 0 if not quirks.filters else 1 if quirks.only_eq else 50
    moves = profile_named(bench.kind.profile).one_group
    return Server(names=names, if_match=bench.if_match, may_move=moves, per_minute=PACES[pace])


def commands(trial: Trial) -> Iterator[tuple[str, Job]]:
    """Yield the commands of a job, in order, and what each has to do."""
    if trial.dry:
        yield "dry run", replace(trial.work, dry=True)
    yield "run", trial.work
    if trial.again is not None:
        yield "again", trial.again
    if trial.undo is not None:
        yield "dry rollback", replace(trial.undo, dry=True)
        yield "rollback", trial.undo


def counted(trial: Trial, kind: Kind, pace: str, folder: Path) -> Iterator[tuple[str, Count]]:
    """Carry out the commands of a job, one after the other, and count each."""
    bench = Bench(folder, kind, trial.users(), trial.held_groups())
    job, runs = trial.write(folder), []
    around: dict[str, Any] = {"runs_dir": folder / "runs", "rate": RATES[pace]}

    async def carry_out(command: str) -> RunReport:
        dry = command.startswith("dry")
        if "rollback" in command:
            return await api.rollback(runs[0], bench.tenant, **around, max_delete="100%", dry_run=dry)
        report = await api.run(job, bench.tenant, **MANY, **trial.options, **around, dry_run=dry)
        if not dry:
            runs.append(report)
        return report

    try:
        for command, work in commands(trial):
            outcome = bench.carry_out(partial(carry_out, command))
            yield command, Count(outcome, minimum(work, server_of(bench, pace)))
    finally:
        bench.close()


def lines(kind: Kind, trial: Trial, paces: Sequence[str]) -> list[Line]:
    """Count one job at one kind of server, at each pace."""
    found: dict[str, dict[str, Count]] = {}
    for pace in paces:
        with tempfile.TemporaryDirectory(
            prefix="bulkscim-bench-", dir=MEMORY if MEMORY.is_dir() else None
        ) as at:
            for command, count in counted(trial, kind, pace, Path(at)):
                found.setdefault(command, {})[pace] = count
    return [Line(kind.name, title(trial, command), counts) for command, counts in found.items()]


def title(trial: Trial, command: str) -> str:
    """Return how a command of a job is called."""
    return trial.name if command == "run" else f"{trial.name}: {command}"


HEAD = (
    "| server | job | rows | requests | minimum | ratio | at 100/min | minimum | ratio | minutes | by kind |"
)


def as_row(line: Line) -> str:
    """Return a line of the table."""
    cells = [line.server, line.job, f"{line.rows:,}"]
    for pace in PACES:
        one = line.counts.get(pace)
        cells += ["", "", ""] if one is None else [*numbers(one)]
    last = list(line.counts.values())[-1]
    slow = line.counts.get("slow")
    cells += ["" if slow is None else f"{slow.outcome.minutes:.1f}", how(last.outcome)]
    return f"| {' | '.join(cells)} |"


def how(outcome: Outcome) -> str:
    """Return the requests by kind, and how many rows did not end as wanted."""
    others = f"**{outcome.others:,} rows not as wanted**, " if outcome.others else ""
    return others + by_kind(outcome.requests)


def numbers(count: Count) -> Iterator[str]:
    """Yield what was sent, the fewest, and the ratio."""
    yield f"{count.outcome.requests.total():,}"
    yield f"{count.fewest.total():,}"
    yield f"{count.ratio:.2f}"


def as_json(line: Line) -> dict[str, Any]:
    """Return a line for programs."""
    counts = {
        pace: {
            "requests": one.outcome.requests.total(),
            "minimum": one.fewest.total(),
            "ratio": round(one.ratio, 4),
            "minutes": round(one.outcome.minutes, 2),
            "kinds": one.outcome.requests,
            "minimum_kinds": one.fewest,
            "not_as_wanted": one.outcome.others,
        }
        for pace, one in line.counts.items()
    }
    return {"server": line.server, "job": line.job, "rows": line.rows, **counts}


def main() -> None:
    """Count, and print a line for each command of each job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--server", action="append", choices=KINDS, help="only this kind of server; repeatable"
    )
    parser.add_argument("--job", action="append", help="only jobs whose name holds this text; repeatable")
    parser.add_argument("--pace", action="append", choices=PACES, help="only this pace; repeatable")
    parser.add_argument("--times", type=int, default=1, help="jobs that are so many times as large")
    parser.add_argument("--users", type=int, default=0, help="a tenant of so many users at least")
    parser.add_argument("--groups", type=int, default=0, help="a tenant of so many groups at least")
    parser.add_argument("--json", action="store_true", help="a JSON object a line instead of the table")
    chosen = parser.parse_args()
    if not chosen.json:
        print(f"{HEAD}\n|{'---|' * HEAD.count(' | ')}---|")
    for name in chosen.server or KINDS:
        kind = KINDS[name]
        for trial in trials(kind, chosen.times):
            if chosen.job and not any(text in trial.name for text in chosen.job):
                continue
            for line in lines(kind, grown(trial, chosen.users, chosen.groups), chosen.pace or list(PACES)):
                print(json.dumps(as_json(line)) if chosen.json else as_row(line), flush=True)


if __name__ == "__main__":
    main()
