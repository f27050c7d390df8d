"""What lookups cost, as people are told before they approve."""

from dataclasses import replace

import pytest

from bulkscim.planning.lookup_costs import UserRows, lookups
from tests.support.making.providers import GENERIC, LUCID

FAST, SLOW = 0.1, 0.6  # seconds from one request to the next
NO_FILTER = replace(GENERIC, filter=False)


@pytest.mark.parametrize(
    ("rows", "profile", "users", "interval_s", "told"),
    [
        (UserRows(creates=1000), GENERIC, 0, FAST, "about 1 request: one listing of the users"),
        (UserRows(creates=1000), GENERIC, 1000, FAST, "about 10 requests: one listing of the users"),
        (
            UserRows(creates=1000),
            GENERIC,
            100_000,
            FAST,
            "about 50 requests: the first names, each by itself",
        ),
        (UserRows(creates=1000), LUCID, 1000, SLOW, ""),
        (UserRows(upserts=2000), GENERIC, 2000, SLOW, "about 20 requests: one listing of the users"),
        (
            UserRows(upserts=100),
            GENERIC,
            2000,
            SLOW,
            "about 11 requests: names of up to 50 rows in one filter",
        ),
        (
            UserRows(changes=1000),
            GENERIC,
            None,
            SLOW,
            "about 29 requests: names of up to 50 rows in one filter",
        ),
        (
            UserRows(removals=1000),
            GENERIC,
            1000,
            SLOW,
            "about 152 requests: names of up to 7 rows in one filter",
        ),
        (
            UserRows(changes=1000),
            LUCID,
            1000,
            SLOW,
            "about 120 requests: a listing of the users, again when it is too old",
        ),
        (UserRows(changes=30), NO_FILTER, 1000, FAST, "about 10 requests: one listing of the users"),
        (UserRows(changes=30), LUCID, 100_000, SLOW, "about 30 requests: each user by itself"),
        (UserRows(), GENERIC, 10, SLOW, ""),
        (
            UserRows(changes=50, removals=7),
            GENERIC,
            10,
            SLOW,
            "about 17 requests: names of up to 50 rows in one filter, names of up to 7 rows in one filter",
        ),
        (
            UserRows(removals=1000, deletes=1000),
            GENERIC,
            1000,
            SLOW,
            (
                "about 165 requests: names of up to 7 rows in one filter, "
                "a listing of the users for those whose manager goes"
            ),
        ),
        (
            UserRows(removals=10, deletes=10, groups=3),
            GENERIC,
            10,
            FAST,
            (
                "about 17 requests: names of up to 10 rows in one filter, "
                "a listing of the users for those whose manager goes, up to 50 groups in one filter"
            ),
        ),
    ],
)
def test_the_cheapest_way_is_told(rows, profile, users, interval_s, told):
    """With about how many requests it takes."""
    assert lookups(rows, profile, users, interval_s).told == told


@pytest.mark.parametrize(
    ("rows", "users", "told"),
    [
        (UserRows(changes=1000), 1000, "about 10 requests: one listing of the users"),
        (UserRows(removals=1000), 1000, "about 10 requests: one listing of the users"),
        (UserRows(removals=1000), 100_000, "about 29 requests: names of up to 50 rows in one filter"),
        (UserRows(creates=1, changes=1000), 1000, "about 30 requests: names of up to 50 rows in one filter"),
    ],
)
def test_a_plan_takes_one_listing_where_it_is_shorter(rows, users, told):
    """It may rely on what is read at any age."""
    assert lookups(rows, GENERIC, users, SLOW, plans=True).told.startswith(told)
