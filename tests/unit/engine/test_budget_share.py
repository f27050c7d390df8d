"""With `--budget-share` a run uses a share of each limit, and leaves the rest to other clients of the tenant."""

from dataclasses import replace

import pytest

from bulkscim.engine.gate import Gate
from bulkscim.pacing.known_limit import KnownLimit, Source
from bulkscim.pacing.rate import parse_share, rate_of
from bulkscim.providers.profile import Bucket
from tests.support.running.virtual_loop import VirtualTime
from tests.unit.engine.test_learned_rates import ROWS, Kept, Limited
from tests.unit.engine.test_several_limits import GROUPS, PEOPLE
from tests.unit.engine.test_several_limits import RATES as SEVERAL
from tests.unit.engine.test_several_limits import Limited as SeverallyLimited
from tests.unit.engine.test_several_limits import rows as several_rows


@pytest.mark.parametrize(
    ("limit", "window_s", "share", "used"),
    [
        (100, 60.0, "60%", (60, 60.0)),
        (5, 10.0, "60%", (3, 10.0)),
        (100, 60.0, "29%", (29, 60.0)),
        (5, 10.0, "30%", (1, 10.0)),
        (1, 1.0, "50%", (1, 2.0)),
        (100, 60.0, "100%", (100, 60.0)),
    ],
)
def test_a_share_is_rounded_down_to_whole_requests(limit, window_s, share, used):
    """Less than one request in a window is one in a longer window."""
    rate = rate_of(Bucket(limit, window_s, share=parse_share(share)))

    assert (rate.limit, rate.window_s) == used


@pytest.mark.parametrize("text", ["0%", "101%", "60", "", "-5%", "many"])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(ValueError, match="write it as 60%"):
        parse_share(text)


class Counting(Limited):
    """Notes when requests arrive."""

    def __init__(self, *given):
        super().__init__(*given)
        self.arrived = []

    async def send(self, request):
        self.arrived.append(self.clock.monotonic())
        return await super().send(request)

    def most_in(self, window_s):
        """Return the most requests that arrived in any window."""
        return max(sum(begin <= at < begin + window_s for at in self.arrived) for begin in self.arrived)


@pytest.mark.parametrize(
    ("given", "most"),
    [({"rate": "15/s"}, 9), ({}, 6), ({"rates": Kept(KnownLimit(5.0, 6.0))}, 3)],
    ids=["a rate", "the profile's", "learned"],
)
async def test_the_share_of_a_limit_is_used_and_no_more(carried, given, most):
    """60 % of 15/s, of 10/s, and of 5/s that an earlier run has learned."""
    report = await carried(ROWS[:90], kind=Counting, budget_share="60%", **given)

    assert report.totals.done == 90
    assert carried.tenant.most_in(9.99) <= 10 * most + 1
    assert carried.tenant.clock.monotonic() <= 1.05 * len(carried.tenant.arrived) / most + 3


class Stating(Counting):
    """Says what its limit is with each answer."""

    async def send(self, request):
        reply = await super().send(request)
        return replace(reply, headers={**reply.headers, "ratelimit-policy": '"all";q=5;w=1'})


async def test_the_share_of_what_a_header_states_is_used(carried):
    """The limit is kept whole for the next run."""
    kept = Kept()
    await carried(ROWS[:60], kind=Stating, rates=kept, budget_share="60%")

    assert kept.known() == (KnownLimit(5.0, source=Source.HEADER),)
    late = [at for at in carried.tenant.arrived if at > 2]
    assert max(sum(begin <= at < begin + 0.999 for at in late) for begin in late) <= 3


class Shared(SeverallyLimited):
    """Notes how many requests of each kind arrive in the last ten seconds."""

    def __init__(self, *given):
        super().__init__(*given)
        self.most = dict.fromkeys(self.times, 0)

    async def send(self, request):
        reply = await super().send(request)
        self.most[request.method] = max(self.most[request.method], len(self.times[request.method]))
        return reply


async def test_each_of_several_limits_is_shared(carried):
    """60 % of 20, 5 and 100 in ten seconds."""
    more = {"rate": SEVERAL, "profile": {"buckets": ()}, "budget_share": "60%"}
    report = await carried(list(several_rows()), held=GROUPS, kind=Shared, **more)

    assert (report.totals.done, carried.tenant.throttled) == (PEOPLE, 0)
    assert carried.tenant.most["POST"] == 12
    assert carried.tenant.most["PATCH"] <= 3
    assert carried.tenant.most["GET"] <= 60


def test_what_passes_within_a_share_is_not_learned_as_the_limit():
    """Each run would begin with a share of what the one before had used."""
    known = KnownLimit(30.0, 35.0)
    gate = Gate(Bucket(10, 1.0, most=4.0, share=0.5), VirtualTime())
    gate.begin_with(known)

    assert gate.per_second == pytest.approx(12.0)
    for number in range(1, 40_000):
        gate.pace.passed(number / 15, number / 15)
    assert gate.per_second == pytest.approx(15.0)
    assert gate.found() is None


@pytest.mark.slow
async def test_auto_tries_no_more_than_the_share_of_what_it_may_try(carried):
    """Up to four times the default, of which half is used."""
    kept = Kept()
    await carried(ROWS, kind=Counting, rate="auto", rates=kept, budget_share="30%", concurrency=16)

    assert 8 <= carried.tenant.most_in(0.999) <= 13
    assert carried.tenant.throttled == 0
