"""Under a limit that is known to take a burst, as many requests as it allows go at once, and no more."""

import pytest

from tests.support.servers.throttling import Server
from tests.unit.engine.test_limits_used import ALL, Counting, job
from tests.unit.engine.test_pace_of_a_resume import stopped_and_resumed

LIMIT, WINDOW_S = 20, 10.0
RATE = "20/10s"


def limited(kind, limit=LIMIT, window_s=WINDOW_S):
    """Return a tenant that counts so."""
    servers = {ALL: Server(kind, limit, window_s, states=False, begun=4.0)}
    return type(
        "Limited",
        (Counting,),
        {"servers": servers, "latency_s": 0.05, "counts": property(lambda one: one.arrived[ALL])},
    )


async def sent(carried, kind, count=45, **more):
    """Carry creates out; return when each request arrived."""
    settings = {"rate": RATE, "burst": LIMIT, "concurrency": 8} | more
    report = await carried(list(job(count, mixed=False)), kind=kind, profile={"buckets": ()}, **settings)
    assert report.totals.done == count
    return carried.tenant.arrived[ALL]


@pytest.mark.parametrize("kind", ["fixed", "sliding", "tokens"])
@pytest.mark.parametrize(("burst", "at_once"), [(20, 20), (8, 8), (500, 20)])
async def test_as_many_go_at_once_as_the_limit_allows(carried, kind, burst, at_once):
    """The first ten seconds were spent one request at a time."""
    arrived = await sent(carried, limited(kind), burst=burst)

    assert arrived[at_once - 1] < 0.45 < arrived[at_once]
    assert carried.tenant.throttled == 0
    assert arrived[-1] <= (len(arrived) - 1) // LIMIT * WINDOW_S + 1


async def test_a_share_of_the_limit_goes_at_once(carried):
    arrived = await sent(carried, limited("sliding"), 30, budget_share="50%")

    assert arrived[9] < 1.0
    assert arrived[10] > 9.0


async def test_a_tenant_that_takes_no_burst_is_not_sent_another(carried):
    """A bucket of five tokens: the 429 is heeded, and requests go one after the other from then on."""
    arrived = await sent(carried, limited("tokens", 5, 2.5), 60)

    late = [at for at in arrived if at > 15]
    assert carried.tenant.throttled <= 15
    assert max(sum(begin <= at < begin + 0.4 for at in late) for begin in late) <= 4


async def test_a_resume_takes_the_burst_as_spent(carried):
    """It may have been sent just before the process ended."""
    more = {"rate": RATE, "burst": LIMIT, "profile": {"buckets": ()}}
    tenant, before = await stopped_and_resumed(carried, 100, limited("sliding"), **more)

    assert before >= 70
    assert tenant.throttled == 0
