"""A sandbox in a process of its own, that goes on when the run has ended."""

import hmac
import http.client
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from bulkscim.errors import Stopped
from bulkscim.model.operation import JsonObject
from bulkscim.model.typed import next_line
from bulkscim.private_files import open_file, read_file
from bulkscim.sandbox.settings import (
    ADMIN,
    CONTROL,
    HOST,
    Address,
    SandboxFiles,
    SandboxSettings,
    proof,
    read_address,
)

ANSWER_S = 5.0
WORK_S = 600.0
START_S = 60.0
LOOK_EVERY_S = 0.02
LAST_LINES = 2000
_MOST_BYTES = 1024 * 1024


def running(where: SandboxFiles) -> Address | None:
    """Return where the sandbox answers; None when none runs.

    Another account's program may listen at its port meanwhile: it is sent no token, and cannot prove that it has one.
    """
    address = read_address(where)
    if address is None or not address.tokens:
        return None
    nonce = secrets.token_hex(16)
    try:
        said = _asked(address, "GET", f"ping?nonce={nonce}", {}, ANSWER_S)
    except (OSError, http.client.HTTPException, ValueError, TypeError):
        return None
    proved = hmac.compare_digest(
        str(said.get("proof")).encode(), proof(address.tokens[ADMIN], nonce).encode()
    )
    return address if proved and said.get("sandbox") == where.profile else None


def told(address: Address, method: str, what: str, timeout_s: float = ANSWER_S) -> JsonObject:
    """Send a command to a running sandbox and return its answer; OSError when it does not answer."""
    return _asked(address, method, what, {"Authorization": f"Bearer {address.tokens[ADMIN]}"}, timeout_s)


def _asked(address: Address, method: str, what: str, headers: dict[str, str], timeout_s: float) -> JsonObject:
    connection = http.client.HTTPConnection(HOST, address.port, timeout=timeout_s)
    try:
        connection.request(method, CONTROL + what, headers=headers)
        response = connection.getresponse()
        body = response.read(_MOST_BYTES)
        return dict(orjson.loads(body)) if response.status == http.client.OK else {}
    finally:
        connection.close()


def ensure(where: SandboxFiles, settings: SandboxSettings, wait: Callable[[float], None]) -> Address:
    """Return where a sandbox answers; start one if none runs. Stopped when it does not come up."""
    address = running(where)
    if address is not None:
        return address
    where.make()
    with open(where.output, "ab", opener=lambda path, flags: open_file(Path(path), flags)) as output:
        process = subprocess.Popen(_arguments(settings), **_detached(where, output))  # noqa: S603
    waited = 0.0
    while waited < START_S:
        wait(LOOK_EVERY_S)
        waited += LOOK_EVERY_S
        address = running(where)
        if address is not None:
            return address
        if process.poll() is not None and running(where) is None:
            break
    raise Stopped(f"the sandbox did not start: {_last_words(where)}")


def stop(where: SandboxFiles, wait: Callable[[float], None]) -> bool:
    """Stop the sandbox; False when none ran."""
    address = running(where)
    if address is None:
        return False
    told(address, "POST", "stop")
    waited = 0.0
    while running(where) is not None and waited < START_S:
        wait(LOOK_EVERY_S)
        waited += LOOK_EVERY_S
    return True


def _arguments(settings: SandboxSettings) -> list[str]:
    faults = [word for name, share in settings.faults.items() for word in ("--fault", f"{name}={share}")]
    said = ["--profile", settings.profile, "--speed", str(settings.speed), "--seed", str(settings.seed)]
    if settings.patch:
        said += ["--patch", settings.patch]
    return [sys.executable, "-m", "bulkscim", "sandbox", *said, *faults]


def _detached(where: SandboxFiles, output: Any) -> dict[str, Any]:
    """Return how to start a process that outlives this one and its terminal."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BULKSCIM_")}
    environment["BULKSCIM_STATE_DIR"] = str(where.folder.parent)
    around = {"env": environment, "stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        return around | {"creationflags": flags}
    return around | {"start_new_session": True, "cwd": "/"}


def _last_words(where: SandboxFiles) -> str:
    try:
        text = read_file(where.output)[-LAST_LINES:].decode("utf-8", "replace").strip()
    except OSError:
        text = ""
    why = next_line("sandbox", "--profile", where.profile)
    return text or f"it wrote no message; in the foreground it shows why\n{why}"
