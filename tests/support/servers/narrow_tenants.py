"""Tenants that take fewer forms of changes than others."""

import json
from typing import Any

from aiohttp import web

from tests.support.servers.small_tenant import WRITES, Json, SmallTenant, error


class OneMediaType(SmallTenant):
    """Refuses with 415 each body that is not of its media type."""

    takes = "application/json"

    async def answer(
        self, request: web.Request, collection: str, resource_id: str | None, body: Any
    ) -> web.StreamResponse:
        if body is not None and request.content_type != self.takes:
            return error(415, f"send {self.takes}")
        return await super().answer(request, collection, resource_id, body)


class NoPatch(SmallTenant):
    """Refuses PATCH of some collections; its ServiceProviderConfig says so where it `says`."""

    status, says, collections = 501, True, ("Users", "Groups")

    def capabilities(self) -> Json:
        return super().capabilities() | {"patch": {"supported": not self.says}}

    def patch(self, collection: str, resource_id: str, body: Json) -> web.StreamResponse:
        if collection in self.collections:
            return error(self.status, "PATCH is not implemented")
        return super().patch(collection, resource_id, body)


class Versioned(SmallTenant):
    """Refuses each version (If-Match) of some users: of all but `fits`. A read shows a `changing` one, or the same.

    With `one_name` it takes filters of one name only, so that a listing of the users costs less.
    """

    fits: tuple[str, ...] = ()
    changing = one_name = False

    def capabilities(self) -> Json:
        return super().capabilities() | {"etag": {"supported": True}}

    async def one(
        self, request: web.Request, collection: str, resource_id: str, body: Any
    ) -> web.StreamResponse:
        held = self.held[collection][resource_id]
        if request.method in WRITES and "If-Match" in request.headers and held["userName"] not in self.fits:
            return error(412, "versions differ")
        return await super().one(request, collection, resource_id, body)

    async def answer(
        self, request: web.Request, collection: str, resource_id: str | None, body: Any
    ) -> web.StreamResponse:
        if self.one_name and " or " in request.query.get("filter", ""):
            return error(400, "one name, please")
        for one in self.held["Users"].values():
            one["meta"]["version"] = f'W/"{len(self.seen) if self.changing else 1}"'
        return await super().answer(request, collection, resource_id, body)


class FaultyTitle(SmallTenant):
    """Answers each change that names a title of `faulty` with 500, and does nothing."""

    faulty = "Boom"

    async def answer(
        self, request: web.Request, collection: str, resource_id: str | None, body: Any
    ) -> web.StreamResponse:
        if request.method in WRITES and self.faulty in json.dumps(body):
            return error(500, "internal error")
        return await super().answer(request, collection, resource_id, body)
