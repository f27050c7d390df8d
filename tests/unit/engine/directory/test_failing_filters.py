"""Filters that are answered by a 5xx where listings are not: in an outage that ends, or for good."""

import re
from random import Random

import pytest

from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.reads import Reads
from bulkscim.model.live import Found, Missing
from bulkscim.model.operation import GROUP, Key
from tests.support.making.providers import GENERIC
from tests.support.running.virtual_loop import running_time
from tests.support.simulation.tenant import SimulatedTenant


class Failing(SimulatedTenant):
    """Answers so many filters with a 502; shows the same page for any startIndex, which proves nothing absent."""

    failures = 0

    def _list(self, collection, path):
        if "filter=" in path and self.failures:
            self.failures -= 1
            return self._answer(502, {})
        return super()._list(collection, re.sub("startIndex=[0-9]+", "startIndex=1", path))


def asking(failures):
    """Return a tenant with two groups, and what looks for a group of a name there."""
    clock = running_time()
    tenant = Failing(clock, Random(1))
    tenant.failures = failures
    for number, name in enumerate(["Old", "Kept"]):
        tenant.hold("Groups", {"id": f"g{number}", "displayName": name})
    directory, reads = Directory(clock, GENERIC), Reads(tenant, clock, GENERIC)
    return tenant, lambda name: directory.find(Key(GROUP, "displayName", name), reads)


@pytest.mark.parametrize("first", ["Old", "New"])
async def test_a_filter_that_failed_in_an_outage_proves_an_absence_after_it(first):
    """It counted as broken for the rest of the run, as the outage ended before the listing was read."""
    _, find = asking(failures=1)

    assert isinstance(await find(first), Found if first == "Old" else Missing)
    assert await find("New") == Missing()


async def test_a_filter_that_fails_for_good_is_asked_twice():
    """Then listings are read in its place."""
    tenant, find = asking(failures=99)

    assert [type(await find(name)) for name in ("Old", "Kept", "Old")] == [Found] * 3
    assert tenant.failures == 99 - 2
