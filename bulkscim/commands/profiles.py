"""`bulkscim profiles [NAME]`: what is known of each provider, with sources."""

import click

from bulkscim.commands import options, runtime


@click.command("profiles")
@click.argument("name", required=False)
@options.as_json
def command(name: str | None, *, as_json: bool) -> None:
    """List the profiles, or show all facts of one.

    With NAME: its limits, its facts with their sources, and how long 10,000 creates take.

    \b
    Examples:
      bulkscim profiles
      bulkscim profiles lucid

    Exit codes: 0 shown; 2 no such profile. More: `bulkscim --help`.
    """
    from bulkscim.reporting import profiles
    from bulkscim.tenants.profiles import profile_named, profile_names

    chosen = [profile_named(name)] if name else [profile_named(each) for each in profile_names()]
    if as_json:
        shown = [profiles.as_json(profile) for profile in chosen]
        runtime.print_json(shown[0] if name else shown)
    else:
        runtime.print_lines(profiles.lines(chosen[0]) if name else profiles.listing(chosen))
