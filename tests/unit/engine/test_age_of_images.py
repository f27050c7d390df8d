"""A row reads again what it changes when that is old, and not what it only names."""

import pytest

from tests.support.simulation.tenant import SimulatedTenant

ADA = {"id": "u0", "userName": "ada@example.com"}
NAMES = ["bob", "carl", "dora"]
USERS = [{"id": f"id-{name}", "userName": f"{name}@example.com"} for name in NAMES]
BETWEEN_S = 70.0


class Counting(SimulatedTenant):
    """Takes more than a minute for each change, and notes what is read."""

    def __init__(self, *given):
        super().__init__(*given)
        self.asked = []

    async def send(self, request):
        if request.method == "PATCH":
            await self.clock.sleep(BETWEEN_S)
        if request.method == "GET":
            self.asked.append(request.path)
        return await super().send(request)


def reports_to_ada(user):
    """Return the record that gives a user its manager, who is named by each of them."""
    return {"op": "upsert", "data": {"userName": user["userName"], "manager": {"userName": ADA["userName"]}}}


async def test_a_name_that_was_looked_up_long_ago_makes_no_image_old(carried):
    """Each later row read its own user twice: the manager's name had been looked up more than a minute before."""
    rows = [reports_to_ada(user) for user in USERS]
    report = await carried(rows, held=[ADA, *USERS], kind=Counting, concurrency=1)

    assert report.totals.done == len(USERS)
    own = [
        carried.tenant.asked.count(f"/Users?filter=userName%20eq%20%22{name}%40example.com%22")
        for name in NAMES
    ]
    assert max(own) == 1


@pytest.mark.parametrize(("seconds", "least", "most"), [(None, 20, 60), (0.0, 20, 60), (1800.0, 1, 3)])
async def test_how_old_an_image_may_be_can_be_set(carried, seconds, least, most):
    """All users are read before the first change, and each change takes more than a minute."""
    users = [{"id": f"id-{n}", "userName": f"u{n}@example.com", "active": True} for n in range(20)]
    rows = [{"op": "deactivate", "match": {"userName": user["userName"]}} for user in users]
    report = await carried(rows, held=users, kind=Counting, concurrency=1, image_age=seconds)

    assert report.totals.done == len(users)
    reads = [path for path in carried.tenant.asked if path.startswith("/Users")]
    assert least <= len(reads) <= most
