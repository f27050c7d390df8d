"""The tenant and the token of a command: by flags, by a name, or by a recorded run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from bulkscim.commands import typed_flags
from bulkscim.commands.options import OwnTenantFlags, TenantFlags, TokenFlags
from bulkscim.errors import Mismatch, UsageError
from bulkscim.journal.settings import Connection
from bulkscim.model.base_url import same_base_url
from bulkscim.model.harmless import escaped
from bulkscim.model.typed import NEXT, command
from bulkscim.reporting.console import Console
from bulkscim.runs.options import filled
from bulkscim.tenants.credentials import TokenSource, find_token, open_to_others
from bulkscim.transport.address import NO_PROXY, is_exempt, loopback

if TYPE_CHECKING:
    from bulkscim.journal.header import Header
    from bulkscim.journal.settings import Settings
    from bulkscim.tenants.tenant import Tenant

GENERIC = "generic"


def tenant_of(people: Console, flags: TenantFlags, connection: Connection) -> "tuple[Tenant, Connection]":
    """Return the tenant that flags name, and how it is reached.

    A proxy of the environment is left out where NO_PROXY exempts the tenant.
    """
    with typed_flags.with_the_near_tenant():
        tenant = _tenant_of(people, flags)
    connection = heed_no_proxy(connection, tenant.base_url)
    _note_unused_proxy(people, tenant.base_url)
    return tenant, connection


def heed_no_proxy(connection: Connection, base_url: str) -> Connection:
    """Leave out a proxy that BULKSCIM_PROXY names where `no_proxy` or NO_PROXY exempts the URL from it."""
    source = click.get_current_context().get_parameter_source("proxy")
    exempt = source is ParameterSource.ENVIRONMENT and _is_exempt(base_url)
    return replace(connection, proxy=None) if exempt else connection


def _is_exempt(base_url: str) -> bool:
    return is_exempt(base_url, os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "")


def _note_unused_proxy(people: Console, base_url: str) -> None:
    """Say that --proxy has no effect for a server on this machine."""
    typed = click.get_current_context().get_parameter_source("proxy") is ParameterSource.COMMANDLINE
    host = urlsplit(base_url).hostname or ""
    if typed and loopback(host):
        people.note(f"--proxy is not used: {host} is this machine, which is never reached through a proxy")


def _without_kept_proxy(
    people: Console, header: "Header", tenant: "Tenant", connection: Connection
) -> Connection:
    """Go without the proxy of a run's journal where NO_PROXY exempts the tenant from it by now."""
    kept = header.settings.connection.proxy
    if not kept or connection.proxy or tenant.proxy or not _is_exempt(tenant.base_url):
        return connection
    host = escaped(urlsplit(tenant.base_url).hostname or "")
    people.note(f"the proxy of the run is not used: NO_PROXY exempts {host}; --proxy URL names one again")
    return replace(connection, proxy=NO_PROXY)


def _tenant_of(people: Console, flags: TenantFlags) -> "Tenant":
    name, base_url, profile = flags.tenant, flags.base_url, flags.profile
    source = source_of(people, flags.tokens)
    if name and base_url:
        both = f"--tenant {name} and --base-url (or BULKSCIM_BASE_URL)"
        raise UsageError(f"{both} are both given; leave one of them out")
    if name:
        from bulkscim.runs.tenant_by_name import tenant

        return _sandbox(people, name, profile) or tenant(name, source=source, profile=profile)
    base_url = base_url or usual_url(profile)
    if not base_url:
        raise UsageError("which tenant? give --tenant NAME or --base-url https://…, or set BULKSCIM_BASE_URL")
    from bulkscim.runs.tenant_by_name import tenant_at

    return tenant_at(base_url, find_token(source, os.environ), profile or GENERIC)


def tenant_of_run(
    people: Console, header: "Header", flags: OwnTenantFlags, connection: Connection
) -> "tuple[Tenant, Connection]":
    """Return a recorded run's tenant, and how it is reached.

    A proxy of the environment is left out where NO_PROXY exempts the tenant. A tenant that the environment names counts only where it is the run's own: the variable is there for other commands.
    """
    from bulkscim.runs.tenant_by_name import names_at, tenant_of_header

    source = source_of(people, flags.tokens)
    own = header.tenant.base_url
    name, base_url = flags.tenant or "", flags.base_url or ""
    context = click.get_current_context()
    if context.get_parameter_source("tenant") is ParameterSource.ENVIRONMENT and name not in names_at(own):
        name = ""
    if context.get_parameter_source("base_url") is ParameterSource.ENVIRONMENT and (
        name or not same_base_url(base_url, own)
    ):
        base_url = ""
    if name and base_url:
        raise UsageError(f"--tenant {name} and --base-url are both given; leave one of them out")
    connection = heed_no_proxy(connection, own)
    with typed_flags.with_the_near_tenant():
        tenant = tenant_of_header(header, source=source, named=name, base_url=base_url)
    _note_unused_proxy(people, own)
    return tenant, _without_kept_proxy(people, header, tenant, connection)


@contextmanager
def naming_the_tenant(header: "Header") -> Iterator[None]:
    """End the text of an UnprovedToken with this whole command, the run's tenant named in it."""
    from bulkscim.runs.same_tenant import UnprovedToken
    from bulkscim.runs.tenant_by_name import names_at

    try:
        yield
    except UnprovedToken as error:
        base_url, connection = header.tenant.base_url, header.settings.connection
        names = names_at(base_url)
        words = ["--tenant", names[0]] if names else ["--base-url", base_url]
        for name, flag in (("proxy", "--proxy"), ("ca_bundle", "--ca-bundle")):
            value = getattr(connection, name)
            if not names and value and not list(typed_flags.flags({name})):
                words += [flag, str(value)]
        line = typed_flags.again({"tenant", "base_url"})
        raise Mismatch(f"{error}\n{NEXT}{line} {command(*words).partition(' ')[2]}") from None


def _sandbox(people: Console, name: str, profile: str | None) -> "Tenant | None":
    """Return the sandbox that a name means, None where it means another tenant; say what is not obvious."""
    from bulkscim.runs.sandbox_tenants import SANDBOXES, profiles_running, sandbox_tenant

    if name not in SANDBOXES:
        return None
    from bulkscim.runs.tenant_by_name import refuse_entry_of

    refuse_entry_of(name)
    before = profiles_running()
    found = sandbox_tenant(name, profile)
    if found.profile not in before:
        people.note("started a sandbox on this machine; it goes on running until it is stopped")
        people.note(f"stop: {command('sandbox', 'stop', '--profile', found.profile)}")
    for other in before:
        if not profile and other != found.profile:
            people.note(
                f"this is the sandbox with profile {found.profile}; for the other one, add --profile {other}"
            )
    return found


def usual_url(profile: str | None) -> str:
    """Return the base URL that most tenants of a provider share, empty where there is none."""
    from bulkscim.tenants.profiles import profile_named

    return profile_named(profile).base_url if profile else ""


def source_of(people: Console, flags: TokenFlags) -> TokenSource:
    """Return what the flags say of the token, and warn where its file is open to others."""
    source = TokenSource(flags.token_file, flags.token_command)
    if open_to_others(source):
        people.warn(f"other accounts may read {flags.token_file}; chmod 600 {flags.token_file}")
    return source


def reading_settings(connection: Connection, tenant: "Tenant") -> "Settings":
    """Return how a command that only reads sends: as its flags say, else as the tenant's entry does."""
    from bulkscim.journal.settings import Settings
    from bulkscim.runs.settings import connection_of

    return Settings(connection=filled(connection, connection_of(tenant)))
