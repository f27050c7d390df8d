"""`bulkscim count`: active and inactive users, and group sizes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from bulkscim.commands import options, reaching, setting

if TYPE_CHECKING:
    from bulkscim.runs.counting import Census


@click.command("count")
@options.tenant
@options.tokens
@options.pace
@options.network
@options.as_json
@options.voice
def command(*, as_json: bool, verbose: bool, quiet: bool, **chosen: Any) -> None:
    """Count users and group members: a proxy for licences in use, which SCIM does not tell. Reads only."""
    people = setting.people_of(verbose=verbose, quiet=quiet)
    tenant = reaching.tenant_of(people, chosen)
    settings = reaching.reading_settings(chosen, tenant)
    from bulkscim.runs.counting import count

    census = setting.carry_out(lambda: count(tenant, settings, people.note))
    for note in census.notes:
        people.note(note)
    for warning in census.warnings:
        people.warn(warning)
    if as_json:
        setting.print_json(_as_json(census))
    else:
        setting.print_lines(_lines(census))


def _as_json(census: "Census") -> dict[str, Any]:
    groups = [{"displayName": name, "id": key, "members": size} for name, key, size in census.groups]
    users = {"active": census.active, "inactive": census.inactive, "unsaid": census.unsaid}
    return {"users": users, "groups": groups}


def _lines(census: "Census") -> Iterator[str]:
    yield f"users active    {census.active:>8,}"
    yield f"users inactive  {'not shown' if census.inactive is None else f'{census.inactive:>8,}'}"
    if census.unsaid:
        yield f"users unknown   {census.unsaid:>8,}"
    yield f"groups          {len(census.groups):>8,}"
    for name, key, size in census.groups:
        yield f"{size:>24,}  {name or key}"
