"""`bulkscim profiles [NAME]`: what is known of each provider, with sources; `profiles check`: whether a file is right."""

from pathlib import Path
from typing import Any

import click

from bulkscim.commands import options, runtime


class _ByName(click.Group):
    """A group whose first word may be a profile."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is meant; `show` where the first word names none."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["show", *args])


@click.group("profiles", cls=_ByName, invoke_without_command=True, subcommand_metavar="[NAME | check FILE]")
@options.as_json
@click.pass_context
def command(context: click.Context, /, *, as_json: bool) -> None:
    """List the profiles, or show all facts of one.

    With NAME, or the path of your own file: its limits, what its service does otherwise, what can be undone, its facts
    with their sources, and how long 10,000 creates take. Your own files are in the folder profiles next to your
    bulkscim.toml, or are named by their paths.

    \b
    Examples:
      bulkscim profiles
      bulkscim profiles lucid

    Exit codes: 0 shown; 2 no such profile. More: `bulkscim --help`.
    """
    from bulkscim.reporting import profiles
    from bulkscim.tenants.profiles import built_in, own_files, profile_named

    if context.invoked_subcommand is not None:
        return
    chosen = [profile_named(each) for each in (*built_in(), *map(str, own_files()))]
    if as_json:
        runtime.print_json([profiles.as_json(profile) for profile in chosen])
    else:
        runtime.print_text(profiles.listing(chosen))


@command.command("show")
@click.argument("name")
@options.as_json
@click.pass_context
def show(context: click.Context, /, name: str, *, as_json: bool) -> None:
    """Show all facts of the profile NAME.

    NAME may be the path of your own file. `profiles NAME` shows the same.

    \b
    Examples:
      bulkscim profiles show lucid
      bulkscim profiles show ./acme.toml

    Exit codes: 0 shown; 2 no such profile. More: `bulkscim --help`.
    """
    from bulkscim.reporting import profiles
    from bulkscim.tenants.profiles import profile_named

    profile, above = profile_named(name), context.parent
    if as_json or (above is not None and above.params["as_json"]):
        runtime.print_json(profiles.as_json(profile))
    else:
        runtime.print_text(profiles.lines(profile))


@command.command("check")
@click.argument("file", type=options.path())
@options.as_json
def check(file: Path, *, as_json: bool) -> None:
    """Check a profile of your own, without a tenant.

    An error of FILE names the table, the key and the fix. Keys that no fact of it is about are listed: nothing says how
    they are known.

    \b
    Example:
      bulkscim profiles check ./acme.toml

    Exit codes: 0 it can be used; 2 it is wrong. More: `bulkscim --help`.
    """
    from bulkscim.providers.profile import without_fact
    from bulkscim.reporting import profiles
    from bulkscim.tenants.profiles import profile_named

    profile = profile_named(str(file.absolute()))
    bare = without_fact(profile)
    if as_json:
        found: dict[str, Any] = {"profile": profile.name, "facts": len(profile.facts), "without_fact": bare}
        runtime.print_json(found)
    else:
        runtime.print_text(profiles.checked(profile, file, bare))
