"""Why no request leaves."""

import pytest

from bulkscim.pacing.waiting import CONFIRMATION, Quiet, reason, retry_of


@pytest.mark.parametrize(
    ("quiet", "why"),
    [
        (Quiet(), None),
        (Quiet(closed_s=12.2), "limit, 12 s"),
        (Quiet(closed_s=0.4), None),
        (Quiet(idle_s=1.5, pauses=((retry_of(7), 4.0),)), None),
        (Quiet(idle_s=2.5, pauses=((retry_of(7), 4.0),)), "retry of row 7 in 4 s"),
        (Quiet(idle_s=2.5, pauses=((CONFIRMATION, 9.0), (retry_of(7), 4.0))), "retry of row 7 in 4 s"),
        (Quiet(idle_s=2.5, pauses=((CONFIRMATION, 9.0),)), "waiting for confirmation, 9 s"),
        (Quiet(idle_s=5.0, asked_s=5.0, pauses=((CONFIRMATION, 9.0),)), "waiting for an answer since 5 s"),
        (Quiet(idle_s=20.0, next_s=16.0), "limit, 16 s"),
        (Quiet(idle_s=20.0), None),
    ],
)
def test_reason(quiet, why):
    """The gate before all, then what is under way, then pauses."""
    assert reason(quiet) == why
