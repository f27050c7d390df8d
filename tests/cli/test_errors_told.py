"""Whatever ends a command is told in a line, and becomes one exit code."""

import errno
import sqlite3

import click
import pytest

from bulkscim import errors
from bulkscim.cli import _told


def told(error, capsys, *, verbose=False):
    """Return exit code and text of an error."""
    code = _told(error, verbose=verbose)
    return code, capsys.readouterr().err


def test_error_is_one_line_without_traceback(capsys):
    """A known error is its own text."""
    assert told(errors.Locked("in use by process 7"), capsys) == (11, "error: in use by process 7\n")


def test_of_several_errors_the_worst_is_told(capsys):
    """Errors that come together are one: that which stands first in the table."""
    inner = BaseExceptionGroup("tasks", [errors.Stopped("outage"), errors.Refused("guard")])
    group = BaseExceptionGroup("tasks", [inner, errors.CredentialError("401")])

    assert told(inner, capsys) == (4, "error: guard\n")
    assert told(group, capsys) == (7, "error: 401\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_interrupt_is_130(error, capsys):
    """An interrupt, alone or among errors that it caused, is 130 and names what to do."""
    group = BaseExceptionGroup("tasks", [errors.Stopped("cut"), error])

    for each in (error, group):
        code, text = told(each, capsys)
        assert code == 130
        assert "bulkscim runs" in text


def test_bug_is_1_and_shows_its_place_to_the_verbose(capsys):
    """An unforeseen error is a short message; -v adds the traceback."""
    try:
        raise RuntimeError("no such luck")
    except RuntimeError as error:
        short, long = told(error, capsys), told(error, capsys, verbose=True)

    assert short[0] == long[0] == 1
    assert "Traceback" not in short[1]
    assert "-v" in short[1]
    assert "test_errors_told.py" in long[1]


def test_bug_among_errors_is_a_bug(capsys):
    """A bug is not hidden behind an error that came with it."""
    group = BaseExceptionGroup("tasks", [errors.Stopped("outage"), ZeroDivisionError("x")])

    assert told(group, capsys)[0] == 1


def test_text_of_a_server_cannot_drive_the_terminal(capsys):
    """Control characters of an error's text are shown as escapes."""
    assert told(errors.Stopped("\x1b[2Jgone"), capsys)[1] == "error: \\x1b[2Jgone\n"


def sqlite_error(code):
    """Return what sqlite3 raises where the disk is full, or else."""
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "/runs/1/index.sqlite"),
            "/runs/1/index.sqlite: No space",
        ),
        (OSError(errno.EROFS, "Read-only file system", "/runs/1"), "Read-only file system"),
        (sqlite_error(sqlite3.SQLITE_FULL), "No space left"),
        (sqlite_error(sqlite3.SQLITE_IOERR | 3 << 8), "Input/output error"),
    ],
)
def test_a_disk_that_is_full_or_broken_is_no_bug(error, said, capsys):
    """It stops the command with 5, says which file, and what to do."""
    code, text = told(BaseExceptionGroup("tasks", [error]), capsys)

    assert code == 5
    assert said in text
    assert "same command again" in text


@pytest.mark.parametrize(
    "error", [OSError(errno.EBADF, "Bad file descriptor"), sqlite_error(sqlite3.SQLITE_MISUSE)]
)
def test_an_error_that_no_disk_makes_is_a_bug(error, capsys):
    """A descriptor that is not open is our own fault."""
    assert told(error, capsys)[0] == 1
