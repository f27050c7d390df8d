"""The help of all commands, as a terminal of 80 columns shows it."""

from click.testing import CliRunner

from bulkscim.cli import bulkscim


def commands(group=bulkscim, path=()):
    """Yield every command with its path, the groups too."""
    yield path, group
    for name, command in getattr(group, "commands", {}).items():
        if not command.hidden:
            yield from commands(command, (*path, name))


COMMANDS = dict(commands())


def help_of(path):
    """Return the text above the options, as a terminal of 80 columns shows it."""
    text = CliRunner().invoke(bulkscim, [*path, "--help"], terminal_width=80).output
    return text.partition("\nOptions:")[0]


def examples(path):
    """Return the command lines of a command's help."""
    _, _, below = help_of(path).partition("  Example")
    block = below.partition(":\n")[2].partition("\n\n")[0]
    return [line.strip() for line in block.splitlines()]
