"""The demo: a sandbox that behaves like Lucid, an HR export of 1,000 users, an interrupt half way, leavers, a rollback."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".demo"
BULKSCIM = [sys.executable, "-m", "bulkscim"]
PEOPLE, LEAVERS, CLOSING = 1000, 40, 120
TENANT = ["--tenant", "sandbox-content", "--profile", "lucid"]  # teams: a user may be in several
SPEED = "120"  # times Lucid's 100 requests a minute


class DemoFailed(Exception):
    """The demo did not end as it says."""


def main() -> int:
    """Show one job after the other; return an exit code."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    os.environ |= {"BULKSCIM_RUNS_DIR": str(FOLDER / "runs"), "BULKSCIM_STATE_DIR": str(FOLDER / "state")}
    try:
        tour()
    except DemoFailed as failure:
        print(f"\nthe demo failed: {failure}", file=sys.stderr)
        return 1
    finally:
        command("sandbox", "stop", "--profile", "lucid")
    print(
        f"\nAll {PEOPLE:,} users were created, each once, although the run was interrupted; {LEAVERS} were deactivated.\n"
        "To go on: . .venv/bin/activate, then bulkscim --help"
    )
    return 0


def tour() -> None:
    """Onboard, interrupt, resume, deactivate, roll back, and show what is recorded."""
    say(f"A sandbox: a tenant on this machine that behaves like Lucid, with {SPEED} times its limits.")
    expect(
        command("sandbox", "start", "--profile", "lucid", "--speed", SPEED) == 0, "the sandbox did not start"
    )
    before = active_users()

    say(f"Onboard {PEOPLE:,} users from an HR export, with managers and teams; Ctrl-C half way.")
    code = interrupted("run", "jobs/onboarding.toml", *TENANT)
    expect(code == 130, f"the interrupted run ended with {code}, not 130")
    left = status()["pending"]
    expect(0 < left < PEOPLE, f"the interrupt was not half way: {left} rows were left")

    say("Resume from the journal: what was done is not done again.")
    expect(command("resume", "last") == 0, "resume did not finish")
    ended = status()
    expect(ended["done"] == ended["rows"] == PEOPLE, f"not every row is done: {ended}")
    onboarding = ended["run"]

    say(f"{LEAVERS} users leave and are deactivated; the owner is protected, whatever the list says.")
    expect(command("run", "jobs/leavers.toml", *TENANT) == 0, "the leavers were not all deactivated")
    expect(status()["done"] == LEAVERS, "not every leaver was deactivated")

    say(f"An office closes: {CLOSING} users are deactivated. Then it does not close: the run is rolled back.")
    taken_back()

    say("The state of the first run, a file with one line per row, and the history of one row.")
    for shown in (["status", onboarding], ["results", onboarding], ["explain", onboarding, "--row", "7"]):
        expect(command(*shown) == 0, f"{shown[0]} failed")

    say("What the tenant shows.")
    gained = active_users() - before
    expect(gained == PEOPLE - LEAVERS, f"the tenant gained {gained} active users, not {PEOPLE - LEAVERS}")


def taken_back() -> None:
    """Deactivate the users of an office, roll that back, and compare exports of the tenant before and after."""
    before = exported("before")
    closing = ["run", "samples/hr-office-closing.csv", "--map", "jobs/leavers.toml"]
    allowed = ["--max-delete", str(CLOSING)]  # the definition allows 5 % of the users
    expect(command(*closing, *allowed, *TENANT) == 0, "not all users of the office were deactivated")
    expect(status()["done"] == CLOSING, "not all users of the office were deactivated")
    expect(exported("between").read_bytes() != before.read_bytes(), "nothing was changed")
    expect(command("rollback", "last") == 0, "the rollback left something")
    after = exported("after")
    print(f"$ diff {before.name} {after.name}", flush=True)
    differs = subprocess.run(["diff", before, after], check=False).returncode
    expect(differs == 0, "the tenant is not as it was")
    print("(no difference: the tenant is as it was)", flush=True)


def exported(name: str) -> Path:
    """Export users and groups into one file, and return its path."""
    place = FOLDER / f"{name}.jsonl"
    with place.open("wb") as file:
        for kind in ("users", "groups"):
            asked = ["export", kind, *TENANT]
            print(f"$ bulkscim {' '.join(asked)} >> {place.name}", flush=True)
            subprocess.run([*BULKSCIM, *asked], cwd=ROOT, stdout=file, check=True)
    return place


def active_users() -> int:
    """Count the active users of the tenant."""
    asked = ("count", *TENANT, "--json")
    print(f"$ bulkscim {' '.join(asked)}", flush=True)
    active = int(told(*asked)["users"]["active"])
    print(f"{active:,} active users", flush=True)
    return active


def interrupted(*arguments: str) -> int:
    """Run a command and press Ctrl-C once half of the rows have ended."""
    print(f"$ bulkscim {' '.join(arguments)}", flush=True)
    process = subprocess.Popen([*BULKSCIM, *arguments], cwd=ROOT)
    try:
        while process.poll() is None:
            time.sleep(0.2)
            now = status()
            if now.get("rows") and now["pending"] <= now["rows"] / 2:
                process.send_signal(signal.SIGINT)
                return process.wait(timeout=60)
        return process.returncode
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def status() -> dict[str, Any]:
    """Return the state of the newest run; empty while there is none."""
    return told("status", "last", "--json")


def told(*arguments: str) -> dict[str, Any]:
    """Return what a command prints as JSON; empty where it prints none."""
    answer = subprocess.run([*BULKSCIM, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return json.loads(answer.stdout) if answer.stdout.startswith("{") else {}


def command(*arguments: str) -> int:
    """Show and run a command."""
    print(f"$ bulkscim {' '.join(arguments)}", flush=True)
    return subprocess.run([*BULKSCIM, *arguments], cwd=ROOT, check=False).returncode


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n== {text}", flush=True)


def expect(holds: object, text: str) -> None:
    """End the demo unless something holds."""
    if not holds:
        raise DemoFailed(text)


if __name__ == "__main__":
    sys.exit(main())
