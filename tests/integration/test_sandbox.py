"""The sandbox through the real command line: a process of its own, that stays, and that others judge."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise

import pytest
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from tests.support.running.command import Command
from tests.support.servers.sandboxes import address, requests, sandbox

TO = ("--tenant", "sandbox")


def people(count: int):
    """Return records that create users."""
    return [
        {
            "op": "create",
            "data": {
                "userName": f"u{number}@example.com",
                "emails": [{"value": f"u{number}@example.com", "primary": True}],
            },
        }
        for number in range(count)
    ]


def test_a_run_starts_the_sandbox_needs_no_approval_and_sends_no_other_token(bulkscim: Command, job):
    """One command is all; the token of the environment stays here."""
    outcome = bulkscim("run", job(*people(3)), *TO)

    assert outcome.code == 0, outcome.text
    assert {user["userName"] for user in sandbox(bulkscim.folder).users()} == {
        f"u{n}@example.com" for n in range(3)
    }
    assert Counter(one["status"] for one in requests(bulkscim.folder))[201] == 3
    assert bulkscim.token.encode() not in b"".join(
        path.read_bytes() for path in (bulkscim.folder / "state").rglob("*") if path.is_file()
    )


def test_what_a_run_made_is_there_for_the_next_one(bulkscim: Command, job):
    """Also after the sandbox was stopped: resume starts it where it was, and finds all again."""
    path = job(*people(3))
    first = bulkscim("run", path, *TO, "--run-dir", bulkscim.folder / "one")
    before = address(bulkscim.folder)
    assert first.code == 0, first.text
    assert bulkscim("sandbox", "stop").code == 0

    resumed = bulkscim("resume", bulkscim.folder / "one")
    again = bulkscim("run", path, *TO, "--json")

    assert resumed.code == 0, resumed.text
    assert (again.code, again.json["adopted"]) == (0, 3), again.text
    assert ("started a sandbox" in first.stderr, "started a sandbox" in again.stderr) == (True, False)
    after = address(bulkscim.folder)
    assert (after["port"], after["pid"] == before["pid"]) == (before["port"], False)


def test_its_files_are_private_and_it_listens_on_this_machine_only(bulkscim: Command):
    """Modes 0600, and an address that no other machine reaches."""
    assert bulkscim("sandbox", "start").code == 0

    folder = bulkscim.folder / "state" / "sandbox"
    assert folder.stat().st_mode & 0o077 == 0
    assert [path for path in folder.iterdir() if path.stat().st_mode & 0o077] == []
    assert address(bulkscim.folder)["base_url"].startswith("http://127.0.0.1:")


def test_it_is_filled_shown_and_emptied(bulkscim: Command):
    """seed, log, reset."""
    seeded = bulkscim("sandbox", "seed", "60")
    tenant = sandbox(bulkscim.folder)
    users, groups = tenant.users(), tenant.groups()

    assert seeded.code == 0, seeded.text
    assert (len(users), len(groups)) == (60, 8)
    assert sum(len(group["members"]) for group in groups) == 60
    managed = [user for user in users if "manager" in json.dumps(user)]
    assert len(managed) == 59
    log = bulkscim("sandbox", "log")
    assert "200  GET    /Groups?startIndex=1&count=500" in log.stdout
    assert bulkscim("sandbox", "log", "--json").json[0]["path"] == "/Users?startIndex=1&count=500"

    assert bulkscim("sandbox", "reset").code == 0

    assert tenant.users() == tenant.groups() == []


def test_the_same_seed_is_the_same_people(bulkscim: Command):
    """And another seed others."""
    names = []
    for seed in ("1", "1", "2"):
        assert bulkscim("sandbox", "seed", "20", "--seed", seed).code == 0
        names.append(sorted(user["userName"] for user in sandbox(bulkscim.folder).users()))
        assert bulkscim("sandbox", "reset").code == 0

    assert names[0] == names[1] != names[2]


def test_a_sandbox_that_runs_is_not_changed_behind_its_back(bulkscim: Command):
    """Other settings need a stop first; the same ones are no error; a second server finds the first."""
    assert bulkscim("sandbox", "start", "--speed", "2").code == 0

    assert bulkscim("sandbox", "start", "--speed", "2").code == 0
    other = bulkscim("sandbox", "start", "--speed", "3")
    assert (other.code, "sandbox stop" in other.stderr) == (2, True)
    assert bulkscim("sandbox", "--speed", "2").code == 11
    assert bulkscim("sandbox", "start", "--profile", "nonsense").code == 2
    assert bulkscim("sandbox", "start", "--fault", "boom=1").code == 2


def test_reading_commands_keep_the_pace_of_the_sandbox(bulkscim: Command):
    """At 60 times Lucid's limits they read at Lucid's own pace, a page each 0.6 s, and were silent for that long."""
    worn = ("--profile", "lucid")
    assert bulkscim("sandbox", "start", *worn, "--speed", "60").code == 0
    assert bulkscim("sandbox", "seed", "400", *worn).code == 0

    for command in (("count",), ("export", "users")):
        began = len(requests(bulkscim.folder, "lucid"))
        assert bulkscim(*command, *TO, *worn).code == 0
        times = [one["at"] for one in requests(bulkscim.folder, "lucid")[began:]]
        assert len(times) >= 5
        assert min(later - before for before, later in pairwise(times)) < 0.3


def test_two_sandboxes_are_told_apart(bulkscim: Command):
    """`stop`, `reset`, `log` and `seed` meant the generic one: `stop` left Lucid's running, `log` showed the other's requests.

    So did `sandbox --profile lucid stop`. One that is alone is meant without a word; of two, one must be named.
    """
    assert bulkscim("sandbox", "start", "--profile", "lucid", "--speed", "60").code == 0
    assert bulkscim("sandbox", "seed", "12").code == 0
    assert len(sandbox(bulkscim.folder, "lucid").users()) == 12 + 1  # the owner
    assert "GET    /Users" in bulkscim("sandbox", "log").stdout
    assert "profile lucid" in bulkscim("sandbox", "reset").stderr
    assert len(sandbox(bulkscim.folder, "lucid").users()) == 1
    misplaced = bulkscim("sandbox", "--profile", "lucid", "stop")
    assert (misplaced.code, "sandbox stop --profile" in misplaced.stderr) == (2, True)

    assert bulkscim("sandbox", "start").code == 0
    for command in (("stop",), ("reset",), ("log",), ("seed", "5")):
        outcome = bulkscim("sandbox", *command)
        assert outcome.code == 2, outcome.text
        assert f"\nnext: bulkscim sandbox {' '.join(command)} --profile lucid" in outcome.stderr
    assert "add --profile lucid" in bulkscim("count", *TO).stderr
    shown = bulkscim("sandbox", "status").stdout.splitlines()
    assert [line.split()[0] for line in shown] == ["running", "running"]
    assert "profile lucid, speed 60" in shown[1]
    other = bulkscim("sandbox", "start", "--profile", "lucid")
    assert (other.code, "sandbox stop --profile lucid" in other.stderr) == (2, True)

    assert "profile lucid" in bulkscim("sandbox", "stop", "--profile", "lucid").stderr
    assert [one["running"] for one in bulkscim("sandbox", "status", "--json").json] == [True, False]
    assert "profile generic" in bulkscim("sandbox", "stop").stderr
    assert "no sandbox" in bulkscim("sandbox", "stop").stderr


def test_it_goes_when_its_folder_goes(bulkscim: Command):
    """No user has to remember to stop it."""
    assert bulkscim("sandbox", "start").code == 0
    pid = address(bulkscim.folder)["pid"]

    shutil.rmtree(bulkscim.folder / "state")

    deadline = time.monotonic() + 20
    while is_there(pid):
        assert time.monotonic() < deadline, "the sandbox stayed"
        time.sleep(0.05)


def is_there(pid: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_scim2_tester_finds_no_error(bulkscim: Command):
    """An independent judge of the RFCs, on all that the generic sandbox offers."""
    assert bulkscim("sandbox", "start").code == 0
    headers = {"Authorization": f"Bearer {sandbox(bulkscim.folder).token}"}

    with Client(base_url=sandbox(bulkscim.folder).base_url, headers=headers) as client:
        results = check_server(SyncSCIMClient(client))

    assert len(results) > 100
    assert [(one.title, one.reason) for one in results if one.status is not Status.SUCCESS] == []


def test_scim_sanity_finds_no_error(bulkscim: Command):
    """Another judge, by its own author, over the network."""
    assert bulkscim("sandbox", "start").code == 0
    arguments = ("--token", sandbox(bulkscim.folder).token, "--i-accept-side-effects", "--json-output")

    judged = subprocess.run(
        [sys.executable, "-m", "scim_sanity", "probe", sandbox(bulkscim.folder).base_url, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )

    results = json.loads(judged.stdout)["results"]
    assert len(results) > 20
    assert [one for one in results if one["status"] in {"fail", "error"}] == []


FAULTS = (
    "429=0.03",
    "429-bare=0.02",
    "503-before=0.02",
    "503-after=0.03",
    "drop-before=0.02",
    "drop-after=0.03",
)
FAULTS += ("truncate=0.03", "html=0.02", "latency=1ms")


@pytest.mark.slow
def test_a_bad_day_loses_nothing_and_makes_nothing_twice(bulkscim: Command, job):
    """Faults before and after the write; run and resume until done."""
    worn = [word for fault in FAULTS for word in ("--fault", fault)]
    assert bulkscim("sandbox", "start", "--seed", "3", *worn).code == 0

    outcome = bulkscim("run", job(*people(150)), *TO, timeout=280)
    for _ in range(10):
        if outcome.code == 0:
            break
        assert outcome.code in {5, 6}, outcome.text
        outcome = bulkscim("resume", "last", timeout=280)

    assert outcome.code == 0, outcome.text
    assert Counter(bulkscim.states()) == {"done": 150}
    faults = Counter(one.get("fault", "") for one in requests(bulkscim.folder))
    assert min(faults[fault] for fault in ("503-after", "drop-after", "truncate")) > 0, faults
    assert bulkscim("sandbox", "stop").code == 0
    assert bulkscim("sandbox", "start").code == 0
    assert len(sandbox(bulkscim.folder).users()) == 150
