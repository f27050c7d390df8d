"""What users ask of a run that works, and of all runs on a tenant: files that its process looks at once a second.

The orders of a run are in its folder, addressed to the process that holds it: another one does not heed them. The pause of
a tenant is in the state folder, and holds until it is ended. No signal is needed, since Windows has none.
"""

import getpass
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from bulkscim.errors import BulkScimError, Refused, Stopped
from bulkscim.journal import typed_json
from bulkscim.journal.run_lock import Holder
from bulkscim.model.harmless import indented_json, one_line
from bulkscim.model.typed import NEXT, command
from bulkscim.outputs import run_file, text_file
from bulkscim.private_files import make_folders, read_file
from bulkscim.reporting.durations import moment
from bulkscim.runs.state_dir import tenant_file

ORDERS = "orders.json"
_PAUSED = "paused.json"
_TRIES, _PAUSE_S = 10, 0.05  # Windows refuses to replace a file while it is read


@dataclass(frozen=True, slots=True)
class Orders:
    """What the process `pid` that holds the run `since` a time is to do, from `at` on, in seconds since 1970."""

    pid: int
    since: str
    at: float = 0.0
    paused: bool = False
    rate: str | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class TenantPause:
    """Who has paused a tenant, when, and why."""

    by: str = ""
    at: float = 0.0
    note: str = ""

    @property
    def told(self) -> str:
        """What is told of the tenant: `is paused by ada since …`."""
        parts = ["is paused", self.by and f"by {self.by}", self.at and f"since {moment(self.at)}"]
        told = " ".join(str(part) for part in parts if part)
        return one_line(f"{told} ({self.note})" if self.note else told)


def user_name() -> str:
    """Return who gives this command."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no name for this account
        return "unknown"


def write_orders(folder: Path, orders: Orders) -> None:
    """Put the orders into a run's folder; Stopped where that cannot be done."""
    _write(folder / ORDERS, orders)


def read_orders(folder: Path, holder: Holder) -> Orders | None:
    """Return the orders to the process that holds a run; None where there are none."""
    with suppress(OSError, ValueError, BulkScimError):
        orders = typed_json.read(Orders, orjson.loads(read_file(folder / ORDERS)))
        return orders if (orders.pid, orders.since) == (holder.pid, holder.since) else None
    return None


def forget_orders(folder: Path) -> None:
    """Remove the orders."""
    with suppress(OSError):
        (folder / ORDERS).unlink(missing_ok=True)


def pause_tenant(base_url: str, pause: TenantPause) -> None:
    """Pause a tenant: no run sends to it."""
    path = tenant_file(base_url, _PAUSED)
    make_folders(path.parent)
    _write(path, pause)


def unpause_tenant(base_url: str) -> bool:
    """End the pause of a tenant; return whether there was one."""
    path = tenant_file(base_url, _PAUSED)
    was_paused = path.exists()
    path.unlink(missing_ok=True)
    return was_paused


def tenant_pause(base_url: str) -> TenantPause | None:
    """Return the pause of a tenant, None where there is none; one that cannot be read is a pause all the same."""
    path = tenant_file(base_url, _PAUSED)
    if not path.exists():
        return None
    with suppress(OSError, ValueError, BulkScimError):
        return typed_json.read(TenantPause, orjson.loads(read_file(path)))
    return TenantPause()


def refuse_paused(base_url: str, name: str = "") -> None:
    """Raise Refused where a tenant is paused; `name` is how users call it."""
    pause = tenant_pause(base_url)
    if pause is not None:
        raise Refused(
            f"{one_line(name or base_url)} {pause.told}: no run starts on it, and nothing was sent. When the pause may "
            f"end:\n{NEXT}{go_on_with(base_url, name)}"
        )


def go_on_with(base_url: str, name: str = "") -> str:
    """Return the command that ends the pause of a tenant."""
    return command("go", "--tenant", name) if name else command("go", "--base-url", base_url)


def _write(path: Path, value: Orders | TenantPause) -> None:
    for left in reversed(range(_TRIES)):
        try:
            with run_file(path) if isinstance(value, Orders) else text_file(path, replace=True) as file:
                file.write(indented_json(typed_json.write(value)))
        except OSError as error:
            if left == 0 or not isinstance(error, PermissionError):
                raise Stopped(
                    f"{path} cannot be written: {error.strerror or error}; the run goes on as before"
                ) from error
            threading.Event().wait(_PAUSE_S)
        else:
            return
