"""Why rows do not run, and which of them an event lets go on."""

import pytest

from bulkscim.engine.parked import BehindLane, BehindName, ForResource, ForRow, ParkedRows, Resting
from bulkscim.model.live import Parent
from bulkscim.model.operation import USER, Key
from bulkscim.planning.order import Claim, Lanes

ADA, EVE = Key(USER, "userName", "ada"), Key(USER, "userName", "eve")
NUMBERED = Key(USER, "externalId", "E1")
USER_1 = Key(USER, "id", "u1")


def parked(**reasons):
    """Return parked rows by their reason: `row_3=...`."""
    rows = ParkedRows()
    for name, reason in reasons.items():
        rows.park(int(name.removeprefix("row_")), reason)
    return rows


@pytest.mark.parametrize(
    ("gone", "go_on"),
    [
        (ForRow(1), [3, 4]),
        (ForRow(2), []),
        (ForResource(USER_1), [6, 7]),
        (ForResource(Key(USER, "id", "u2")), []),
    ],
    ids=str,
)
def test_rows_are_found_by_what_they_wait_for(gone, go_on):
    """Each row waits for one thing, and in the order of the file."""
    rows = parked(
        row_4=ForRow(1),
        row_3=ForRow(1),
        row_5=BehindLane(ADA),
        row_7=ForResource(USER_1),
        row_6=ForResource(USER_1),
    )

    assert rows.waiting(gone) == go_on


def test_row_that_was_woken_waits_for_nothing():
    """Two events may wake it at once; the second finds it running."""
    rows = parked(row_3=ForRow(1), row_4=ForRow(1))

    assert rows.take([3, 9]) == {3}
    assert rows.take([3]) == set()
    assert rows.waiting(ForRow(1)) == [4]


def test_row_may_be_parked_again_for_another_reason():
    """The reason is always the latest."""
    rows = parked(row_3=ForRow(1))
    rows.take([3])
    rows.park(3, ForResource(USER_1))

    assert rows.waiting(ForRow(1)) == []
    assert rows.waiting(ForResource(USER_1)) == [3]


def test_circle_is_broken_at_the_earliest_row_that_waits_for_a_row():
    """Rows behind a claim go on by themselves when the row before them does."""
    assert parked(row_2=BehindLane(ADA), row_5=ForRow(9), row_4=ForRow(8)).first_for_row() == (4, 8)
    assert parked(row_2=BehindLane(ADA)).first_for_row() is None


def test_pass_is_not_stuck_while_a_row_rests():
    """A timer brings it back."""
    rows = parked(row_2=Resting())
    assert rows.some_rest
    rows.take([2])
    assert not rows.some_rest


def test_rows_behind_a_name_go_on_when_its_id_is_known():
    """Row 1 is known by its userName, row 2 by its externalId: they may be one user until row 1's id is known."""
    lanes = Lanes()
    for number, name in ((1, ADA), (2, NUMBERED), (3, EVE)):
        told = frozenset({name.attribute})
        lanes.enter(number, [Claim(name, name, exclusive=True, own=True, told=told)])
    rows = parked(row_2=BehindName(NUMBERED))

    assert rows.seen(lanes) == []
    lanes.known(1, ADA, "u1")
    assert rows.seen(lanes) == [2]
    assert lanes.holds(2, NUMBERED)
    assert lanes.holds(3, Parent(7)), "what a row never claimed is free"
