"""The tenants `sandbox` and `sandbox-content`: found, and started where they do not run, by their names."""

import threading
from collections.abc import Iterator

from bulkscim.errors import Stopped, UsageError
from bulkscim.model.base_url import same_base_url
from bulkscim.model.secret import Secret
from bulkscim.model.typed import next_line
from bulkscim.runs.state_dir import state_dir
from bulkscim.sandbox.launch import ensure, running
from bulkscim.sandbox.settings import (
    ADMIN,
    CONTENT,
    Address,
    SandboxFiles,
    SandboxSettings,
    place,
    read_address,
)
from bulkscim.tenants.profiles import GENERIC, profile_named, profile_names
from bulkscim.tenants.tenant import Tenant

SANDBOXES = frozenset({ADMIN, CONTENT})  # as `tenants.entries.BUILT_IN`
UNLIMITED = 100.0  # times the pace of a generic tenant: the generic sandbox has no limit
WORKERS = 8


def sandbox_place(profile: str) -> SandboxFiles:
    """Return the files of a profile's sandbox; UsageError where there is no such profile."""
    return place(state_dir(), profile_named(profile).name)


def sandboxes() -> Iterator[tuple[SandboxFiles, Address, bool]]:
    """Yield the sandboxes of this machine that have ever run, and whether each runs now."""
    for name in profile_names():
        where = sandbox_place(name)
        last = read_address(where)
        if last is not None:
            now = running(where)
            yield where, now or last, now is not None


def sandbox_meant(profile: str | None, *words: str) -> SandboxFiles:
    """Return the sandbox that a command is for: the one named, else the only one running, else the only one.

    `words`: the subcommand as it was typed. UsageError where there are several sandboxes.
    """
    if profile is not None:
        return sandbox_place(profile)
    found = list(sandboxes())
    chosen = [where for where, _, runs in found if runs] or [where for where, _, _ in found]
    if len(chosen) > 1:
        named = "\n".join(next_line("sandbox", *words, "--profile", where.profile) for where in chosen)
        raise UsageError(f"there are {len(chosen)} sandboxes; choose one:\n{named}")
    return chosen[0] if chosen else sandbox_place(GENERIC)


def profiles_running() -> list[str]:
    """Return the profiles of the sandboxes that are running."""
    return [where.profile for where, _, runs in sandboxes() if runs]


def pause(seconds: float) -> None:
    """Wait, for those without an event loop."""
    threading.Event().wait(seconds)


def started(profile: str) -> Address:
    """Return where the profile's sandbox answers; one that does not run is started as it last was."""
    where = sandbox_place(profile)
    before = read_address(where)
    return ensure(where, before.settings if before else SandboxSettings(profile), pause)


def sandbox_tenant(name: str, profile: str | None = None) -> Tenant:
    """Return the sandbox that a tenant's name means, at its speed."""
    worn = profile_named(profile or GENERIC)
    address = started(worn.name)
    return Tenant(
        address.base_url,
        Secret(address.tokens[name]),
        worn.name,
        name,
        rehearsal=True,
        concurrency=max(WORKERS, worn.concurrency),
        speed=UNLIMITED if worn.name == GENERIC else address.settings.speed,
    )


def same_sandbox(name: str, profile: str, base_url: str) -> Tenant:
    """Return the sandbox that a run was begun with; Stopped where another program has its port."""
    found = sandbox_tenant(name, profile)
    if not same_base_url(found.base_url, base_url):
        raise Stopped(
            f"the run's sandbox was at {base_url}, which another program has now; stop that program and then "
            f"the sandbox, and try again\n{next_line('sandbox', 'stop', '--profile', profile)}"
        )
    return found
