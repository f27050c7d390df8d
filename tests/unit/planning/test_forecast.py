"""About how many requests are left, by what was forecast and what was seen."""

from collections import Counter

import pytest

from bulkscim.planning.forecast import Forecast, Taken, requests_left, shared_requests

CREATES = Forecast({"create User": 1000}, {}, {"create User": 1000.0}, pages=1)
JOINERS = Forecast({"create User": 1000}, {}, {"create User": 1000.0}, 1, links=1000, shared=150)
LEAVERS = Forecast({"deactivate User": 1000}, {"deactivate User": 29.0}, {"deactivate User": 1000.0})
UPSERTS = Forecast({"upsert User": 1000}, {}, {"upsert User": 1000.0}, pages=10)
MIXED = Forecast({"create User": 100, "delete User": 100}, {}, {"create User": 100.0, "delete User": 100.0})


def taken(kind, begun=0, past=0, writes=0, reads=0, **rest):
    """Return what rows of one kind took."""
    counts = (Counter({kind: count}) for count in (begun, past, reads, writes))
    return Taken(*counts, **rest)


def joined(links_before, shared_before, links=None, shared=0):
    """Return what creates took that are done, and of the memberships so many; before, others had been made."""
    links = links or links_before
    marks = [(links_before, shared_before)]
    return taken("create User", 1000, 1000, 1000, pages=1, links=links, shared=shared, ended=500, marks=marks)


@pytest.mark.parametrize(
    ("forecast", "seen", "left"),
    [
        (CREATES, Taken(), 1001),
        (CREATES, taken("create User", 54, 50, 50, pages=1, ended=50), 950),
        (CREATES, taken("create User", 1000, 1000, 1000, pages=1, ended=1000), 0),
        # Each row takes a second request, which no forecast knows: after 50 rows almost that many are expected.
        (CREATES, taken("create User", 54, 50, 100, pages=1, ended=50), 1752),
        # One request in 20 was sent again.
        (CREATES, taken("create User", 504, 500, 500, pages=1, repeats=25, ended=500), 524),
        # Users are there, their memberships are not: no row has ended.
        (JOINERS, taken("create User", 500, 500, 500, pages=1), 650),
        # The first of them, with which groups are created, tell nothing of the others.
        (JOINERS, joined(64, 40, shared=40), 110),
        (JOINERS, joined(64, 10, links=500, shared=50), 56),
        # Each membership takes a request of its own.
        (JOINERS, joined(64, 64, links=500, shared=500), 407),
        # The first reads look ahead, and show what lookups prove.
        (LEAVERS, taken("deactivate User", 4, 0, 0, 12), 1017),
        (
            LEAVERS,
            taken("deactivate User", 54, 50, 50, 14, ended=50, first_reads={"deactivate User": 12}),
            968,
        ),
        # Each row reads its user by itself.
        (LEAVERS, taken("deactivate User", 504, 500, 500, 500, ended=500), 960),
        # One row in ten changes something.
        (UPSERTS, taken("upsert User", 300, 300, 30, pages=12, ended=300), 80),
        # Those under way do: the others end as soon as they begin.
        (UPSERTS, taken("upsert User", 308, 300, 30, pages=12, ended=300), 103),
        # Of a verb that has not come yet, nothing is seen.
        (MIXED, taken("create User", 100, 100, 100, ended=100), 100),
    ],
)
def test_requests_left(forecast, seen, left):
    """More of what was seen the more of it there is."""
    assert sum(requests_left(forecast, seen).values()) == pytest.approx(left, abs=1)


def test_a_session_begins_with_the_rows_that_are_left():
    """Of which verbs these are is not known."""
    part = JOINERS.part(0.25)

    assert (part.rows, part.writes, part.links) == ({"create User": 250}, {"create User": 250.0}, 250)
    assert part.total == pytest.approx(JOINERS.total / 4)


@pytest.mark.parametrize(
    ("groups", "most", "creates", "batches", "requests"),
    [
        ((), 100, False, 1, 0),
        ((100, 101), 100, False, 1, 3),
        ((40,), 100, True, 1, 1 + 1 + 2),
        ((40,) * 30, 100, True, 1, 30 + 30 + 2),
        ((40,), 1, False, 1, 40),
        ((3, 5000), 100, False, 4, 3 + 50),
    ],
)
def test_requests_of_memberships(groups, most, creates, batches, requests):
    """So many members in each, as many requests as rows come in batches, and what is read of a group that is created."""
    assert shared_requests(groups, most, creates=creates, batches=batches) == requests
