"""Rounds of force: a job, the real command, a proxy that fails by a seed, and what must be true in the end.

Rounds wait more than they work, so some go at the same time, each with a command, a proxy and names of its own.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bulkscim.reporting.results import Result
from bulkscim.runs.api import results
from tests.support.running.command import FAST, UNBOUNDED, Command, Outcome
from tests.support.running.workload import Workload, differences, mixed, state_of
from tests.support.servers.fault_proxy import Fault, FaultProxy, fault_proxy
from tests.support.servers.scim_server import Tenant, scim_server

TOGETHER = 6
SCALE = 0.03  # some sixty operations
FINISHED = {0, 3}
RESUMABLE = {5, 6}
MOST_RESUMES = 12


def each(work: Callable[[int], None], seeds: Iterable[int], together: int = TOGETHER) -> None:
    """Do a round for each seed, some at the same time; all that failed are told, each with its seed."""
    with ThreadPoolExecutor(together) as threads:
        rounds = {seed: threads.submit(work, seed) for seed in seeds}
    failed = []
    for seed, done in rounds.items():
        error = done.exception()
        if isinstance(error, Exception):
            error.add_note(f"in the round with seed {seed}")
            failed.append(error)
    if failed:
        raise ExceptionGroup("rounds of force", failed)


def each_on_a_tenant(work: Callable[[Tenant, int], None], seeds: Sequence[int], folder: Path) -> None:
    """Do a round for each seed on scim2-server, which is emptied before it is so full that a listing has pages."""
    for first in range(0, len(seeds), TOGETHER):
        with scim_server(folder / "tenant.log") as tenant:
            each(partial(work, tenant), seeds[first : first + TOGETHER])


@dataclass(slots=True)
class Round:
    """One job on its way to its end, whatever is done to the command meanwhile."""

    command: Command
    proxy: FaultProxy
    workload: Workload
    prefix: str
    chance: random.Random
    pace: tuple[str, ...] = FAST

    @property
    def run(self) -> tuple[str | Path, ...]:
        """The command that begins it."""
        job = self.command.folder / "job.jsonl"
        return ("run", job, "--base-url", self.proxy.base_url, "--yes", *UNBOUNDED, *self.pace)

    @property
    def next(self) -> tuple[str | Path, ...]:
        """The command that goes on: the first one again where nothing was begun."""
        return ("resume", "last", *self.pace) if begun(self.command) else self.run

    def moment(self) -> Callable[[], bool]:
        """Return a condition that holds after a random number of further requests."""
        asked = self.proxy.asked
        at = sum(asked.values()) + self.chance.randrange(1, len(self.workload.lines))
        return lambda: sum(asked.values()) >= at

    def killed(self) -> bool:
        """Start what is next and kill it at a random moment; False when it ended before."""
        return self.command.kill_when(self.moment(), *self.next)

    def interrupted(self, signal_number: int, moment: Callable[[], bool] | None = None) -> Outcome:
        """Start what is next, send it a signal at a random moment, and let it end."""
        condition = moment or self.moment()
        with self.command.running(*self.next) as process:
            self.command.wait_for(condition, process)
            process.send_signal(signal_number)
            return self.command.finish(process, timeout=120)

    def finish(self) -> None:
        """Go on until nothing is left to go on with, and look at everything."""
        for _ in range(MOST_RESUMES):
            outcome = self.command(*self.next, timeout=200)
            if outcome.code in FINISHED:
                break
            assert outcome.code in RESUMABLE, outcome.text
        assert outcome.code == 0, outcome.text
        self.check()

    def check(self) -> None:
        """Look at the tenant, at what reached it, and at the rows."""
        twice = {name: count for name, count in self.proxy.created().items() if count > 1}
        assert twice == {}
        assert differences(self.workload.expected, state_of(self.proxy.upstream, self.prefix)) == []
        unlike = [row for row in rows_of(self.command) if row.state != "done"]
        assert unlike == []
        assert len(rows_of(self.command)) == len(self.workload.lines)
        verified = self.command("verify", "last")
        assert verified.code == 0, verified.text


def begun(command: Command) -> bool:
    """Whether there is a run to resume: a journal with a whole first line."""
    return any(b"\n" in path.read_bytes() for path in command.runs.glob("*/journal.jsonl"))


def rows_of(command: Command) -> list[Result]:
    """Return what became of each row, as a program reads it: that is quicker than a command."""
    return list(results(command.run_folder()))


@contextmanager
def round_of(
    tenant: Tenant, command: Command, seed: int, shares: Mapping[Fault, float] | None = None
) -> Iterator[Round]:
    """Fill a tenant with what a job needs, and put a proxy before it; without shares it is on a bad day."""
    prefix = f"round{seed}-"
    command.folder.mkdir(exist_ok=True)
    workload = mixed(tenant, seed=seed, prefix=prefix, scale=SCALE)
    workload.write(command.folder / "job.jsonl")
    with fault_proxy(tenant, seed, shares) as proxy:
        yield Round(command, proxy, workload, prefix, random.Random(seed))


def with_pace(one: Round, *pace: str) -> Round:
    """Return a round that goes at another pace."""
    return replace(one, pace=pace)
