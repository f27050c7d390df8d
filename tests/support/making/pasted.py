"""Commands that bulkscim prints for the user to type: each must be one that it takes."""

import io
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stdout

import click

from bulkscim.cli import bulkscim
from bulkscim.commands.argv import refuse_secrets

_LABELLED = re.compile(r"(?:^(?:undo|later|stop)|next): (bulkscim\b.*)$", re.MULTILINE)


def printed(text: str) -> list[str]:
    """Return the command lines that are named in what a command printed."""
    return [found[1] for found in _LABELLED.finditer(text)]


def check(text: str) -> None:
    """Fail for a printed command that cannot be pasted: that a shell splits otherwise, or that is a usage error."""
    for line in printed(text):
        words = shlex.split(line)
        try:
            refuse_secrets(words)
            with redirect_stdout(io.StringIO()):
                parsed(words[1:])
        except click.exceptions.Exit:  # --help
            continue
        except click.ClickException as error:
            raise AssertionError(f"{line!r} cannot be pasted: {error.format_message()}") from error


def parsed(words: list[str]) -> None:
    """Let the real command line take the words apart, down to the command that would run."""
    for _ in _contexts(words):
        pass


def _contexts(words: list[str]) -> Iterator[click.Context]:
    context = bulkscim.make_context("bulkscim", list(words))
    yield context
    while isinstance(context.command, click.Group):
        rest = [*context._protected_args, *context.args]  # click names none that is not deprecated
        if not rest:
            return
        name, command, args = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, args, parent=context)
        yield context
