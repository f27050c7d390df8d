"""Tenants that misbehave in one way each, as servers in the field do."""

import asyncio
import json
import threading
from typing import Any

from aiohttp import web

from tests.support.servers.fault_proxy import HTML
from tests.support.servers.small_tenant import WRITES, Json, SmallTenant, error, scim


class FilterIgnored(SmallTenant):
    """Returns everybody, whatever the filter says."""

    def matching(self, collection: str, wanted: str | None) -> list[Json]:
        return super().matching(collection, None)


class FilterEmpty(SmallTenant):
    """Finds nothing by any filter; a listing shows everybody."""

    def matching(self, collection: str, wanted: str | None) -> list[Json]:
        return super().matching(collection, None) if wanted is None else []


class GroupsUnlisted(SmallTenant):
    """Answers each listing of groups with 500, as where one of them is too large; all else works."""

    def listing(self, collection: str, query: Any) -> web.StreamResponse:
        return (
            error(500, "an error occurred") if collection == "Groups" else super().listing(collection, query)
        )


class TwoMatches(SmallTenant):
    """Holds two users of one e-mail address."""

    def __init__(self) -> None:
        super().__init__("one@example.com", "two@example.com", "other@example.com")
        for name in ("one@example.com", "two@example.com"):
            self.user(name)["emails"] = [{"value": "shared@example.com", "type": "work"}]
        self.at_start = json.loads(json.dumps(self.held))


class BareConflict(SmallTenant):
    """Answers a duplicate with 409 and nothing else."""

    def duplicate(self) -> web.StreamResponse:
        return web.Response(status=409)


class DuplicateIs500(SmallTenant):
    """Answers a duplicate with 500."""

    def duplicate(self) -> web.StreamResponse:
        return error(500, "integrity constraint violated")


class CreatedThen101(SmallTenant):
    """Creates, and answers 101 as if the client had asked for another protocol."""

    async def create(self, request: web.Request, collection: str, body: Json) -> web.StreamResponse:
        await super().create(request, collection, body)
        return web.Response(status=101, headers={"Upgrade": "h2c", "Connection": "Upgrade"})


class DuplicateIsPage(FilterIgnored):
    """Answers a duplicate with an HTML page and 500, and every lookup with ten users of all, whatever was asked."""

    def duplicate(self) -> web.StreamResponse:
        return web.Response(status=500, body=HTML, content_type="text/html")

    def page(self, found: list[Json], query: Any) -> web.StreamResponse:
        return super().page(found, {**query, "count": "10"})


class Dark(SmallTenant):
    """Answers a write that concerns one of some users with 500, takes it or not, and shows that user no more.

    So no lookup tells what became of it, until `is_dark` is False. `takes` are the methods that have an effect.
    Who has not been written yet is shown, however slowly the rows come.
    """

    def __init__(self, dark: tuple[str, ...], takes: tuple[str, ...], *user_names: str) -> None:
        super().__init__(*user_names)
        self.dark, self.takes, self.is_dark, self.hidden = dark, takes, True, set[str]()

    async def answer(
        self, request: web.Request, collection: str, resource_id: str | None, body: Any
    ) -> web.StreamResponse:
        held = self.held["Users"].get(resource_id or "") or body or {}
        name = held.get("userName")
        if self.is_dark and request.method in WRITES and name in self.dark:
            self.hidden.add(name)
            if request.method in self.takes:
                await super().answer(request, collection, resource_id, body)
            return error(500, "an error occurred")
        if self.is_dark and self.hidden and request.method == "GET" and collection == "Users":
            asks = request.query.get("filter", "")
            names_hidden = any(hidden in asks for hidden in self.hidden)
            if name in self.hidden or names_hidden or int(request.query.get("startIndex", 1)) > 1:
                # Not a 403: that would be held against the token where nothing else had been read yet.
                return error(400, "not for this token")
            if resource_id is None and not asks:
                return self.page([self.user("ada@example.com")] * 9, {"count": 1})
        return await super().answer(request, collection, resource_id, body)


class OddIds(SmallTenant):
    """Uses e-mail addresses and slashes as ids."""

    def new_id(self, resource: Json) -> str:
        return str(resource.get("userName") or resource["displayName"]).replace("@", "+id/@")


class SilentCreate(SmallTenant):
    """Answers 201 without body or Location."""

    def created(self, collection: str, resource: Json) -> web.StreamResponse:
        return web.Response(status=201)


class ThinCreate(SmallTenant):
    """Answers a create with the id and the name alone; a display name of its own making shows later."""

    def created(self, collection: str, resource: Json) -> web.StreamResponse:
        resource["displayName"] = "made up here"
        return scim(201, {"id": resource["id"], "userName": resource.get("userName")})


class CutAfterCreate(FilterEmpty):
    """Creates, closes the connection without an answer, and finds nothing by filter afterwards."""

    async def create(self, request: web.Request, collection: str, body: Json) -> web.StreamResponse:
        await super().create(request, collection, body)
        assert request.transport is not None
        request.transport.close()
        return web.Response(status=500)


class PageAfterCreate(SmallTenant):
    """Creates, and answers with an HTML page labelled application/scim+json."""

    def created(self, collection: str, resource: Json) -> web.StreamResponse:
        return page()


class OnlyPages(SmallTenant):
    """Answers everything with an HTML page labelled application/scim+json."""

    async def answer(
        self, request: web.Request, collection: str, resource_id: str | None, body: Any
    ) -> web.StreamResponse:
        return page()


class PatchAnswers(SmallTenant):
    """Carries a PATCH out and answers in the way chosen: `204`, `200 empty` or `200 old`."""

    def __init__(self, way: str, *user_names: str) -> None:
        super().__init__(*user_names)
        self.way = way

    def patch(self, collection: str, resource_id: str, body: Json) -> web.StreamResponse:
        old = scim(200, self.held[collection][resource_id])
        self.apply(collection, resource_id, body)
        match self.way:
            case "204":
                return web.Response(status=204)
            case "200 empty":
                return web.Response(status=200, headers={"Content-Type": "application/scim+json"})
            case _:
                return old


class Unauthorized(SmallTenant):
    """Answers 401 to everything after so many writes."""

    def __init__(self, good: int, *user_names: str) -> None:
        super().__init__(*user_names)
        self.good = good

    async def answer(
        self, request: web.Request, collection: str, resource_id: str | None, body: Any
    ) -> web.StreamResponse:
        if len(self.writes) > self.good:
            return error(401, "token expired")
        return await super().answer(request, collection, resource_id, body)


class ForbiddenRecord(SmallTenant):
    """Answers 403 to any write that touches one user, and lets everything else pass."""

    def __init__(self, name: str, *user_names: str) -> None:
        super().__init__(*user_names)
        self.forbidden = self.user(name)["id"]

    async def one(
        self, request: web.Request, collection: str, resource_id: str, body: Any
    ) -> web.StreamResponse:
        if resource_id == self.forbidden and request.method in WRITES:
            return error(403, "the owner cannot be changed")
        return await super().one(request, collection, resource_id, body)


class Redirects(SmallTenant):
    """Sends every write to another server, with the status chosen."""

    def __init__(self, status: int, *user_names: str) -> None:
        super().__init__(*user_names)
        self.status, self.elsewhere = status, "http://127.0.0.1:9"

    async def answer(
        self, request: web.Request, collection: str, resource_id: str | None, body: Any
    ) -> web.StreamResponse:
        if request.method not in WRITES:
            return await super().answer(request, collection, resource_id, body)
        return web.Response(status=self.status, headers={"Location": f"{self.elsewhere}{self.seen[-1].path}"})


class Gated(SmallTenant):
    """Holds every write back until the gate is opened."""

    def __init__(self, *user_names: str) -> None:
        super().__init__(*user_names)
        self.gate = threading.Event()

    async def answer(
        self, request: web.Request, collection: str, resource_id: str | None, body: Any
    ) -> web.StreamResponse:
        while request.method in WRITES and not self.gate.is_set():  # noqa: ASYNC110 - set from another thread
            await asyncio.sleep(0.01)
        return await super().answer(request, collection, resource_id, body)


class TokenChecked(SmallTenant):
    """Accepts one token."""

    def __init__(self, token: str, *user_names: str) -> None:
        super().__init__(*user_names)
        self.token = token

    async def answer(
        self, request: web.Request, collection: str, resource_id: str | None, body: Any
    ) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return error(401, "unknown token")
        return await super().answer(request, collection, resource_id, body)


class OddConfig(SmallTenant):
    """Answers ServiceProviderConfig with what it is given."""

    def __init__(self, status: int, text: str, *user_names: str) -> None:
        super().__init__(*user_names)
        self.status, self.text = status, text

    def config(self) -> web.StreamResponse:
        return web.Response(
            status=self.status, body=self.text.encode(), headers={"Content-Type": "application/scim+json"}
        )


def page() -> web.Response:
    """Answer a page for people, with the wrong label."""
    return web.Response(status=200, body=HTML, headers={"Content-Type": "application/scim+json"})


class Echoing(SmallTenant):
    """Repeats the Authorization header in all that it says, and a user's password in what it says of this user.

    `how` encodes a text. With `refuses_from` each request from that number on is a 401.
    """

    how = staticmethod(str)
    refuses_from = 10**9
    status = 201

    def __init__(self, *user_names: str) -> None:
        super().__init__(*user_names)
        self.password = ""

    async def answer(
        self, request: web.Request, collection: str, resource_id: str | None, body: Any
    ) -> web.StreamResponse:
        if isinstance(body, dict) and body.get("password"):
            self.password = body["password"]
        own = request.method == "POST" or "new" in request.raw_path or (resource_id or "").startswith("made")
        told = [self.how(text) for text in (request.headers["Authorization"], self.password if own else "")]
        if len(self.seen) >= self.refuses_from:
            return error(401, f"not allowed: {told}")
        if request.method == "POST" and self.status != web.HTTPCreated.status_code:
            return error(self.status, f"too weak: {told}")
        answered = await super().answer(request, collection, resource_id, body)
        assert isinstance(answered, web.Response)
        shown = json.loads(answered.body.decode()) if answered.body else None
        if isinstance(shown, dict):
            for one in shown.get("Resources", [shown]):
                one["nickName"] = f"{told}"
                one["urn:example:Echo"] = {"asked": told, told[0]: True}
            answered = scim(answered.status, shown)
        answered.headers["X-Echo"] = " ".join(told).encode("unicode_escape").decode()
        return answered
