"""Commands whose names and flags stand, and whose work comes later."""

from typing import Any

import click

from bulkscim.commands import options, setting

_ANYTHING = {"ignore_unknown_options": True, "allow_extra_args": True}
_INSTEAD = {
    "plan": "bulkscim run JOB -n shows what would be done",
    "rollback": "bulkscim explain RUN --row N shows what each step changed",
    "report": "bulkscim results RUN writes results.csv",
}
_NAMES = (*_INSTEAD, "diff", "sync", "migrate", "audit", "probe")


def _named(name: str) -> click.Command:
    """Return a command that takes any arguments and says that it comes later."""

    @click.command(name, context_settings=_ANYTHING, hidden=True)
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> None:  # noqa: ARG001 - taken so that any flag parses
        raise setting.later(f"bulkscim {name}", _INSTEAD.get(name, "bulkscim --help lists what does"))

    command.help = f"{name}: comes later."
    return command


@click.command("rollback", hidden=True)
@options.run_argument
@click.option("--on-drift", type=click.Choice(["skip", "force"]), default="skip")
@click.option("--row", type=click.IntRange(min=1))
@click.option("--key")
@click.option("--out", type=options.path())
@click.option("--yes", is_flag=True)
def _rollback(**_chosen: Any) -> None:
    """Take a run back: comes later."""
    raise setting.later("bulkscim rollback", _INSTEAD["rollback"])


COMMANDS = (_rollback, *(_named(name) for name in _NAMES if name != "rollback"))
