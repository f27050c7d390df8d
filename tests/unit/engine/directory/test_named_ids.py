"""Rows that only name a resource look its name up once, and again where something speaks against the id."""

import anyio
import pytest

from bulkscim.engine.directory import named_ids
from bulkscim.planning.overtaking import names_of
from tests.support.simulation.tenant import SimulatedTenant

ADA = {"id": "u1", "userName": "ada@example.com"}
TEAMS = ["Red", "Green", "Blue"]


class Slow(SimulatedTenant):
    """Has a few groups and takes a minute and a half for each change; counts lookups of users."""

    def __init__(self, *given):
        super().__init__(*given)
        self.lookups = 0
        for name in TEAMS:
            self.hold("Groups", {"id": name, "displayName": name})

    async def send(self, request):
        self.lookups += request.method == "GET" and "/Users?filter" in request.path
        if request.method == "PATCH":
            await anyio.sleep(90.0)
        return await super().send(request)


class Replaces(Slow):
    """Ada's account is deleted and made again between the first change and the second."""

    def _one(self, method, collection, resource_id, body):
        if method == "PATCH" and "u1" not in self.held["Users"] and '"u1"' in str(body).replace("'", '"'):
            return self._answer(404, {"detail": "no user u1"})
        reply = super()._one(method, collection, resource_id, body)
        if method == "PATCH" and self.held["Users"].pop("u1", None):
            self.hold("Users", {**ADA, "id": "u9"})
        return reply


def joins(team):
    """Return the row that adds Ada to a team, by her name."""
    member = {"userName": ADA["userName"]}
    return {"op": "add_member", "type": "Group", "match": {"displayName": team}, "member": member}


async def test_a_member_is_looked_up_once(carried):
    """Each row looked its member up: 5,000 rows of 1,000 people took 5,000 requests for it."""
    report = await carried([joins(team) for team in TEAMS], held=[ADA], kind=Slow, concurrency=1)

    assert report.totals.done == len(TEAMS)
    assert carried.tenant.lookups == 1


async def test_a_refused_id_is_looked_up_again(carried):
    """The account was made again meanwhile: the row is about the name, not about the id that it had."""
    report = await carried([joins(team) for team in TEAMS], held=[ADA], kind=Replaces, concurrency=1)

    assert report.totals.done == len(TEAMS)
    assert [carried.tenant.held["Groups"][team]["members"] for team in TEAMS[1:]] == [[{"value": "u9"}]] * 2
    assert carried.tenant.lookups == 2


@pytest.mark.parametrize(
    "between",
    [
        {"op": "patch", "patch": [{"op": "replace", "path": "userName", "value": "other@example.com"}]},
        {"op": "delete"},
    ],
)
async def test_a_name_is_looked_up_again_after_the_run_has_renamed_or_deleted_a_user(carried, between):
    """Other rows of the run may have given the name to another user."""
    bob = {"id": "u2", "userName": "bob@example.com"}
    row = {"type": "User", "id": bob["id"], **between}
    await carried([joins("Red"), row, joins("Blue")], held=[ADA, bob], kind=Slow, concurrency=1)

    assert carried.tenant.lookups == 2


def test_memory_is_bounded():
    """A job may name a million people."""
    known = named_ids.NamedIds(_Stopped())
    for number in range(named_ids.MOST + 5):
        known.keep(_key(number), named_ids.Found({"id": f"u{number}", "title": "x"}))

    assert known.of(_key(4)) is None
    assert known.of(_key(5)).resource == {"id": "u5", "emails": []}


def test_all_names_are_kept_whatever_their_capitals():
    """Rows are compared by them: one that names the same user by its e-mail address may still have to come first."""
    known, user = (
        named_ids.NamedIds(_Stopped()),
        {"id": "u1", "username": "p1@x", "emails": [{"value": "a@x"}]},
    )
    known.keep(_key(1), named_ids.Found({**user, "title": "x"}))

    assert names_of("User", known.of(_key(1)).resource) == names_of("User", user)


def _key(number):
    return named_ids.Key("User", "userName", f"p{number}@example.com")


class _Stopped:
    def monotonic(self):
        return 0.0


class Refuses(Slow):
    """Takes more than a minute for each read as well, and refuses every change."""

    patches = 0

    async def send(self, request):
        if request.method == "GET":
            await anyio.sleep(90.0)
        return await super().send(request)

    def _one(self, method, collection, resource_id, body):
        if method != "PATCH":
            return super()._one(method, collection, resource_id, body)
        self.patches += 1
        assert self.patches < 10, "the row goes on for ever"
        return self._answer(409, {"detail": "not now, and not later"})


async def test_what_is_refused_after_each_name_was_read_again_fails(carried):
    """Where each read takes longer than a name counts as recent, one of the two names was always looked up long ago."""
    report = await carried([joins(TEAMS[0])], held=[ADA], kind=Refuses, concurrency=1)

    assert report.totals.failed == 1
    assert carried.tenant.patches <= 3
