"""How long requests take."""

from dataclasses import replace

import pytest

from bulkscim.model.progress import UNLIMITED
from bulkscim.model.request import Sort
from bulkscim.pacing.arrivals import Places
from bulkscim.pacing.rate import rate_of
from bulkscim.pacing.time_left import Limits, Speed, all_free, allowed, seconds_for, slowest, worth
from bulkscim.providers.profile import NO_LIMIT, Bucket

A_SECOND = 100 / 60


def limits(requests, per_second=A_SECOND, closed_s=0.0):
    """Return what limits so many requests that one limit counts."""
    return Limits(per_second, requests / per_second, closed_s)


def speed(per_second):
    """Return what is known after five minutes at a speed."""
    known = Speed.begun(A_SECOND)
    for _ in range(300):
        known = known.after(1.0, per_second, A_SECOND)
    return known


@pytest.mark.parametrize(
    ("limited", "known", "seconds"),
    [
        (limits(100), Speed.begun(A_SECOND), 60),
        (limits(0), Speed.begun(A_SECOND), 0),
        (limits(100), speed(0.5), 195),
        (limits(100), speed(5.0), 60),
        (limits(100, closed_s=12.0), speed(A_SECOND), 72),
        (limits(100, A_SECOND / 2), speed(A_SECOND), 120),
    ],
)
def test_seconds(limited, known, seconds):
    """At the pace of the limit, or as fast as answers allow."""
    assert seconds_for(limited, known) == pytest.approx(seconds, rel=0.05)


POSTS, GROUPS, ALL = (
    Bucket(20, 10.0, "creates", methods=frozenset({"POST"})),
    Bucket(5, 10.0, "groups", methods=frozenset({"PATCH"}), prefix="/Groups"),
    Bucket(100, 10.0, "all"),
)
RATES = [(POSTS, 2.0), (GROUPS, 0.5), (ALL, 10.0)]
CREATES, MEMBERS, READS = Sort("POST", "/Users"), Sort("PATCH", "/Groups/"), Sort("GET", "/Users")


@pytest.mark.parametrize(
    ("left", "limit", "seconds", "per_second"),
    [
        ({CREATES: 100.0, MEMBERS: 10.0}, POSTS, 50, 2.2),
        ({CREATES: 100.0, MEMBERS: 50.0}, GROUPS, 100, 1.5),
        ({CREATES: 10.0, READS: 990.0}, ALL, 100, 10),
        ({READS: 10.0}, ALL, 1, 10),
        ({}, GROUPS, 0, 0.5),
    ],
)
def test_requests_of_several_sorts_wait_each_for_its_own_limits(left, limit, seconds, per_second):
    """The one that takes the longest tells; where nothing is left, the slowest."""
    assert slowest(left, RATES) == (limit, seconds)
    assert allowed(left, RATES) == pytest.approx(per_second)


BURSTS = Bucket(100, 60.0, burst=40)


@pytest.mark.parametrize(
    ("requests", "bucket", "places", "seconds"),
    [
        (40, BURSTS, all_free(BURSTS), 0),
        (90, BURSTS, all_free(BURSTS), 30),
        (140, BURSTS, all_free(BURSTS), 60),
        (260, BURSTS, all_free(BURSTS), 132),
        (40, BURSTS, Places(0, 12.0), 12),
        (140, BURSTS, Places(0, 12.0), 72),
        (40, BURSTS, Places(30, 50.0), 50),
        (150, replace(BURSTS, burst=100), Places(0, 12.0), 72),
        (150, replace(BURSTS, burst=100, share=0.5), all_free(replace(BURSTS, share=0.5)), 120),
        (100, replace(BURSTS, burst=1), Places(0, 12.0), 60),
    ],
)
def test_bursts_take_the_windows_that_they_need(requests, bucket, places, seconds):
    """And the rest of the last window goes one by one."""
    per_second = rate_of(bucket).per_second
    assert slowest({CREATES: requests}, [(bucket, per_second)], lambda _: places)[1] == pytest.approx(seconds)


def test_where_nothing_limits_requests():
    """As in a sandbox."""
    assert slowest({READS: 10.0}, []) == (NO_LIMIT, 0.0)
    assert allowed({READS: 10.0}, []) == allowed({}, []) == UNLIMITED


@pytest.mark.parametrize(
    ("sent", "limits", "requests"),
    [
        ({CREATES: 4.0}, RATES, 2 * 2.2),
        ({CREATES: 4.0, MEMBERS: 2.0}, RATES, 4 * 2.2),
        ({READS: 3.0}, [], 3),
        ({}, RATES, 0),
    ],
)
def test_what_one_limit_has_let_through_tells_of_others(sent, limits, requests):
    """Changes of groups that go at the end, under a limit of their own, take no longer since creates came first."""
    assert worth(sent, limits, 2.2) == pytest.approx(requests)
