"""Sets of row numbers, and selections as flags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkscim.model.selection import RowSelection, TakenRows

ROWS = st.sets(st.integers(1, 500))


@given(ROWS, ROWS)
def test_a_set_of_rows_holds_what_was_put_in(some, others):
    """In any order; a header keeps it."""
    rows, more = TakenRows.of(some), TakenRows.of(others)

    assert list(rows) == sorted(some)
    assert (len(rows), rows.last) == (len(some), max(some, default=0))
    assert {row for row in range(502) if row in rows} == some
    assert list(rows | more) == sorted(some | others)
    assert TakenRows.read(rows.text(), rows.last) == rows
    assert rows.has_gaps == (some != set(range(1, len(some) + 1)))


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 64])
def test_the_first_rows_are_a_set(count):
    """None, some and whole bytes of them."""
    assert list(TakenRows.first(count)) == list(range(1, count + 1))


@pytest.mark.parametrize("text", ["", "x", "AAAA", TakenRows.of([1, 9]).text()])
def test_a_text_that_is_no_set_up_to_the_last_row_is_refused(text):
    """What a header says of rows must fit the number of the last one."""
    with pytest.raises(ValueError, match=r"\w"):
        TakenRows.read(text, 8)


def test_a_selection_is_written_as_flags():
    """Nothing for every row; a seed of 0 is one."""
    asked = RowSelection('a = "b"', ("r1", "r2"), 3, 10, 0, 5, with_needed=True)
    flags = '--where|a = "b"|--not-in|r1|--not-in|r2|--skip|3|--sample|10|--seed|0|--limit|5|--with-needed'

    assert "|".join(map(str, asked.flags())) == flags
    assert (list(RowSelection().flags()), RowSelection().is_every) == ([], True)
