"""How many requests may be in flight: as many as use the rate at the lowest latency, and fewer where the tenant gets slow."""

from random import Random

import pytest

from bulkscim.pacing.concurrency import FIRST, STEP_S, Concurrency


def grown(per_second, latency, *, first=8, most=64, seconds=60, answers=FIRST):
    """Return the numbers in turn, one for each second; `latency` tells how long an answer takes with so many in flight."""
    found, numbers = Concurrency(first, most), []
    for _ in range(answers):
        found.answered("POST /Users", latency(first), 0.0)
    for second in range(seconds):
        for _ in range(10):
            found.answered("POST /Users", latency(found.number), float(second))
        numbers.append(found.wanted(per_second, float(second)))
    return numbers


@pytest.mark.parametrize(
    ("per_second", "latency_s", "number"),
    [
        (10, 0.2, 8),
        (50, 0.2, 19),
        (200, 0.2, 64),
        (50, 1.0, 64),
        (50, 0.5, 42),
        (1.67, 1.0, 8),
        (10, 0.02, 8),
    ],
)
def test_number_follows_rate_and_latency(per_second, latency_s, number):
    """At 200 ms and 200 a second 39 went out, with 8 in flight."""
    assert grown(per_second, lambda _: latency_s)[-1] == number


def test_it_at_most_doubles_in_ten_seconds():
    numbers = grown(200, lambda _: 1.0)

    assert numbers[0] == 16
    assert numbers[int(STEP_S)] == 32
    assert numbers[2 * int(STEP_S)] == 64
    assert max(numbers) == 64


def test_first_answers_come_to_the_first_number():
    found = Concurrency(8, 64)
    for second in range(FIRST - 1):
        found.answered("GET /Users", 1.0, second)
        assert found.wanted(1000, second) == 8


def test_a_tenant_that_gets_slower_is_not_pushed_further():
    """It answers 40 a second, whatever is in flight: more would only wait there."""
    numbers = grown(1000, lambda number: max(0.2, number / 40), seconds=300)

    assert max(numbers) <= 32
    assert numbers[-1] <= 16


def test_kinds_of_requests_have_latencies_of_their_own():
    """A page of a listing takes long wherever it is asked for, and is no sign of a busy tenant."""
    found = Concurrency(8, 64)
    for number in range(100):
        found.answered("GET /Users?", 2.0, number / 10)
        found.answered("POST /Users", 0.1, number / 10)

    assert found.wanted(20, 11.0) > 8


@pytest.mark.parametrize(("per_second", "most"), [(100 / 60, 8), (10, 19), (50, 64), (0.1, 8)])
def test_what_an_earlier_process_may_have_had_in_flight(per_second, most):
    assert Concurrency(8, 64).most_at(per_second) == most


def test_a_number_that_is_given_stays():
    found = Concurrency(5, 5)
    for number in range(200):
        found.answered("POST /Users", 1.0 if number < 100 else 9.0, number)
        assert found.wanted(1000, number) == 5


@pytest.mark.parametrize(
    ("before", "after", "is_slow"),
    [((0.1, 0.1), (0.25, 0.25), True), ((0.1, 0.1), (0.15, 0.15), False), ((0.0, 0.2), (0.0, 0.2), False)],
    ids=["more than twice", "less", "as different as before"],
)
def test_requests_are_slow_that_take_more_than_twice_as_long_as_they_did(before, after, is_slow):
    """What single requests take differs."""
    concurrency, random = Concurrency(8, 64), Random(1)
    for number in range(400):
        low, high = before if number < 300 else after
        concurrency.answered("GET Users?", random.uniform(low, high), number / 10)

    assert concurrency.is_slow is is_slow
