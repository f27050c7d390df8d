"""Pause runs and tenants, end a pause, change a rate; each yields what to say of it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bulkscim.engine.clock import RealClock
from bulkscim.journal import run_lock
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.settings import rates_of
from bulkscim.model.harmless import one_line
from bulkscim.model.typed import NEXT, command
from bulkscim.reporting.next_commands import run_name
from bulkscim.reporting.recorded import read_header
from bulkscim.runs.ordering import HEARD_WITHIN_S, heard, order
from bulkscim.runs.orders import (
    TenantPause,
    go_on_with,
    pause_tenant,
    tenant_pause,
    unpause_tenant,
    user_name,
)
from bulkscim.runs.state_dir import tenant_file

_NOT_HEARD = f"it has not answered for {HEARD_WITHIN_S:.0f} s, and does as soon as it looks: once a second while it sends"


def pause_run(run: str, runs_dir: Path) -> Iterator[str]:
    """Pause a run that another process works on."""
    folder, answered = order(run, runs_dir, lambda orders: replace(orders, paused=True), RealClock())
    name = run_name(folder)
    go_on = f"`{command('go', name)}` continues"
    yield f"{name} is paused; {go_on}" if answered else f"{name} is to pause: {_NOT_HEARD}; {go_on}"


def go_on_with_run(run: str, runs_dir: Path) -> Iterator[str]:
    """End the pause of a run that another process works on."""
    folder, answered = order(run, runs_dir, lambda orders: replace(orders, paused=False), RealClock())
    name, tenant = run_name(folder), read_header(str(folder), runs_dir).tenant
    pause = tenant_pause(tenant.base_url)
    if pause is not None:
        yield f"{name} still waits: its tenant {pause.told}"
        yield f"{NEXT}{go_on_with(tenant.base_url, tenant.name)}"
    else:
        yield f"{name} goes on" if answered else f"{name} is to go on: {_NOT_HEARD}"


def change_rate(run: str, rate: str, runs_dir: Path) -> Iterator[str]:
    """Change the rate of a run that another process works on."""
    rates_of(rate)
    folder, answered = order(run, runs_dir, lambda orders: replace(orders, rate=rate), RealClock())
    does = f"{run_name(folder)} {'keeps' if answered else 'is to keep'} to the rate {rate}"
    yield f"{does}{' from now on' if answered else f': {_NOT_HEARD}'}"


def pause_runs_on(base_url: str, name: str, note: str) -> Iterator[str]:
    """Pause a tenant, and with it the run that works on it now."""
    pause_tenant(base_url, TenantPause(user_name(), RealClock().now(), note))
    go_on = go_on_with(base_url, name)
    yield f"{one_line(name or base_url)} is paused: no run starts on it; `{go_on}` ends the pause"
    holder = run_lock.read_holder(tenant_file(base_url, "json"), LocalDisk())
    if holder is not None and holder.run:
        folder = Path(holder.run)
        is_heard = heard(folder, lambda _, paused: paused)
        yield f"{run_name(folder)} is {'paused as well' if is_heard else f'to pause: {_NOT_HEARD}'}"


def go_on_with_runs_on(base_url: str, name: str) -> Iterator[str]:
    """End the pause of a tenant."""
    called = one_line(name or base_url)
    if unpause_tenant(base_url):
        yield f"the pause of {called} is ended: a run that was waiting goes on within a second"
    else:
        yield f"{called} was not paused"
