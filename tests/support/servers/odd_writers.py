"""Tenants that answer changes otherwise than RFC 7644 asks, for `probe --write`."""

import time
from http import HTTPStatus
from typing import Any

from aiohttp import web

from tests.support.servers.small_tenant import WRITES, Json, SmallTenant, error, scim


class Versioned(SmallTenant):
    """Shows a version of each resource, which each change changes; `heeds` If-Match or ignores it."""

    heeds = True
    changes = 0

    def add(self, collection: str, body: Json) -> Json:
        held = super().add(collection, body)
        self.changed(held)
        return held

    def apply(self, collection: str, resource_id: str, body: Json) -> None:
        super().apply(collection, resource_id, body)
        self.changed(self.held[collection][resource_id])

    def changed(self, resource: Json) -> None:
        """Give a resource another version."""
        self.changes += 1
        resource["meta"]["version"] = f'W/"{self.changes}"'

    async def one(
        self, request: web.Request, collection: str, resource_id: str, body: Any
    ) -> web.StreamResponse:
        asked, held = request.headers.get("If-Match"), self.held[collection][resource_id]["meta"]["version"]
        if self.heeds and request.method in WRITES and asked not in {None, held}:
            return error(412, "versions differ")
        return await super().one(request, collection, resource_id, body)


class MakesTwice(Versioned):
    """Makes a second user of a name, leaves out the members of a new group, lists a member twice, ignores If-Match."""

    heeds = False

    async def create(self, request: web.Request, collection: str, body: Json) -> web.StreamResponse:
        kept = {name: value for name, value in body.items() if name != "members"}
        return self.created(collection, self.add(collection, kept))

    def apply(self, collection: str, resource_id: str, body: Json) -> None:
        before = self.held[collection][resource_id].get("members", [])
        super().apply(collection, resource_id, body)
        again = [
            one
            for each in body["Operations"]
            if each["op"] == "add"
            for one in each["value"]
            if one in before
        ]
        if collection == "Groups":
            self.held[collection][resource_id]["members"] += again


class TakesOver(Versioned):
    """Answers a create of a taken name with what has it, as if it were new, and refuses a member that is there."""

    async def create(self, request: web.Request, collection: str, body: Json) -> web.StreamResponse:
        name = body.get("userName") or body["displayName"]
        for held in self.held[collection].values():
            if name in {held.get("userName"), held.get("displayName")}:
                held.update(body)
                return self.created(collection, held)
        return self.created(collection, self.add(collection, body))

    def patch(self, collection: str, resource_id: str, body: Json) -> web.StreamResponse:
        there = self.held[collection][resource_id].get("members", [])
        if any(one in there for each in body["Operations"] if each["op"] == "add" for one in _listed(each)):
            return error(409, "the user is a member of the group already")
        return super().patch(collection, resource_id, body)


def _listed(operation: Json) -> list[Any]:
    return operation["value"] if isinstance(operation["value"], list) else []


class Refusing(SmallTenant):
    """Refuses groups of a taken name, and groups with members; answers a second user with a page of status 500."""

    def duplicate(self) -> web.StreamResponse:
        return web.Response(status=500, body=b"<html>", headers={"Content-Type": "text/html"})

    async def create(self, request: web.Request, collection: str, body: Json) -> web.StreamResponse:
        if collection == "Groups" and "members" in body:
            return error(400, "members cannot be set")
        if collection == "Groups" and self.named(body["displayName"]):
            return error(409, "displayName is taken", "uniqueness")
        return await super().create(request, collection, body)


class WithoutPatch(SmallTenant):
    """States that it has no PATCH."""

    def capabilities(self) -> Json:
        return super().capabilities() | {"patch": {"supported": False}}

    def patch(self, collection: str, resource_id: str, body: Json) -> web.StreamResponse:
        raise AssertionError(body)


class Late(SmallTenant):
    """Shows what is new only after a while."""

    late_s = 0.3

    def __init__(self, *user_names: str) -> None:
        super().__init__(*user_names)
        self.shown_at: dict[str, float] = {}

    def created(self, collection: str, resource: Json) -> web.StreamResponse:
        self.shown_at[resource["id"]] = time.monotonic() + self.late_s
        return super().created(collection, resource)

    async def one(
        self, request: web.Request, collection: str, resource_id: str, body: Any
    ) -> web.StreamResponse:
        if self.shown_at.get(resource_id, 0.0) > time.monotonic():
            return error(404, "not found")
        return await super().one(request, collection, resource_id, body)


class LateAndDerived(Late):
    """Shows new users with a value of its own as well."""

    async def one(
        self, request: web.Request, collection: str, resource_id: str, body: Any
    ) -> web.StreamResponse:
        if collection == "Users" and resource_id in self.shown_at:
            self.held[collection][resource_id].setdefault("nickName", "derived")
        return await super().one(request, collection, resource_id, body)


class LateChanges(SmallTenant):
    """Shows new members of a group only after a while, and what was deleted for as long."""

    late_s = 0.4

    def __init__(self, *user_names: str) -> None:
        super().__init__(*user_names)
        self.changed_at = 0.0
        self.deleted: dict[str, Json] = {}

    async def one(
        self, request: web.Request, collection: str, resource_id: str, body: Any
    ) -> web.StreamResponse:
        is_early = time.monotonic() < self.changed_at + self.late_s
        if request.method == "DELETE":
            self.deleted[resource_id] = self.held[collection][resource_id]
        if request.method != "GET":
            self.changed_at = time.monotonic()
        elif is_early and (deleted := self.deleted.get(resource_id)):
            return scim(200, deleted)
        elif is_early and collection == "Groups" and resource_id in self.held[collection]:
            return scim(200, self.held[collection][resource_id] | {"members": []})
        return await super().one(request, collection, resource_id, body)


class Accepts(SmallTenant):
    """Accepts the create of a user, which may come later."""

    async def create(self, request: web.Request, collection: str, body: Json) -> web.StreamResponse:
        if collection == "Users":
            return web.Response(status=202)
        return await super().create(request, collection, body)


class HidesDeactivated(SmallTenant):
    """Does not show a deactivated user, not even by its id, so that it cannot be deleted."""

    async def one(
        self, request: web.Request, collection: str, resource_id: str, body: Any
    ) -> web.StreamResponse:
        if self.held[collection][resource_id].get("active") is False:
            return error(404, "not found")
        return await super().one(request, collection, resource_id, body)


class TakesAll(SmallTenant):
    """Answers each change of a user that it has with 204, and makes none.

    `shows`: what was deleted is shown by its id, and not in lists, as where deleted users are kept for a while.
    """

    def __init__(self, *user_names: str, shows: bool = False) -> None:
        super().__init__(*user_names)
        self.shows = shows
        self.kept: set[str] = set()

    async def one(
        self, request: web.Request, collection: str, resource_id: str, body: Any
    ) -> web.StreamResponse:
        if request.method == "GET":
            return await super().one(request, collection, resource_id, body)
        if request.method == "DELETE" and self.shows:
            self.kept.add(resource_id)
        return web.Response(status=204)

    def matching(self, collection: str, wanted: str | None) -> list[Json]:
        return [one for one in super().matching(collection, wanted) if one["id"] not in self.kept]


class HalfMembers(SmallTenant):
    """Answers each PATCH of a group with success, and does with its members as `way` says.

    `keeps`: those that are to leave stay. `adds none`, `adds one`: of those that are to join. `empties`: a removal takes out all.
    `replaces`: an addition takes out all others. `says` is the status of its answers; 204 shows nothing.
    """

    def __init__(self, way: str, says: int, *user_names: str) -> None:
        super().__init__(*user_names)
        self.way = way
        self.says = says

    def patch(self, collection: str, resource_id: str, body: Json) -> web.StreamResponse:
        answer = super().patch(collection, resource_id, body)
        return answer if self.says == HTTPStatus.OK else web.Response(status=self.says)

    def apply(self, collection: str, resource_id: str, body: Json) -> None:
        """Carry a PATCH out in its own way."""
        group = self.held[collection][resource_id]
        operations = []
        for asked in body["Operations"] if collection == "Groups" else ():
            one, adds = asked, asked["op"] == "add"
            match self.way:
                case "keeps" if not adds:
                    continue
                case "adds none" if adds:
                    continue
                case "adds one" if adds:
                    one = {**asked, "value": asked["value"][:1]}
                case "empties" if not adds:
                    one = {"op": "remove", "path": "members", "value": group["members"]}
                case "replaces" if adds:
                    group["members"] = []
            operations.append(one)
        super().apply(
            collection, resource_id, {"Operations": operations} if operations else body | {"Operations": []}
        )

    def team(self, name: str, *members: str) -> None:
        """Add a group of some users."""
        self.add(
            "Groups", {"displayName": name, "members": [{"value": self.user(one)["id"]} for one in members]}
        )

    def members(self, name: str) -> list[str]:
        """Return the names of the users in a group."""
        (group,) = [one for one in self.held["Groups"].values() if one["displayName"] == name]
        held = {one["value"] for one in group["members"]}
        return sorted(user["userName"] for user in self.held["Users"].values() if user["id"] in held)
