"""A slow tenant whose rate is used: more requests are in flight the longer an answer takes, and fewer where that is of no use."""

import pytest

from tests.support.simulation.tenant import SimulatedTenant


class Far(SimulatedTenant):
    """Takes so long for each answer, and longer for each one in flight beyond `easy`.

    By `grown_s` the number in flight has grown as far as it does.
    """

    latency_s, easy, grown_s = 0.2, 1000, 22.0

    def __init__(self, *given):
        super().__init__(*given)
        self.in_flight = self.most = 0
        self.posts, self.ended_at = 0, 0.0

    async def send(self, request):
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        await self.clock.sleep(self.latency_s * max(1.0, self.in_flight / self.easy))
        self.in_flight -= 1
        if request.method == "POST":
            self.ended_at = self.clock.monotonic()
            self.posts += self.ended_at > self.grown_s
        return self._apply(request)


class VeryFar(Far):
    latency_s, grown_s = 1.0, 35.0


class Busy(Far):
    easy = 10


def creates(count):
    return [{"op": "create", "data": {"userName": f"u{number}@example.com"}} for number in range(count)]


@pytest.mark.parametrize(
    ("kind", "per_second"),
    [
        (Far, 50),
        pytest.param(Far, 200, marks=pytest.mark.slow),
        pytest.param(VeryFar, 50, marks=pytest.mark.slow),
    ],
)
async def test_the_rate_is_used_whatever_the_latency(carried, kind, per_second):
    """At 200 ms and 200 a second 39 went out."""
    count = int(kind.grown_s + 10) * per_second
    report = await carried(creates(count), kind=kind, rate=f"{per_second}/s", concurrency=0)

    tenant = carried.tenant
    assert report.totals.done == count
    assert tenant.posts / (tenant.ended_at - tenant.grown_s) >= 0.95 * per_second
    assert tenant.most <= 64


@pytest.mark.slow
async def test_what_keeps_a_rate_from_being_used_is_said_once(carried):
    """Answers take a second: 16 in flight are 16 a second."""
    few = {"most_concurrency": 16}
    await carried(creates(400), kind=VeryFar, rate="50/s", concurrency=0, live=True, profile=few)

    (note,) = [note for note in carried.notes if "in flight" in note]
    assert (
        "at most 16 requests are in flight, and the tenant takes 1.0 s for each: about 16/s of the 50/s"
        in note
    )
    assert "--concurrency 8" in note


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "rate"), [(Far, "100/s"), (Busy, "200/s")])
async def test_nothing_is_said_where_more_in_flight_are_of_no_use(carried, kind, rate):
    """The rate is used, or the tenant gets slower with each one."""
    await carried(creates(900), kind=kind, rate=rate, concurrency=0, live=True)

    assert not [note for note in carried.notes if "in flight" in note]


@pytest.mark.slow
async def test_the_flag_that_is_named_uses_the_rate(carried):
    """More than 64 connections are opened at the user's word alone."""
    await carried(creates(6000), kind=VeryFar, rate="200/s", concurrency=304)

    assert carried.tenant.ended_at <= 6000 / (0.95 * 200) + 3


@pytest.mark.slow
async def test_a_tenant_that_gets_slower_is_not_pushed_further(carried):
    """It answers fifty a second, ten at a time; more of them only wait there."""
    await carried(creates(2000), kind=Busy, rate="1000/s", concurrency=0)

    assert carried.tenant.most <= 40


async def test_a_number_that_is_given_is_kept_to(carried):
    await carried(creates(300), kind=Far, rate="1000/s", concurrency=3)

    assert carried.tenant.most <= 3 + 1  # the first look has ended by then or not
