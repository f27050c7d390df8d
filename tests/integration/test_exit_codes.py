"""Each way to end has its exit code, one clear message, and leaves behind what it says."""

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.making.records import create, deactivate, delete, retitle
from tests.support.running.command import FAST, Command, Outcome
from tests.support.servers import odd_servers as odd
from tests.support.servers.small_tenant import SmallTenant

NAMES = tuple(f"user{number}@example.com" for number in range(30))


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"{what} never happened"
        time.sleep(0.01)


def run(bulkscim: Command, tenant: SmallTenant, path: Path, *more: str | Path) -> Outcome:
    """Run a job file against a small tenant."""
    return bulkscim("run", path, "--base-url", tenant.base_url, *FAST, *more)


def half_done(bulkscim: Command, tenant: odd.Unauthorized, path: Path) -> None:
    """Make a run that stopped after some rows, and let the tenant work again."""
    outcome = run(bulkscim, tenant, path, "--yes", "--concurrency", "2")
    assert outcome.code == 7, outcome.text
    tenant.good = 10_000
    assert 0 < bulkscim.status()["pending"] < 30


def renamed(tenant: SmallTenant) -> int:
    """Count the users whose title was set."""
    return sum(user["title"] == "New" for user in tenant.held["Users"].values())


# 4: approval and guards


def test_without_approval_nothing_is_sent(bulkscim, job):
    """No terminal and no --yes end with exit 4, naming --yes, and only reads were sent."""
    with SmallTenant(*NAMES).serving() as tenant:
        outcome = run(bulkscim, tenant, job(retitle(NAMES[0])))

    assert outcome.code == 4, outcome.text
    assert "--yes" in outcome.stderr
    assert "127.0.0.1" in outcome.stderr
    assert "30" in outcome.stderr
    assert tenant.writes == []
    assert not list(bulkscim.runs.glob("*"))


@pytest.mark.parametrize(
    ("more", "code"),
    [((), 4), (("--max-delete", "109"), 4), (("--max-delete", "110"), 0), (("--max-delete", "100%"), 0)],
)
def test_many_deletes_and_deactivations_are_refused(bulkscim, job, more, code):
    """110 deletes and deactivations of 130 users are refused unless --max-delete allows them."""
    names = [f"leaver{number}@example.com" for number in range(130)]
    path = job(*[delete(name) for name in names[:60]], *[deactivate(name) for name in names[60:110]])
    with SmallTenant(*names).serving() as tenant:
        outcome = run(bulkscim, tenant, path, "--yes", *more)

    assert outcome.code == code, outcome.text
    assert len(tenant.writes) == (110 if code == 0 else 0)
    assert len(tenant.held["Users"]) == (70 if code == 0 else 130)
    assert code == 0 or "--max-delete" in outcome.stderr


@pytest.mark.parametrize(("limit", "code"), [("2", 4), ("3", 0)])
def test_more_creates_than_allowed_are_refused(bulkscim, job, limit, code):
    """--max-create counts before the first request."""
    path = job(*[create(f"new{number}@example.com") for number in range(3)])
    with SmallTenant(*NAMES).serving() as tenant:
        outcome = run(bulkscim, tenant, path, "--yes", "--max-create", limit)

    assert outcome.code == code, outcome.text
    assert len(tenant.writes) == (3 if code == 0 else 0)


def test_a_run_stops_at_max_errors(bulkscim, job):
    """--max-errors ends the run early with exit 5 and the rest pending."""
    path = job(
        *[retitle(f"absent{number}@example.com") for number in range(200)], *[retitle(name) for name in NAMES]
    )
    with SmallTenant(*NAMES).serving() as tenant:
        outcome = run(bulkscim, tenant, path, "--yes", "--max-errors", "5", "--concurrency", "1")

    summary = bulkscim.status()
    assert outcome.code == 5, outcome.text
    assert 5 <= summary["failed"] < 20
    assert summary["pending"] > 200


@pytest.mark.parametrize(
    ("failing", "rows", "more", "code"),
    [
        (1, 5, ("--max-errors", "5%"), 3),
        (2, 5, ("--max-errors", "5%"), 5),
        (4, 40, ("--max-errors", "10%", "--limit", "8"), 3),
        (5, 40, ("--max-errors", "10%", "--limit", "8"), 5),
    ],
)
def test_a_share_of_errors_is_taken_of_the_whole_job(bulkscim, job, failing, rows, more, code):
    """5 % of 5 rows was 0 and 10 % of 40 rows with --limit 8 was 0 too: the first failure stopped the run."""
    names = [f"u{number}@example.com" for number in range(rows)]
    path = job(*[retitle(name) for name in names])
    with SmallTenant(*names[failing:]).serving() as tenant:
        outcome = run(bulkscim, tenant, path, "--yes", "--concurrency", "1", *more)

    assert outcome.code == code, outcome.text


# 2: usage


def test_a_dry_run_writes_nothing_anywhere(bulkscim, job):
    """-n counts what would be done; the tenant is only read and there is no run folder."""
    path = job(create("new@example.com"), retitle("new@example.com"), retitle(NAMES[0]), delete(NAMES[1]))
    with SmallTenant(*NAMES).serving() as tenant:
        outcome = run(bulkscim, tenant, path, "-n", "--json")

    assert outcome.code == 0, outcome.text
    assert (outcome.json["rows"], outcome.json["done"]) == (4, 4)
    assert tenant.writes == []
    assert tenant.untouched()
    assert not list(bulkscim.runs.glob("*"))


@pytest.mark.parametrize(
    "url", ["http://scim.example.com/v2", "http://192.0.2.7/scim", "ftp://scim.example.com/v2"]
)
def test_http_on_a_public_host_is_refused(bulkscim, job, url):
    """The token leaves only over https, except to loopback."""
    outcome = bulkscim("run", job(retitle(NAMES[0])), "--base-url", url, "--yes")

    assert outcome.code == 2, outcome.text
    assert "https" in outcome.stderr


@pytest.mark.parametrize(
    "arguments", [("--token", "another-secret"), ("--token=another-secret",), ("--bearer", "another-secret")]
)
def test_a_token_in_argv_is_refused(bulkscim, job, arguments):
    """A token on the command line is refused, not repeated on the screen, and no request is made."""
    with SmallTenant(*NAMES).serving() as tenant:
        outcome = run(bulkscim, tenant, job(retitle(NAMES[0])), "--yes", *arguments)

    assert outcome.code == 2, outcome.text
    assert "another-secret" not in outcome.text
    assert tenant.seen == []


def test_a_token_in_argv_names_the_other_ways(bulkscim, job):
    """The refusal says how a token is given."""
    outcome = bulkscim(
        "run", job(retitle(NAMES[0])), "--base-url", "https://x.example", "--token", "another-secret"
    )

    assert "BULKSCIM_TOKEN" in outcome.stderr
    assert "--token-file" in outcome.stderr


def test_a_run_folder_that_sent_something_is_not_run_again(bulkscim, job):
    """--run-dir on a used folder ends with 2 and points to resume; nothing is sent."""
    path = job(retitle(NAMES[0]))
    folder = bulkscim.folder / "one"
    with SmallTenant(*NAMES).serving() as tenant:
        first = run(bulkscim, tenant, path, "--yes", "--run-dir", folder)
        sent = len(tenant.writes)
        second = run(bulkscim, tenant, path, "--yes", "--run-dir", folder)

    assert (first.code, sent, second.code) == (0, 1, 2), first.text + second.text
    assert "resume" in second.stderr
    assert len(tenant.writes) == 1


# 7: credentials


def test_a_missing_token_is_said(bulkscim, job):
    """Without any token the run ends with 7 and names the ways to give one."""
    with SmallTenant(*NAMES).serving() as tenant:
        outcome = run(replace(bulkscim, token=None), tenant, job(retitle(NAMES[0])), "--yes")

    assert outcome.code == 7, outcome.text
    assert "BULKSCIM_TOKEN" in outcome.stderr
    assert tenant.seen == []


def test_a_refused_token_fails_no_row(bulkscim, job):
    """A token that the tenant rejects ends with 7; no row has failed and nothing was written."""
    with odd.TokenChecked("the-right-one", *NAMES).serving() as tenant:
        outcome = run(bulkscim, tenant, job(retitle(NAMES[0])), "--yes")

    assert outcome.code == 7, outcome.text
    assert tenant.seen
    assert tenant.writes == []
    assert tenant.untouched()
    if list(bulkscim.runs.glob("*")):
        assert bulkscim.status()["pending"] == 1


# 5: stopped early


def test_a_host_that_does_not_answer_is_named(bulkscim, job):
    """An unreachable tenant ends with 5 and its name; nothing is left half done."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        outcome = bulkscim(
            "run",
            job(retitle(NAMES[0])),
            "--base-url",
            f"http://127.0.0.1:{port}/v2",
            "--yes",
            *FAST,
            timeout=280,
        )

    assert outcome.code == 5, outcome.text
    assert str(port) in outcome.stderr


def test_a_full_disk_stops_the_run_and_resume_finishes_it(bulkscim, job):
    """When the journal cannot grow nothing more is sent, exit 5; with room again all is done and nothing twice."""
    path = job(*[create(f"person{number}@example.com", title="A title") for number in range(300)])
    full = replace(bulkscim, file_bytes=100_000)
    with SmallTenant().serving() as tenant:
        outcome = run(full, tenant, path, "--yes")
        sent = len(tenant.writes)
        resumed = bulkscim("resume", "last", *FAST)

    assert outcome.code == 5, outcome.text
    assert 0 < sent < 300
    assert resumed.code == 0, resumed.text
    assert bulkscim.states() == ["done"] * 300
    assert len(tenant.held["Users"]) == len(tenant.writes) == 300


# 130: interrupted


@pytest.mark.usefixtures("signals_heeded")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_drains_and_names_the_resume_command(bulkscim, job, number):
    """Ctrl-C, SIGTERM and SIGHUP end with 130, leave nothing in doubt, and resume finishes the rest."""
    path = job(*[retitle(name) for name in NAMES])
    with SmallTenant(*NAMES).serving() as tenant:
        arguments = (
            "run",
            path,
            "--base-url",
            tenant.base_url,
            "--yes",
            "--rate",
            "20/s",
            "--concurrency",
            "2",
        )
        with bulkscim.running(*arguments) as process:
            wait_for(lambda: len(tenant.writes) >= 3, "the third write")
            process.send_signal(number)
            outcome = bulkscim.finish(process)
        stopped = bulkscim.status()
        written = len(tenant.writes)
        resumed = bulkscim("resume", "last", *FAST)

    assert outcome.code == 130, outcome.text
    assert "bulkscim resume" in outcome.stderr
    assert stopped["in_doubt"] == stopped["failed"] == 0
    assert stopped["done"] == written < 30
    assert resumed.code == 0, resumed.text
    assert bulkscim.states() == ["done"] * 30
    assert len(tenant.writes) == 30


@pytest.mark.usefixtures("signals_heeded")
def test_the_second_interrupt_stops_at_once(bulkscim, job):
    """A second Ctrl-C does not wait for the tenant; what was under way is in doubt or pending, and resume settles it."""
    path = job(*[retitle(name) for name in NAMES])
    tenant = odd.Gated(*NAMES)
    with tenant.serving():
        arguments = ("run", path, "--base-url", tenant.base_url, "--yes", *FAST)
        with bulkscim.running(*arguments) as process:
            wait_for(lambda: tenant.writes, "the first write")
            process.send_signal(signal.SIGINT)
            assert any("press Ctrl-C again to stop at once" in line for line in process.stderr or ())
            assert process.poll() is None, "the first interrupt did not wait for what was under way"
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            outcome = bulkscim.finish(process)
            took = time.monotonic() - began
        tenant.gate.set()
        stopped = bulkscim.status()
        resumed = bulkscim("resume", "last", *FAST)

    assert outcome.code == 130, outcome.text
    assert took < 5
    assert stopped["in_doubt"] > 0
    assert stopped["done"] == 0
    assert resumed.code == 0, resumed.text
    assert renamed(tenant) == 30


# 10, 11, 12, 13: runs that cannot go on


@pytest.mark.parametrize("command", ["resume", "retry", "status", "results"])
def test_a_run_that_does_not_exist_is_said(bulkscim, command):
    """Exit 10 names what was looked for, for `last` as for a name."""
    for name in ("last", "20260101T000000-nothing"):
        outcome = bulkscim(command, name)

        assert outcome.code == 10, outcome.text
        assert name in outcome.stderr


def test_a_run_at_work_is_locked(bulkscim, job):
    """resume of a run that another process carries out ends with 11 and names it; status still answers."""
    tenant = odd.Gated(*NAMES)
    path = job(*[retitle(name) for name in NAMES])
    with (
        tenant.serving(),
        bulkscim.running("run", path, "--base-url", tenant.base_url, "--yes", *FAST) as process,
    ):
        wait_for(lambda: tenant.writes, "the first write")
        second = bulkscim("resume", "last", *FAST)
        status = bulkscim.status()
        tenant.gate.set()
        first = bulkscim.finish(process)
        pid = process.pid

    assert second.code == 11, second.text
    assert str(pid) in second.stderr
    assert status["state"] == "running"
    assert first.code == 0, first.text
    assert len(tenant.writes) == 30


def test_a_changed_job_file_is_refused(bulkscim, job):
    """resume with another job file at its path ends with 12; the right one, given by --job, goes on."""
    path = job(*[retitle(name) for name in NAMES])
    kept = shutil.copy(path, bulkscim.folder / "kept.jsonl")
    with odd.Unauthorized(5, *NAMES).serving() as tenant:
        half_done(bulkscim, tenant, path)
        written = len(tenant.writes)
        path.write_text(path.read_text().replace("New", "Other"))
        refused = bulkscim("resume", "last", *FAST)
        after = len(tenant.writes)
        resumed = bulkscim("resume", "last", "--job", kept, *FAST)

    assert refused.code == 12, refused.text
    assert "job.jsonl" in refused.stderr
    assert written == after
    assert resumed.code == 0, resumed.text
    assert renamed(tenant) == 30


def test_another_tenant_is_refused_and_a_new_token_of_the_same_is_not(bulkscim, job):
    """With another token, resume reads what it recorded: not there means another tenant, exit 12."""
    path = job(*[create(name) for name in NAMES])
    other = replace(bulkscim, token="rotated-token")
    with odd.Unauthorized(5).serving() as tenant:
        half_done(bulkscim, tenant, path)
        written = len(tenant.writes)
        theirs, tenant.held = tenant.held, {"Users": {}, "Groups": {}}
        refused = other("resume", "last", *FAST, "--base-url", tenant.base_url)
        untouched = tenant.held == {"Users": {}, "Groups": {}} and len(tenant.writes) == written
        tenant.held = theirs
        resumed = other("resume", "last", *FAST, "--base-url", tenant.base_url)

    assert refused.code == 12, refused.text
    assert untouched
    assert resumed.code == 0, resumed.text
    assert bulkscim.states() == ["done"] * 30


def test_another_tenant_is_not_asked_what_is_in_doubt_before_a_rollback(bulkscim, job):
    """A token of another tenant settles nothing: exit 12, and not a byte in the journal."""
    other = replace(bulkscim, token="rotated-token")
    tenant = odd.Gated(*NAMES)
    tenant.gate.set()
    with tenant.serving():
        arguments = ("run", job(*[retitle(name) for name in NAMES]), "--base-url", tenant.base_url, "--yes")
        with bulkscim.running(*arguments, "--rate", "100/s", "--concurrency", "1") as process:
            wait_for(lambda: len(tenant.writes) > 3, "the first writes")
            tenant.gate.clear()
            held = len(tenant.writes)
            wait_for(lambda: len(tenant.writes) > held, "one that is held back")
            process.kill()
        tenant.gate.set()
        path = bulkscim.run_folder() / "journal.jsonl"
        doubts, before = bulkscim.status()["in_doubt"], path.read_bytes()
        theirs, tenant.held = tenant.held, {"Users": {}, "Groups": {}}
        refused = other("rollback", "last", "--yes", *FAST, "--base-url", tenant.base_url)
        after = path.read_bytes()
        tenant.held = theirs
        done = other("rollback", "last", "--yes", *FAST, "--base-url", tenant.base_url)

    assert doubts == 1
    assert refused.code == 12, refused.text
    assert after == before
    assert done.code == 0, done.text
    assert renamed(tenant) == 0


def test_a_damaged_journal_is_refused(bulkscim, job):
    """A flipped byte inside what was acknowledged ends with 13 and the offset; nothing is sent or cut."""
    path = job(*[retitle(name) for name in NAMES])
    with odd.Unauthorized(15, *NAMES).serving() as tenant:
        half_done(bulkscim, tenant, path)
        written = len(tenant.writes)
        journal = bulkscim.run_folder() / "journal.jsonl"
        (bulkscim.run_folder() / "checkpoint.json").unlink(missing_ok=True)
        good = journal.read_bytes()
        lines = good.splitlines(keepends=True)
        at = sum(map(len, lines[: len(lines) // 2])) + 40
        damaged = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
        journal.write_bytes(damaged)
        refused = bulkscim("resume", "last", *FAST)
        kept = journal.read_bytes() == damaged
        journal.write_bytes(good)
        resumed = bulkscim("resume", "last", *FAST)

    assert refused.code == 13, refused.text
    assert any(character.isdigit() for character in refused.stderr)
    assert kept
    assert len(tenant.writes) >= written
    assert resumed.code == 0, resumed.text
    assert renamed(tenant) == 30


# Files and commands that read


def test_a_finished_run_can_be_looked_at(bulkscim, job):
    """status, results, explain and runs agree on a run with every kind of end, and 3 is the exit code."""
    path = job(
        create(NAMES[0]), create("new@example.com"), retitle("absent@example.com"), retitle(NAMES[1], "Old")
    )
    with SmallTenant(*NAMES).serving() as tenant:
        outcome = run(bulkscim, tenant, path, "--yes", "--json", "--note", "ticket 4711")

    summary = bulkscim.status()
    explained = bulkscim("explain", "last", "--row", "3")
    listed = bulkscim("runs")
    folder = bulkscim.run_folder()
    assert outcome.code == 3, outcome.text
    assert bulkscim.states() == ["adopted", "done", "failed", "noop"]
    assert outcome.json == summary == json.loads((folder / "summary.json").read_text())
    assert {name: summary[name] for name in ("adopted", "done", "failed", "noop")} == {
        "adopted": 1,
        "done": 1,
        "failed": 1,
        "noop": 1,
    }
    assert explained.code == listed.code == 0
    assert "absent@example.com" in explained.stdout
    assert folder.name in listed.stdout
    errors = (folder / "errors.jsonl").read_text().splitlines()
    assert [json.loads(line)["_row"] for line in errors] == [3]


@pytest.mark.skipif(os.name == "nt", reason="Windows protects by the profile's access list")
def test_run_folders_are_private(bulkscim, job):
    """The folder is 0700 and its files are 0600."""
    with SmallTenant(*NAMES).serving() as tenant:
        assert run(bulkscim, tenant, job(retitle(NAMES[0])), "--yes").code == 0
    bulkscim.results()

    folder = bulkscim.run_folder()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {
        path.name: "0o600" for path in folder.iterdir()
    }
