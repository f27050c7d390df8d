"""The command line, and the only map from errors to exit codes; `_EXIT_CODES` explains them to users."""

import os
import sys
import traceback
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

import click

from bulkscim import __version__, errors
from bulkscim.commands import not_available, streams
from bulkscim.commands.argv import refuse_secrets, refuse_undecodable
from bulkscim.commands.signals import heed
from bulkscim.model.harmless import escaped_lines
from bulkscim.model.run import RunState
from bulkscim.model.typed import NEXT, next_line
from bulkscim.outputs import ReaderLeft
from bulkscim.reporting.wrapping import fitted, width_of

if TYPE_CHECKING:
    from bulkscim.runs.report import RunReport

BUG = 1
INTERRUPTED = 130

# The first that fits an error is its code; subclasses stand before what they are.
_CODES: tuple[tuple[type[errors.BulkScimError], int], ...] = (
    (errors.UsageError, 2),
    (errors.JobFileInvalid, 2),
    (errors.JournalDamaged, 13),
    (errors.Mismatch, 12),
    (errors.PlanStale, 8),
    (errors.Locked, 11),
    (errors.NoSuchRun, 10),
    (errors.CredentialError, 7),
    (errors.Refused, 4),
    (errors.GuardReached, 4),
    (errors.Stopped, 5),
)
_STOPPED, _DOUBTFUL, _FAILED = 5, 6, 3
_EXIT_CODES = """\b
Exit codes:
  0    every row ended as wanted; a reading command could answer
  1    a bug
  2    usage, or the job file is invalid; nothing was sent
  3    rows failed or were skipped; --live: differences
  4    refused by a guard, or not approved
  5    stopped early; resume continues
  6    finished, with rows in doubt; resume looks again
  7    the token is missing or rejected
  8    the plan is stale, or was edited; nothing was sent
  10   no such run
  11   another process holds the run or the tenant
  12   the run is of another tenant or job file
  13   the journal is damaged
  130  interrupted; resume continues"""
_UNMARKED = ("… and ", "Nothing was sent", NEXT)  # lines after the problems of a job file


_NAMES = (
    "validate", "map", "plan", "run", "resume", "retry", "rollback", "settle", "status", "pause",
    "go", "rate", "results", "explain", "verify", "runs", "export", "count", "sandbox", "connect",
    "probe", "tenants", "profiles",
)  # fmt: skip
_MODULES = {name: name for name in _NAMES} | {"map": "mapping"}


class Commands(MutableMapping[str, click.Command]):
    """Commands by their names, in the order of use; the module of one is imported when it is asked for, as that takes long."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._known: dict[str, str | click.Command] = dict(modules)

    def __getitem__(self, name: str) -> click.Command:
        known = self._known[name]
        if isinstance(known, str):
            self[name] = known = import_module(f"bulkscim.commands.{known}").command
        return known

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._known[name] = command

    def __delitem__(self, name: str) -> None:
        del self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


class InOrder(click.Group):
    """A group whose help lists commands in the order of use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """Return the names as they were added."""
        return list(self.commands)


@click.group(
    cls=InOrder,
    commands=Commands(_MODULES),
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_EXIT_CODES,
)
@click.version_option(__version__, prog_name="bulkscim")
def bulkscim() -> None:
    """Create, change and remove thousands of users and groups in a SCIM 2.0 tenant from a file.

    \b
    Example:
      bulkscim run samples/teams.jsonl --tenant sandbox
    """


for _command in not_available.COMMANDS:
    bulkscim.add_command(_command)


def main() -> NoReturn:
    """Run the command line of this process."""
    streams.prepare()
    heed()
    sys.exit(code_of(sys.argv[1:]))


def code_of(arguments: Sequence[str]) -> int:
    """Carry out one command line and return its exit code."""
    try:
        refuse_secrets(arguments)
        refuse_undecodable(arguments, os.environ)
        ended = bulkscim.main(list(arguments), prog_name="bulkscim", standalone_mode=False)
        streams.finish()
    except ReaderLeft:
        streams.silence(sys.stdout)
        return 0
    except BaseException as error:  # noqa: BLE001 - this is the one place where every error ends
        return _told(error, verbose="-v" in arguments or "--verbose" in arguments)
    if ended is None or isinstance(ended, int):
        return ended or 0
    return code_of_report(ended)


def code_of_report(report: "RunReport") -> int:
    """Return the exit code of a run that came to an end of its own."""
    if report.state is RunState.INTERRUPTED:
        return INTERRUPTED
    if report.exit_reason is not None:
        return code_of_error(report.exit_reason)
    if report.state is not RunState.FINISHED:
        return _STOPPED
    if report.totals.in_doubt:
        return _DOUBTFUL
    return _FAILED if report.totals.failed or report.totals.skipped else 0


def code_of_error(error: errors.BulkScimError) -> int:
    """Return the exit code of an error; one that is not listed is a bug."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), BUG)


def _told(error: BaseException, *, verbose: bool) -> int:
    """Say what went wrong, and return its exit code."""
    from bulkscim.commands.disk import error_of_disk

    leaves = [error_of_disk(leaf) or leaf for leaf in _leaves(error)]
    known = [leaf for leaf in leaves if isinstance(leaf, errors.BulkScimError)]
    bugs = [leaf for leaf in leaves if _is_bug(leaf)]
    if bugs:
        return _tell_bug(error, bugs[0], verbose=verbose)
    if any(isinstance(leaf, KeyboardInterrupt | click.Abort) for leaf in leaves):
        _say(f"interrupted; a run that has begun can be resumed, and is in the list\n{next_line('runs')}")
        return INTERRUPTED
    if known:
        worst = max(known, key=_rank)
        _say(_marked(worst))
        return code_of_error(worst)
    return _tell_click(leaves[0])


def _marked(error: errors.BulkScimError) -> str:
    """Return an error as it is printed; of a job file each problem is marked as one."""
    first, *others = str(error).split("\n")
    is_list = isinstance(error, errors.JobFileInvalid)
    marks = [f"error: {line}" if is_list and not line.startswith(_UNMARKED) else line for line in others]
    return "\n".join((f"error: {first}", *marks))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Return the errors of a group, groups in groups included."""
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    for part in error.exceptions:
        yield from _leaves(part)


def _is_bug(error: BaseException) -> bool:
    expected = errors.BulkScimError | KeyboardInterrupt | SystemExit | click.ClickException
    return not isinstance(error, expected | click.Abort | click.exceptions.Exit)


def _rank(error: errors.BulkScimError) -> int:
    """Order errors that came together as the table of exit codes does: 13, 12, 11, 10, 7, 4, 5."""
    return {4: 6, 5: 5}.get(code_of_error(error), code_of_error(error))


def _tell_bug(whole: BaseException, first: BaseException, *, verbose: bool) -> int:
    if verbose:
        _say("".join(traceback.format_exception(whole)))
    hint = "" if verbose else "; -v shows where"
    _say(f"error: unexpected {type(first).__name__}: {first}{hint}. What was sent is in the journal.")
    return BUG


def _tell_click(error: BaseException) -> int:
    if isinstance(error, click.ClickException):
        _say(_usage(error))
        return 2
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    code = getattr(error, "code", 0)  # SystemExit
    return code if isinstance(code, int) else 0


def _usage(error: click.ClickException) -> str:
    """Return an error of the command line in the form of ours: what is wrong, how it is used, where to read more."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message()
    text = " ".join(error.format_message().split()).removesuffix(".")  # of choices each is on a line
    context = error.ctx if isinstance(error, click.UsageError) else None
    lines = [f"error: {text[:1].lower()}{text[1:]}"]
    if context is not None:
        lines += [
            context.get_usage().replace("Usage:", "usage:"),
            next_line(*context.command_path.split()[1:], "--help"),
        ]
    return "\n".join(lines)


def _say(text: str) -> None:
    sys.stderr.write(fitted(escaped_lines(text), width_of(sys.stderr)) + "\n")
