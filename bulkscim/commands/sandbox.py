"""`bulkscim sandbox`: a tenant on this machine, to try everything on."""

from typing import TYPE_CHECKING, Any

import click

from bulkscim.commands import options, setting
from bulkscim.errors import UsageError

if TYPE_CHECKING:
    from bulkscim.sandbox.settings import Address, Settings

profile = options.option(
    "--profile", metavar="NAME", default="generic", show_default=True, help="The provider that it plays."
)
manner = options.together(
    profile,
    click.option(
        "--speed",
        type=click.FloatRange(min=0, min_open=True),
        default=1.0,
        metavar="X",
        help="Times the provider's own limits.",
    ),
    click.option(
        "--fault", "faults", multiple=True, metavar="NAME=SHARE", help="What goes wrong, how often."
    ),
    click.option("--seed", type=int, default=0, metavar="N", help="Which of the many ways it goes wrong."),
    click.option("--patch", type=click.Choice(["rfc", "core", "both"]), help="The dialect of PATCH."),
)


@click.group("sandbox", invoke_without_command=True)
@manner
@click.pass_context
def command(context: click.Context, /, **chosen: Any) -> None:
    """Serve a SCIM tenant on this machine until Ctrl-C; `--tenant sandbox` starts one by itself."""
    if context.invoked_subcommand is not None:
        return
    from bulkscim.engine.clock import RealClock
    from bulkscim.runs.sandboxed import sandbox_place
    from bulkscim.sandbox.server import serve

    where, settings = sandbox_place(chosen["profile"]), _settings(chosen)
    setting.carry_out(lambda: serve(where, settings, RealClock(), _say))


@command.command("start")
@manner
def start(**chosen: Any) -> None:
    """Serve in a process of its own, and return."""
    from bulkscim.runs.sandboxed import pause, sandbox_place
    from bulkscim.sandbox.launch import ensure, running

    where, settings = sandbox_place(chosen["profile"]), _settings(chosen)
    now = running(where)
    if now is not None and now.settings != settings:
        raise UsageError("a sandbox is running with other settings; bulkscim sandbox stop ends it")
    _say(ensure(where, settings, pause))


@command.command("stop")
@profile
def stop(profile: str) -> None:
    """Stop the sandbox; what is in it stays."""
    from bulkscim.runs.sandboxed import pause, sandbox_place
    from bulkscim.sandbox import launch

    stopped = launch.stop(sandbox_place(profile), pause)
    setting.people_of(verbose=False, quiet=False).note("stopped" if stopped else "no sandbox is running")


@command.command("seed")
@click.argument("count", type=click.IntRange(min=1, max=100_000), metavar="N")
@profile
@click.option("--seed", type=int, default=0, metavar="N", help="Which people.")
def seed(count: int, profile: str, seed: int) -> None:
    """Fill the sandbox with N plausible people, their managers and their groups."""
    from bulkscim.runs.sandboxed import started
    from bulkscim.sandbox.launch import WORK_S, told

    said = told(started(profile), "POST", f"seed?count={count}&seed={seed}", WORK_S)
    made = f"{said.get('users', 0):,} users and {said.get('groups', 0):,} groups made"
    setting.people_of(verbose=False, quiet=False).note(made)


@command.command("reset")
@profile
def reset(profile: str) -> None:
    """Empty the sandbox."""
    from bulkscim.runs.sandboxed import started
    from bulkscim.sandbox.launch import WORK_S, told

    told(started(profile), "POST", "reset", WORK_S)
    setting.people_of(verbose=False, quiet=False).note("the sandbox is empty")


@command.command("log")
@profile
@options.as_json
def log(profile: str, *, as_json: bool) -> None:
    """Show the requests that reached the sandbox, the oldest first."""
    from bulkscim.runs.sandboxed import sandbox_place
    from bulkscim.sandbox.requestlog import read_log, shown

    lines = read_log(sandbox_place(profile).requests)
    if as_json:
        setting.print_json(list(lines))
    else:
        setting.print_lines(shown(line) for line in lines)


def _settings(chosen: dict[str, Any]) -> "Settings":
    """Return how the sandbox is to behave."""
    from bulkscim.sandbox.faults import parse
    from bulkscim.sandbox.settings import Settings

    faults = parse(chosen["faults"])
    return Settings(chosen["profile"], chosen["speed"], faults, chosen["seed"], chosen["patch"] or "")


def _say(address: "Address") -> None:
    """Say where it is and how it is used."""
    people = setting.people_of(verbose=False, quiet=False)
    worn = address.settings
    people.note(f"sandbox   {address.base_url}, profile {worn.profile}, process {address.pid}")
    flag = "" if worn.profile == "generic" else f" --profile {worn.profile}"
    people.note(f"next: bulkscim run JOB --tenant sandbox{flag}")
