"""How long a run was worked on."""

import pytest

from bulkscim.journal.entries import Kind
from bulkscim.journal.timeline import Timeline


def timeline(*noted):
    """Return the timeline of these kinds and times."""
    found = Timeline()
    for kind, time in noted:
        found.note(kind, time)
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
