"""A long run through a sandbox on a bad day, killed again and again: flat memory and files, and the right end.

`python -m tests.support.running.soak [--operations N] [--kills K] [--seed S]` prints figures and exits with 1 where
something is not as it should be; `scripts/soak` is the way to call it.
"""

import argparse
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.running.command import UNBOUNDED, Command, Outcome
from tests.support.servers.sandboxes import sandbox, stop_all

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
STATE, NO_STATE = b'"v":"', b'"v":""'
PACE = ("--rate", "2000/s", "--concurrency", "16")
FAULTS = {
    "429": 0.0003,
    "429-bare": 0.0003,
    "503-before": 0.003,
    "503-after": 0.003,
    "drop-before": 0.003,
    "drop-after": 0.004,
    "truncate": 0.002,
    "html": 0.002,
    "latency": 0.001,
}
BLOCK = 100
LOOK_EVERY_S = 0.05
RESUMABLE = {5, 6}
MOST_RESUMES = 20
GROWTH = 1.3  # the most that a session's peak memory may be of the median


@dataclass(slots=True)
class Person:
    """What the tenant is to hold of a user."""

    title: str = "Analyst"
    active: bool = True
    manager: str = ""


@dataclass(slots=True)
class Expected:
    """The tenant that a job leads to: people by name, groups by name with the names of their members."""

    people: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, set[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Session:
    """One process of the command: how many rows it settled, the most memory and files that it held, how it ended."""

    rows: int
    peak_mib: float
    files: int
    seconds: float
    code: int | None  # None where it was killed


@dataclass(slots=True)
class Figures:
    """What a soak came to; `wrong` names what is not as it should be."""

    operations: int
    sessions: list[Session] = field(default_factory=list)
    requests: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    last_words: str = ""
    wrong: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """How often the command was killed at work."""
        return sum(session.code is None for session in self.sessions)


def lines(operations: int, expected: Expected) -> Iterator[dict[str, Any]]:
    """Yield a job a block of 100 at a time: people and a group, and changes to those of the block before."""
    for number in range(operations):
        block, place = divmod(number, BLOCK)
        yield _line(block, place, expected)


def _line(block: int, place: int, expected: Expected) -> dict[str, Any]:
    """Return one line, and note what it does; place 0 makes a group, 1 to 56 people, the rest changes."""
    before = block - 1
    team = f"Team {block:05}"
    if place == 0:
        expected.groups[team] = set()
        return {"op": "create", "type": "Group", "data": {"displayName": team}}
    if place <= _last_create(block):
        return _create(block, place, expected)
    name = _name(before, place - 45)  # 12 to 43: no user's manager
    match = {"match": {"userName": name}}
    if place <= 76:
        expected.people[name].title = "Lead"
        patch = [{"op": "replace", "path": "title", "value": "Lead"}]
        return {"op": "patch", "patch": patch, **match}
    if place <= 83:
        expected.people[name].active = False
        return {"op": "deactivate", **match}
    if place <= 88:
        _forget(expected, name, f"Team {before:05}")
        return {"op": "delete", **match}
    name = _name(block, place - 60)
    expected.groups[team].add(name)
    return {
        "op": "add_member",
        "type": "Group",
        "match": {"displayName": team},
        "member": {"userName": name},
    }


def _last_create(block: int) -> int:
    """Return the last place that creates a user; the first block has none before it to change."""
    return 56 if block else 88


def _create(block: int, place: int, expected: Expected) -> dict[str, Any]:
    """Return the line that creates a user; every fifth has the first of the block as manager."""
    name = _name(block, place)
    person = expected.people[name] = Person()
    data: dict[str, Any] = {
        "userName": name,
        "name": {"givenName": f"Given{place}", "familyName": "O'Family"},
        "emails": [{"value": name, "type": "work", "primary": True}],
        "title": person.title,
    }
    if place % 5 == 0:
        person.manager = _name(block, 1)
        data["manager"] = {"userName": person.manager}
    return {"op": "create", "type": "User", "data": data}


def _name(block: int, place: int) -> str:
    return f"soak{block:05}.{place:02}@example.com"


def _forget(expected: Expected, name: str, team: str) -> None:
    del expected.people[name]
    expected.groups[team].discard(name)


def soak(folder: Path, operations: int, kills: int, seed: int = 1) -> Figures:
    """Carry a job out through faults and kills, and compare the end with what the job says."""
    figures, expected = Figures(operations), Expected()
    job = folder / "job.jsonl"
    with job.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines(operations, expected))
    command = Command(folder)
    worn = [word for name, share in FAULTS.items() for word in ("--fault", f"{name}={share}")]
    started = command("sandbox", "start", "--seed", str(seed), *worn)
    assert started.code == 0, started.text
    try:
        _sessions(command, job, kills, random.Random(seed), figures)
        _judge_run(command, figures)
    finally:
        stop_all(folder)
    _wait_for_the_end(folder)
    _judge_tenant(folder, expected, figures)
    _judge_memory(figures)
    return figures


def _sessions(command: Command, job: Path, kills: int, chance: random.Random, figures: Figures) -> None:
    """Run and resume, killed at random numbers of settled rows, until nothing is left to resume."""
    ends = sorted(chance.randrange(1, figures.operations) for _ in range(kills))
    arguments: tuple[str | Path, ...] = ("run", job, "--tenant", "sandbox", *UNBOUNDED, *PACE)
    for resumes in range(kills + MOST_RESUMES):
        so_far = sum(session.rows for session in figures.sessions)
        ends = [end for end in ends if end > so_far]
        until = ends[0] - so_far if resumes < kills and ends else None
        session, said = _session(command, until, *arguments)
        figures.sessions.append(session)
        arguments = ("resume", "last", *PACE)
        if session.code is not None and session.code not in RESUMABLE:
            figures.last_words = said
            return
    figures.wrong.append("it did not come to an end")


def _session(command: Command, until: int | None, *arguments: str | Path) -> tuple[Session, str]:
    """Carry one command out, and kill it when it has settled so many rows; else let it end."""
    began, watched = time.monotonic(), _Watched(command)
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command._arguments(arguments),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env=command._environment(),
            cwd=command.folder,
        )
        code = None
        while code is None:
            watched.look(process.pid)
            if until is not None and watched.settled >= until:
                process.kill()
                process.wait()
                break
            time.sleep(LOOK_EVERY_S)
            code = process.poll()
        watched.count()
        said.seek(0)
        text = said.read()
    took = time.monotonic() - began
    return Session(watched.settled, watched.peak_kib / 1024, watched.files, took, code), text


class _Watched:
    """A process at work, seen from outside: its journal, its memory, its open files."""

    def __init__(self, command: Command) -> None:
        self._runs = command.runs
        self._offset = self._size()
        self.settled = 0
        self.peak_kib = 0
        self.files = 0

    def look(self, pid: int) -> None:
        """See how it stands now."""
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            self.files = max(self.files, sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()))
        except OSError:  # it has just ended
            return
        for line in status.splitlines():
            if line.startswith("VmHWM"):
                self.peak_kib = max(self.peak_kib, int(line.split()[1]))
        self.count()

    def count(self) -> None:
        """Count the rows that settled since the last look, in whole lines."""
        journal = self._journal()
        if journal is None:
            return
        with journal.open("rb") as file:
            file.seek(self._offset)
            whole = file.read().rpartition(b"\n")[0]
        self._offset += len(whole) + bool(whole)
        self.settled += whole.count(STATE) - whole.count(NO_STATE)

    def _journal(self) -> Path | None:
        return next(iter(self._runs.glob("*/journal.jsonl")), None)

    def _size(self) -> int:
        """Return where the last whole line ends; what is after it is cut by the resume."""
        journal = self._journal()
        return 0 if journal is None else journal.read_bytes().rfind(b"\n") + 1


def _judge_run(command: Command, figures: Figures) -> None:
    """Look at the last exit code, the totals, and the journal as a whole."""
    if figures.sessions[-1].code != 0:
        figures.wrong.append(
            f"the last exit code is {figures.sessions[-1].code}: {figures.last_words[-500:]}"
        )
    summary = command.status()
    if summary["done"] != figures.operations:
        figures.wrong.append(f"not every row is done: {summary}")
    judged = _verified(command)
    if judged.code != 0:
        figures.wrong.append(f"the journal is not sound: {judged.text[-500:]}")


def _verified(command: Command) -> Outcome:
    """Let the command judge the whole journal."""
    return command("verify", "last", timeout=600)


def _wait_for_the_end(folder: Path) -> None:
    """Wait until the sandbox has stopped, and with it the writing of its file."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            sandbox(folder).call("GET", "/ServiceProviderConfig")
        except OSError:
            return
        time.sleep(LOOK_EVERY_S)


def _judge_tenant(folder: Path, expected: Expected, figures: Figures) -> None:
    """Compare what the sandbox kept with what the job says, and count what it made."""
    place = folder / "state" / "sandbox"
    people, groups = _kept(place / "generic.sqlite")
    if people != expected.people:
        figures.wrong.append(f"people differ: {_some_difference(expected.people, people)}")
    if groups != expected.groups:
        figures.wrong.append(f"groups differ: {_some_difference(expected.groups, groups)}")
    made = 0
    with (place / "generic-requests.jsonl").open("rb") as file:
        for line in file:
            asked = json.loads(line)
            figures.requests += 1
            figures.faults[asked.get("fault", "")] += 1
            made += bool(asked.get("made"))
    del figures.faults[""]
    places = (divmod(number, BLOCK) for number in range(figures.operations))
    creates = sum(place <= _last_create(block) for block, place in places)
    if made != creates:
        figures.wrong.append(f"{made} resources were made, the job has {creates} creates")


def _kept(path: Path) -> tuple[dict[str, Person], dict[str, set[str]]]:
    """Read people and groups from a sandbox's file; two of one name are an error."""
    connection = sqlite3.connect(path)
    try:
        rows = [
            (kind, json.loads(body)) for kind, body in connection.execute("SELECT type, body FROM resources")
        ]
    finally:
        connection.close()
    users = [body for kind, body in rows if kind == "User"]
    names = {user["id"]: user["userName"] for user in users}
    assert len(set(names.values())) == len(users), "two people of one name"
    people = {user["userName"]: _person(user, names) for user in users}
    teams = [body for kind, body in rows if kind == "Group"]
    groups = {
        team["displayName"]: {names.get(one["value"], one["value"]) for one in team.get("members") or []}
        for team in teams
    }
    assert len(groups) == len(teams), "two groups of one name"
    return people, groups


def _person(user: dict[str, Any], names: dict[str, str]) -> Person:
    manager = (user.get(ENTERPRISE) or {}).get("manager") or {}
    value = manager.get("value", "")
    return Person(user.get("title", ""), user.get("active") is not False, names.get(value, value))


def _some_difference(wanted: dict[str, Any], found: dict[str, Any]) -> str:
    unlike = [name for name in sorted(wanted.keys() | found.keys()) if wanted.get(name) != found.get(name)]
    first = unlike[0]
    return f"{len(unlike)}, first {first}: wanted {wanted.get(first)}, found {found.get(first)}"


def _judge_memory(figures: Figures) -> None:
    """See whether the peak of any session stands out."""
    peaks = sorted(session.peak_mib for session in figures.sessions)
    files = [session.files for session in figures.sessions]
    if peaks[-1] > GROWTH * peaks[len(peaks) // 2]:
        figures.wrong.append(f"memory is not flat: {[round(peak) for peak in peaks]} MiB")
    if max(files) > GROWTH * sorted(files)[len(files) // 2]:
        figures.wrong.append(f"open files are not flat: {files}")


def shown(figures: Figures, seconds: float) -> Iterator[str]:
    """Yield the figures as people read them."""
    sessions = figures.sessions
    peaks = sorted(session.peak_mib for session in sessions)
    files = sorted(session.files for session in sessions)
    yield f"operations    {figures.operations:,} in {seconds:,.0f} s ({figures.operations / seconds:,.0f}/s)"
    yield f"sessions      {len(sessions)}, of which killed {figures.kills}"
    yield f"longest       {max(session.rows for session in sessions):,} rows in one session"
    yield f"requests      {figures.requests:,}, with faults {sum(figures.faults.values()):,}: {dict(sorted(figures.faults.items()))}"
    yield f"peak memory   {peaks[0]:.1f} to {peaks[-1]:.1f} MiB, median {peaks[len(peaks) // 2]:.1f}"
    yield f"by session    {' '.join(f'{session.peak_mib:.0f}' for session in sessions)}"
    yield f"open files    {files[0]} to {files[-1]} at most"
    yield f"exit codes    {dict(Counter(str(session.code) for session in sessions))}"
    yield from (f"WRONG         {text}" for text in figures.wrong)
    yield "as it should be" if not figures.wrong else "not as it should be"


def main() -> int:
    """Soak, and print the figures."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description="Run long, be killed often, end right.")
    parser.add_argument("--operations", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    said = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bulkscim-soak-") as folder:
        figures = soak(Path(folder), said.operations, said.kills, said.seed)
    sys.stdout.writelines(f"{line}\n" for line in shown(figures, time.monotonic() - began))
    return 1 if figures.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
