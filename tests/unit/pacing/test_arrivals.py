"""Which requests a limit may have counted, wherever between their sending and their answer they arrived."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkscim.model.request import Request
from bulkscim.pacing.arrivals import Arrivals, RoundTrips
from bulkscim.providers.profile import Bucket

READ, CREATE = Request("GET", "/Users"), Request("POST", "/Users", b"{}")
DRIFT = 1.001  # a window is taken a little longer, for a clock of the server that runs slow


def counted(*buckets):
    """Return the count, and what sends a request at a moment: the wait that it was given, None if it went."""
    arrivals = Arrivals(buckets)

    def send(now, *ends, request=READ, answered=True):
        windows = arrivals.windows(request)
        if (wait := arrivals.wait(windows, now)) > 0:
            return wait
        sending = arrivals.leaves(windows, now)
        for moment in ends:
            arrivals.ended(sending, moment, answered=answered)
        return None

    return arrivals, send


def test_a_place_is_kept_for_the_window_after_the_answer():
    """The old count began with the sending: a request that was slow to arrive shared its window with one too many."""
    _, send = counted(Bucket(2, 10.0))
    sent = [send(0.0, 3.0), send(1.0, 1.5)]

    assert sent == [None, None]
    assert send(2.0, 2.0) == pytest.approx(8.0 * DRIFT, abs=0.1)  # to ask again: the first left 10 s ago
    assert send(11.2, 11.2) == pytest.approx(1.0 + 0.5 - 1.2 + 0.01)
    assert send(11.52, 11.52) is None  # the second answer came first
    assert send(11.53, 11.53) == pytest.approx(13.01 - 11.53)


@pytest.mark.parametrize(
    ("ends", "answered", "free_at"),
    [
        ((), True, inf),  # no answer yet: it may arrive at any time
        ((4.0,), False, 14.01),  # given up: it may have arrived until then
        ((4.0,), True, 14.01),
    ],
)
def test_a_request_without_an_answer_keeps_its_place(ends, answered, free_at):
    """The old count let the next one go 10 s after it had left."""
    _, send = counted(Bucket(1, 10.0))
    send(0.0, *ends, answered=answered)

    assert send(10.02) == pytest.approx(free_at - 10.02)


@pytest.mark.parametrize(
    ("trips", "least", "longest"),
    [
        ([0.2] * 39, 0.0, inf),  # too few
        ([0.2] * 40, 0.2, 0.2),
        ([0.2] * 500 + [0.1], 0.0, 0.2),  # one that was faster: how fast can it be?
        ([0.1, *[0.2] * 500], 0.2, 0.2),  # ... is forgotten
        ([0.2 + number / 10_000 for number in range(40)], 0.2 - 2 * 19 / 10_000, 0.2039),
        ([number / 100 for number in range(1, 61)], 0.0, 0.6),
    ],
)
def test_the_least_round_trip_is_trusted_as_far_as_others_come_near_it(trips, least, longest):
    """What was seen twenty times is known well; a scattered network may yet be faster than it ever was."""
    known = RoundTrips()
    for seconds in trips:
        known.add(seconds)

    assert (known.least, known.longest) == (pytest.approx(least), pytest.approx(longest))


@pytest.mark.parametrize(
    ("window_s", "trips", "first_gap", "last_gap"),
    [
        (1.0, [0.3] * 60, 1.301, 1.001),
        (1.0, [0.3] * 58 + [0.35, 0.3], 1.301, 1.051),  # by how much one was slower may be its way there
        (0.1, [0.3] * 60, 0.4001, 0.1001),  # several are under way at once
    ],
)
def test_steady_round_trips_cost_nothing(window_s, trips, first_gap, last_gap):
    """A place is kept longer by what its own round trip took more, once it is known how long they take."""
    arrivals, now, sent, under_way = Arrivals([Bucket(1, window_s)]), 0.0, [], []
    for trip in trips:
        while (wait := arrivals.wait(arrivals.windows(READ), now)) > 0:
            now = min([now + wait, *(end for end, _ in under_way)])
            for end, sending in [one for one in under_way if one[0] <= now]:
                arrivals.ended(sending, end, answered=True)
                under_way.remove((end, sending))
        sent.append(now)
        under_way.append((now + trip, arrivals.leaves(arrivals.windows(READ), now)))

    assert sent[1] - sent[0] == pytest.approx(first_gap)
    assert sent[-1] - sent[-2] == pytest.approx(last_gap)


def test_each_request_counts_where_it_matches():
    """A limit of creates holds up no read; a limit too high to be counted holds up nothing."""
    _, send = counted(Bucket(3, 1.0), Bucket(1, 5.0, "creates", frozenset({"POST"})), Bucket(20_000, 1.0))
    sent = [
        send(now, now, request=kind) for now, kind in ((0, CREATE), (0.1, CREATE), (0.1, READ), (0.2, READ))
    ]

    assert sent == [None, pytest.approx(5.005 - 0.1), None, None]
    assert send(0.3) == pytest.approx(1.001 - 0.3)
    assert send(1.0011, request=CREATE) == pytest.approx(5.005 - 1.0011)


@pytest.mark.parametrize(
    ("bucket", "before", "ended_at", "waits"),
    [
        (Bucket(100, 60.0), Bucket(100, 60.0), 0.0, 4.91),  # eight intervals, for the bunch of nine
        (Bucket(100, 60.0), Bucket(100, 60.0), -4.0, 0.91),
        (Bucket(100, 60.0), Bucket(100, 60.0), -5.0, 0.0),
        (Bucket(9, 1.0), Bucket(9, 1.0), 0.0, 1.0),  # the bunch is all that the limit allows
        (Bucket(100, 60.0), Bucket(600, 60.0), 0.0, 50.87),  # it was faster than is asked for now
        (Bucket(100, 60.0), Bucket(10, 60.0), 0.0, 0.0),
        (Bucket(20_000, 1.0), Bucket(20_000, 1.0), 0.0, 0.0),
    ],
)
def test_what_an_earlier_process_may_have_sent_takes_places(bucket, before, ended_at, waits):
    """Its last requests may have come in a bunch, those before at its pace."""
    arrivals, send = counted(bucket)
    arrivals.follow(ended_at, 7, [before])
    wait = send(0.0, 0.0) or 0.0

    assert wait == pytest.approx(waits, abs=0.01)


def test_requests_of_unknown_senders_are_counted():
    """They hold nothing up where there is room."""
    arrivals, send = counted(Bucket(5, 1.0))
    arrivals.count(3, 0.0)

    assert [send(0.1, 0.1), send(0.2, 0.2), send(0.3, 0.3)] == [None, None, pytest.approx(0.701)]


@given(
    st.integers(1, 6),
    st.lists(
        st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 2.0), st.floats(0.0, 2.0), st.booleans()), max_size=38
    ),
)
def test_no_window_of_arrivals_is_ever_exceeded(limit, requests):
    """Whatever the ways there and back take, and though the answers of some never come."""
    arrivals, window_s, now, arrived, under_way = Arrivals([Bucket(limit, 1.0)]), 1.0, 0.0, [], []
    for gap, there, back, answered in requests:
        now += gap
        for end, sending, is_answer in [one for one in under_way if one[0] <= now]:
            arrivals.ended(sending, end, answered=is_answer)
        under_way = [one for one in under_way if one[0] > now]
        windows = arrivals.windows(READ)
        if arrivals.wait(windows, now) <= 0:
            arrived.append(now + there)
            under_way.append((now + there + back, arrivals.leaves(windows, now), answered))
    arrived.sort()

    assert all(later - first >= window_s for first, later in zip(arrived, arrived[limit:], strict=False)), (
        arrived
    )
