"""Creates that are answered by a success with a resource that existed: it is adopted, and stays."""

from datetime import UTC, datetime
from email.utils import formatdate

import pytest

from bulkscim.planning.guards import Bounds
from tests.support.simulation.tenant import SimulatedTenant

ADA = {"id": "a", "userName": "ada@example.com", "title": "Old", "externalId": "E-ada"}
BOB = {"id": "b", "userName": "bob@example.com", "title": "Old", "externalId": "E-bob"}
OVERWRITTEN = "the server may have overwritten it, which cannot be undone"


def person(name, **data):
    """Ask for a user."""
    return {"op": "create", "type": "User", "data": {"userName": f"{name}@example.com", **data}}


class Linking(SimulatedTenant):
    """Answers the create of a name or externalId that is held with the resource that has it, overwritten; lists none.

    `ago_s` is for how long these resources have been there, None where no time of creation is shown.
    """

    ago_s = 1e8
    status = 201
    bare = False
    bodies = ()

    def hold(self, collection, resource):
        super().hold(collection, resource)
        created = datetime.fromtimestamp(self.clock.now() - (self.ago_s or 0), UTC).isoformat()
        self.held[collection][resource["id"]]["meta"] = {"created": created} if self.ago_s else {}

    def _create(self, collection, body):
        self.bodies = (*self.bodies, body)
        held = self.held[collection].values()
        same = next((one for one in held if self._fits(one, body)), None)
        if same is None:
            return super()._create(collection, body)
        same.update(body)
        headers = {"location": f"https://t.example/{collection}/{same['id']}"}
        return self._answer(self.status, None if self.bare else same, headers)

    def _fits(self, one, body):
        return one["userName"] == body["userName"] or (one.get("externalId") or "") == body.get("externalId")

    def _list(self, collection, path):
        if "filter" in path:
            return super()._list(collection, path)
        return self._answer(200, {"totalResults": 1, "Resources": [{"id": "z", "userName": "z@example.com"}]})

    def _answer(self, status, body, headers=()):
        date = {"date": formatdate(self.clock.now(), usegmt=True)}
        return super()._answer(status, body, {**date, **dict(headers)})


class LinkingBarely(Linking):
    bare = True


class LinkingBy200(Linking):
    status = 200


class LinkingSince3Hours(Linking):
    ago_s = 10_000.0


class LinkingWithoutTimes(Linking):
    ago_s = None


@pytest.mark.parametrize("kind", [Linking, LinkingBarely, LinkingBy200])
@pytest.mark.parametrize(
    "data", [{"title": "New"}, {"userName": "ada@married.example", "externalId": "E-ada"}], ids=str
)
async def test_user_of_long_ago_is_adopted(carried, kind, data):
    """It was done, with the old id, so that a rollback deleted a user of years ago."""
    report = await carried([person("ada", **data)], held=[ADA], kind=kind, concurrency=1)

    assert (report.totals.done, report.totals.adopted) == (0, 1)
    assert len(carried.tenant.bodies) == 1


async def test_from_then_on_each_create_is_looked_up_before(carried):
    """By each of its identities: the second user was overwritten too."""
    lines = [person("ada"), person("robert", externalId="E-bob", title="New"), person("eve")]
    report = await carried(lines, held=[ADA, BOB], kind=Linking, concurrency=1)

    assert (report.totals.done, report.totals.adopted) == (1, 2)
    assert [one["userName"] for one in carried.tenant.bodies] == ["ada@example.com", "eve@example.com"]
    assert carried.tenant.held["Users"]["b"]["title"] == "Old"


async def test_what_is_a_few_hours_old_counts_as_old_once_clocks_are_compared(carried):
    """Before that the row is done, with a note."""
    lines = [person("ada"), person("eve"), person("bob")]
    report = await carried(lines, held=[ADA, BOB], kind=LinkingSince3Hours, concurrency=1)

    assert (report.totals.done, report.totals.adopted) == (2, 1)


async def test_known_id_is_no_new_resource(carried):
    """A user that an earlier row has found or changed; no time of creation is shown."""
    change = {"op": "patch", "type": "User", "match": {"userName": "ada@example.com"}}
    change["patch"] = [{"op": "replace", "path": "title", "value": "New"}]
    lines = [change, person("adah", externalId="E-ada"), person("eve")]
    report = await carried(lines, held=[ADA], kind=LinkingWithoutTimes, concurrency=1)

    assert (report.totals.done, report.totals.adopted) == (2, 1)


class HidingInactive(Linking):
    """Answers with a deactivated user, which no lookup shows, as it is."""

    ago_s, status = None, 200

    def _create(self, collection, body):
        same = next((one for one in self.held[collection].values() if self._fits(one, body)), None)
        return self._answer(200, same) if same else super()._create(collection, {"active": True, **body})

    def _list(self, collection, path):
        everyone = self.held[collection]
        self.held[collection] = {own: one for own, one in everyone.items() if one.get("active") is not False}
        try:
            return SimulatedTenant._list(self, collection, path)
        finally:
            self.held[collection] = everyone


@pytest.mark.parametrize("op", ["create", "upsert"])
async def test_deactivated_user_that_no_lookup_shows_is_adopted(carried, op):
    """It was done, and got the groups of its row; a rollback deleted a user that was there before."""
    held = [ADA | {"active": False}, BOB]
    report = await carried(
        [person("bob"), person("ada") | {"op": op}, person("eve", active=False) | {"op": op}],
        held=held,
        kind=HidingInactive,
        concurrency=1,
    )

    assert (report.totals.done, report.totals.failed) == (1, 0)
    assert carried.tenant.held["Users"]["a"]["title"] == "Old"


class RefusingEve(LinkingBarely):
    """Refuses one user while the answer for the other is under way."""

    async def send(self, request):
        reply = await super().send(request)
        await self.clock.sleep(10 if b"ada" in (request.body or b"") else 0)
        return reply

    def _create(self, collection, body):
        if "eve" in body["userName"]:
            return self._answer(400, {"scimType": "invalidValue", "detail": "no"})
        return super()._create(collection, body)


async def test_answer_that_shows_nothing_is_not_believed_when_the_run_stops(carried):
    """It could not be read how old the user is: it was done, and a rollback deleted a user of years ago."""
    lines = [person("ada"), person("eve")]
    report = await carried(lines, Bounds(None, None, 0), held=[ADA], kind=RefusingEve)

    assert (report.totals.failed, report.totals.done, report.totals.in_doubt) == (1, 0, 1)


class LinkingThenBusy(LinkingBarely):
    """Answers the reads that follow the create with a 503 for 100 seconds."""

    made_at = -1e9

    async def send(self, request):
        if request.method == "GET" and self.clock.monotonic() < self.made_at + 100:
            return self._answer(503, {})
        return await super().send(request)

    def _create(self, collection, body):
        self.made_at = self.clock.monotonic()
        return super()._create(collection, body)


async def test_answer_that_shows_nothing_is_not_believed_while_nothing_can_be_read(carried):
    """It was done with the id of the answer alone, since the read that tells its age had failed."""
    report = await carried([person("ada")], held=[ADA], kind=LinkingThenBusy)
    if report.totals.in_doubt:
        await carried.tenant.clock.sleep(100)
        report = await carried.on()

    assert (report.totals.done, report.totals.adopted) == (0, 1)
