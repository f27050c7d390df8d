"""Each odd server is odd in its own way and sane otherwise."""

import json

import aiohttp
import pytest

from tests.support.servers import odd_servers as odd
from tests.support.servers.small_tenant import SmallTenant

NAMES = ("ada@example.com", "bob@example.com")


async def call(tenant: SmallTenant, method: str, path: str, body=None) -> tuple[int | None, str]:
    """Send one request; None as status when the connection broke."""
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        try:
            url = aiohttp.client.URL(tenant.base_url + path, encoded=True)
            async with session.request(method, url, json=body, allow_redirects=False) as response:
                return response.status, await response.text()
        except aiohttp.ClientError:
            return None, ""


async def found(tenant: SmallTenant, value: str, attribute: str = "userName") -> list[str]:
    """Return the userNames that a filter brings."""
    _, text = await call(tenant, "GET", f"/Users?filter={attribute}%20eq%20%22{value}%22")
    return [user["userName"] for user in json.loads(text)["Resources"]]


async def test_the_plain_tenant_does_what_the_standard_asks():
    """Create, find, patch, replace, delete and membership change what they say and nothing else."""
    with SmallTenant(*NAMES).serving() as tenant:
        status, text = await call(tenant, "POST", "/Users", {"userName": "eve@example.com"})
        eve = json.loads(text)["id"]
        duplicate, _ = await call(tenant, "POST", "/Users", {"userName": "EVE@example.com"})
        operations = [
            {"op": "replace", "path": "active", "value": False},
            {"op": "add", "path": "name.givenName", "value": "Eve"},
            {
                "op": "add",
                "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
                "value": "R",
            },
        ]
        await call(tenant, "PATCH", f"/Users/{eve}", {"Operations": operations})
        _, text = await call(tenant, "POST", "/Groups", {"displayName": "Team"})
        team = json.loads(text)["id"]
        join = {"op": "add", "path": "members", "value": [{"value": eve}]}
        await call(tenant, "PATCH", f"/Groups/{team}", {"Operations": [join, join]})
        names = await found(tenant, "EVE@example.com")
        members = tenant.held["Groups"][team]["members"]
        gone, _ = await call(tenant, "DELETE", f"/Users/{eve}")
        missing, _ = await call(tenant, "GET", f"/Users/{eve}")

    assert (status, duplicate, gone, missing) == (201, 409, 204, 404)
    assert names == ["eve@example.com"]
    assert members == [{"value": eve}]
    assert tenant.untouched()
    assert [seen.method for seen in tenant.writes] == ["POST", "POST", "PATCH", "POST", "PATCH", "DELETE"]


async def test_untouched_sees_a_touched_user():
    """A changed or deleted user is noticed, unless it is named."""
    with SmallTenant(*NAMES).serving() as tenant:
        body = {"Operations": [{"op": "replace", "path": "title", "value": "New"}]}
        await call(tenant, "PATCH", f"/Users/{tenant.user(NAMES[0])['id']}", body)

    assert not tenant.untouched()
    assert not tenant.untouched(NAMES[1])
    assert tenant.untouched(NAMES[0])


async def test_filters_lie_as_told():
    """One server ignores filters, one finds nothing, one finds two."""
    with odd.FilterIgnored(*NAMES).serving() as ignored, odd.FilterEmpty(*NAMES).serving() as empty:
        assert await found(ignored, "absent") == list(NAMES)
        assert await found(empty, NAMES[0]) == []
        assert json.loads((await call(empty, "GET", "/Users"))[1])["totalResults"] == 2
    with odd.TwoMatches().serving() as two:
        assert len(await found(two, "shared@example.com", "emails.value")) == 2


@pytest.mark.parametrize(
    ("tenant", "status", "text", "count"),
    [
        (odd.BareConflict(*NAMES), 409, "", 1),
        (odd.DuplicateIs500(*NAMES), 500, "integrity", 1),
        (odd.OnlyPages(*NAMES), 200, "<html>", 1),
        (odd.Unauthorized(0, *NAMES), 401, "expired", 1),
        (odd.Redirects(307, *NAMES), 307, "", 1),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_a_duplicate_is_answered_as_told(tenant, status, text, count):
    """Posting a name that is there is answered oddly and makes nothing."""
    with tenant.serving():
        answer = await call(tenant, "POST", "/Users", {"userName": NAMES[0]})

    assert answer[0] == status
    assert text in answer[1]
    assert tenant.named(NAMES[0]) == count


@pytest.mark.parametrize(
    ("tenant", "status", "text"),
    [
        (odd.SilentCreate(), 201, ""),
        (odd.CutAfterCreate(), None, ""),
        (odd.PageAfterCreate(), 200, "<html>"),
        (odd.OddIds(), 201, "eve+id/@example.com"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_a_create_is_carried_out_and_answered_as_told(tenant, status, text):
    """Posting a new name makes it, whatever the answer looks like."""
    with tenant.serving():
        answer = await call(tenant, "POST", "/Users", {"userName": "eve@example.com"})

    assert answer[0] == status
    assert text in answer[1]
    assert tenant.named("eve@example.com") == 1


async def test_an_odd_id_is_reached_percent_encoded():
    """An id with `+`, `/` and `@` names its user when it is encoded."""
    with odd.OddIds(*NAMES).serving() as tenant:
        status, _ = await call(tenant, "GET", "/Users/ada%2Bid%2F%40example.com")

    assert status == 200


@pytest.mark.parametrize(
    ("way", "status", "old"), [("204", 204, False), ("200 empty", 200, False), ("200 old", 200, True)]
)
async def test_a_patch_is_carried_out_and_answered_as_told(way, status, old):
    """The title changes, and the answer is empty or shows what stood before."""
    with odd.PatchAnswers(way, *NAMES).serving() as tenant:
        body = {"Operations": [{"op": "replace", "path": "title", "value": "New"}]}
        answer = await call(tenant, "PATCH", f"/Users/{tenant.user(NAMES[0])['id']}", body)

    assert answer[0] == status
    assert ('"Old"' in answer[1]) == old
    assert tenant.user(NAMES[0])["title"] == "New"


async def test_one_record_is_forbidden():
    """Writes to one user are answered 403; others pass."""
    with odd.ForbiddenRecord(NAMES[0], *NAMES).serving() as tenant:
        answers = [(await call(tenant, "DELETE", f"/Users/{tenant.user(name)['id']}"))[0] for name in NAMES]

    assert answers == [403, 204]
