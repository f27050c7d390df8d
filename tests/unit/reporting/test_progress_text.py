"""A run's progress in words, and on a line of a terminal."""

import pytest

from bulkscim.model.progress import RunProgress
from bulkscim.model.run import Totals
from bulkscim.reporting.progress_text import bar, bar_line, clock, line

A_MINUTE = 100 / 60
BEGUN = RunProgress(Totals(rows=1000, pending=1000), 0, 0.0, 0, 0, 1156.0, 701.0, A_MINUTE)
CREATED = RunProgress(Totals(rows=1000, pending=1000), 113, 72.0, 118, 0, 1038.0, 629.0, A_MINUTE)
LIMITED = RunProgress(
    Totals(rows=1000, done=380, failed=3, pending=617),
    0,
    725.0,
    1234,
    0,
    700.0,
    840.0,
    A_MINUTE / 2,
    "limit, 12 s",
)
FAST = RunProgress(Totals(rows=1, pending=1), 0, 3.0, 1, 0, 1.0, 0.2, 1000.0)
ENDED = RunProgress(Totals(rows=4, done=4), 0, 4000.0, 9, 0, 0.0, 0.0, 0.05)


@pytest.mark.parametrize(
    ("progress", "told"),
    [
        (BEGUN, "0 of 1,000 rows, about 12 min left, 0:00 elapsed, 0 requests at 100/min"),
        (CREATED, "0 of 1,000 rows, 113 under way, about 10 min left, 1:12 elapsed, 118 requests at 100/min"),
        (
            LIMITED,
            "383 of 1,000 rows, about 14 min left (limit, 12 s), 12:05 elapsed, 1,234 requests at 50/min, 3 failed",
        ),
        (FAST, "0 of 1 row, about 1 s left, 0:03 elapsed, 1 request at 1,000/s"),
    ],
)
def test_line_of_a_log(progress, told):
    """What matters, and why nothing is sent."""
    assert line(progress) == told


@pytest.mark.parametrize(
    ("progress", "width", "told"),
    [
        (BEGUN, 79, "  0% |                | 0/1,000 [12 min left, 0:00, 0 sent, 100/min]"),
        (CREATED, 79, " 10% |█         | 0/1,000 [10 min left, 1:12, 118 sent, 100/min, 113 under way]"),
        (
            CREATED,
            120,
            " 10% |█▋              | 0/1,000 [10 min left, 1:12, 118 sent, 100/min, 113 under way]",
        ),
        (LIMITED, 79, " 64% 383/1,000 [14 min left (limit, 12 s), 3 failed, 12:05, 1,234 sent, 50/min]"),
        (LIMITED, 65, " 64% 383/1,000 [14 min left (limit, 12 s), 3 failed, 12:05]"),
        (LIMITED, 30, " 64% 383/1,000 [14 min left (l"),
        (FAST, 79, " 50% |████████        | 0/1 [1 s left, 0:03, 1 sent, 1,000/s]"),
        (ENDED, 79, "100% |████████████████| 4/4 [1:06:40, 9 requests]"),
    ],
)
def test_line_of_a_terminal(progress, width, told):
    """A bar where there is room; what matters least goes first where there is none."""
    assert bar_line(progress, width) == told


@pytest.mark.parametrize("width", range(10, 130, 7))
def test_a_line_is_never_longer_than_its_terminal(width):
    """Or it would fill a second one each time."""
    assert all(len(bar_line(one, width)) <= width for one in (BEGUN, CREATED, LIMITED, FAST, ENDED))


def test_a_bar_grows_by_eighths():
    """It begins empty and ends full."""
    assert [bar(share, 2) for share in (0.0, 0.1, 0.5, 0.99, 1.0)] == ["  ", "▏ ", "█ ", "█▉"[:2], "██"]


def test_times_that_have_passed():
    """As a stopwatch shows them."""
    assert [clock(seconds) for seconds in (0, 59.9, 60, 3725)] == ["0:00", "0:59", "1:00", "1:02:05"]
