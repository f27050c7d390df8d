"""What passes before a 429 tells the pace, whatever the limit was taken for."""

from random import Random

import pytest

from bulkscim.pacing.learned_pace import LearnedPace
from tests.support.servers.throttling import LASTS_S, Server


def played(server, assumed, top=1.0, quiet_s=10.0):
    """Return the share of the limit that is used in ten minutes, and the moments of each 429."""
    pace, now, passed, throttled = LearnedPace(assumed, 1.0, quiet_s, 0.0, top), 0.0, 0, []
    while now < LASTS_S:
        wait = server.ask(now)
        if wait is None:
            passed += 1
            pace.passed(now, now)
        else:
            wait = wait or pace.unasked_s(now)
            throttled.append(now)
            pace.throttled(now, now, wait)
            now += wait
        now += 1 / (0.99 * pace.share * assumed)
    return passed / (server.limit / server.window_s * LASTS_S), throttled


@pytest.mark.parametrize("kind", ["fixed", "sliding", "tokens"])
@pytest.mark.parametrize(
    ("limit", "window_s", "assumed", "used", "most"),
    [
        (5, 1.0, 10.0, 0.95, 5),
        (50, 1.0, 100.0, 0.95, 5),
        (10, 1.0, 200.0, 0.95, 8),
        (10, 1.0, 2000.0, 0.95, 9),
        (30, 10.0, 10.0, 0.92, 7),
        (90, 10.0, 10.0, 0.92, 7),
        (100, 60.0, 10.0, 0.95, 8),
        (100, 3600.0, 10.0, 0.95, 10),
    ],
)
def test_the_limit_is_used_though_another_was_assumed(kind, limit, window_s, assumed, used, most):
    """A pace of 1/64 of 2,000 a second met a 429 a second to the end."""
    share, throttled = played(Server(kind, limit, window_s, states=True), assumed)

    assert share >= used
    assert len(throttled) <= most


@pytest.mark.parametrize("kind", ["fixed", "sliding", "tokens"])
@pytest.mark.parametrize(("limit", "window_s"), [(5, 1.0), (50, 1.0), (30, 10.0), (100, 60.0)])
def test_also_where_no_answer_says_how_long_to_wait(kind, limit, window_s):
    """What passed and how long nothing did tells it as well, and costs more answers of 429."""
    share, throttled = played(Server(kind, limit, window_s, states=False), max(10.0, 2 * limit / window_s))

    assert share >= 0.84
    assert len(throttled) <= 12


@pytest.mark.parametrize("kind", ["fixed", "sliding", "tokens"])
@pytest.mark.parametrize("limit", [15, 20, 25, 39])
def test_a_faster_pace_is_tried_where_that_is_allowed(kind, limit):
    """Up to four times what is assumed: ten minutes, and at most six answers of 429."""
    share, throttled = played(Server(kind, limit, 1.0, states=True), 10.0, top=4.0, quiet_s=5.0)

    assert share >= 0.89
    assert len(throttled) <= 6


def test_without_leave_no_faster_pace_is_tried():
    """The server would take five times as much."""
    share, throttled = played(Server("fixed", 50, 1.0, states=True), 10.0)

    assert share == pytest.approx(0.198, abs=0.002)
    assert not throttled


def test_those_under_way_together_count_once():
    """Eight requests left before the first of them was throttled."""
    pace = LearnedPace(10.0, 1.0, 10.0, 0.0)
    for number in range(10):
        pace.passed(number / 10, number / 10)
    changed = [pace.throttled(0.9 + number / 100, 1.0 + number / 100, 1.0) for number in range(8)]

    assert changed == [True, *[False] * 7]
    assert pace.share == pytest.approx(0.5)


@pytest.mark.parametrize(("limit", "window_s"), [(1000, 3600.0), (100, 60.0), (5, 1.0)])
@pytest.mark.parametrize("seed", range(4))
def test_429s_of_other_causes_cost_their_waits(limit, window_s, seed):
    """One of 25 requests was throttled, whatever the pace, and the pace went down to one request a minute, and stayed there."""
    random, per_second = Random(seed), limit / window_s
    pace, now, waited, count = LearnedPace(per_second, window_s, 10.0, 0.0), 0.0, 0.0, 0
    while count < 2000:
        count += 1
        if random.random() < 0.04:
            wait = random.choice((5.0, 30.0, 120.0))
            pace.throttled(now, now, wait)
            now, waited = now + wait, waited + wait
        else:
            pace.passed(now, now)
        now += 1 / (pace.share * per_second)

    assert now - waited < 2 * 2000 / per_second + 2 * 3600
