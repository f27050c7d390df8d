"""What a journal proves, by the real command: altered in every way, held against the tenant, moved, purged."""

import io
import json
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bulkscim.cli import code_of
from bulkscim.journal import entries
from bulkscim.journal.header import FORMAT
from bulkscim.model.run import Totals
from tests.support.making import forging
from tests.support.making.forging import lines_of, rehashed, rewritten
from tests.support.running.command import FAST, Command, Outcome
from tests.support.servers.sandboxes import sandbox, stop_all

TO = ("--tenant", "sandbox", *FAST)


def person(number: int) -> dict[str, Any]:
    """Return a record that creates a user."""
    return {"op": "create", "data": {"userName": f"u{number}@example.com", "title": "Dev"}}


JOB = [
    *(person(number) for number in range(12)),
    {"op": "create", "type": "Group", "ref": "eng", "data": {"displayName": "Eng"}},
    {
        "op": "add_member",
        "type": "Group",
        "match": {"displayName": "Eng"},
        "member": {"userName": "u1@example.com"},
    },
    {
        "op": "patch",
        "type": "User",
        "match": {"userName": "u2@example.com"},
        "patch": [{"op": "replace", "path": "title", "value": "Lead"}],
    },
    {"op": "delete", "type": "User", "match": {"userName": "u3@example.com"}},
]


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that has ended, as its command told it."""

    bulkscim: Command
    folder: Path
    head: str

    def verify(self, *more: str) -> Outcome:
        """Verify it."""
        return self.bulkscim("verify", self.folder, *more)

    def verify_here(self, *more: str) -> Outcome:
        """Verify it by the same command line, in this process."""
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            code = code_of(["verify", str(self.folder), *more])
        return Outcome(code, out.getvalue(), err.getvalue())

    def altered(self, place: Path, change: Callable[[bytes], bytes]) -> "Ran":
        """Return a copy of it whose journal was altered."""
        folder = place / "altered"
        shutil.copytree(self.folder, folder)
        journal = folder / "journal.jsonl"
        journal.write_bytes(change(journal.read_bytes()))
        return replace(self, folder=folder)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """A run on a sandbox of its own, read back row by row."""
    folder = tmp_path_factory.mktemp("verify")
    bulkscim = Command(folder)
    job = folder / "job.jsonl"
    job.write_text("".join(json.dumps(record) + "\n" for record in JOB))
    outcome = bulkscim("run", job, *TO, "--read-back", "all", "--json")
    assert outcome.code == 0, outcome.text
    yield Ran(bulkscim, bulkscim.run_folder(), outcome.json["chain"])
    stop_all(folder)


def flipped(number: int) -> Callable[[bytes], bytes]:
    """Return what flips a byte of a line."""

    def change(data: bytes) -> bytes:
        place = len(b"".join(lines_of(data)[: number - 1])) + 140
        return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]

    return change


def ordered(order: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    """Return what puts a journal's lines in another order."""
    return lambda data: b"".join(order(lines_of(data)))


def saying(number: int, **more: Any) -> Callable[[bytes], bytes]:
    """Return what lets a line (counted from the end where negative) say something else, its hashes recomputed."""

    def change(data: bytes) -> bytes:
        place = number if number > 0 else len(lines_of(data)) + 1 + number
        return rewritten(data, place, lambda line: forging.saying(line, **more))

    return change


def without_end(data: bytes) -> bytes:
    """Forge the last line away and a friendlier one in its place, its hashes recomputed."""
    lines = lines_of(data)
    last = entries.decode(lines[-1][:-1])
    forged = rehashed(lines[:-1])
    chain = entries.decode(lines_of(forged)[-1][:-1]).chain
    told = forging.saying(last, chain=chain).entries
    text = entries.encode(told, last.number, last.commit, last.entry.time + 60, (), FORMAT)
    return rehashed([*lines[:-1], entries.seal(text, entries.FIRST_CHAIN)])


def test_a_whole_run_is_proved_and_told(ran: Ran):
    """The statement names tenant, job file, who and when, the sums, and what is not proved."""
    outcome = ran.verify("--head", ran.head)

    assert outcome.code == 0, outcome.text
    assert "rows        16 = 16 done" in outcome.stdout
    assert f" on {socket.gethostname()}, process " in outcome.stdout
    assert f"chain head  {ran.head}" in outcome.stdout
    assert "nothing came after it" in outcome.stdout
    assert "it is the one: " in outcome.stdout
    assert "It is not proved:" in outcome.stdout


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (flipped(5), 5),
        (ordered(lambda lines: [*lines[:6], *lines[7:]]), 7),
        (ordered(lambda lines: [*lines[:6], lines[7], lines[6], *lines[8:]]), 7),
        (ordered(lambda lines: [*lines[:6], lines[5], *lines[6:]]), 7),
        (saying(-1, totals=Totals(rows=16, done=17)), -1),
    ],
    ids=["flipped", "dropped", "swapped", "doubled", "totals"],
)
def test_what_was_altered_is_named_with_its_byte(ran: Ran, tmp_path: Path, change: Any, line: int):
    """Exit 13, the file and the offset of the first line that does not hold."""
    altered = ran.altered(tmp_path, change)
    lines = lines_of((altered.folder / "journal.jsonl").read_bytes())
    offset = len(b"".join(lines[: line - 1 if line > 0 else line]))
    outcome = altered.verify_here()

    assert outcome.code == 13, outcome.text
    assert f"journal.jsonl, byte {offset}: line " in outcome.stderr
    assert outcome.stdout == ""


@pytest.mark.parametrize(
    ("change", "state"),
    [(lambda data: data[:-20], "interrupted"), (without_end, "finished")],
    ids=["cut", "forged"],
)
def test_what_contradicts_nothing_is_found_by_the_kept_head(
    ran: Ran, tmp_path: Path, change: Any, state: str
):
    """Without the head it passes, and the statement says what it cannot prove; with it, 13."""
    altered = ran.altered(tmp_path, change)
    alone = altered.verify_here()

    assert alone.code == 0, alone.text
    assert f"state       {state}" in alone.stdout
    assert "no chain head from outside was given" in alone.stdout
    with_head = altered.verify_here("--head", ran.head)
    assert (with_head.code, ran.head in with_head.stderr) == (13, True)


def test_another_job_file_is_12_and_none_is_said(ran: Ran, tmp_path: Path):
    """The statement is printed all the same."""
    (tmp_path / "job.jsonl").write_text(json.dumps(person(99)))
    other = ran.verify_here("--job", str(tmp_path / "job.jsonl"))
    (ran.bulkscim.folder / "job.jsonl").rename(tmp_path / "away")
    try:
        gone = ran.verify_here()
    finally:
        (tmp_path / "away").rename(ran.bulkscim.folder / "job.jsonl")

    assert (other.code, "is not the job file" in other.stdout) == (12, True)
    assert (gone.code, "not compared: it is not there" in gone.stdout) == (0, True)


def test_a_tenant_that_others_changed_is_told_by_row_and_path(ran: Ran):
    """As recorded it is 0; a title, a membership and a person changed by hand are 3, each with its row."""
    before = ran.verify("--live", *FAST)
    tenant = sandbox(ran.bulkscim.folder)
    ids = {user["userName"]: user["id"] for user in tenant.users()}
    (group,) = tenant.groups()
    tenant.patch("Users", ids["u2@example.com"], {"op": "replace", "path": "title", "value": "CTO"})
    member = f'members[value eq "{ids["u1@example.com"]}"]'
    tenant.patch("Groups", group["id"], {"op": "remove", "path": member})
    assert tenant.call("DELETE", f"/Users/{ids['u5@example.com']}")[0] == 204
    after = ran.verify("--live", "--json", *FAST)

    assert before.code == 0, before.text
    assert "13 of 13 resources as recorded" in before.stdout
    assert after.code == 3, after.text
    told = [
        (one["row"], one["path"], one["recorded"], one["live"]) for one in after.json["live"]["differences"]
    ]
    assert told == [
        (6, "", "there", "gone"),
        (14, member, {"value": ids["u1@example.com"]}, None),
        (15, "title", "Lead", "CTO"),
    ]


def test_a_run_that_was_killed_goes_on_in_another_place(tmp_path: Path):
    """Locks name their holders while it runs; its folder, copied with the job file, is resumed elsewhere."""
    here, there = Command(tmp_path / "here"), Command(tmp_path / "there")
    here.folder.mkdir()
    job = here.folder / "job.jsonl"
    job.write_text("".join(json.dumps(person(number)) + "\n" for number in range(120)))
    try:
        with here.running(
            "run", job, "--tenant", "sandbox", "--rate", "5/s", "--read-back", "sample"
        ) as process:
            _wait_for_lines(here, 12)
            second, other = here("resume", "last"), here("run", job, "--tenant", "sandbox")
            alone = here("verify", "last")
            process.send_signal(signal.SIGKILL)
            process.wait()
        folder = here.run_folder()
        shutil.copytree(folder, there.folder / "copied" / folder.name)
        shutil.move(job, there.folder / "copied" / job.name)
        moved = replace(there, environment={"BULKSCIM_STATE_DIR": str(here.folder / "state")})
        resumed = moved("resume", f"copied/{folder.name}", *FAST)
        verified = moved("verify", f"copied/{folder.name}", "--live", "--json", *FAST)
    finally:
        stop_all(here.folder)

    holder = f"process {process.pid} on {socket.gethostname()}"
    assert (second.code, f"in use by {holder}" in second.stderr) == (11, True), second.text
    assert (other.code, f"({holder} since" in other.stderr, folder.name in other.stderr) == (11, True, True)
    assert (alone.code, "state       running" in alone.stdout) == (0, True), alone.text
    assert resumed.code == 0, resumed.text
    assert f"{holder} since" in resumed.stderr
    assert "ended without releasing it; this command continues" in resumed.stderr
    assert verified.code == 0, verified.text
    told = verified.json
    assert (told["done"], told["live"]["as_recorded"], len(told["sessions"])) == (120, 120, 2)
    assert told["job"]["found"] == f"copied/{job.name}"
    header = (there.folder / "copied" / folder.name / "journal.jsonl").read_bytes().partition(b"\n")[0]
    assert b'"read_back":"sample"' in header


def _wait_for_lines(bulkscim: Command, count: int) -> None:
    """Wait until the journal of the only run has some lines."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = list(bulkscim.runs.glob("*/journal.jsonl"))
        if found and found[0].read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.01)
    raise AssertionError("the run never began")


def test_a_purged_run_tells_its_sums_and_is_never_gone_on_with(ran: Ran, tmp_path: Path):
    """What is left holds no name; status and verify read it, the rest ends with 10."""
    runs = tmp_path / "runs"
    shutil.copytree(ran.folder, runs / ran.folder.name)
    name, bulkscim = ran.folder.name, replace(ran.bulkscim, environment={"BULKSCIM_RUNS_DIR": str(runs)})
    purged = bulkscim("runs", "purge", "--older-than", "0h", "--yes")

    assert purged.code == 0, purged.text
    assert b"@example.com" not in b"".join(path.read_bytes() for path in runs.rglob("*") if path.is_file())
    status = bulkscim("status", name, "--json")
    assert (status.json["done"], status.json["chain"]) == (16, ran.head)
    assert bulkscim("verify", name, "--head", ran.head).code == 0
    for command in (["resume", name], ["results", name], ["rollback", name, "--yes"]):
        outcome = bulkscim(*command)
        assert (outcome.code, "was purged" in outcome.stderr) == (10, True), outcome.text
    assert (runs / name / "purged.json").stat().st_mode & 0o777 == 0o600
