"""The breaker."""

import pytest

from bulkscim.pacing.breaker import Breaker, Limits


def told(breaker, ends):
    """Tell a breaker of a row of ends and return what it says last."""
    reason = None
    for fault in ends:
        reason = breaker.ended(fault=fault, detail="503")
    return reason


@pytest.mark.parametrize(
    ("ends", "opens"),
    [
        ([True] * 4, False),
        ([True] * 5, True),
        ([True] * 4 + [False] + [True] * 4, False),
        ([True, False] * 10, True),
        ([True, False, False] * 10, False),
    ],
)
def test_it_opens_on_many_in_a_row_or_a_share_of_the_last(ends, opens):
    """Single faults among good answers are borne."""
    breaker = Breaker(Limits(in_a_row=5, share=0.5, window=10))
    reason = told(breaker, ends)
    assert (reason is not None) is opens
    assert breaker.reason == reason


def test_it_stays_open_with_its_first_reason():
    """What comes after does not change why it opened."""
    breaker = Breaker(Limits(in_a_row=2))
    reason = told(breaker, [True, True])
    assert "503" in reason
    assert told(breaker, [False, True, True, True]) == reason


def test_a_burst_of_missing_ids_on_delete_opens_it():
    """A wrong tenant or id form shows as 404 after 404."""
    breaker = Breaker(Limits(gone_in_a_row=3))
    assert [breaker.deleted(gone=gone) for gone in (True, True, False, True, True)] == [None] * 5
    assert "404" in breaker.deleted(gone=True)
