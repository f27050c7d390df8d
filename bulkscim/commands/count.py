"""`bulkscim count`: active and inactive users, and group sizes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from bulkscim.commands import options, runtime, tenant_options
from bulkscim.journal.settings import Connection

if TYPE_CHECKING:
    from bulkscim.runs.counting import Census


@dataclass(frozen=True, slots=True)
class CountFlags:
    """What the command line says of a count."""

    tenant_flags: options.TenantFlags
    connection: Connection
    voice: options.Voice
    as_json: bool


@click.command("count")
@options.tenant
@options.tokens
@options.pace
@options.network
@options.as_json
@options.voice
@options.given_as(CountFlags)
def command(flags: CountFlags) -> None:
    """Count users and the members of groups. Reads only.

    SCIM does not show licences: the number of active users is the nearest to licences in use.

    \b
    Example:
      bulkscim count --tenant sandbox

    Exit codes: 0 complete; 5 the tenant could not be read to the end; 7 no valid token. More: `bulkscim --help`.
    """
    people = runtime.people_of(flags.voice)
    tenant, connection = tenant_options.tenant_of(people, flags.tenant_flags, flags.connection)
    settings = tenant_options.reading_settings(connection, tenant)
    from bulkscim.runs.counting import count

    census = runtime.carry_out(lambda: count(tenant, settings, people.note))
    for note in census.notes:
        people.note(note)
    for warning in census.warnings:
        people.warn(warning)
    if flags.as_json:
        runtime.print_json(_as_json(census))
    else:
        runtime.print_lines(_lines(census))


def _as_json(census: "Census") -> dict[str, Any]:
    groups = [{"displayName": name, "id": key, "members": size} for name, key, size in census.groups]
    users = {"active": census.active, "inactive": census.inactive, "unknown": census.unsaid}
    return {"users": users, "groups": groups}


def _lines(census: "Census") -> Iterator[str]:
    yield f"users active    {census.active:>8,}"
    yield f"users inactive  {'not shown' if census.inactive is None else f'{census.inactive:>8,}'}"
    if census.unsaid:
        yield f"users unknown   {census.unsaid:>8,}"
    yield f"groups          {len(census.groups):>8,}"
    for name, key, size in census.groups:
        yield f"{'unknown' if size is None else f'{size:,}':>24}  {name or key}"
