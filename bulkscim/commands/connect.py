"""`bulkscim connect NAME`: check a tenant, and save it under a name."""

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import click

from bulkscim.commands import options, runtime, tenant_options, typed_flags
from bulkscim.errors import UsageError
from bulkscim.journal.settings import Connection
from bulkscim.model.typed import next_line
from bulkscim.reporting.console import Console
from bulkscim.runs.options import filled
from bulkscim.runs.state_dir import state_dir
from bulkscim.tenants import credentials
from bulkscim.tenants.allowed import allow, is_allowed, refuse_unless_allowed
from bulkscim.tenants.credentials import TokenSource
from bulkscim.tenants.entries import FILE, NAME, TenantEntry, entries, entry_named, places, user_file
from bulkscim.tenants.tenant import Tenant


@dataclass(frozen=True, slots=True)
class ConnectFlags:
    """What the command line says of a tenant that gets a name."""

    name: str
    base_url: str | None
    profile: str
    tokens: options.TokenFlags
    keyring: bool
    production: bool
    here: bool
    connection: Connection
    yes: bool
    voice: options.Voice


@click.command("connect")
@click.argument("name")
@options.option("--base-url", metavar="URL", help="The tenant's SCIM base URL; asked for at a terminal.")
@options.option(
    "--profile",
    metavar="NAME",
    default="generic",
    show_default=True,
    help="The provider's profile, or your own file.",
)
@options.tokens
@click.option("--keyring", is_flag=True, help="Keep the token in the system's keyring.")
@click.option("--production", is_flag=True, help="Mark the tenant as production: a run asks for its name.")
@click.option("--here", is_flag=True, help=f"Write ./{FILE} instead of your own file.")
@options.network
@click.option("--yes", is_flag=True, help="Replace an entry of that name without asking.")
@options.voice
@options.given_as(ConnectFlags)
def command(flags: ConnectFlags) -> None:
    """Check a tenant, and save it under NAME.

    The tenant is read, and nothing in it is changed: its ServiceProviderConfig and one page of users. bulkscim.toml then
    has an entry NAME.

    \b
    Example:
      bulkscim connect acme --base-url https://tenant.example/scim/v2

    Exit codes: 0 saved; 2 no SCIM service is there; 7 no valid token. More: `bulkscim --help`.
    """
    people, name = runtime.people_of(flags.voice, yes=flags.yes), flags.name
    _sound_name(name)
    file, known = _file(name, here=flags.here), _known(name)
    if known is not None and not flags.connection.ca_bundle:
        refuse_unless_allowed(known, state_dir(), own_token=False)
    tenant, source = _tenant(people, flags)
    flags = replace(flags, connection=tenant_options.heed_no_proxy(flags.connection, tenant.base_url))
    for line in _acquainted(tenant, known, flags.connection):
        people.note(line)
    if known is not None:
        people.approve(f"Replace tenant {name}?", [f"{known.file} has {name} as {known.base_url}"])
    _write(_with_token(_entry(known, file, tenant, flags), tenant, source, people), people)


def _entry(known: TenantEntry | None, file: Path, tenant: Tenant, flags: ConnectFlags) -> TenantEntry:
    """Return the entry to write without its token: of a known tenant, its guards and ways are kept."""
    kept = known or TenantEntry(tenant.name, tenant.base_url, file)
    proxy, ca_bundle = flags.connection.proxy, flags.connection.ca_bundle
    return replace(
        kept,
        base_url=tenant.base_url,
        file=file,
        profile=tenant.own_profile.file if tenant.own_profile else tenant.profile,
        production=flags.production or kept.production,
        token_file=None,
        token_command=None,
        keyring=False,
        proxy=proxy if proxy and "@" not in proxy else kept.proxy,
        ca_bundle=ca_bundle.absolute() if ca_bundle else kept.ca_bundle,
    )


def _sound_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r}: a tenant's name is letters, digits, - and _")
    from bulkscim.runs.sandbox_tenants import SANDBOXES

    if name in SANDBOXES:
        raise UsageError(f"{name} is a built-in tenant's name; choose another")


def _known(name: str) -> TenantEntry | None:
    return next((each for each in entries(places()) if each.name == name), None)


def _file(name: str, *, here: bool) -> Path:
    """Return where the entry goes: where one of that name holds already, else where it is wanted."""
    known = _known(name)
    if known is None:
        return Path.cwd() / FILE if here else user_file()
    if here and known.file.resolve() != (Path.cwd() / FILE).resolve():
        raise UsageError(
            f"{known.file} has tenant {name}, and a name may be in one file only; omit --here, or give another name"
        )
    return known.file


def _tenant(people: Console, flags: ConnectFlags) -> tuple[Tenant, TokenSource]:
    """Return the tenant that is meant, and where its token came from; a typed one asks for the keyring."""
    from bulkscim.tenants.profiles import profile_named
    from bulkscim.transport.address import checked

    profile = profile_named(flags.profile)
    known = _known(flags.name)
    base_url = checked(flags.base_url or _asked_url(profile.base_url, known.base_url if known else ""))
    name, source = flags.name, tenant_options.source_of(people, flags.tokens)
    account = credentials.account_of(name, base_url)
    if flags.keyring:
        source = replace(source, keyring=account)
    if not source.file and source.command is None and not _in_environment() and sys.stdin.isatty():
        typed = click.prompt("Token (it is not shown)", hide_input=True, err=True)
        token = credentials.token_of_text(typed, "what was typed")
        return Tenant(base_url, token, flags.profile, name), replace(source, keyring=account)
    return Tenant(base_url, credentials.find_token(source, os.environ), flags.profile, name), source


def _in_environment() -> bool:
    return bool(os.environ.get(credentials.VARIABLE, "").strip())


def _asked_url(usual: str, kept: str) -> str:
    """Ask at the terminal, and offer the URL that is `kept`, else the provider's usual one.

    Without a terminal the usual one is used; where there is none the flag is needed.
    """
    if sys.stdin.isatty():
        return str(click.prompt("SCIM base URL", default=kept or usual or None, err=True)).strip()
    if not usual:
        raise UsageError("there is no terminal to ask for the SCIM base URL at; give --base-url URL")
    return usual


def _acquainted(tenant: Tenant, known: TenantEntry | None, connection: Connection) -> list[str]:
    """Prove the URL and the token by reading."""
    from bulkscim.journal.settings import Settings
    from bulkscim.runs.tenant import connect

    kept = Connection(proxy=known.proxy, ca_bundle=known.ca_bundle) if known else Connection()
    settings = Settings(connection=filled(connection, kept))
    return list(runtime.carry_out(lambda: connect(tenant, settings)).lines())


def _with_token(entry: TenantEntry, tenant: Tenant, source: TokenSource, people: Console) -> TenantEntry:
    """Say in the entry where the token is; in clear it stands nowhere."""
    if source.keyring:
        if credentials.keep_in_keyring(source.keyring, tenant.token):
            people.note("the token is in this system's keyring")
            return replace(entry, keyring=True)
        people.warn(f"no keyring stores the token ({credentials.KEYRING_EXTRA} installs one)")
    elif source.file:
        return replace(entry, token_file=source.file.absolute())
    elif source.command is not None:
        return replace(entry, token_command=source.command)
    people.note(f"the token is not kept: set {credentials.VARIABLE} for each command, or use --token-command")
    return entry


def _write(entry: TenantEntry, people: Console) -> None:
    from bulkscim.tenants.writing import write_entry

    trusted = all(is_allowed(each, state_dir()) for each in entries([entry.file]))
    write_entry(entry)
    written = entry_named(entry.name, [entry.file])
    if trusted and not is_allowed(written, state_dir()):
        allow(written, state_dir())
    people.note(f"wrote [tenant.{entry.name}] in {entry.file}")
    if not trusted:
        people.note(
            f"its other entries are not allowed yet; read it, then allow it\n{next_line('tenants', 'allow', entry.file)}"
        )
    people.note(next_line("count", "--tenant", entry.name, *typed_flags.flags(typed_flags.ACCESS)))
