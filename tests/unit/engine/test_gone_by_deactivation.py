"""Users that the tenant deletes or hides when a run deactivates them."""

import pytest

from bulkscim.model.active import is_inactive
from bulkscim.model.request import Loss, NoAnswer, Response
from tests.support.simulation.tenant import SimulatedTenant

BOB = {"id": "b", "userName": "bob@example.com", "title": "Old", "active": True}
MATCH = {"type": "User", "match": {"userName": "bob@example.com"}}
DEACTIVATE = {"op": "deactivate", **MATCH}
PATCH = {"op": "patch", **MATCH, "patch": [{"op": "replace", "path": "active", "value": False}]}
WHOLE = {"op": "patch", **MATCH, "patch": [{"op": "replace", "value": {"active": False, "title": "Left"}}]}
REPLACE = {"op": "replace", **MATCH, "data": {"userName": "bob@example.com", "active": False}}
UPSERT = {"op": "upsert", "type": "User", "data": {"userName": "bob@example.com", "active": False}}
PAGE = Response(504, {}, b"<html><title>504 Gateway Time-out</title></html>")


class Deleting(SimulatedTenant):
    """Deletes a user `later_s` after a write that deactivates it, which it answers with `reply`."""

    reply: Response | NoAnswer = Response(204, {}, b"")
    later_s = 0.0

    async def send(self, request):
        await self.clock.sleep(0.05)
        self._sweep()
        reply = self._apply(request)
        if request.method in {"PATCH", "PUT"} and self._inactive():
            for user in self._inactive():
                user.setdefault("due", self.clock.monotonic() + self.later_s)
                user["active"] = self.later_s > 0
            self._sweep()
            return self.reply
        return reply

    def _inactive(self):
        return [user for user in self.held["Users"].values() if is_inactive(user)]

    def _sweep(self):
        now = self.clock.monotonic()
        gone = [key for key, user in self.held["Users"].items() if user.get("due", now + 1) <= now]
        for key in gone:
            del self.held["Users"][key]


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (Response(204, {}, b""), "done"),
        (Response(200, {}, b""), "done"),
        (Response(200, {}, b"null"), "done"),
        (Response(200, {}, b"OK"), "in_doubt"),
        (PAGE, "in_doubt"),
        (NoAnswer(Loss.TIMEOUT, "no answer"), "in_doubt"),
        (NoAnswer(Loss.CUT, "cut"), "in_doubt"),
    ],
    ids=["204", "200", "null", "text", "504", "timeout", "cut"],
)
@pytest.mark.parametrize("line", [DEACTIVATE, PATCH, WHOLE, REPLACE, UPSERT], ids=lambda line: line["op"])
async def test_user_that_its_own_deactivation_deletes_is_done_or_in_doubt(carried, line, reply, state):
    """The row failed: "no User with userName", since the user that this very row had removed was not found."""
    kind = type("Bent", (Deleting,), {"reply": reply})
    report = await carried([line], held=[BOB], kind=kind, concurrency=1)

    assert (report.totals.failed, getattr(report.totals, state)) == (0, 1)


@pytest.mark.parametrize("later_s", [0.7, 1.5])
async def test_deactivation_that_takes_effect_after_its_504_does_not_fail(carried, later_s):
    """Found active still and sent again, it was answered 404: the row failed by its own success."""
    kind = type("Bent", (Deleting,), {"reply": PAGE, "later_s": later_s})
    report = await carried([DEACTIVATE], held=[BOB], kind=kind, concurrency=1)

    assert report.totals.done + report.totals.in_doubt == 1


class Hiding(SimulatedTenant):
    """Hides deactivated users in lookups, and refuses reads of them by their ids."""

    async def send(self, request):
        if request.method == "GET" and request.path.partition("?")[0] == "/Users/b" and self._hides():
            return Response(422, {}, b'{"detail": "not now"}')
        return await super().send(request)

    def _hides(self):
        return is_inactive(self.held["Users"]["b"])

    def _list(self, collection, path):
        held = self.held[collection]
        self.held[collection] = {key: one for key, one in held.items() if not is_inactive(one)}
        answer = super()._list(collection, path)
        self.held[collection] = held
        return answer


async def test_a_hidden_user_whose_read_is_refused_is_not_taken_for_absent(carried):
    """The row failed as there was no such user; with a token that was refused for a moment, resume could not repair that."""
    title = {"op": "patch", **MATCH, "patch": [{"op": "replace", "path": "title", "value": "Left"}]}
    hidden = {"profile": {"lists_inactive": False}}
    await carried([DEACTIVATE, title], held=[BOB], kind=Hiding, **hidden)

    detail = carried.record.end_of(2).detail
    assert "not now" in detail
    assert "no User" not in detail
