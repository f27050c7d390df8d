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
    FOLDER,
    Address,
    SandboxFiles,
    SandboxSettings,
    place,
    read_address,
)
from bulkscim.tenants.profiles import GENERIC, is_path, name_of, own_profile, profile_named
from bulkscim.tenants.tenant import Tenant

SANDBOXES = frozenset({ADMIN, CONTENT})  # as `tenants.entries.BUILT_IN`
UNLIMITED = 100.0  # times the pace of a generic tenant: the generic sandbox has no limit
WORKERS = 8


def sandbox_place(profile: str) -> SandboxFiles:
    """Return the files of a profile's sandbox; nor was one."""
    where = place(state_dir(), name_of(profile))
    if not where.address.exists():
        own_profile(profile)
    return where


def worn_by_sandbox(profile: str) -> str:
    """Return how a sandbox in a process of its own finds the profile: an own file by its whole path."""
    own = own_profile(profile)
    return own.file if own else profile


def sandboxes() -> Iterator[tuple[SandboxFiles, Address, bool]]:
    """Yield the sandboxes of this machine that have ever run, and whether each runs now."""
    for file in sorted((state_dir() / FOLDER).glob("*.json")):
        where = sandbox_place(file.stem)
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
    """Return where the profile's sandbox answers; one that does not run is started as it last was.

    A name alone means the own file that the sandbox of this name has worn.
    """
    where = sandbox_place(profile)
    before = read_address(where)
    last = profile if before is None or is_path(profile) else before.settings.profile
    worn = worn_by_sandbox(last)
    same = before is not None and before.settings.profile == worn
    return ensure(where, before.settings if before and same else SandboxSettings(worn), pause)


def sandbox_tenant(name: str, profile: str | None = None) -> Tenant:
    """Return the sandbox that a tenant's name means, at its speed."""
    profile = profile or GENERIC
    worn, address = profile_named(profile), started(profile)
    return Tenant(
        address.base_url,
        Secret(address.tokens[name]),
        profile,
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
