"""What is said before approval of the time that a job takes, and of the limit that holds it back."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bulkscim.journal.settings import Connection, Settings
from bulkscim.model.progress import RunProgress
from bulkscim.pacing.known_limit import KnownLimit, Source
from bulkscim.planning.forecast import Forecast
from bulkscim.planning.job_costs import Costs
from bulkscim.runs.how_long import held_back, how_long, known_limits
from bulkscim.tenants.profiles import profile_named

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp()
CREATES = Costs(Forecast({"create User": 1000}, {}, {"create User": 1000.0}, pages=1, links=1000, shared=100))
AUTO = Connection("auto")
GENERIC = profile_named("generic")
FEW = Costs(Forecast({"create User": 20}, {}, {"create User": 20.0}))


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

    assert line == told


def test_a_default_that_holds_a_job_back_is_named():
    """A server of 50/s was used to 20 %, and nothing said so."""
    takes, rate = lines()

    assert takes == "about 2 min at 10 requests/s"
    assert rate.startswith("rate      10/s is the default of bulkscim; no limit of the tenant is known")
    assert "--rate auto tries up to 40/s" in rate


@pytest.mark.parametrize(("forecast", "rate"), [(FEW, None), (CREATES, "auto"), (CREATES, "10/s")])
def test_nothing_is_said_of_it_where_it_does_not_matter_or_was_chosen(forecast, rate):
    assert len(lines(forecast, rate)) == 1


LEARNED = KnownLimit(33.04, 38.0, at=1_764_000_000.0)


def test_what_was_learned_is_named_instead():
    """It is more than the default, so a run with `--rate auto` begins with it."""
    rate = list(how_long(CREATES, Settings(), GENERIC, 0.0, (LEARNED,)))[1]

    assert rate.endswith(
        "33/s of all requests passed on 2025-11-24 (inferred), and --rate auto begins with that"
    )


@pytest.mark.parametrize(
    ("known", "rate", "told"),
    [
        (LEARNED, "auto", "about 34 s at 33 requests/s"),
        (LEARNED, None, "about 2 min at 10 requests/s"),
        (KnownLimit(5.0), None, "about 4 min at 300 requests/min"),
        (KnownLimit(3.89), None, "about 5 min at 233 requests/min"),
        (KnownLimit(0.3), None, "about 1 h 2 min at 1,080 requests/h"),
        (KnownLimit(0.0278), None, "about 11 h 7 min at 100 requests/h"),
    ],
)
def test_the_time_is_that_at_what_was_learned(known, rate, told):
    """It was said for ten a second, whatever the tenant had shown."""
    takes = next(how_long(CREATES, Settings(connection=Connection(rate)), GENERIC, NOON, (known,)))

    assert takes.split(", until")[0].split(" (about")[0] == told


def test_the_share_that_is_used_is_named():
    """60 % of 10/s, of which the rest is left to others."""
    settings = Settings(connection=Connection(budget_share="60%"))
    takes, rate = how_long(CREATES, settings, GENERIC, NOON)

    assert takes.split(", until")[0] == "about 3 min at 60% of 10 requests/s"
    assert rate.startswith("rate      10/s is the default")
    (known,) = known_limits(
        (LEARNED,), Settings(connection=replace(AUTO, budget_share="60%")).buckets(GENERIC)
    )
    assert known.endswith("the run begins with 15.9/s")
    held = held_back(RunProgress(elapsed_s=60.0, requests=350), settings.buckets(GENERIC))
    assert held.startswith("rate: 60% of 10/s, the default of bulkscim")


@pytest.mark.parametrize(
    ("creates", "told"), [(900, "about 0 s"), (1100, "about 1 h 0 min"), (2100, "about 2 h 0 min")]
)
def test_what_goes_at_once_takes_no_time(creates, told):
    """A job within an hourly limit was said to take an hour; what is beyond it waits for the next one."""
    settings = Settings(connection=Connection("1000/h", burst=1000))
    costs = Costs(Forecast({"create User": creates}, {}, {"create User": float(creates)}))

    (takes,) = how_long(costs, settings, GENERIC, NOON)
    assert takes.startswith(f"{told} at 1,000 requests/h")


@pytest.mark.parametrize(
    ("known", "told"),
    [(KnownLimit(5.0), ["about", "known"]), (KnownLimit(10.0, source=Source.HEADER), ["about"])],
)
def test_no_default_is_named_where_the_tenant_takes_no_more(known, told):
    """What holds the job back is the tenant."""
    assert [line[:5] for line in how_long(CREATES, Settings(), GENERIC, NOON, (known,))] == told


def test_a_limit_that_the_tenant_states_is_no_limit_that_passed():
    """It is named, with the flag that uses it."""
    stated = replace(LEARNED, per_second=33.0, source=Source.HEADER)
    rate = list(how_long(CREATES, Settings(), GENERIC, 0.0, (stated,)))[1]

    assert rate.endswith(
        "33/s of all requests stated on 2025-11-24 (header), and --rate auto begins with that"
    )


@pytest.mark.parametrize(
    ("rate", "first"),
    [("auto", "26.4/s"), ("50/s", "26.4/s"), ("20/s, auto", "26.4/s"), ("20/s", None), (None, None)],
)
def test_it_is_said_where_a_run_begins_with_what_was_learned(rate, first):
    """A slower rate, or one that may not be exceeded, holds all the same."""
    buckets = Settings(connection=Connection(rate)).buckets(GENERIC)
    told = list(known_limits((LEARNED,), buckets))

    assert told == ([f"known     {LEARNED.told}; the run begins with {first}"] if first else [])


@pytest.mark.parametrize(
    ("rate", "elapsed_s", "requests", "is_told"),
    [
        (None, 60.0, 590, True),
        (None, 60.0, 300, False),
        (None, 5.0, 50, False),
        ("10/s", 60.0, 590, False),
        ("auto", 60.0, 590, False),
    ],
)
def test_at_the_end_the_default_is_named_that_has_held_a_run_back(rate, elapsed_s, requests, is_told):
    """Only where it was used, and for long enough to matter."""
    look = RunProgress(elapsed_s=elapsed_s, requests=requests)
    told = held_back(look, Settings(connection=Connection(rate)).buckets(GENERIC))

    assert told.startswith("rate: 10/s, the default of bulkscim, has held this back; no limit") is is_told
    assert ("--rate auto tries up to 40/s" in told) is is_told
