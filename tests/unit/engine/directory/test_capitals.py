"""A filter proves an absence where it also finds names in other capitals."""

import json
import re
from random import Random

from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.reads import Reads
from bulkscim.model.live import Missing
from bulkscim.model.operation import GROUP, Key
from tests.support.making.providers import GENERIC
from tests.support.running.virtual_loop import running_time
from tests.support.simulation.tenant import SimulatedTenant


def named(name):
    """Return the key of a group."""
    return Key(GROUP, "displayName", name)


class OnePage(SimulatedTenant):
    """Shows the same page for any startIndex, so that a listing proves nothing."""

    def _list(self, collection, path):
        shown = json.loads(super()._list(collection, re.sub("startIndex=[0-9]+", "startIndex=1", path)).body)
        return self._answer(200, shown if "filter" in path else shown | {"totalResults": 9})


async def test_a_name_that_was_deleted_since_does_not_speak_against_the_filter():
    """The run had just deleted the group that it asked for in other capitals, and could prove no absence any more."""
    clock = running_time()
    tenant = OnePage(clock, Random(1))
    for number, name in enumerate(["Old", "Kept"]):
        tenant.hold("Groups", {"id": f"g{number}", "displayName": name})
    directory, reads = Directory(clock, GENERIC), Reads(tenant, clock, GENERIC)
    await directory.find(named("Kept"), reads)
    del tenant.held["Groups"]["g1"]

    assert await directory.find(named("New"), reads) == Missing()
