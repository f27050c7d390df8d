"""An answer with an entry that cannot be used, next to one that matches: it may be a second match."""

import json
from dataclasses import replace
from random import Random

import pytest

from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.reads import Reads
from bulkscim.model.live import Unreadable
from bulkscim.model.operation import GROUP, Key
from tests.support.making.providers import GENERIC
from tests.support.making.records import retitle
from tests.support.running.virtual_loop import running_time
from tests.support.simulation.tenant import SimulatedTenant

pytestmark = pytest.mark.anyio


class Spoiling(SimulatedTenant):
    """Spoils the id of the last entry that a lookup finds, or a listing shows; for so many `times`."""

    spoils, times = "filter=", 99

    def _list(self, collection, path):
        reply = super()._list(collection, path)
        body = json.loads(reply.body)
        if self.spoils in path and body["Resources"] and self.times:
            self.times -= 1
            body["Resources"][-1]["id"] = None
        return replace(reply, body=json.dumps(body).encode())


class Unfiltered(Spoiling):
    """Refuses filters, and spoils listings."""

    spoils = "startIndex=1"

    def _list(self, collection, path):
        return self._answer(400, {}) if "filter=" in path else super()._list(collection, path)


async def test_one_of_two_resources_of_a_name_is_not_taken_for_the_only_one(carried):
    """The first was changed, though the row named two."""
    held = [{"id": f"u{n}", "userName": f"u{n}@example.com", "externalId": "E-1"} for n in range(2)]

    ended = await carried([retitle("E-1", attribute="externalId")], kind=Spoiling, held=held)

    assert ended.totals.failed == 1
    assert not [one for one in carried.tenant.held["Users"].values() if "title" in one]


async def test_a_filter_whose_answer_was_spoilt_once_is_asked_again(carried):
    """The row failed for good, though the tenant had nothing against it."""
    held = [{"id": "u1", "userName": "u1@example.com"}]

    ended = await carried(
        [retitle("u1@example.com")], kind=type("Once", (Spoiling,), {"times": 1}), held=held
    )

    assert ended.totals.done == 1


@pytest.mark.parametrize(("attribute", "changed"), [("externalId", 0), ("userName", 1)])
async def test_one_that_a_listing_shows_is_not_the_only_one_where_others_cannot_be_read(
    carried, attribute, changed
):
    """A row changed the one of two that a listing showed with its id. A userName is of one user alone."""
    held = [
        {"id": f"u{n}", "userName": f"u{n}@example.com", "externalId": "E-1", "emails": []} for n in range(2)
    ]
    row = retitle(held[0][attribute], attribute=attribute)

    ended = await carried([row], kind=Unfiltered, held=held)

    assert (ended.totals.done, ended.totals.failed) == (changed, 1 - changed)
    assert sum("title" in one for one in carried.tenant.held["Users"].values()) == changed


async def test_a_create_has_not_met_the_one_of_two_that_a_listing_shows():
    """One of two groups was adopted, and later rows changed it."""
    clock = running_time()
    tenant = Unfiltered(clock, Random(1))
    for own in ("g1", "g2"):
        tenant.hold("Groups", {"id": own, "displayName": "Sales"})
    directory, reads = Directory(clock, GENERIC), Reads(tenant, clock, GENERIC)

    assert isinstance(await directory.known(Key(GROUP, "displayName", "Sales"), reads), Unreadable)
