"""The server is killed in the middle of a run and comes back with what it had written."""

import os
import signal
from pathlib import Path

from tests.support.running.command import UNBOUNDED, Command
from tests.support.running.rounds import RESUMABLE, SCALE, each, rows_of
from tests.support.running.workload import differences, mixed, state_of
from tests.support.servers.sandboxes import address, requests, sandbox, stop_all

ROUNDS = 4
PACE = ("--rate", "100/s", "--concurrency", "8")
RESTARTS = 2
MOST_RESUMES = 12


def test_a_server_that_is_killed_and_comes_back_has_each_change_once(tmp_path, seeds):
    """The run waits or stops and is resumed; every row is done, and the tenant is what the file says."""

    def restarted(seed: int) -> None:
        folder = tmp_path / str(seed)
        folder.mkdir()
        command = Command(folder)
        assert command("sandbox", "start").code == 0
        try:
            one_round(command, seed)
        finally:
            stop_all(folder)

    each(restarted, seeds(ROUNDS))


def one_round(command: Command, seed: int) -> None:
    """Carry one job to its end through restarts of the tenant."""
    tenant = sandbox(command.folder)
    workload = mixed(tenant, seed=seed, prefix="", scale=SCALE)
    path = workload.write(command.folder / "job.jsonl")
    run = ("run", path, "--tenant", "sandbox", *UNBOUNDED, *PACE)
    restarts = 0
    for _ in range(RESTARTS):
        restarts += restarted_under(command, len(requests(command.folder)) + 15 + seed, *run)
        run = ("resume", "last", *PACE)
    assert restarts, "the tenant was never killed at work"
    for _ in range(MOST_RESUMES):
        outcome = command(*run)
        if outcome.code not in RESUMABLE:
            break

    assert outcome.code == 0, outcome.text
    assert differences(workload.expected, state_of(tenant)) == []
    assert [row.state for row in rows_of(command)] == ["done"] * len(workload.lines)
    made = [line["made"] for line in requests(command.folder) if line.get("made")]
    assert len(made) == len(set(made))


def restarted_under(command: Command, count: int, *arguments: str | Path) -> bool:
    """Start a command, kill the tenant when it has had so many requests, and start it again at its old place.

    False when the command had ended before.
    """
    with command.running(*arguments) as process:
        at_work = command.wait_for(lambda: len(requests(command.folder)) >= count, process)
        before = address(command.folder)
        os.kill(before["pid"], signal.SIGKILL)
        started = command("sandbox", "start")
        outcome = command.finish(process, timeout=120)
    assert started.code == 0, started.text
    assert address(command.folder)["port"] == before["port"]
    assert outcome.code in {0, *RESUMABLE}, outcome.text
    return at_work
