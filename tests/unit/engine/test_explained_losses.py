"""Creates of users that exist, where the answers do not say so: a lookup explains them, and they are no faults."""

import pytest

from bulkscim.engine.directory import held_names
from bulkscim.model.request import Response
from tests.support.making.few import few
from tests.support.simulation.tenant import SimulatedTenant

PEOPLE = 60
NAMES = [f"user{number}@example.com" for number in range(PEOPLE)]
LINES = [{"op": "create", "type": "User", "data": {"userName": name}} for name in NAMES]
HELD = [{"id": f"old{number}", "userName": name} for number, name in enumerate(NAMES)]
PAGE = b"<!doctype html><html><title>500 Internal Server Error</title></html>"


@pytest.fixture(autouse=True)
def no_lookups_before(monkeypatch):
    """Send each create: names are not looked up first."""
    monkeypatch.setattr(held_names, "most_pages", lambda *_, **__: 0)
    monkeypatch.setattr(held_names, "SHARE", 1000)


class Duplicates(SimulatedTenant):
    """Answers a create of a user that exists with `status` and `body`.

    `filtered` is the status of an answer to a filter; 200: it returns everybody; "page": a web page. A listing comes in
    pages of two: too many to be read before the creates.
    """

    status, body = 500, PAGE
    filtered = None
    posts = 0

    def _create(self, collection, body):
        self.posts += 1
        reply = super()._create(collection, body)
        return Response(self.status, {}, self.body) if reply.status == 409 else reply

    def _list(self, collection, path):
        if "filter=" in path and self.filtered == "page":
            return Response(200, {}, PAGE)
        if "filter=" in path and self.filtered not in {None, 200}:
            return self._answer(self.filtered, {"detail": "no such query"})
        if "filter=" in path and self.filtered:
            path = path.partition("?")[0]
        reply = super()._list(collection, path)
        return reply if "filter=" in path else self._cut(collection, path)

    def _cut(self, collection, path):
        found = list(self.held[collection].values())
        start = int(path.partition("startIndex=")[2].partition("&")[0] or 1)
        return self._answer(200, {"totalResults": len(found), "Resources": found[start - 1 : start + 1]})


def duplicates(**bent):
    """Return a tenant of this kind."""
    return type("Bent", (Duplicates,), bent)


@pytest.mark.parametrize("concurrency", few([8, 1, 50], 1))
@pytest.mark.parametrize(
    "bent",
    [
        {},
        {"filtered": 200},
        {"filtered": 501},
        {"filtered": 500},
        {"filtered": "page"},
        {"status": 503, "body": b'{"detail":"integrity constraint"}', "filtered": 400},
        {"status": 200, "body": PAGE, "filtered": 200},
        {"status": 400, "body": b"Bad request", "filtered": 200},
        {"status": 422, "body": b"That name is in use"},
    ],
    ids=str,
)
async def test_users_who_exist_are_adopted_whatever_the_answer_to_their_create_is(carried, bent, concurrency):
    """The run stopped after 20 answers of 5xx, with rows in doubt; rows whose 400 gave no reason failed. A lookup was
    sent 2 s after each 5xx, and took a listing of its own where filters are ignored.
    """
    report = await carried(LINES, kind=duplicates(**bent), held=HELD, concurrency=concurrency)

    assert (report.totals.adopted, report.state.value) == (PEOPLE, "finished")
    tenant = carried.tenant
    assert tenant.posts == PEOPLE
    assert tenant.requests < 10 * PEOPLE
    assert tenant.created == []


async def test_name_of_another_external_id_fails_its_row_after_one_create(carried):
    """The create was sent five times, each 500 counted as a fault, and the run stopped."""
    held = [{**user, "externalId": f"theirs{user['id']}"} for user in HELD]
    lines = [
        {**line, "data": {**line["data"], "externalId": f"ours{number}"}} for number, line in enumerate(LINES)
    ]
    report = await carried(lines, kind=duplicates(), held=held, concurrency=8)

    assert (report.totals.failed, report.state.value) == (PEOPLE, "finished")
    assert carried.tenant.posts == PEOPLE


async def test_record_that_is_refused_without_a_reason_fails_where_its_user_does_not_exist(carried):
    """A lookup that finds nothing changes nothing about a refusal: it is reported as the tenant put it."""

    class Refuses(Duplicates):
        def _create(self, collection, body):
            self.posts += 1
            return Response(400, {}, b"Bad request")

    report = await carried(LINES[:3], kind=Refuses, concurrency=1)

    assert (report.totals.failed, carried.tenant.posts) == (3, 3)


@pytest.mark.parametrize("concurrency", few([8, 1, 50], 1))
@pytest.mark.parametrize("reads", [True, False])
async def test_outage_stops_the_run_before_a_row_fails(carried, concurrency, reads):
    """What no lookup explains is a fault, whether reads work in the outage or not."""

    class Down(Duplicates):
        async def send(self, request):
            if request.method == "POST" or (not reads and self.posts):
                self.posts += request.method == "POST"
                await self.clock.sleep(0.1)
                return Response(503, {}, PAGE)
            return await super().send(request)

    report = await carried(LINES, kind=Down, concurrency=concurrency)

    assert report.state.value == "stopped"
    assert carried.tenant.posts <= 20 + concurrency
    assert report.totals.failed <= 20 // 5
