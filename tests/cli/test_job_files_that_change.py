"""A job file that changes while a run reads it: nothing of the changed part is sent, and the run says so."""

import gzip
import json
import os
import shlex
from pathlib import Path

import pytest

from tests.support.servers.small_tenant import SmallTenant, error

ROWS = 40
LONG = 60_000  # so many characters a row that the file has three blocks
SLOW = ("--concurrency", "1", "--rate", "2000/s")


class Hooked(SmallTenant):
    """Calls a hook before it answers a request; `at` is the number of the request."""

    def __init__(self):
        super().__init__()
        self.at, self.hook, self.token_is_good = 0, lambda: None, True

    async def answer(self, request, collection, resource_id, body):
        if len(self.seen) == self.at:
            self.hook()
        return (
            await super().answer(request, collection, resource_id, body)
            if self.token_is_good
            else error(401, "no")
        )


@pytest.fixture
def tenant():
    """Serve an empty tenant with a hook."""
    with Hooked().serving() as serving:
        serving.reached = ("--base-url", serving.base_url, *SLOW)
        yield serving


def people(first, last, title):
    """Return a CSV file of creates."""
    rows = (f"u{number:02}@example.com,{title}\n" for number in range(first, last))
    return ("userName,title\n" + "".join(rows)).encode()


def rename(text):
    """Put a new file in the place of the job file, as a careful export does."""
    Path("new").write_bytes(text)
    Path("new").replace("a.csv")


def cut():
    os.truncate("a.csv", 2_000_000)


def append():
    with Path("a.csv").open("ab") as file:
        file.write(b"late@example.com,Late\n")


CHANGES = {
    "rewritten in place": lambda: Path("a.csv").write_bytes(
        people(900, 902, "x") + people(0, ROWS, "y" * LONG)
    ),
    "replaced by rename": lambda: rename(people(0, ROWS, "y" * LONG)),
    "cut short": cut,
    "appended to": append,
    "no job file any more": lambda: Path("a.csv").write_bytes(
        b'half "of the next\n' + people(0, ROWS, 'New "t" y')
    ),
    "removed": lambda: Path("a.csv").unlink(),
}


@pytest.mark.parametrize(
    ("command", "name"),
    [*(("run", name) for name in CHANGES), ("resume", "rewritten in place"), ("resume", "cut short")],
)
def test_a_change_stops_the_run_before_the_changed_part(bulkscim, tenant, command, name):
    """Rows were never made and the exit code was 0, or it was 2 ("nothing was sent") after many were made."""
    Path("a.csv").write_bytes(people(0, ROWS, "x" * LONG))
    started = ("run", "a.csv", "--op", "create", "--yes", *tenant.reached)
    if command == "resume":
        tenant.at, tenant.hook = 5, lambda: setattr(tenant, "token_is_good", False)
        assert bulkscim(*started).code == 7
        tenant.token_is_good = True
    tenant.at, tenant.hook = len(tenant.seen) + 8, CHANGES[name]
    outcome = bulkscim(*(started if command == "run" else ("resume", "last", *SLOW)))
    summary = bulkscim("status", "last", "--json").json
    titles = {user["title"][:1] for user in tenant.held["Users"].values()}

    assert outcome.code == 5, outcome.text
    assert "a.csv changed after it was checked" in outcome.stderr
    assert titles == {"x"}
    assert 5 <= summary["done"] < 2_100_000 // LONG
    assert summary["done"] + summary["pending"] == ROWS
    assert len(tenant.held["Users"]) == summary["done"]
    [folder] = Path("runs").iterdir()
    assert (folder / "results.csv").exists()


@pytest.mark.parametrize("change", [lambda: rename(people(0, 8, "y")), append])
def test_the_command_that_is_named_brings_what_the_file_holds_now(bulkscim, tenant, change, monkeypatch):
    """The next command was `resume`, which refuses a file that changed (12)."""
    Path("a.csv").write_bytes(people(0, 6, "x"))
    tenant.at, tenant.hook = 6, change
    outcome = bulkscim("run", "a.csv", "--op", "create", "--yes", *tenant.reached)
    [line] = [line for line in outcome.stderr.splitlines() if line.startswith("next: ")]
    monkeypatch.setenv("BULKSCIM_RATE", "2000/s")
    program, *words = shlex.split(line.removeprefix("next: "))
    again = bulkscim(*words, "--yes")

    assert outcome.code == 5, outcome.text
    assert program == "bulkscim"
    assert again.code == 0, again.text
    assert tenant.named("late@example.com") == (change is append)


def test_the_checked_file_put_back_is_resumed(bulkscim, tenant):
    """Touched and copied it is still the same file, in a run and in its resume."""
    text = people(0, ROWS, "x" * LONG)
    Path("a.csv").write_bytes(text)
    tenant.at, tenant.hook = 8, CHANGES["cut short"]
    stopped = bulkscim("run", "a.csv", "--op", "create", "--yes", *tenant.reached)
    rename(text)
    tenant.at, tenant.hook = len(tenant.seen) + 8, lambda: rename(text)
    resumed = bulkscim("resume", "last", *SLOW)

    assert (stopped.code, resumed.code) == (5, 0), resumed.text
    assert len(tenant.held["Users"]) == len(tenant.writes) == ROWS


def test_what_was_copied_does_not_change_with_its_source(bulkscim, tenant):
    """A packed file is read once; its copy in the run folder is watched as any job file is."""
    Path("a.csv.gz").write_bytes(gzip.compress(people(0, ROWS, "x" * LONG)))
    tenant.at, tenant.hook = 8, lambda: Path("a.csv.gz").write_bytes(b"half")
    packed = bulkscim("run", "a.csv.gz", "--op", "create", "--yes", *tenant.reached)

    def spoil():
        [folder] = (each for each in Path("runs").iterdir() if each.name.endswith("-b"))
        (folder / "job.csv").write_bytes(people(0, ROWS, "y" * LONG))

    Path("b.csv.gz").write_bytes(gzip.compress(people(50, 50 + ROWS, "x" * LONG)))
    tenant.at, tenant.hook = len(tenant.seen) + 8, spoil
    spoiled = bulkscim("run", "b.csv.gz", "--op", "create", "--yes", *tenant.reached)

    assert packed.code == 0, packed.text
    assert spoiled.code == 5, spoiled.text
    assert {user["title"][0] for user in tenant.held["Users"].values()} == {"x"}


def test_a_change_before_the_first_write_sends_nothing(bulkscim, tenant):
    """While approval was waited for the file could become another."""
    Path("a.csv").write_bytes(people(0, ROWS, "x"))
    tenant.at, tenant.hook = 2, append
    outcome = bulkscim("run", "a.csv", "--op", "create", "--yes", *tenant.reached)

    assert outcome.code == 2, outcome.text
    assert "Nothing was sent" in outcome.stderr
    assert tenant.writes == []
    assert not Path("runs").exists()


def test_jsonl_and_a_dry_run_are_watched_too(bulkscim, tenant):
    """A dry run counted rows that were never checked."""
    lines = [
        json.dumps({"op": "create", "data": {"userName": f"u{n}@x.example", "title": "x" * LONG}})
        for n in range(ROWS)
    ]
    Path("a.jsonl").write_text("\n".join(lines) + "\n")
    tenant.at, tenant.hook = 2, lambda: Path("a.jsonl").write_text("\n".join(reversed(lines)))
    outcome = bulkscim("run", "a.jsonl", "-n", *tenant.reached, "--on-exists", "update")

    assert outcome.code in {2, 5}, outcome.text
    assert "a.jsonl changed" in outcome.stderr
    assert tenant.writes == []
