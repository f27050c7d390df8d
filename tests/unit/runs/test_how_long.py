"""What is said before approval of the time that a job takes, and of the limit that holds it back."""

from datetime import UTC, datetime

import pytest

from bulkscim.journal.settings import Connection, Settings
from bulkscim.planning.forecast import Forecast
from bulkscim.runs.how_long import how_long
from bulkscim.tenants.profiles import profile_named

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp()
CREATES = Forecast({"create User": 1000}, {}, {"create User": 1000.0}, pages=1, links=1000, shared=100)
FEW = Forecast({"create User": 20}, {}, {"create User": 20.0})


def lines(forecast=CREATES, rate=None, profile="generic"):
    """Return what is said, without the clock times of this machine."""
    told = how_long(forecast, Settings(connection=Connection(rate)), profile_named(profile), NOON)
    return [line.split(", until")[0] for line in told]


@pytest.mark.parametrize(
    ("rate", "profile", "told"),
    [
        ("100/min", "generic", "about 11 min at 100 requests/min"),
        ("auto, 50/s", "generic", "about 23 s at 50 requests/s (about 1,101 requests)"),
        (None, "lucid", "about 11 min at 100 requests/min"),
        ("POST /Users 20/10s, GET 100/10s", "lucid", "about 11 min at 100 requests/min"),
        ("1000/s, POST /Users 20/10s", "generic", "about 8 min at 20 requests/10s of POST /Users"),
        (
            "1000/s, POST /Users 20/s, PATCH /Groups 1/s",
            "generic",
            "about 2 min at 1 request/s of PATCH /Groups",
        ),
    ],
)
def test_the_limit_that_takes_the_longest_is_named(rate, profile, told):
    """One for few requests was taken for one for all."""
    (line,) = lines(rate=rate, profile=profile)

    assert line == f"takes     {told}"


def test_a_default_that_holds_a_job_back_is_named():
    """A server of 50/s was used to 20 %, and nothing said so."""
    takes, rate = lines()

    assert takes == "takes     about 2 min at 10 requests/s"
    assert rate.startswith("rate      10/s is the default of bulkscim; no limit of the tenant is known")
    assert "--rate auto tries up to 40/s" in rate


@pytest.mark.parametrize(("forecast", "rate"), [(FEW, None), (CREATES, "auto"), (CREATES, "10/s")])
def test_nothing_is_said_of_it_where_it_does_not_matter_or_was_chosen(forecast, rate):
    assert len(lines(forecast, rate)) == 1
