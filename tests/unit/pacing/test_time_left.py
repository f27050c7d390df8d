"""How long requests take."""

import pytest

from bulkscim.model.progress import UNLIMITED
from bulkscim.model.request import Sort
from bulkscim.pacing.time_left import Limits, Speed, allowed, seconds_for, slowest, worth
from bulkscim.providers.profile import NO_LIMIT, Bucket

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
