"""The breaker."""

import pytest

from bulkscim.pacing.breaker import Breaker, BreakerLimits, FirstRows, reason_of


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
    breaker = Breaker(BreakerLimits(in_a_row=5, share=0.5, window=10))
    reason = told(breaker, ends)
    assert (reason is not None) is opens
    assert breaker.reason == reason


def test_it_stays_open_with_its_first_reason():
    """What comes after does not change why it opened."""
    breaker = Breaker(BreakerLimits(in_a_row=2))
    reason = told(breaker, [True, True])
    assert "503" in reason
    assert told(breaker, [False, True, True, True]) == reason


def test_a_burst_of_missing_ids_on_delete_opens_it():
    """A wrong tenant or id form shows as 404 after 404."""
    breaker = Breaker(BreakerLimits(gone_in_a_row=3))
    assert [breaker.deleted(gone=gone) for gone in (True, True, False, True, True)] == [None] * 5
    assert "404" in breaker.deleted(gone=True)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((400, "invalidValue", "title is bad"), (400, "invalidValue", "Title  is bad"), True),
        ((400, None, "userName 'ada' is bad"), (400, None, "userName 'bob x' is bad"), True),
        (
            (400, None, "user ada@example.com, request 7f-12"),
            (400, None, "user bob@example.com, request 80-1"),
            True,
        ),
        ((400, None, "Ada Lovelace may not"), (400, None, "Grace may not"), True),
        ((400, "invalidValue", "title"), (400, "mutability", "title"), False),
        ((400, None, "title"), (403, None, "title"), False),
        ((400, None, "title is bad"), (400, None, "locale is bad"), False),
    ],
)
def test_a_reason_leaves_out_what_is_only_the_rows(one, other, same):
    """Names, ids and numbers differ from row to row; status, type and words are the cause."""
    reasons = [reason_of(*each, own=("Ada Lovelace", "Grace", "")) for each in (one, other)]

    assert (reasons[0] == reasons[1]) is same


BAD, OTHER = reason_of(400, None, "title is bad"), reason_of(400, None, "locale is bad")


@pytest.mark.parametrize(
    ("ends", "stops"),
    [
        ([BAD, BAD, OTHER], False),
        ([BAD] * 3, True),
        ([BAD, OTHER, OTHER, OTHER], False),
        ([BAD, None, BAD, BAD, BAD], False),
        ([BAD, "well", BAD, BAD, BAD], False),
    ],
)
def test_first_rows_that_fail_for_one_reason_are_said_once(ends, stops):
    """A row that ended well, another reason or none that counts ends the watch."""
    first = FirstRows(3)
    told = [first.over() if end == "well" else first.failed(end, "400: title is bad") for end in ends]
    told += [first.failed(BAD, "more") for _ in range(5)]

    assert [text for text in told if text] == (
        ["the first 3 rows failed for one reason: 400: title is bad"] if stops else []
    )
