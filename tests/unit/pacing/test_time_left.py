"""How long requests take."""

import pytest

from bulkscim.pacing.time_left import Limits, Speed, seconds_for

A_SECOND = 100 / 60
LIMITS = Limits(A_SECOND)


def speed(per_second):
    """Return what is known after five minutes at a speed."""
    known = Speed.begun(A_SECOND)
    for _ in range(300):
        known = known.after(1.0, per_second, A_SECOND)
    return known


@pytest.mark.parametrize(
    ("requests", "limits", "known", "seconds"),
    [
        (100, LIMITS, Speed.begun(A_SECOND), 60),
        (0, LIMITS, Speed.begun(A_SECOND), 0),
        (100, LIMITS, speed(0.5), 195),
        (100, LIMITS, speed(5.0), 60),
        (100, Limits(A_SECOND, closed_s=12.0), speed(A_SECOND), 72),
        (100, Limits(A_SECOND / 2), speed(A_SECOND), 120),
    ],
)
def test_seconds(requests, limits, known, seconds):
    """At the pace of the limit, or as fast as answers allow."""
    assert seconds_for(requests, limits, known) == pytest.approx(seconds, rel=0.05)
