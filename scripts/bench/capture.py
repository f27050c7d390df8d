"""Count what it costs to record the groups and reports of people before they go.

A tenant of so many people, each in 30 of six tenths as many groups, is deactivated and then deleted by the real command: in the
sandbox, whose users show their groups, and in scim2-server, whose users do not. Counts wander with no machine, so
one round is enough.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.servers.scim_server import TOKEN, Tenant, scim_server  # noqa: E402 - below the path that it is on

GROUPS_EACH = 30
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE = "urn:ietf:params:scim:schemas:core:2.0"


def bulkscim(folder: Path, *arguments: str) -> str:
    """Run the command in a folder; return what it says to programs."""
    environment = os.environ | {
        "HOME": str(folder),
        "BULKSCIM_STATE_DIR": str(folder / "state"),
        "BULKSCIM_TOKEN": TOKEN,
    }
    command = [sys.executable, "-m", "bulkscim", *arguments]
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def fill(tenant: Tenant, people: int) -> None:
    """Make people, ten of them the managers of the rest, and groups that hold each of them 30 times."""
    ids: list[str] = []
    for number in range(people):
        body: dict[str, Any] = {"schemas": [f"{CORE}:User", ENTERPRISE], "userName": f"u{number}@example.com"}
        body |= {"active": True, ENTERPRISE: {"manager": {"value": ids[number % 10]}} if number >= 10 else {}}
        ids.append(tenant.create("Users", body))
    groups = max(GROUPS_EACH, people * 6 // 10)
    for number in range(groups):
        held = [{"value": ids[one]} for one in range(people) if (one - number) % groups < GROUPS_EACH]
        tenant.create(
            "Groups", {"schemas": [f"{CORE}:Group"], "displayName": f"group {number}", "members": held}
        )


def measured(tenant: Tenant, folder: Path, op: str, *to: str) -> tuple[int, Counter[str]]:
    """Deactivate or delete everybody; return how many requests the run sent, and how many came by kind."""
    job = folder / f"{op}.csv"
    with job.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["userName"])
        rows.writerows([user["userName"]] for user in tenant.users())
    before = came(tenant, folder)
    said = bulkscim(
        folder,
        "run",
        str(job),
        "--op",
        op,
        *to,
        "--yes",
        "--max-delete",
        "100%",
        "--rate",
        "100000/s",
        "--json",
        "-q",
    )
    return json.loads(said)["requests"], came(tenant, folder) - before


def came(tenant: Tenant, folder: Path) -> Counter[str]:
    """Return the requests that came in so far."""
    log = folder / "state" / "sandbox" / "generic-requests.jsonl"
    if not log.exists():
        return Counter(tenant.requests())
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return Counter(f"{one['method']} {one['path'].strip('/').split('/')[0].split('?')[0]}" for one in lines)


@contextmanager
def sandbox(folder: Path) -> Iterator[Tenant]:
    """Serve the sandbox until the block ends."""
    bulkscim(folder, "sandbox", "start")
    said = json.loads((folder / "state" / "sandbox" / "generic.json").read_text())
    try:
        yield Tenant("127.0.0.1", said["port"], said["tokens"]["sandbox"], "/scim/v2")
    finally:
        bulkscim(folder, "sandbox", "stop")


def main() -> None:
    """Count, and print a table line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1000)
    count = parser.parse_args().people
    print("| tenant | job | requests | of these GET Groups | GET Users | writes |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for title, serve in (
            ("sandbox", sandbox),
            ("scim2-server", lambda at: scim_server(at / "server.log")),
        ):
            folder = Path(name, title)
            folder.mkdir()
            with serve(folder) as tenant:
                fill(tenant, count)
                to = ("--tenant", "sandbox") if title == "sandbox" else ("--base-url", tenant.base_url)
                for op in ("deactivate", "delete"):
                    sent, kinds = measured(tenant, folder, op, *to)
                    writes = sum(number for kind, number in kinds.items() if not kind.startswith("GET"))
                    print(
                        f"| {title} | {op} {count:,} | {sent:,} | {kinds['GET Groups']:,} | {kinds['GET Users']:,} | {writes:,} |"
                    )


if __name__ == "__main__":
    main()
