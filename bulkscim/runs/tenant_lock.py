"""The lock of a tenant: one run at a time, so that two do not spend one rate limit twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bulkscim.engine.clock import RealClock
from bulkscim.errors import Locked, Stopped
from bulkscim.journal import run_lock
from bulkscim.journal.durable import Disk
from bulkscim.private_files import make_folders
from bulkscim.runs.orders import refuse_paused
from bulkscim.runs.state_dir import state_dir, tenant_file


@dataclass(frozen=True, slots=True)
class HeldTenant:
    """A tenant that this process holds."""

    _text: Path
    _disk: Disk

    def working_on(self, run: Path) -> None:
        """Leave word of what it is held for."""
        named = str(run.absolute()).encode("utf-8", "backslashreplace").decode()
        process = run_lock.this_process(RealClock().now(), named)
        run_lock.write_holder(self._text, self._disk, process)


@contextmanager
def tenant_lock(base_url: str, disk: Disk) -> Iterator[HeldTenant]:
    """Hold the tenant, so that two runs of this machine do not spend one rate limit twice; else Locked.

    Refused where users have paused the tenant.
    """
    folder, text = state_dir(), tenant_file(base_url, "json")
    refuse_paused(base_url)
    try:
        make_folders(folder)
        lock = disk.lock(tenant_file(base_url, "lock"))
    except OSError as error:
        raise Stopped(
            f"{folder} cannot be written: {error}; set BULKSCIM_STATE_DIR to a folder that can"
        ) from error
    if lock is None:
        has = run_lock.read_holder(text, disk)
        told = f" ({has.told})" if has else ""
        raise Locked(
            f"another run is working on {base_url}{told}; wait until it ends, or stop it, then give the command again"
        )
    run_lock.write_holder(text, disk, run_lock.this_process(RealClock().now()))
    try:
        yield HeldTenant(text, disk)
    finally:
        run_lock.write_holder(text, disk, None)
        lock.release()
