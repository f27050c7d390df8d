"""Faults and limits: how they are typed, drawn and counted."""

from collections import Counter

import pytest

from bulkscim.errors import UsageError
from bulkscim.providers.profile import Bucket
from bulkscim.sandbox.faults import FaultDraw, InjectedFault, ProviderLimits, parse


def test_faults_are_shares_and_a_latency():
    """Shares are numbers from 0 to 1, the latency a time."""
    assert parse(["429=0.05", "drop-after=1", "latency=50ms"]) == {
        "429": 0.05,
        "drop-after": 1,
        "latency": 0.05,
    }
    assert parse(["latency=1.5s"]) == {"latency": 1.5}


@pytest.mark.parametrize(
    "text", ["429", "429=2", "429=-1", "429=x", "boom=0.1", "latency=-5ms", "latency=soon", "=1"]
)
def test_other_faults_are_refused_with_the_list(text):
    """A fault that is none, or no share, is answered by those that are."""
    with pytest.raises(UsageError, match="drop-after=SHARE"):
        parse([text])


def test_a_seed_is_one_course_of_faults():
    """The same seed draws the same fates; each fault has about its share."""
    one, other = (FaultDraw({"429": 0.1, "html": 0.2, "latency": 1.0}, 7) for _ in range(2))

    drawn = [one.draw() for _ in range(2000)]

    assert drawn == [other.draw() for _ in range(2000)]
    counts = Counter(drawn)
    assert 150 < counts[InjectedFault.THROTTLED] < 250
    assert 330 < counts[InjectedFault.PAGE] < 470
    assert set(counts) == {None, InjectedFault.THROTTLED, InjectedFault.PAGE}


def test_no_window_holds_more_than_the_limit_times_speed():
    """Ten a minute at speed 2 is twenty in any sixty seconds; who is refused is not counted."""
    limits = ProviderLimits([Bucket(10, 60.0)], 2.0)

    first = [limits.admits(second, "POST", "/Users", 10) for second in range(30)]

    assert first == [True] * 20 + [False] * 10
    assert not limits.admits(59.9, "GET", "/Users", 0)
    assert limits.admits(60.0, "GET", "/Users", 0)
    assert not limits.admits(60.0, "GET", "/Users", 0)


def test_a_tenant_without_limits_admits_all():
    """No bucket, no limit."""
    assert all(ProviderLimits([], 1.0).admits(0.0, "GET", "/Users", 0) for _ in range(1000))
