"""A lost change of which some is there: the rest is sent, and what stood before is not forgotten."""

from dataclasses import astuple

import pytest

from bulkscim.journal.entries import Kind
from bulkscim.model.request import Loss, NoAnswer
from tests.support.simulation.tenant import SimulatedTenant

ADA = {"id": "u1", "userName": "ada@example.com", "title": "Old", "nickName": "A", "active": True}
PATCH = [
    {"op": "replace", "path": "title", "value": "New"},
    {"op": "replace", "path": "nickName", "value": "B"},
]
ROW = {"op": "patch", "type": "User", "match": {"userName": "ada@example.com"}, "patch": PATCH}


class Half(SimulatedTenant):
    """Carries out the first of two changes, and its answer is lost."""

    patches = 0

    def _one(self, method, collection, resource_id, body):
        if method == "PATCH":
            self.patches += 1
            body = {**body, "Operations": body["Operations"][:1]}
        return super()._one(method, collection, resource_id, body)

    async def send(self, request):
        reply = await super().send(request)
        lost = request.method == "PATCH" and self.patches == 1
        return NoAnswer(Loss.CUT, "the connection was cut") if lost else reply


class Drops(Half):
    """Never takes a nickName, and says nothing of it."""

    def _one(self, method, collection, resource_id, body):
        reply = super()._one(method, collection, resource_id, body)
        self.held["Users"]["u1"]["nickName"] = "A"
        return reply


@pytest.mark.parametrize(("kind", "nick"), [(Half, "B"), (Drops, "A")])
async def test_the_rest_of_a_lost_change_is_sent(carried, kind, nick):
    """The row was done, with exit 0, and the second change was not there."""
    report = await carried([ROW], held=[ADA], kind=kind)

    assert report.totals.done == 1
    held = carried.tenant.held["Users"]["u1"]
    assert (held["title"], held["nickName"], carried.tenant.patches) == ("New", nick, 2)
    begun = [list(map(astuple, entry.body.changes)) for entry in carried.record.entries(Kind.STARTED)]
    assert begun == [[("title", "Old", "New"), ("nickName", "A", "B")], [("nickName", "A", "B")]]
    assert [entry.body.partial for entry in carried.record.entries(Kind.APPLIED)] == [True, False]
