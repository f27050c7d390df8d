"""The transport of a plan."""

import json

import pytest

from bulkscim.model.operation import PatchOperation
from bulkscim.model.request import Loss, NoAnswer, Request, Response
from bulkscim.model.step import Action
from bulkscim.pacing.retry import Verdict, judge
from bulkscim.scim import protocol
from bulkscim.transport.dry_run import Planning
from bulkscim.transport.pages import Page, pages
from tests.support.servers.asked import asked_for

ADA = {
    "id": "1",
    "userName": "ada@x",
    "title": "Lead",
    "emails": [{"value": "ada@x"}],
    "meta": {"version": "7"},
}
BOB = {"id": "2", "userName": "bob@x"}


class Tenant:
    """Two users, read only; anything but a GET fails the test."""

    def __init__(self):
        self.users = {"1": ADA, "2": BOB}
        self.requests = []

    async def send(self, request):
        """Answer a GET."""
        assert request.method == "GET"
        self.requests.append(request.path)
        if request.path == "/ServiceProviderConfig":
            return Response(200, {}, b"{}")
        if request.path.startswith("/Groups"):
            return NoAnswer(Loss.TIMEOUT, "late")
        asked = asked_for(request.path)
        if asked:
            found = [
                one for one in self.users.values() if one.get("userName", "").lower() == asked[1].lower()
            ]
        elif "?" in request.path:
            start = int(request.path.partition("startIndex=")[2].partition("&")[0])
            found = list(self.users.values())[start - 1 :]
        else:
            one = self.users.get(request.path.rpartition("/")[2])
            return Response(200, {}, json.dumps(one).encode()) if one else Response(404)
        return Response(200, {}, json.dumps({"totalResults": 2, "Resources": found}).encode())


@pytest.fixture
def tenant():
    """Return the tenant behind the plan."""
    return Tenant()


@pytest.fixture
def plan(tenant):
    """Return the plan's transport."""
    return Planning(tenant)


async def looked_up(plan, attribute, value):
    """Return the ids that a lookup finds."""
    reply = await plan.send(Request("GET", protocol.lookup_path("User", attribute, value)))
    return [one["id"] for one in protocol.list_of(reply.body).resources]


async def create(plan, **data):
    """Plan a create."""
    return await plan.send(Request("POST", "/Users", protocol.resource_body("User", data)))


async def test_a_planned_create_is_seen_by_later_reads(plan):
    """By id, and by every name; its secrets are not."""
    reply = await create(plan, userName="Eve@x", externalId="E1", emails=[{"value": "eve@x"}], password="p")
    made = protocol.resource_of(reply.body)
    assert judge(Action.CREATE, reply).verdict is Verdict.APPLIED
    read = await plan.send(Request("GET", protocol.resource_path("User", made["id"])))
    assert protocol.resource_of(read.body) == made
    assert "password" not in made
    for attribute, value in (("userName", "eve@X"), ("externalId", "E1"), ("emails.value", "EVE@x")):
        assert await looked_up(plan, attribute, value) == [made["id"]]
    assert await looked_up(plan, "externalId", "e1") == []


@pytest.mark.parametrize("name", ["eve@x", "EVE@x", "new@x"])
async def test_a_name_that_is_planned_is_a_conflict(plan, name):
    """As the tenant would say; names that it holds are looked up before."""
    await create(plan, userName="eve@x")
    body = protocol.patch_body([PatchOperation("replace", "userName", "new@x")])
    await plan.send(Request("PATCH", "/Users/1", body))
    assert judge(Action.CREATE, await create(plan, userName=name)).verdict is Verdict.CONFLICT


async def test_groups_by_one_name_are_no_conflict(plan):
    """Few tenants keep them apart."""
    for _ in range(2):
        reply = await plan.send(
            Request("POST", "/Groups", protocol.resource_body("Group", {"displayName": "A"}))
        )
        assert reply.status == 201


async def test_a_planned_patch_changes_what_later_reads_show(plan):
    """The old name finds nothing, the new one does."""
    body = protocol.patch_body(
        [PatchOperation("replace", "userName", "new@x"), PatchOperation("remove", "title")]
    )
    reply = await plan.send(Request("PATCH", "/Users/1", body))
    assert protocol.resource_of(reply.body) == {
        name: value for name, value in ADA.items() if name != "title"
    } | {"userName": "new@x"}
    assert await looked_up(plan, "userName", "ada@x") == []
    assert await looked_up(plan, "userName", "new@x") == ["1"]


async def test_what_a_row_has_just_read_is_not_read_again_to_plan_its_change(plan):
    """A dry run of deletes and of a rollback read each resource twice."""
    await plan.send(Request("GET", "/Users/1"))
    body = protocol.patch_body([PatchOperation("replace", "title", "Lead")])

    first = await plan.send(Request("PATCH", "/Users/1", body))
    second = await plan.send(
        Request("PATCH", "/Users/1", protocol.patch_body([PatchOperation("remove", "title")]))
    )

    assert protocol.resource_of(first.body)["title"] == "Lead"
    assert "title" not in protocol.resource_of(second.body)
    assert plan.asked == 1


async def test_a_planned_replace_leaves_only_what_it_holds(plan):
    """Except the id and meta."""
    reply = await plan.send(Request("PUT", "/Users/1", protocol.resource_body("User", {"userName": "ada@x"})))
    assert protocol.resource_of(reply.body) == {
        "id": "1",
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ada@x",
        "meta": {"version": "7"},
    }


async def test_a_planned_delete_is_gone(plan):
    """By id and by name, and its name is free again."""
    assert (await plan.send(Request("DELETE", "/Users/1"))).status == 204
    assert (await plan.send(Request("GET", "/Users/1"))).status == 404
    assert (await plan.send(Request("DELETE", "/Users/1"))).status == 404
    assert await looked_up(plan, "userName", "ada@x") == []
    assert (await create(plan, userName="ada@x")).status == 201


async def test_a_listing_shows_the_plan(plan):
    """Changed ones as they would stand, gone ones as a bare id, new ones at the end."""
    await plan.send(Request("DELETE", "/Users/2"))
    await plan.send(
        Request("PATCH", "/Users/1", protocol.patch_body([PatchOperation("replace", "title", "X")]))
    )
    for number in range(5):
        await create(plan, userName=f"n{number}@x")
    listed = [page async for page in pages(plan, "User", 2)]
    assert all(isinstance(page, Page) for page in listed)
    shown = [one for page in listed for one in page.resources]
    assert shown[0]["title"] == "X"
    assert shown[1] == {"id": "2"}
    assert [one["userName"] for one in shown[2:]] == [f"n{number}@x" for number in range(5)]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_what_cannot_be_read_cannot_be_planned(plan, method):
    """No answer for the read is no answer for the write, and nothing was sent."""
    reply = await plan.send(Request(method, "/Groups/1", b"{}"))
    assert isinstance(reply, NoAnswer)
    assert reply.loss is Loss.NEVER_SENT


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/Bulk", 501),
        ("POST", "/Users/1", 405),
        ("DELETE", "/Users", 405),
        ("PATCH", "/Users/1/x", 501),
    ],
)
async def test_odd_writes_are_refused_here(plan, tenant, method, path, status):
    """Nothing of them leaves."""
    assert (await plan.send(Request(method, path, b"{}"))).status == status
    assert tenant.requests == []


async def test_other_reads_go_through(plan):
    """The tenant speaks for itself."""
    assert (await plan.send(Request("GET", "/ServiceProviderConfig"))).body == b"{}"


async def test_a_patch_that_means_nothing_is_refused(plan):
    """As a tenant would, and nothing is kept of it."""
    body = protocol.patch_body([PatchOperation("replace", "a.b.c", 1)])
    assert (await plan.send(Request("PATCH", "/Users/1", body))).status == 400
    assert protocol.resource_of((await plan.send(Request("GET", "/Users/1"))).body) == ADA


async def test_what_a_lookup_has_shown_is_not_read_to_plan_its_change(plan, tenant):
    """A dry run of 1,000 deactivations by name read each of them by its id; it is read where a later row needs it whole."""
    tenant.users["1"] = {**ADA, "nickName": "A"}
    shown, tenant.users["1"] = tenant.users["1"], ADA  # the lookup shows no nickname
    await looked_up(plan, "userName", "ada@x")
    tenant.users["1"] = shown
    for title in ("One", "Two"):
        body = protocol.patch_body([PatchOperation("replace", "title", title)])
        reply = await plan.send(Request("PATCH", "/Users/1", body))
        assert protocol.resource_of(reply.body)["title"] == title
    assert plan.asked == 1

    read = [protocol.resource_of((await plan.send(Request("GET", "/Users/1"))).body) for _ in range(2)]
    assert read == [{**ADA, "title": "Two", "nickName": "A"}] * 2
    assert plan.asked == 2


async def test_a_change_of_what_a_lookup_has_shown_is_seen_by_lookups_and_listings(plan, tenant):
    """Its old name finds nothing, and its new one does."""
    await looked_up(plan, "userName", "ada@x")
    await plan.send(
        Request("PATCH", "/Users/1", protocol.patch_body([PatchOperation("replace", "userName", "new@x")]))
    )

    assert await looked_up(plan, "userName", "ada@x") == []
    listed = [one async for page in pages(plan, "User", 2) for one in page.resources]
    assert [one["userName"] for one in listed] == ["new@x", "bob@x"]
    assert await looked_up(plan, "userName", "new@x") == ["1"]


async def test_a_planned_delete_of_what_a_lookup_has_shown_is_gone(plan):
    """It is not read before."""
    await looked_up(plan, "userName", "ada@x")
    assert (await plan.send(Request("DELETE", "/Users/1"))).status == 204
    assert (await plan.send(Request("GET", "/Users/1"))).status == 404
    assert plan.asked == 1
