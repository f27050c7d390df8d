"""The real command, killed at random moments before a sandbox that plays Lucid on a bad day, resumed until done."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.support.running.command import UNBOUNDED, Command
from tests.support.running.lucid_workload import LucidWorkload, Person, lucid_workload
from tests.support.running.rounds import begun, each, rows_of
from tests.support.servers.sandboxes import refill, requests, sandbox, stop_all

ROUNDS, PARTS = 12, 3
KILLS = 3
SEEDED = 16
PROFILE = ("--profile", "lucid")
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
FAULTS = {
    "429": 0.01,
    "429-bare": 0.01,
    "503-before": 0.02,
    "503-after": 0.03,
    "drop-before": 0.01,
    "drop-after": 0.03,
    "truncate": 0.02,
    "html": 0.02,
}


@contextmanager
def bad_day(place: Path, seed: int) -> Iterator[None]:
    """Let a sandbox with faults serve until the block ends."""
    place.mkdir()
    worn = [word for name, share in FAULTS.items() for word in ("--fault", f"{name}={share}")]
    started = Command(place)("sandbox", "start", *PROFILE, "--speed", "600", "--seed", str(seed), *worn)
    assert started.code == 0, started.text
    try:
        yield
    finally:
        stop_all(place)


class Look:
    """A tenant as its administrator sees it, through the faults that it has."""

    def __init__(self, place: Path) -> None:
        self._tenant = sandbox(place, "lucid")

    def listed(self, collection: str) -> list[dict[str, Any]]:
        """Return what a listing shows; Lucid's leaves out who is deactivated."""
        return self._patiently(lambda: self._tenant.everything(collection))

    def by_id(self, collection: str, resource_id: str) -> dict[str, Any] | None:
        """Return one resource, deactivated or not; None where there is none."""

        def read() -> dict[str, Any] | None:
            status, body = self._tenant.call("GET", f"/{collection}/{resource_id}")
            assert (status == 200 and body["id"] == resource_id) or status == 404
            return body if status == 200 else None

        return self._patiently(read)

    @staticmethod
    def _patiently(read: Any) -> Any:
        """Read again where a fault was in the way."""
        for _ in range(50):
            try:
                return read()
            except (AssertionError, OSError, ValueError, HTTPException):
                continue
        raise AssertionError("the sandbox never answered")


def described(users: list[dict[str, Any]]) -> dict[str, Person]:
    """Return people as a workload describes them."""
    names = {user["id"]: user["userName"] for user in users}
    return {user["userName"]: _person(user, names) for user in users}


def _person(user: dict[str, Any], names: dict[str, str]) -> Person:
    manager = user.get(ENTERPRISE, {}).get("manager", {}).get("value", "")
    groups = [group["display"] for group in user.get("groups", [])]
    assert len(groups) < 2, f"{user['userName']} is in {groups}"
    return Person(
        user.get("title", ""), names.get(manager, manager), "".join(groups), user.get("active", True)
    )


def killed_often(command: Command, place: Path, run: tuple[Any, ...], chance: random.Random) -> int:
    """Kill the run, and what resumes it, after a random number of requests; return how often that came about."""
    kills = 0
    for _ in range(KILLS):
        at = len(requests(place, "lucid")) + chance.randrange(5, 60)
        arguments = ("resume", "last") if begun(command) else run
        kills += command.kill_when(lambda at=at: len(requests(place, "lucid")) >= at, *arguments)
    return kills


def done_in_the_end(command: Command, run: tuple[Any, ...]) -> None:
    """Resume until nothing is left to resume; every row must have ended well."""
    outcome = command(*(("resume", "last") if begun(command) else run), timeout=200)
    for _ in range(10):
        if outcome.code not in {5, 6}:
            break
        outcome = command("resume", "last", timeout=200)
    assert outcome.code == 0, outcome.text


@pytest.mark.parametrize("part", range(PARTS))
def test_a_killed_run_on_a_bad_day_is_done_in_the_end(tmp_path: Path, seeds, part: int):
    """Every row is done by this run, nothing was made twice, and the tenant is what the file says."""

    def killed_and_done(seed: int) -> None:
        place = tmp_path / str(seed)
        with bad_day(place, seed):
            one_round(place, seed)

    each(killed_and_done, seeds(ROUNDS, part, PARTS))


def one_round(place: Path, seed: int) -> None:
    """Carry one job to its end through kills."""
    command = Command(place)
    refill(place, SEEDED, seed, "lucid")
    look = Look(place)
    there = look.listed("Users")
    workload = lucid_workload(seed, described(there))
    path = workload.write(place / "job.jsonl")
    before = len(requests(place, "lucid"))
    run = ("run", path, "--tenant", "sandbox", *UNBOUNDED, *PROFILE)

    assert killed_often(command, place, run, random.Random(seed)), "the command was never killed at work"
    done_in_the_end(command, run)

    asked = requests(place, "lucid")[before:]
    assert sum(1 for line in asked if line.get("fault")) > 3, "the sandbox did not fail"
    rows = rows_of(command)
    assert [row for row in rows if row.state != "done"] == []
    assert len(rows) == len(workload.lines)
    verified = command("verify", "last")
    assert verified.code == 0, verified.text
    check_tenant(look, workload, asked, {user["userName"]: user["id"] for user in there})


def check_tenant(
    look: Look, workload: LucidWorkload, asked: list[dict[str, Any]], there: dict[str, str]
) -> None:
    """Look at what was created, whether its answer came or not, and at everybody, hidden or not."""
    users = [look.by_id("Users", made) for made in made_in(asked, "/Users")]
    groups = [look.by_id("Groups", made) for made in made_in(asked, "/Groups")]
    names = [user["userName"] for user in users if user]
    names += [group["displayName"] for group in groups if group]
    assert Counter(names) == Counter(workload.made)
    assert len(users) + len(groups) == len(names), "something was made that is not there any more"
    found = {user["id"]: user for user in [look.by_id("Users", one) for one in there.values()] if user}
    found |= {user["id"]: user for user in users if user}
    assert described(list(found.values())) == workload.people
    listed = {user["id"] for user in look.listed("Users")}
    assert listed == {user["id"] for user in found.values() if user.get("active", True)}
    displayed = Counter(group["displayName"] for group in look.listed("Groups"))
    assert set(displayed.values()) == {1}, displayed


def made_in(asked: list[dict[str, Any]], path: str) -> list[str]:
    """Return the ids that the sandbox gave to what was posted to a path."""
    return [
        line["made"]
        for line in asked
        if line["method"] == "POST" and line["path"] == path and line.get("made")
    ]
