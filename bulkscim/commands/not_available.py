"""Commands that have a name, and are not available yet."""

import click

from bulkscim.commands import runtime

_ANYTHING = {"ignore_unknown_options": True, "allow_extra_args": True}
_INSTEAD = {
    "report": "results RUN writes results.csv",
}
_NAMES = (*_INSTEAD, "diff", "sync", "migrate", "audit")


def _named(name: str) -> click.Command:
    """Return a command that takes any arguments and says that it comes later."""

    @click.command(name, context_settings=_ANYTHING, hidden=True)
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> None:  # noqa: ARG001 - taken so that any flag parses
        raise runtime.later(f"bulkscim {name}", _INSTEAD.get(name, "--help lists what does"))

    command.help = f"{name}: not available in this version."
    return command


COMMANDS = tuple(_named(name) for name in _NAMES)
