"""The demo: a tenant in its own process, 300 people, an interrupt half way, and how the run goes on."""

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".demo"
TOKEN = "demo-token"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
BULKSCIM = [sys.executable, "-m", "bulkscim"]


def main() -> int:
    """Walk through the main job; return an exit code."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    environment = os.environ | {
        "BULKSCIM_TOKEN": TOKEN,
        "BULKSCIM_RUNS_DIR": str(FOLDER / "runs"),
        "BULKSCIM_STATE_DIR": str(FOLDER / "state"),
    }
    with tenant() as base_url:
        try:
            tour(base_url, environment)
        except DemoFailed as failure:
            print(f"\nthe demo failed: {failure}", file=sys.stderr)
            return 1
    print("\nAll 300 people are in, nobody twice, although the run was interrupted.")
    return 0


class DemoFailed(Exception):
    """Something did not go as the demo says."""


def tour(base_url: str, environment: dict[str, str]) -> None:
    """Run, interrupt, resume, and look at what is known afterwards."""
    say("Onboarding 300 people, with managers and teams; interrupted (Ctrl-C) half way.")
    run = ["run", "samples/onboarding.csv", "--base-url", base_url, "--op", "create", "--create-groups"]
    run += ["--rate", "90/s", "--yes"]
    code = interrupted(run, environment)
    expect(code == 130, f"the interrupted run ended with {code}, not 130")
    before = status(environment)
    expect(0 < before["pending"] < 300, f"the interrupt was not half way: {before['pending']} pending")

    say("Going on from the journal: what was done is not done again.")
    code = command(["resume", "last", "--rate", "90/s"], environment)
    expect(code == 0, f"resume ended with {code}, not 0")

    say("Where every row ended.")
    command(["status", "last"], environment)
    say("A file with one line per row.")
    command(["results", "last"], environment)
    say("The story of one row.")
    command(["explain", "last", "--row", "4"], environment)
    check(base_url, environment)


def check(base_url: str, environment: dict[str, str]) -> None:
    """Count in the tenant itself."""
    after = status(environment)
    expect(after["done"] == after["rows"] == 300, f"not every row is done: {after}")
    asked, found = in_the_file(), in_the_tenant(base_url)
    say(f"In the tenant: {found}.")
    expect(found == asked, f"the file asks for {asked}")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are of each."""

    users: int
    groups: int
    managed: int
    memberships: int

    def __str__(self) -> str:
        return (
            f"{self.users} users, {self.managed} of them with a manager; "
            f"{self.groups} groups with {self.memberships} memberships"
        )


def in_the_file() -> Counts:
    """Count what the sample asks for."""
    with (ROOT / "samples" / "onboarding.csv").open(encoding="utf-8", newline="") as file:
        people = list(csv.DictReader(file))
    teams = [team for person in people for team in person["groups"].split(";")]
    return Counts(len(people), len(set(teams)), sum(bool(person["manager"]) for person in people), len(teams))


def in_the_tenant(base_url: str) -> Counts:
    """Count what the tenant holds."""
    users, groups = held(base_url, "Users"), held(base_url, "Groups")
    managed = [user for user in users if user.get(ENTERPRISE, {}).get("manager", {}).get("value")]
    memberships = sum(len(group.get("members", [])) for group in groups)
    return Counts(len(users), len(groups), len(managed), memberships)


def interrupted(arguments: list[str], environment: dict[str, str]) -> int:
    """Run a command and press Ctrl-C once half of the rows have ended."""
    print(f"$ bulkscim {' '.join(arguments)}", flush=True)
    process = subprocess.Popen([*BULKSCIM, *arguments], env=environment, cwd=ROOT)
    try:
        while process.poll() is None:
            time.sleep(0.2)
            now = status(environment)
            if now.get("rows") and now["pending"] <= now["rows"] / 2:
                process.send_signal(signal.SIGINT)
                return process.wait(timeout=60)
        return process.returncode
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def status(environment: dict[str, str]) -> dict[str, int]:
    """Ask where the newest run stands; empty while there is none."""
    arguments = [*BULKSCIM, "status", "last", "--json"]
    answer = subprocess.run(arguments, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    return json.loads(answer.stdout) if answer.stdout.startswith("{") else {}


def command(arguments: list[str], environment: dict[str, str]) -> int:
    """Show and run a command."""
    print(f"$ bulkscim {' '.join(arguments)}", flush=True)
    return subprocess.run([*BULKSCIM, *arguments], env=environment, cwd=ROOT, check=False).returncode


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n== {text}", flush=True)


def expect(holds: object, text: str) -> None:
    """End the demo unless something holds."""
    if not holds:
        raise DemoFailed(text)


@contextmanager
def tenant() -> Iterator[str]:
    """Run scim2-server under gunicorn in its own process; yield its base URL."""
    with socket.socket() as listening, (FOLDER / "tenant.log").open("wb") as log:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        arguments = ["--pythonpath", str(ROOT / "scripts"), "--workers", "1", "--threads", "16"]
        arguments += [
            "--graceful-timeout",
            "1",
            "--no-control-socket",
            "--bind",
            f"fd://{listening.fileno()}",
        ]
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *arguments, "scim2_wsgi:application()"],
            env=os.environ | {"SCIM2_TOKEN": TOKEN},
            pass_fds=[listening.fileno()],
            stdout=log,
            stderr=log,
        )
        try:
            base_url = f"http://127.0.0.1:{listening.getsockname()[1]}/v2"
            held(base_url, "Users")
            yield base_url
        finally:
            process.terminate()
            process.wait(timeout=20)


def held(base_url: str, collection: str) -> list[dict[str, Any]]:
    """Return what the tenant holds; it fits on one page."""
    request = urllib.request.Request(
        f"{base_url}/{collection}?count=1000", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as response:
        return list(json.load(response)["Resources"])


if __name__ == "__main__":
    sys.exit(main())
