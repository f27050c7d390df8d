"""The real command, killed at random moments behind a proxy that fails at random, resumed until done."""

import random
from collections import Counter

import pytest

from tests.support.command import FAST, Command
from tests.support.fault_proxy import FaultProxy, fault_proxy
from tests.support.workload import Workload, differences, mixed, state_of

pytestmark = pytest.mark.slow

ROUNDS = 20
KILLS = 3
FINISHED = {0, 3}


def killed(bulkscim: Command, proxy: FaultProxy, chance: random.Random, total: int, arguments: tuple) -> bool:
    """Start, and kill after a random number of further requests; False when the command ended before."""
    at = sum(proxy.asked.values()) + chance.randrange(1, max(2, total))
    return bulkscim.kill_when(lambda: sum(proxy.asked.values()) >= at, *arguments)


def begun(bulkscim: Command) -> bool:
    """Whether there is a run to resume: a journal with a whole first line."""
    return any(b"\n" in path.read_bytes() for path in bulkscim.runs.glob("*/journal.jsonl"))


def unfinished(bulkscim: Command, total: int) -> int:
    """Count the rows that a killed command left pending or in doubt."""
    if not begun(bulkscim):
        return total
    summary = bulkscim.status()
    return summary["pending"] + summary["in_doubt"]


def resumed_until_done(bulkscim: Command) -> int:
    """Resume until nothing is left to resume; return the last exit code."""
    code = -1
    for _ in range(12):
        outcome = bulkscim("resume", "last", *FAST, timeout=200)
        code = outcome.code
        if code in FINISHED:
            return code
        assert code in {5, 6}, outcome.text
    return code


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_nothing_is_lost_or_made_twice_whenever_the_command_is_killed(tenant, bulkscim: Command, seed):
    """After kills and resumes every row is done, each name was created once, and the tenant is what the file says."""
    prefix = f"kill{seed}-"
    chance = random.Random(seed)
    workload = mixed(tenant, seed=seed, prefix=prefix, scale=0.03)
    path = workload.write(bulkscim.folder / "job.jsonl")
    with fault_proxy(tenant, seed) as proxy:
        run = ("run", path, "--base-url", proxy.base_url, "--yes", "--max-delete", "500", *FAST)
        kills = 0
        for _ in range(KILLS):
            command = ("resume", "last", *FAST) if begun(bulkscim) else run
            kills += killed(bulkscim, proxy, chance, 2 * len(workload.lines), command)
        assert kills, "the command was never killed at work"
        if not begun(bulkscim):
            bulkscim(*run, timeout=200)
        code = resumed_until_done(bulkscim)
        check(bulkscim, proxy, workload, prefix)
    assert code == 0


def check(bulkscim: Command, proxy: FaultProxy, workload: Workload, prefix: str) -> None:
    """Look at the tenant, at what reached it, and at the rows."""
    assert sum(proxy.faults.values()) > 3, "the proxy did not fail"
    twice = {name: count for name, count in proxy.created().items() if count > 1}
    assert twice == {}
    assert differences(workload.expected, state_of(proxy.upstream, prefix)) == []
    summary = bulkscim.status()
    states = Counter(line["state"] for line in bulkscim.results())
    assert states == {"done": len(workload.lines)}, [
        line for line in bulkscim.results() if line["state"] != "done"
    ]
    assert summary["done"] == summary["rows"] == len(workload.lines)
