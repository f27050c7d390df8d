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
async def test_a_tenant_that_gets_slower_is_not_pushed_further(carried):
    """It answers fifty a second, ten at a time; more of them only wait there."""
    await carried(creates(2000), kind=Busy, rate="1000/s", concurrency=0)

    assert carried.tenant.most <= 40


async def test_a_number_that_is_given_is_kept_to(carried):
    await carried(creates(300), kind=Far, rate="1000/s", concurrency=3)

    assert carried.tenant.most <= 3 + 1  # the first look has ended by then or not
