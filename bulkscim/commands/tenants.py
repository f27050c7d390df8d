"""`bulkscim tenants`: the tenants that have a name."""

from collections.abc import Iterator
from typing import Any

import click

from bulkscim.commands import options, setting
from bulkscim.model.typed import next_line
from bulkscim.tenants.entries import TenantEntry, entries, places


@click.command("tenants")
@options.as_json
def command(*, as_json: bool) -> None:
    """List the tenants of bulkscim.toml, the current folder's and the user's own. No token is looked for."""
    found = entries(places())
    if as_json:
        setting.print_json([_as_json(entry) for entry in found])
    elif found:
        setting.print_lines(line for entry in found for line in _lines(entry))
    else:
        setting.print_lines(["no tenants yet", next_line("connect", "--help")])


def _as_json(entry: TenantEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "base_url": entry.base_url,
        "profile": entry.profile,
        "production": entry.production,
        "token": _token(entry),
        "rate": entry.rate,
        "proxy": entry.proxy,
        "ca_bundle": str(entry.ca_bundle) if entry.ca_bundle else None,
        "max_delete": str(entry.max_delete) if entry.max_delete else None,
        "max_create": str(entry.max_create) if entry.max_create else None,
        "max_removals": str(entry.max_removals) if entry.max_removals else None,
        "protect": list(entry.protect),
        "file": str(entry.file),
    }


def _lines(entry: TenantEntry) -> Iterator[str]:
    mark = ", PRODUCTION" if entry.production else ""
    yield f"{entry.name:<16} {entry.base_url}"
    yield f"{'':<16} profile {entry.profile}{mark}, token: {_token(entry)}"
    for key in ("rate", "proxy", "ca_bundle", "max_delete", "max_create", "max_removals"):
        if (value := getattr(entry, key)) is not None:
            yield f"{'':<16} {key} {value}"
    if entry.protect:
        yield f"{'':<16} protect {', '.join(entry.protect)}"
    yield f"{'':<16} in {entry.file}"


def _token(entry: TenantEntry) -> str:
    """Say where the token is, not what it is."""
    if entry.token_file:
        return f"file {entry.token_file}"
    if entry.token_command:
        return "command"
    return "keyring" if entry.keyring else "BULKSCIM_TOKEN"
