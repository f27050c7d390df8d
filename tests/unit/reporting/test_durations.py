"""How long a run takes, in words."""

from datetime import UTC, datetime

import pytest

from bulkscim.pacing.rate import pace, parse
from bulkscim.reporting.durations import LongestLimit, clock_time, takes_told

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("requests", "rate", "told"),
    [
        (2178, "100/min", "about 22 min at 100 requests/min, until 12:22 (about 2,178 requests)"),
        (0.2, "10/s", "about 0 s at 10 requests/s (about 1 request)"),
        (70, "10/s", "about 7 s at 10 requests/s (about 70 requests)"),
        (7200, "1000/h", "about 7 h 16 min at 1,000 requests/h, until 19:16 (about 7,200 requests)"),
        (
            72000,
            "100/min",
            "about 12 h 7 min at 100 requests/min, until 28 Nov 00:07 (about 72,000 requests)",
        ),
    ],
)
def test_what_a_job_takes(requests, rate, told):
    """At a rate, and until when."""
    assert (
        takes_told(requests, LongestLimit(parse(rate), requests / pace(parse(rate)).per_second), NOON, UTC)
        == told
    )


def test_a_job_may_take_more():
    rate = parse("100/min")
    limit = LongestLimit(rate, 2178 / pace(rate).per_second)

    told = "about 22 min or more at 100 requests/min, until 12:22 or later (about 2,178 requests or more)"
    assert takes_told(2178, limit, NOON, UTC, or_more=True) == told


def test_time_of_day():
    """Another day is named."""
    assert clock_time(NOON, NOON, UTC) == "12:00"
    assert clock_time(NOON + 86_400, NOON, UTC) == "28 Nov 12:00"
