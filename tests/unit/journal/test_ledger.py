"""The table of the ledger, its totals and its size."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkscim.errors import JournalDamaged
from bulkscim.journal.entries import Kind
from bulkscim.journal.ledger import Ledger, LedgerSnapshot, OpenStep, Standing, following
from bulkscim.model.row import SETTLED, RowState
from bulkscim.model.run import Counters
from tests.support.making.journals import entry_of

STEP_ENDS = (Kind.APPLIED, Kind.REFUSED)


def step(kind, *rows, number=1):
    """Return a step's entry."""
    return entry_of(kind, tuple((row, "create") for row in rows), number)


def settled(row, state):
    """Return the entry that ends a row."""
    return entry_of(Kind.SETTLED, ((row, ""),), state=state)


def reopened(row):
    """Return the entry that lets a row begin again."""
    return entry_of(Kind.REOPENED, ((row, ""),))


MOVES = {
    "started": step(Kind.STARTED, 1),
    "applied": step(Kind.APPLIED, 1),
    "refused": step(Kind.REFUSED, 1),
    "lost": step(Kind.LOST, 1),
    "reopened": reopened(1),
} | {str(state): settled(1, state) for state in sorted(SETTLED)}

# How row 1 comes to stand somewhere, and where each entry takes it from there.
WAYS = {
    "pending": ((), {"started": "in_doubt"} | {str(state): str(state) for state in sorted(SETTLED)}),
    "started": (("started",), {"applied": "pending", "refused": "pending", "lost": "in_doubt"}),
    "lost": (("started", "lost"), {"applied": "pending", "refused": "pending"}),
    "done": (("done",), {}),
    "adopted": (("adopted",), {}),
    "noop": (("noop",), {}),
    "failed": (("failed",), {"reopened": "pending"}),
    "skipped": (("skipped",), {"reopened": "pending"}),
}


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("place", WAYS)
def test_a_row_moves_only_by_the_table(place, move):
    """Each pair of place and entry leads where the table says, or is damage that names row and step."""
    way, allowed = WAYS[place]
    ledger = Ledger(1)
    for name in way:
        ledger.apply((MOVES[name],), 10)

    if move in allowed:
        ledger.apply((MOVES[move],), 20)

        assert ledger.state(1) == allowed[move]
        assert ledger.last_offset(1) == 20
    else:
        with pytest.raises(JournalDamaged, match=rf"row 1, step {MOVES[move].step}: {move} cannot follow"):
            ledger.apply((MOVES[move],), 20)


@pytest.mark.parametrize("kind", [*STEP_ENDS, Kind.LOST])
def test_only_its_own_number_ends_a_step(kind):
    """The end of another step is damage."""
    ledger = Ledger(1)
    ledger.apply((step(Kind.STARTED, 1, number=4),), 10)

    with pytest.raises(JournalDamaged, match=r"row 1, step 5: .* cannot follow step 4, which is open"):
        ledger.apply((step(kind, 1, number=5),), 20)


def test_in_format_1_a_row_has_one_open_step():
    """A second start before the first has ended is damage."""
    ledger = Ledger(1, several=False)
    ledger.apply((step(Kind.STARTED, 1, number=4),), 10)

    with pytest.raises(JournalDamaged, match="cannot follow step 4"):
        ledger.apply((step(Kind.STARTED, 1, number=5),), 20)


def test_a_row_may_have_several_open_steps():
    """Each ends by its own number; the row is in doubt while any is open, and settles when none is."""
    ledger = Ledger(1)
    for number in (4, 5, 6):
        ledger.apply((step(Kind.STARTED, 1, number=number),), number)
    ledger.apply((step(Kind.LOST, 1, number=5),), 10)
    ledger.apply((step(Kind.APPLIED, 1, number=4),), 20)

    assert [each.number for each in ledger.standing(1).open] == [6, 5]
    for wrong in (step(Kind.STARTED, 1, number=6), step(Kind.LOST, 1, number=5), settled(1, RowState.DONE)):
        with pytest.raises(JournalDamaged, match="cannot follow steps 6, 5, which are open"):
            ledger.apply((wrong,), 30)
    with pytest.raises(JournalDamaged, match="applied, then done cannot follow"):
        ledger.apply((step(Kind.APPLIED, 1, number=6), settled(1, RowState.DONE)), 30)

    ledger.apply((step(Kind.REFUSED, 1, number=6),), 30)
    assert (ledger.state(1), list(ledger.open_rows())) == (RowState.IN_DOUBT, [1])
    ledger.apply((step(Kind.APPLIED, 1, number=5), settled(1, RowState.DONE)), 40)

    assert (ledger.state(1), list(ledger.open_rows()), ledger.last_offset(1)) == (RowState.DONE, [], 40)


@pytest.mark.parametrize("row", [0, -1, 3])
def test_a_row_that_the_run_has_not_is_damage(row):
    """Rows are numbered from 1 to the run's rows."""
    with pytest.raises(JournalDamaged, match=f"row {row}, step 1: the run has 2 rows"):
        Ledger(2).apply((step(Kind.STARTED, row),), 10)
    with pytest.raises(ValueError, match=f"row {row}: the run has 2 rows"):
        Ledger(2).state(row)


def test_one_step_can_serve_many_rows():
    """Start and end of a merged step move all of its rows."""
    ledger = Ledger(3)
    ledger.apply((step(Kind.STARTED, 1, 3),), 10)

    assert list(ledger.open_rows()) == [1, 3]
    ledger.apply((step(Kind.APPLIED, 1),), 20)
    ledger.apply((step(Kind.LOST, 3),), 30)

    assert [ledger.is_open(row) for row in (1, 2, 3)] == [False, False, True]
    assert (ledger.totals().pending, ledger.totals().in_doubt) == (2, 1)


def test_the_highest_step_tells_whether_anything_was_sent():
    """A ledger without a start never sent anything."""
    ledger = Ledger(2)
    ledger.apply((settled(1, RowState.SKIPPED),), 10)

    assert (ledger.step, ledger.sent_anything) == (0, False)
    ledger.apply((step(Kind.STARTED, 2, number=9),), 20)

    assert (ledger.step, ledger.sent_anything) == (9, True)


def test_a_ledger_costs_nine_bytes_a_row():
    """100,000 rows are one byte and one offset each."""
    ledger = Ledger(100_000)
    for row in range(1, 100_001):
        ledger.apply((settled(row, RowState.DONE),), row)
    parts = [getattr(ledger, name) for name in vars(ledger)]

    assert sum(map(sys.getsizeof, parts)) < 9 * 100_000 + 2_000


@st.composite
def histories(draw):
    """Draw entries that the table allows, over a few rows."""
    standings = {row: Standing() for row in range(1, 5)}
    found = []
    for offset in range(1, draw(st.integers(0, 40))):
        row = draw(st.integers(1, 4))
        numbers = {each.number for each in standings[row].open} | {offset}
        kinds = (Kind.STARTED, *STEP_ENDS, Kind.LOST)
        options = [(step(kind, row, number=number),) for kind in kinds for number in sorted(numbers)]
        options += [(end, settled(row, RowState.DONE)) for (end,) in options if end.kind in STEP_ENDS]
        options += [(settled(row, state),) for state in sorted(SETTLED)] + [(reopened(row),)]
        now = standings[row]
        moves = [(told, after) for told in options if (after := following(now, told, offset, several=True))]
        if moves:
            told, standings[row] = draw(st.sampled_from(moves))
            found.append((told, offset))
    return found


def states_of(ledger):
    """Return all that a ledger tells."""
    rows = range(1, ledger.rows + 1)
    standings = [ledger.standing(row) for row in rows]
    return (
        ledger.totals(),
        [ledger.state(row) for row in rows],
        standings,
        ledger.step,
        list(ledger.open_rows()),
    )


@given(histories())
def test_totals_always_add_up(history):
    """The seven counts are those of the states, and their sum is the rows."""
    ledger = Ledger(4)
    for told, offset in history:
        ledger.apply(told, offset)
        totals = ledger.totals()
        states = [ledger.state(row) for row in range(1, 5)]

        assert [getattr(totals, state.value) for state in RowState] == [
            states.count(state) for state in RowState
        ]
        assert sum(getattr(totals, state.value) for state in RowState) == totals.rows == 4


@given(histories())
def test_what_was_kept_is_restored(history):
    """A ledger restored from its parts tells the same."""
    ledger = Ledger(4)
    for told, offset in history:
        ledger.apply(told, offset)

    assert states_of(Ledger.restore(ledger.kept())) == states_of(ledger)


@pytest.mark.parametrize(
    "kept",
    [
        LedgerSnapshot(b"\x00\x09", bytes(16), {}, 0, Counters()),
        LedgerSnapshot(b"\x00\x00", bytes(8), {}, 0, Counters()),
        LedgerSnapshot(b"\x00\x01", bytes(16), {}, 0, Counters()),
        LedgerSnapshot(b"\x00\x01", bytes(16), {1: (OpenStep(5, 1),)}, 5, Counters()),
        LedgerSnapshot(b"\x00\x01", bytes(16), {7: (OpenStep(5, 1),)}, 5, Counters()),
    ],
)
def test_parts_that_do_not_fit_together_are_not_restored(kept):
    """Unknown bytes, missing offsets and open steps of closed rows are refused."""
    with pytest.raises(ValueError, match=r"do not fit together|the run has 2 rows"):
        Ledger.restore(kept)
