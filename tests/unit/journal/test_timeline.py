"""How long a run was worked on."""

import pytest

from bulkscim.journal.entries import Kind
from bulkscim.journal.timeline import Timeline
from bulkscim.model.row import RowState
from tests.support.making.journals import entry_of


def timeline(*noted):
    """Return the timeline of these kinds and times."""
    found = Timeline()
    for kind, *noted_with in noted:
        found.note(kind, *noted_with)
    return found


def test_sessions_are_added_up():
    """Time between sessions does not count; time within one counts up to its last entry."""
    found = timeline(
        (Kind.HEADER, 100),
        (Kind.OPENED, 101),
        (Kind.STARTED, 105),
        (Kind.OPENED, 1000),
        (Kind.STOPPED, 1010),
        (Kind.OPENED, 5000),
        (Kind.APPLIED, 5002),
    )

    assert (found.started_at, found.ended_at) == (100, 5002)
    assert (found.sessions, found.elapsed_s) == (3, 4 + 10 + 2)


def test_a_clock_that_was_set_back_counts_as_none():
    """A session never takes less than no time."""
    assert timeline((Kind.HEADER, 100), (Kind.OPENED, 101), (Kind.APPLIED, 50)).elapsed_s == 0


@pytest.mark.parametrize(
    ("last", "in_order"),
    [
        (Kind.STOPPED, True),
        (Kind.CLOSED, True),
        (Kind.HEADER, False),
        (Kind.OPENED, False),
        (Kind.APPROVED, False),
        (Kind.REPAIRED, False),
        (Kind.SETTLED, False),
    ],
)
def test_only_a_stopped_or_closed_run_ended_in_order(last, in_order):
    """Whatever else comes last, its process was killed, or works still."""
    assert timeline((Kind.HEADER, 1), (Kind.OPENED, 2), (last, 3)).ended_in_order is in_order


def test_a_repair_is_not_what_a_run_did_last():
    """The reason why it stopped stays to be seen."""
    found = timeline((Kind.HEADER, 1), (Kind.STOPPED, 2), (Kind.STARTED, 3), (Kind.REPAIRED, 4))

    assert (found.last, found.ended_in_order) == (Kind.STOPPED, False)


@pytest.mark.parametrize(
    ("last", "body", "now", "uptime", "passed"),
    [
        (Kind.STOPPED, {"uptime": 50}, 130, 80.0, 30.0),
        (Kind.CLOSED, {"uptime": 50.5}, 5000, 80.0, 29.5),  # set forward
        (Kind.CLOSED, {"uptime": 50.5}, 20, 80.0, 0.0),  # set back
        (Kind.STOPPED, {"uptime": 50}, 130, 10.0, 0.0),  # another machine, or started again
        (Kind.STOPPED, {}, 130, 10.0, 30.0),
        (Kind.SETTLED, {}, 130, 80.0, 0.0),
        (Kind.REPAIRED, {}, 130, 80.0, 0.0),
    ],
)
def test_as_much_time_has_passed_as_both_clocks_show(last, body, now, uptime, passed):
    """After anything but an end in order, none that is known."""
    end = entry_of(last, state=RowState.DONE, body=body).body
    found = timeline((Kind.HEADER, 1), (Kind.OPENED, 2), (last, 100, end))

    assert found.passed_s(now, uptime) == passed
