"""A filter's answer with an entry that cannot be used, next to one that matches: it may be a second match."""

import json
from dataclasses import replace

import pytest

from tests.support.records import retitle
from tests.support.simulated_tenant import SimulatedTenant

pytestmark = pytest.mark.anyio


class Spoiling(SimulatedTenant):
    """Spoils the id of the last entry that a lookup finds."""

    def _list(self, collection, path):
        reply = super()._list(collection, path)
        body = json.loads(reply.body)
        if "filter=" in path and body["Resources"]:
            body["Resources"][-1]["id"] = None
        return replace(reply, body=json.dumps(body).encode())


async def test_one_of_two_resources_of_a_name_is_not_taken_for_the_only_one(carried):
    """The first was changed, though the row named two."""
    held = [{"id": f"u{n}", "userName": f"u{n}@example.com", "externalId": "E-1"} for n in range(2)]

    ended = await carried([retitle("E-1", attribute="externalId")], kind=Spoiling, held=held)

    assert ended.totals.failed == 1
    assert not [one for one in carried.tenant.held["Users"].values() if "title" in one]
