"""A small well-behaved SCIM tenant in memory, made to be bent: each step of an answer can be overridden."""

import copy
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import unquote

from aiohttp import web

from tests.support.servers.loopback import served

Json = dict[str, Any]
PREFIX = "/scim/v2"
EQUALS = re.compile(r'^(\S+) eq ("(?:[^"\\]|\\.)*"|\S+)$')
MEMBER = re.compile(r'^members\[value eq "(.*)"\]$')
LONG_AGO = "2019-05-06T07:08:09Z"
WRITES = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came in. `path` is as sent: encoded, with its query."""

    method: str
    path: str
    body: Any


class SmallTenant:
    """Users and Groups, filters with eq, paging, unique userNames; answers as RFC 7644 asks."""

    def __init__(self, *user_names: str) -> None:
        self.port = 0
        self.held: dict[str, dict[str, Json]] = {"Users": {}, "Groups": {}}
        self.seen: list[Seen] = []
        self.made = 0
        for name in user_names:
            old = self.add("Users", {"userName": name, "active": True, "title": "Old"})
            old["meta"] |= {"created": LONG_AGO, "lastModified": LONG_AGO}
        self.at_start = copy.deepcopy(self.held)

    @property
    def base_url(self) -> str:
        """The URL that `--base-url` takes."""
        return f"http://127.0.0.1:{self.port}{PREFIX}"

    @property
    def writes(self) -> list[Seen]:
        """The requests that ask for a change, in order."""
        return [seen for seen in self.seen if seen.method in WRITES]

    @contextmanager
    def serving(self) -> Iterator[Self]:
        """Serve until the block ends."""
        with served(self.handle) as self.port:
            yield self

    def user(self, name: str) -> Json:
        """Return the only user of a name."""
        (found,) = [
            user for user in self.held["Users"].values() if user["userName"].casefold() == name.casefold()
        ]
        return found

    def named(self, name: str) -> int:
        """Count the resources of a name."""
        everything = [*self.held["Users"].values(), *self.held["Groups"].values()]
        return sum(_name(resource).casefold() == name.casefold() for resource in everything)

    def untouched(self, *but: str) -> bool:
        """Whether all that was there at the start is as it was, except the users named."""
        now = {resource_id: resource for part in self.held.values() for resource_id, resource in part.items()}
        start = {
            resource_id: resource for part in self.at_start.values() for resource_id, resource in part.items()
        }
        return all(now.get(key) == value for key, value in start.items() if _name(value) not in but)

    # What a subclass bends

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        text = await request.read()
        body = json.loads(text) if text else None
        self.seen.append(Seen(request.method, request.raw_path.removeprefix(PREFIX), body))
        path = request.raw_path.partition("?")[0].removeprefix(PREFIX)
        _, collection, *rest = path.split("/")
        resource_id = unquote(rest[0]) if rest else None
        return await self.answer(request, collection, resource_id, body)

    async def answer(
        self, request: web.Request, collection: str, resource_id: str | None, body: Any
    ) -> web.StreamResponse:
        """Choose by method and path."""
        if collection == "ServiceProviderConfig":
            return self.config()
        if collection not in self.held:
            return error(404, "no such endpoint")
        if resource_id is None:
            if request.method == "POST":
                return await self.create(request, collection, body)
            return self.listing(collection, request.query)
        if resource_id not in self.held[collection]:
            return error(404, f"{resource_id} not found")
        return await self.one(request, collection, resource_id, body)

    async def one(
        self, request: web.Request, collection: str, resource_id: str, body: Any
    ) -> web.StreamResponse:
        """Answer a request about one resource that is there."""
        match request.method:
            case "GET":
                return scim(200, self.held[collection][resource_id])
            case "PUT":
                return self.replace(collection, resource_id, body)
            case "PATCH":
                return self.patch(collection, resource_id, body)
            case _:
                del self.held[collection][resource_id]
                return web.Response(status=204)

    def config(self) -> web.StreamResponse:
        """Answer ServiceProviderConfig."""
        return scim(200, self.capabilities())

    def capabilities(self) -> Json:
        """Return what the tenant says that it can do."""
        config: Json = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]}
        config |= {"patch": {"supported": True}, "filter": {"supported": True, "maxResults": 200}}
        config |= {name: {"supported": False} for name in ("bulk", "etag", "sort", "changePassword")}
        return config

    def listing(self, collection: str, query: Any) -> web.StreamResponse:
        """Answer a listing or a filter."""
        return self.page(self.matching(collection, query.get("filter")), query)

    def page(self, found: list[Json], query: Any) -> web.StreamResponse:
        """Answer a part of what was found."""
        start = max(1, int(query.get("startIndex", 1)))
        part = found[start - 1 :][: max(0, int(query.get("count", 100)))]
        answer: Json = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]}
        answer |= {
            "totalResults": len(found),
            "startIndex": start,
            "itemsPerPage": len(part),
            "Resources": part,
        }
        return scim(200, answer)

    def matching(self, collection: str, wanted: str | None) -> list[Json]:
        """Return what a filter selects, all without one."""
        everything = list(self.held[collection].values())
        if wanted is None:
            return everything
        parsed = [EQUALS.match(one) for one in wanted.split(" or ")]
        assert all(parsed), wanted
        asked = [(one.group(1), json.loads(one.group(2))) for one in parsed if one]
        return [one for one in everything if any(_has(one, name, value) for name, value in asked)]

    async def create(self, request: web.Request, collection: str, body: Json) -> web.StreamResponse:
        """Answer a POST."""
        if collection == "Users" and self.named(_name(body)):
            return self.duplicate()
        return self.created(collection, self.add(collection, body))

    def created(self, collection: str, resource: Json) -> web.StreamResponse:
        """Answer that a resource was created."""
        return scim(201, resource, {"Location": f"{self.base_url}/{collection}/{resource['id']}"})

    def duplicate(self) -> web.StreamResponse:
        """Answer that the name is taken."""
        return error(409, "userName is taken", "uniqueness")

    def replace(self, collection: str, resource_id: str, body: Json) -> web.StreamResponse:
        """Answer a PUT."""
        old = self.held[collection][resource_id]
        self.held[collection][resource_id] = {**body, "id": resource_id, "meta": old["meta"]}
        return scim(200, self.held[collection][resource_id])

    def patch(self, collection: str, resource_id: str, body: Json) -> web.StreamResponse:
        """Answer a PATCH."""
        self.apply(collection, resource_id, body)
        return scim(200, self.held[collection][resource_id])

    def apply(self, collection: str, resource_id: str, body: Json) -> None:
        """Carry a PATCH out, in the forms that this tool sends."""
        resource = copy.deepcopy(self.held[collection][resource_id])
        for operation in body["Operations"]:
            _operate(resource, operation["op"].lower(), operation.get("path"), operation.get("value"))
        self.held[collection][resource_id] = resource

    def new_id(self, resource: Json) -> str:
        """Choose the id of a new resource."""
        self.made += 1
        return f"r-{self.made}"

    def add(self, collection: str, body: Json) -> Json:
        """Keep a new resource."""
        resource_id = self.new_id(body)
        created = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        meta = {"resourceType": collection.removesuffix("s"), "created": created, "lastModified": created}
        self.held[collection][resource_id] = copy.deepcopy(body) | {"id": resource_id, "meta": meta}
        return self.held[collection][resource_id]


def scim(status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    """Answer with SCIM JSON."""
    return web.Response(
        status=status,
        body=io.BytesIO(json.dumps(body).encode()),  # as bytes, aiohttp warns of more than 1 MB
        headers={"Content-Type": "application/scim+json", **(headers or {})},
    )


def error(status: int, detail: str, scim_type: str | None = None) -> web.Response:
    """Answer with a SCIM error."""
    body: Json = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": str(status),
        "detail": detail,
    }
    return scim(status, body if scim_type is None else body | {"scimType": scim_type})


def _name(resource: Json) -> str:
    return str(resource.get("userName") or resource.get("displayName"))


def _has(resource: Json, attribute: str, value: str) -> bool:
    folded = {name.casefold(): held for name, held in resource.items()}
    head, _, tail = attribute.casefold().partition(".")
    held = folded.get(head)
    values = [item.get(tail or "value") for item in held] if isinstance(held, list) else [held]
    return any(isinstance(item, str) and item.casefold() == value.casefold() for item in values)


def _operate(resource: Json, op: str, path: str | None, value: Any) -> None:
    if path is None:
        for name, part in value.items():
            _operate(resource, op, name, part)
    elif member := MEMBER.match(path):
        resource["members"] = [
            item for item in resource.get("members", []) if item["value"] != member.group(1)
        ]
    elif path == "members" and op == "remove":
        gone = {item["value"] for item in value} if value else None
        resource["members"] = [
            item for item in resource["members"] if gone is not None and item["value"] not in gone
        ]
    elif path == "members" and op == "add":
        there = {item["value"] for item in resource.setdefault("members", [])}
        resource["members"] += [item for item in value if item["value"] not in there]
    else:
        holder, name = _holder(resource, path)
        if op == "remove":
            holder.pop(name, None)
        else:
            holder[name] = value


def _holder(resource: Json, path: str) -> tuple[Json, str]:
    assert "[" not in path, f"the small tenant knows no value filters: {path}"
    if path.startswith("urn:"):
        extension, _, attribute = path.rpartition(":")
        whole = attribute == "User"
        return (resource, path) if whole else _holder(resource.setdefault(extension, {}), attribute)
    head, _, tail = path.partition(".")
    return _holder(resource.setdefault(head, {}), tail) if tail else (resource, path)
