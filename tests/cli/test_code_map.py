"""Errors and totals become exit codes in one place."""

import pytest

from bulkscim import errors
from bulkscim.cli import code_of_error, code_of_report
from bulkscim.model.run import RunState, Totals
from bulkscim.runs.report import RunReport


def every_error(kind=errors.BulkScimError):
    """Return all classes of the tree below its root."""
    return [each for child in kind.__subclasses__() for each in (child, *every_error(child))]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.UsageError, 2),
        (errors.JobFileInvalid, 2),
        (errors.Refused, 4),
        (errors.Stopped, 5),
        (errors.JournalDead, 5),
        (errors.CredentialError, 7),
        (errors.NoSuchRun, 10),
        (errors.Locked, 11),
        (errors.Mismatch, 12),
        (errors.JournalDamaged, 13),
    ],
)
def test_error_has_its_code(kind, code):
    """Each error of the tree has the code of the manual."""
    assert code_of_error(kind("x")) == code


def test_no_error_is_forgotten():
    """Every class of the tree has a code, so that none looks like a bug."""
    assert [kind for kind in every_error() if code_of_error(kind("x")) == 1] == []


@pytest.mark.parametrize(
    ("state", "totals", "reason", "code"),
    [
        (RunState.FINISHED, Totals(rows=3, done=1, adopted=1, noop=1), None, 0),
        (RunState.FINISHED, Totals(rows=2, done=1, failed=1), None, 3),
        (RunState.FINISHED, Totals(rows=2, done=1, skipped=1), None, 3),
        (RunState.FINISHED, Totals(rows=3, failed=1, in_doubt=1, done=1), None, 6),
        (RunState.STOPPED, Totals(rows=2, pending=1, in_doubt=1), None, 5),
        (RunState.STOPPED, Totals(rows=2, pending=2), errors.CredentialError("401"), 7),
        (RunState.STOPPED, Totals(rows=2, failed=2), errors.Refused("guard"), 4),
        (RunState.INTERRUPTED, Totals(rows=2, pending=1), errors.Stopped("signal"), 130),
    ],
)
def test_first_reason_that_applies_is_the_code(state, totals, reason, code):
    """Interrupted goes before the reason, the reason before doubt, doubt before failures."""
    assert code_of_report(RunReport(None, totals, state, exit_reason=reason)) == code
