"""The sandboxes that a test's command line started: found by their files, stopped when the test ends."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.support.servers.scim_server import Tenant

TOKENS = {"sandbox": "token-of-an-administrator", "sandbox-content": "token-for-content"}  # without a network
ADMIN, CONTENT = TOKENS.values()


def address(folder: Path, profile: str = "generic") -> dict[str, Any]:
    """Return what a sandbox's file says."""
    return json.loads((folder / "state" / "sandbox" / f"{profile}.json").read_text())


def sandbox(folder: Path, profile: str = "generic", token: str = "", path: str = "/scim/v2") -> Tenant:
    """Return the sandbox as its administrator sees it."""
    said = address(folder, profile)
    return Tenant("127.0.0.1", said["port"], token or said["tokens"]["sandbox"], path)


def requests(folder: Path, profile: str = "generic") -> list[dict[str, Any]]:
    """Return what reached a sandbox."""
    path = folder / "state" / "sandbox" / f"{profile}-requests.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def refill(folder: Path, count: int, seed: int, profile: str = "generic") -> None:
    """Empty a sandbox, and fill it with people; its faults are not in the way of that."""
    control = sandbox(folder, profile, path="/_sandbox")
    assert control.call("POST", "/reset")[0] == 200
    assert control.call("POST", f"/seed?count={count}&seed={seed}")[0] == 200


def stop_all(folder: Path) -> None:
    """Stop every sandbox that a command of this folder started."""
    for path in (folder / "state" / "sandbox").glob("*.json"):
        if path.stem.endswith("-requests"):
            continue
        with suppress(OSError, ValueError):
            sandbox(folder, path.stem, path="/_sandbox").call("POST", "/stop")
