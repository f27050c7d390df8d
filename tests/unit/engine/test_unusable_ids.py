"""Ids that no URL can hold, wherever an answer shows them: they get into no request, and undo does not lose what was made."""

import json
from dataclasses import replace

import pytest

from bulkscim.journal import journal
from bulkscim.journal.entries import Kind
from tests.support.making.records import create, join
from tests.support.simulation.disk import FOLDER
from tests.support.simulation.tenant import SimulatedTenant

pytestmark = pytest.mark.anyio
IDS = ["..", " ", "x" * 3_000_000]


class Odd(SimulatedTenant):
    """Shows an id that no URL can hold in each answer to a create, or in each lookup of one user."""

    shown = ".."
    found = ""

    def _create(self, collection, body):
        return self._with(super()._create(collection, body))

    def _list(self, collection, path):
        reply = super()._list(collection, path)
        return self._with(reply) if self.found else reply

    def _with(self, reply):
        body = json.loads(reply.body)
        for one in body.get("Resources", [body]):
            one["id"] = self.shown if self.found in one.get("userName", "") else one["id"]
        return replace(reply, body=json.dumps(body).encode())


@pytest.mark.parametrize("shown", IDS)
async def test_a_create_that_is_answered_with_an_unusable_id_is_looked_up(carried, shown):
    """The journal kept the unusable id, so that a rollback could not delete what was made; one of 3 MB was kept as well."""
    ended = await carried([create("new@example.com")], kind=type("_", (Odd,), {"shown": shown}))

    with journal.read(FOLDER, carried.disk) as recorded:
        (end,) = recorded.entries(Kind.APPLIED)
    assert ended.totals.done == 1
    assert end.body.id in carried.tenant.held["Users"]


@pytest.mark.parametrize("shown", IDS)
async def test_a_member_with_an_unusable_id_fails_its_row_alone(carried, shown):
    """The id went into the group as its member."""
    kind = type("_", (Odd,), {"shown": shown, "found": "odd@example.com"})
    job = [join("Team", {"userName": "odd@example.com"}), create("new@example.com")]

    ended = await carried(
        [{"op": "create", "type": "Group", "data": {"displayName": "Team"}}, *job],
        kind=kind,
        held=[{"id": "o1", "userName": "odd@example.com"}],
    )

    assert (ended.totals.done, ended.totals.failed) == (2, 1)
    assert not [one.get("members") for one in carried.tenant.held["Groups"].values() if one.get("members")]
    assert len(carried.disk.contents(FOLDER / "journal.jsonl")) < 20_000
