"""The real command, killed at random moments before a sandbox that plays Lucid on a bad day, resumed until done."""

import random
from collections import Counter
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.sandboxes import requests, sandbox, stop_all

pytestmark = pytest.mark.slow

ROUNDS = 20
KILLS = 3
PEOPLE = 40
TEAMS = ("Sales", "Legal", "Support")
LUCID = ("--tenant", "sandbox", "--profile", "lucid")
FAULTS = (
    "429=0.03",
    "429-bare=0.02",
    "503-before=0.02",
    "503-after=0.03",
    "drop-before=0.02",
    "drop-after=0.03",
)
FAULTS += ("truncate=0.03", "html=0.02")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory):
    """The folder of a command that started the sandbox; it goes when the tests are through."""
    folder = tmp_path_factory.mktemp("lucid")
    worn = [word for fault in FAULTS for word in ("--fault", fault)]
    started = Command(folder)(
        "sandbox", "start", "--profile", "lucid", "--speed", "300", "--seed", "11", *worn
    )
    assert started.code == 0, started.text
    yield folder
    stop_all(folder)


def people(seed: int):
    """Return people with a manager and one team each, the managers in any order."""
    chance = random.Random(seed)
    names = [f"u{number}.{seed}@example.com" for number in range(PEOPLE)]
    chance.shuffle(names)
    for number, name in enumerate(names):
        data = {
            "userName": name,
            "emails": [{"value": name, "type": "work", "primary": True}],
            "title": "Analyst",
        }
        if number:
            data["manager"] = {"match": {"userName": chance.choice(names)}}
        data["groups"] = [chance.choice(TEAMS)]
        yield data


def csv_of(seed: int) -> str:
    """Return them as a job file."""
    lines = ["userName,email,title,manager,groups"]
    for data in people(seed):
        manager = data.get("manager", {}).get("match", {}).get("userName", "")
        lines.append(f"{data['userName']},{data['userName']},Analyst,{manager},{data['groups'][0]}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_killed_run_on_a_bad_day_is_done_in_the_end(place: Path, tmp_path: Path, seed: int):
    """Every row is done by this run, nothing was made twice, and each person is in the one group of their row."""
    command = Command(tmp_path, environment={"BULKSCIM_STATE_DIR": str(place / "state")})
    assert command("sandbox", "reset", "--profile", "lucid").code == 0
    path = tmp_path / "job.csv"
    path.write_text(csv_of(seed), encoding="utf-8")
    chance = random.Random(seed)
    run = ("run", path, *LUCID, "--op", "create", "--create-groups")
    kills = 0
    for _ in range(KILLS):
        begun = any(b"\n" in journal.read_bytes() for journal in command.runs.glob("*/journal.jsonl"))
        at = len(requests(place, "lucid")) + chance.randrange(5, 3 * PEOPLE)
        arguments = ("resume", "last") if begun else run
        kills += command.kill_when(lambda at=at: len(requests(place, "lucid")) >= at, *arguments)
    assert kills, "the command was never killed at work"

    code = -1
    for _ in range(12):
        outcome = command("resume", "last", timeout=280)
        code = outcome.code
        if code not in {5, 6}:
            break

    assert code == 0, outcome.text
    assert Counter(command.states()) == {"done": PEOPLE}
    check(place, seed)


def check(place: Path, seed: int) -> None:
    """Look at the tenant through the faults that it still has."""
    tenant = sandbox(place, "lucid")
    users = {user["userName"]: user for user in patiently(tenant.users)}
    ids = {user["id"]: name for name, user in users.items()}
    wanted = {data["userName"]: data for data in people(seed)}
    assert set(users) == set(wanted) | {"owner@example.com"}
    for name, data in wanted.items():
        assert [group["display"] for group in users[name]["groups"]] == data["groups"]
        extension = users[name].get("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", {})
        manager = ids.get(extension.get("manager", {}).get("value"), "")
        assert manager == data.get("manager", {}).get("match", {}).get("userName", "")


def patiently(read):
    """Read again where a fault was in the way."""
    for _ in range(50):
        try:
            return read()
        except (AssertionError, OSError, ValueError, HTTPException):
            continue
    raise AssertionError("the sandbox never answered")
