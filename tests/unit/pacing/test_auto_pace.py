"""A limit that nothing states is used nearly whole, and seldom hit, where the pace may go up to four times the default."""

from random import Random

import pytest

from bulkscim.journal.settings import MOST_TRIED, SOON_S
from bulkscim.pacing.learned_pace import LearnedPace
from tests.support.making.few import few
from tests.support.servers.throttling import Client, Server

DEFAULT = 10.0
LIMITS = [(5, 1.0), (7, 1.0), (10, 1.0), (15, 1.0), (20, 1.0), (2000, 60.0), (40, 1.0)]
WAYS = {8: (0.1, 0.1), 50: (1.0, 0.02)}  # latency and its variation, by the number in flight


def auto():
    """Return the pace of `--rate auto` with the default of 10 a second."""
    return LearnedPace(DEFAULT, 1.0, SOON_S, 0.0, MOST_TRIED)


@pytest.mark.parametrize("in_flight", [8, 50])
@pytest.mark.parametrize("states", [True, False], ids=["Retry-After", "nothing said"])
@pytest.mark.parametrize(("limit", "window_s"), few(LIMITS, 3))
@pytest.mark.parametrize("kind", ["fixed", "sliding", "tokens"])
def test_a_limit_that_is_not_stated_is_used(kind, limit, window_s, states, in_flight):
    """Of ten minutes at most a tenth is lost, with at most five 429s; those that were under way together are one."""
    latency_s, varies = WAYS[in_flight]
    for seed in range(2):
        server = Server(kind, limit, window_s, states=states, begun=Random(seed).random() * window_s)
        seen = Client(server, auto(), DEFAULT, in_flight, latency_s, varies, seed).runs()

        assert seen.share(server) >= 0.9
        assert seen.apart <= 5


@pytest.mark.parametrize("kind", ["fixed", "sliding", "tokens"])
@pytest.mark.parametrize(
    ("limit", "window_s"), [(12, 1.0), (27, 1.0), (39, 1.0), (250, 10.0), (300, 60.0), (1500, 60.0)]
)
def test_other_limits_are_used_as_well(kind, limit, window_s):
    """A limit of a minute that is far below the pace costs some more 429s."""
    server = Server(kind, limit, window_s, states=True, begun=0.4 * window_s)
    seen = Client(server, auto(), DEFAULT).runs()

    assert seen.share(server) >= 0.89
    assert seen.apart <= 8


def test_a_stray_429_costs_less_than_two_seconds():
    """The limit was reached a minute before, and others used it for a moment."""
    server = Server("fixed", 1000, 1.0, states=False)
    asked, ask = [], server.ask

    def stray(now):
        asked.append(now)
        return 0.0 if len(asked) == 4000 else ask(now)

    calm = Client(Server("fixed", 1000, 1.0, states=False), auto(), DEFAULT).runs(200.0)
    server.ask = stray
    seen = Client(server, auto(), DEFAULT).runs(200.0)

    assert seen.apart == 1
    assert calm.passed - seen.passed <= 2 * MOST_TRIED * DEFAULT


def test_a_server_that_gets_slower_is_not_pushed_further():
    """Answers take more than twice as long from 15 a second on."""
    pace = auto()
    for number in range(6000):
        now = number / 10
        pace.passed(now, now, may_grow=pace.share * DEFAULT < 15)

    assert 15 <= pace.share * DEFAULT < 15 * 1.25 + 0.1


def test_what_is_below_the_default_comes_back_though_answers_are_slow():
    """A tenant that takes long is no reason to stay below its limit."""
    pace = auto()
    pace.throttled(0.0, 0.1, 1.0)
    for number in range(2, 6000):
        now = number / 10
        pace.passed(now, now, may_grow=False)

    assert pace.share >= 1.0


@pytest.mark.parametrize("in_flight", [8, 50])
@pytest.mark.parametrize("states", [True, False], ids=["Retry-After", "nothing said"])
@pytest.mark.parametrize(("limit", "window_s"), few(LIMITS, 3))
@pytest.mark.parametrize("kind", ["fixed", "sliding", "tokens"])
def test_the_second_run_begins_with_what_was_learned(kind, limit, window_s, states, in_flight):
    """It meets a 429 once at most, and uses as much."""
    latency_s, varies = WAYS[in_flight]
    first, second = (
        Server(kind, limit, window_s, states=states, begun=begun * window_s) for begun in (0.8, 0.3)
    )
    learned = auto()
    Client(first, learned, DEFAULT, in_flight, latency_s, varies).runs()
    pace = auto()
    pace.begin_with(learned.found())
    seen = Client(second, pace, DEFAULT, in_flight, latency_s, varies, 1).runs()

    assert seen.apart <= 1
    assert seen.share(second) >= 0.9


def test_what_was_not_tried_is_not_learned_again():
    """A run without leave for a faster pace tells nothing of it."""
    learned, pace = auto(), LearnedPace(DEFAULT, 1.0, 10.0, 0.0)
    Client(Server("fixed", 20, 1.0, states=True), learned, DEFAULT).runs()
    pace.begin_with(learned.found())

    assert pace.share == 1.0
    Client(Server("fixed", 20, 1.0, states=True), pace, DEFAULT).runs(60.0)
    assert pace.found() is None
    assert LearnedPace(DEFAULT, 1.0, 10.0, 0.0).found() is None
