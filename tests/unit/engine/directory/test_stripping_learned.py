"""Whether deactivated users leave their groups: seen once, where answers do not show it."""

import json

import anyio
import pytest

from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.reads import Reads
from bulkscim.model.operation import USER
from bulkscim.model.request import Response
from bulkscim.model.step import Action, Change, Step, Ties
from tests.support.making.providers import GENERIC
from tests.support.running.fake_clock import VirtualClock


class Groups:
    """Two groups that are read by id."""

    def __init__(self, *members):
        self.members = members
        self.asked = []

    async def send(self, request):
        """Answer a GET."""
        self.asked.append(request.path)
        members = [{"value": member} for member in self.members]
        body = {"id": request.path.rsplit("/", 1)[1], "displayName": "Sales", "members": members}
        return Response(200, {}, json.dumps(body).encode())


def deactivation(user):
    changes = (Change("active", True, False),)
    return Step("deactivate", Action.MODIFY, USER, id=user, changes=changes, ties=Ties(("g1", "g2")))


@pytest.mark.parametrize(("left", "expected"), [(("u9",), ("g1", "g2")), (("u1", "u9"), ())])
async def test_one_group_is_read_to_see_what_deactivation_does(left, expected):
    """The first user whose answer shows no groups costs one request; those after it none."""
    clock, tenant = VirtualClock(), Groups(*left)
    directory, reads = Directory(clock, GENERIC), Reads(tenant, clock, GENERIC)

    first = await directory.applied(deactivation("u1"), reads, "u1", {"id": "u1", "active": False})
    second = await directory.applied(deactivation("u2"), reads)

    assert (first, second) == (expected, expected)
    assert tenant.asked == ["/Groups/g1"]


async def test_a_group_that_shows_no_member_proves_nothing():
    """Its members may be hidden; after three looks it is not looked at again."""
    clock, tenant = VirtualClock(), Groups()
    directory, reads = Directory(clock, GENERIC), Reads(tenant, clock, GENERIC)

    left = [await directory.applied(deactivation(f"u{number}"), reads) for number in range(5)]

    assert (left, len(tenant.asked)) == ([()] * 5, 3)


async def test_those_who_go_at_once_are_looked_after_once():
    """The others wait for what the first one sees."""
    clock, tenant = VirtualClock(), Groups("u9")
    directory, reads = Directory(clock, GENERIC), Reads(tenant, clock, GENERIC)

    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(directory.applied, deactivation(f"u{number}"), reads)

    assert tenant.asked == ["/Groups/g1"]
