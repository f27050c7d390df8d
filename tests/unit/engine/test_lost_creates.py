"""A create whose answer is lost: what proves later that this run made the resource."""

from datetime import UTC, datetime
from email.utils import formatdate

import pytest

from bulkscim.model.request import Loss, NoAnswer, Response
from tests.support.simulation.tenant import SimulatedTenant

ADA = {"op": "create", "type": "User", "data": {"userName": "ada@example.com"}}
CUT = NoAnswer(Loss.CUT, "the connection was cut")


class Losing(SimulatedTenant):
    """Loses answers to creates: `lose` gets what the tenant does with the request, and how many POSTs came before."""

    ahead_s = 0.0
    shows_created = True
    posts = 0

    async def send(self, request):
        await self.clock.sleep(0.1)
        if request.method != "POST":
            return self._apply(request)
        self.posts += 1
        return self.lose(lambda: self._apply(request), self.posts)

    def lose(self, apply, post):
        apply()
        return CUT

    def _answer(self, status, body, headers=()):
        date = {"date": formatdate(self.clock.now() + self.ahead_s, usegmt=True)}
        return super()._answer(status, body, {**dict(headers), **date})

    def _create(self, collection, body):
        reply = super()._create(collection, body)
        for resource in self.held[collection].values():
            if resource["id"] == "theirs":
                continue
            made = datetime.fromtimestamp(self.clock.now() + self.ahead_s, UTC).isoformat()
            resource["meta"] = {"created": made} if self.shows_created else {}
        return reply


class Ahead(Losing):
    ahead_s = 90.0


class Behind(Losing):
    ahead_s = -90.0


class NamedByLocation(Losing):
    shows_created = False

    def lose(self, apply, post):
        apply()
        return Response(200, {"location": "https://t.example/Users/U1"})


class NamedAndNotShown(NamedByLocation):
    def _list(self, collection, path):
        return self._answer(200, {"totalResults": 0, "Resources": []})


class FoundAbsentInBetween(Losing):
    shows_created = False

    def lose(self, apply, post):
        if post > 1:
            apply()
        return CUT


class AppliedLate(Losing):
    """The first POST takes effect after the lookup that followed it."""

    def lose(self, apply, post):
        if post > 1:
            apply()
            return apply()
        return CUT


@pytest.mark.parametrize(
    "kind", [Losing, Ahead, Behind, NamedByLocation, NamedAndNotShown, FoundAbsentInBetween, AppliedLate]
)
async def test_own_create_is_not_adopted(carried, kind):
    """It was called adopted, so that a rollback left it: on a server whose clock no answer had shown before the first
    intent, where the answer named the id alone, where a lookup had found it absent, and where it was there by the next
    POST. With an id and lookups that did not show it, it was sent again.
    """
    report = await carried([ADA], kind=kind, concurrency=1)

    assert (report.totals.done, report.totals.adopted) == (1, 0)
    assert len(carried.tenant.held["Users"]) == 1


class MadeByAnother(Losing):
    def lose(self, apply, post):
        if post == 1:
            return CUT
        if not self.held["Users"]:
            self.hold("Users", {"id": "theirs", "userName": "ada@example.com"})
        return apply()


async def test_create_of_another_client_stays_adopted(carried):
    """A conflict after a lost create is no proof by itself."""
    report = await carried([ADA], kind=MadeByAnother, concurrency=1)

    assert (report.totals.done, report.totals.adopted) == (0, 1)


class NameOfAnother(Losing):
    """Answers a create whose name is taken with the resource that has it; the first answer is lost."""

    def lose(self, apply, post):
        theirs = {"id": "theirs", "userName": "ada@example.com", "externalId": "theirs"}
        self.held["Users"]["theirs"] = theirs
        return CUT if post == 1 else self._answer(200, theirs)


async def test_resource_with_another_external_id_is_never_ours(carried):
    """A lookup by externalId that finds nothing does not prove that the name was free."""
    lines = [{"op": "create", "type": "User", "data": {**ADA["data"], "externalId": "ours"}}]
    report = await carried(lines, kind=NameOfAnother, concurrency=1)

    assert (report.totals.done, report.totals.failed) == (0, 1)
