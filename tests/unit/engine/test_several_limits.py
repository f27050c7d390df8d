"""A tenant with a limit for each kind of request: each is used, none exceeded, and none holds up the others."""

from collections import deque

import pytest

from tests.support.making.few import few
from tests.support.simulation.tenant import SimulatedTenant

LIMITS = {"POST": 20, "PATCH": 5, "GET": 100}  # in ten seconds
WINDOW_S = 10.0
RATES = ", ".join(("POST /Users 20/10s", "PATCH /Groups 5/10s", "GET 100/10s"))
GROUPS = [{"id": f"g{number}", "displayName": f"Team {number}", "members": []} for number in range(5)]
PEOPLE, JOINING = 200, 60


class Limited(SimulatedTenant):
    """Answers 429 beyond each of its limits, and notes when each kind arrives."""

    def __init__(self, *given):
        super().__init__(*given)
        self.times = {method: deque() for method in LIMITS}
        self.throttled = self.first_of_groups = self.changes = 0

    def hold(self, collection, resource):
        """Hold what has members as a group."""
        super().hold("Groups" if "members" in resource else collection, resource)

    async def send(self, request):
        now, times = self.clock.monotonic(), self.times[request.method]
        while times and times[0] <= now - WINDOW_S:
            times.popleft()
        if len(times) >= LIMITS[request.method]:
            self.throttled += 1
            return self._answer(429, {}, {"retry-after": "10"})
        times.append(now)
        self.changes += request.method == "PATCH"
        if request.path.startswith("/Groups"):
            self.first_of_groups = self.first_of_groups or now
        return await super().send(request)


def rows():
    """Return creates, of which some put the user into a group."""
    for number in range(PEOPLE):
        data = {"userName": f"u{number}@example.com"}
        if number < JOINING:
            data["groups"] = [{"displayName": f"Team {number % 5}"}]
        yield {"op": "create", "data": data}


async def test_all_limits_are_used_together(carried):
    """One closed bucket held up all, and the groups were looked up after the last create: 257 s instead of 112."""
    report = await carried(list(rows()), held=GROUPS, kind=Limited, rate=RATES, profile={"buckets": ()})

    assert report.totals.done == PEOPLE
    assert sum(len(group["members"]) for group in carried.tenant.held["Groups"].values()) == JOINING
    bound_s = (PEOPLE / LIMITS["POST"] - 1) * WINDOW_S  # the first twenty at once
    assert carried.tenant.throttled == 0
    assert carried.tenant.clock.monotonic() <= 1.1 * bound_s + WINDOW_S + 1
    assert carried.tenant.first_of_groups < 10
    assert carried.tenant.clock.monotonic() <= 1.03 * PEOPLE / LIMITS["POST"] * WINDOW_S
    assert carried.tenant.changes == len(GROUPS)


ALL = ", ".join(("POST /Users 20/10s", "PATCH 5/10s", "GET 100/10s"))
LEAVERS = 40


def orders():
    """Return creates and deactivations in three orders."""
    joiners = list(rows())
    leavers = [{"op": "deactivate", "match": {"userName": f"old{n}@example.com"}} for n in range(LEAVERS)]
    every = PEOPLE // LEAVERS
    mixed = [
        one for n, leaver in enumerate(leavers) for one in (*joiners[n * every : (n + 1) * every], leaver)
    ]
    return {
        "creates first": joiners + leavers,
        "leavers first": leavers + joiners,
        "mixed": mixed,
        "reversed": mixed[::-1],
    }


@pytest.mark.parametrize("workers", few([8, 2, 64], 1))
@pytest.mark.parametrize("order", few(["creates first", "leavers first", "mixed", "reversed"], 2))
async def test_no_limit_waits_for_another_whatever_the_order_of_the_file(carried, order, workers):
    """Rows of the slowest limit took all workers, and groups were changed after the last create: 190 s, then 114.

    Where the last rows join five groups, these can only be changed after the last create.
    """
    old = [{"id": f"o{n}", "userName": f"old{n}@example.com", "active": True} for n in range(LEAVERS)]
    more = {"rate": ALL, "profile": {"buckets": ()}, "concurrency": workers}

    report = await carried(orders()[order], held=[*GROUPS, *old], kind=Limited, **more)

    assert (report.totals.done, carried.tenant.throttled) == (PEOPLE + LEAVERS, 0)
    spaced_s = PEOPLE / LIMITS["POST"] * WINDOW_S
    last_s = (len(GROUPS) - 1) * WINDOW_S / LIMITS["PATCH"] if order == "reversed" else 0.0
    assert carried.tenant.clock.monotonic() <= 1.1 * (spaced_s + last_s)
