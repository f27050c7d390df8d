"""Standard streams that are closed when a command starts, or while it runs."""

import csv

import pytest

from tests.support.making.records import create
from tests.support.running.command import FAST
from tests.support.servers.small_tenant import SmallTenant

NAMES = [f"user{number}@example.com" for number in range(5)]


def written(bulkscim):
    """Return the states in the results.csv that the run itself has left."""
    with (bulkscim.run_folder() / "results.csv").open(newline="") as file:
        return [line["state"] for line in csv.DictReader(file)]


@pytest.mark.parametrize("closed", ["<&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_run_with_closed_streams_ends_as_any_other(bulkscim, job, closed):
    """A scheduler that closed a descriptor had the process aborted (134) at its end, without results.csv."""
    path = job(*map(create, NAMES))
    with SmallTenant().serving() as tenant:
        arguments = ("run", path, "--base-url", tenant.base_url, "--yes", "--json", *FAST)
        outcome = bulkscim.in_shell(f'"$@" {closed}', *arguments)

    assert outcome.code == 0, outcome.text
    assert written(bulkscim) == ["done"] * 5
    assert bulkscim.status()["done"] == 5


@pytest.mark.parametrize("line", ['"$@" | true', '"$@" 2>&1 | true'])
def test_a_reader_that_leaves_stops_no_run(bulkscim, job, line):
    """With `| head` behind it the run ended as a bug (1); a message without a reader left no results.csv."""
    path = job(*map(create, NAMES))
    with SmallTenant().serving() as tenant:
        arguments = ("run", path, "--base-url", tenant.base_url, "--yes", "--json", "-v", *FAST)
        outcome = bulkscim.in_shell(f"{line}; exit ${{PIPESTATUS[0]}}", *arguments)

    assert outcome.code == 0, outcome.text
    assert "BrokenPipe" not in outcome.text
    assert written(bulkscim) == ["done"] * 5


@pytest.mark.parametrize("arguments", [("runs", "--json"), ("export", "users")])
def test_a_reader_that_leaves_is_no_error(bulkscim, job, arguments):
    """A reading command whose reader had enough ended with 1, the code of a bug."""
    with SmallTenant(*NAMES).serving() as tenant:
        reached = ("--base-url", tenant.base_url, *FAST)
        bulkscim("run", job(create("new@example.com")), *reached, "--yes")
        more = reached if arguments[0] == "export" else ()
        outcome = bulkscim.in_shell('"$@" | true; exit ${PIPESTATUS[0]}', *arguments, *more)

    assert (outcome.code, outcome.stdout) == (0, ""), outcome.text
    assert "rror" not in outcome.stderr


def test_a_full_disk_behind_stdout_is_said_once(bulkscim, job):
    """Data that could not be written was reported twice, with exit code 120 of the interpreter."""
    with SmallTenant(*NAMES).serving() as tenant:
        bulkscim("run", job(create("new@example.com")), "--base-url", tenant.base_url, "--yes", *FAST)
    outcome = bulkscim.in_shell('trap "" XFSZ; ulimit -f 0; "$@" >full', "status", "last", "--json")

    assert outcome.code == 5, outcome.text
    assert outcome.stderr.count("error") == 1
