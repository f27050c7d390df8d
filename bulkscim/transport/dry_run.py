"""The transport of a plan: reads go through, writes never do.

A write is answered here as a tenant would, and later reads see what it would have changed. There is no way from a
write to the inner transport: only `_ask` sends, and it makes GETs.
"""

import re
from collections import OrderedDict
from collections.abc import Sequence
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from bulkscim.model.names import name_attribute
from bulkscim.model.operation import GROUP, USER, JsonObject, Key, PatchOperation
from bulkscim.model.request import Loss, NoAnswer, Reply, Request, Response
from bulkscim.pacing.retry import ReadVerdict, judge_read
from bulkscim.scim import filters, messages, paths
from bulkscim.scim.patch import apply
from bulkscim.transport.base import Transport
from bulkscim.transport.overlay import Overlay

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
MOST_KEPT, MOST_KEPT_BYTES = 256, 1 << 16
_KINDS = {"Users": USER, "Groups": GROUP}
_PATH = re.compile(r"/(Users|Groups)(?:/([^/?]+))?(?:\?.*)?")


class Planning:
    """Sends nothing but GETs. `unique` names the types whose names the tenant itself keeps apart."""

    def __init__(self, inner: Transport, unique: frozenset[str] = frozenset({USER})) -> None:
        self._inner = inner
        self._unique = unique
        self._overlay = Overlay()
        self._ends: dict[str, int] = {}
        self._read_last: OrderedDict[tuple[str, str], Response] = OrderedDict()
        self._made = 0
        self.asked = 0  # requests that reached the tenant

    def close(self) -> None:
        """Let go of what the plan has changed."""
        self._overlay.close()

    async def send(self, request: Request) -> Reply:
        """Answer one request, from the tenant or from what the plan has changed."""
        place = _PATH.fullmatch(request.path)
        if place is None:
            return (
                await self._ask(request.path) if request.method == "GET" else _error(501, None, "not planned")
            )
        kind, identifier = _KINDS[place[1]], unquote(place[2]) if place[2] else None
        match request.method:
            case "GET":
                return await self._read(request.path, kind, identifier)
            case "POST" if identifier is None:
                return await self._create(kind, _object(request.body))
            case "PUT" | "PATCH" | "DELETE" if identifier is not None:
                return await self._change(request, kind, identifier)
            case _:
                return _error(405, None, f"{request.method} {request.path} means nothing")

    async def _ask(self, path: str) -> Reply:
        """Read from the tenant: the only thing that leaves."""
        self.asked += 1
        return await self._inner.send(Request("GET", path))

    async def _read(self, path: str, kind: str, identifier: str | None) -> Reply:
        """Answer a GET of one resource, a lookup or a page."""
        if identifier is not None:
            if not self._overlay.holds(kind, identifier):
                return self._kept(kind, identifier, await self._ask(path))
            held = self._overlay.read(kind, identifier)
            return _gone() if held is None else _shown(200, held)
        reply = await self._ask(path)
        answer = messages.list_of(reply.body) if isinstance(reply, Response) else None
        if not isinstance(reply, Response) or answer is None or judge_read(reply) is not ReadVerdict.GOOD:
            return reply
        asked = filters.any_asked_for(path)
        if asked is None:
            return self._page(path, kind, answer, reply)
        return self._found([Key(kind, asked[0], value) for value in asked[1]], answer, reply)

    def _kept(self, kind: str, identifier: str, reply: Reply) -> Reply:
        """Keep what was read last: what a row has just read is not read again to plan its change."""
        good = isinstance(reply, Response) and judge_read(reply) is ReadVerdict.GOOD
        if isinstance(reply, Response) and good and len(reply.body) <= MOST_KEPT_BYTES:
            self._read_last[kind, identifier] = reply
            while len(self._read_last) > MOST_KEPT:
                self._read_last.popitem(last=False)
        return reply

    def _found(self, keys: Sequence[Key], answer: messages.ListAnswer, reply: Response) -> Response:
        """Return a lookup's answer with what the plan holds in place of what the tenant shows."""
        kind = keys[0].type
        listed = [one for one in answer.resources if not self._overlay.holds(kind, one["id"])]
        for key in keys if self._overlay.known(keys[0].attribute) else ():
            listed += self._overlay.named(key)
        return _list([*listed, *(None for _ in answer.unusable)], len(listed) + len(answer.unusable), reply)

    def _page(self, path: str, kind: str, answer: messages.ListAnswer, reply: Response) -> Response:
        """Return a page of a listing; what the plan makes follows after the tenant's last page.

        A resource that would be gone stays as its bare id, so that pages keep their length.
        """
        listed: list[JsonObject | None] = [self._as_planned(kind, one) for one in answer.resources]
        for place, _ in answer.unusable:
            listed.insert(place, None)
        query = parse_qs(urlsplit(path).query)
        start, count = (
            int(query.get(name, [default])[0]) for name, default in (("startIndex", "1"), ("count", "100"))
        )
        if not listed:
            end = self._ends[kind] = min(start, self._ends.get(kind, start))
            listed = [*self._overlay.made(kind, start - end, count)]
        return _list(listed, answer.total, reply, answer.next_cursor)

    def _as_planned(self, kind: str, resource: JsonObject) -> JsonObject:
        """Return a listed resource as it would stand."""
        if not self._overlay.holds(kind, resource["id"]):
            return resource
        return self._overlay.read(kind, resource["id"]) or {"id": resource["id"]}

    async def _create(self, kind: str, data: JsonObject) -> Reply:
        """Answer a POST: a name that is taken is refused where the tenant would."""
        name = paths.get(data, name_attribute(kind))
        if kind in self._unique and isinstance(name, str) and await self._taken(kind, name):
            return _error(409, "uniqueness", f"{name} exists")
        self._made += 1
        made = {**data, "id": f"planned-{self._made}", "meta": {"resourceType": kind}}
        return _shown(201, self._overlay.keep(kind, made, made=True))

    async def _taken(self, kind: str, name: str) -> bool:
        """Return whether a resource by this name would stand; an answer that says nothing takes no name."""
        key = Key(kind, name_attribute(kind), name)
        if self._overlay.named(key):
            return True
        reply = await self._read(messages.lookup_path(kind, key.attribute, name), kind, None)
        answer = messages.list_of(reply.body) if isinstance(reply, Response) else None
        values = [paths.get(one, key.attribute) for one in answer.resources] if answer else []
        return any(
            isinstance(value, str) and Key(kind, key.attribute, value).folded == key.folded
            for value in values
        )

    async def _change(self, request: Request, kind: str, identifier: str) -> Reply:
        """Answer a PUT, PATCH or DELETE of a resource that stands."""
        known = self._read_last.get((kind, identifier))
        reply = known or await self._read(messages.resource_path(kind, identifier), kind, identifier)
        self._read_last.pop((kind, identifier), None)
        if isinstance(reply, NoAnswer):
            return NoAnswer(Loss.NEVER_SENT, reply.detail)
        live = messages.resource_of(reply.body)
        if judge_read(reply) is ReadVerdict.AGAIN:
            return NoAnswer(
                Loss.NEVER_SENT, f"the resource could not be read: {messages.error_of(reply).detail}"
            )
        if judge_read(reply) is not ReadVerdict.GOOD or live is None:
            return reply
        if request.method == "DELETE":
            self._overlay.drop(kind, identifier)
            return Response(204, {}, b"", reply.received_at)
        try:
            after = _after(request, live)
        except paths.PathError as error:
            return _error(400, "invalidPath", str(error))
        return _shown(200, self._overlay.keep(kind, after | {"id": identifier}))


def _after(request: Request, live: JsonObject) -> JsonObject:
    """Return a resource as a PUT or PATCH would leave it."""
    body = _object(request.body)
    if request.method == "PUT":
        return body | ({"meta": live["meta"]} if "meta" in live else {})
    operations = [
        PatchOperation(one["op"], one.get("path"), one.get("value")) for one in body.get("Operations", [])
    ]
    return apply(operations, live)


def _object(body: bytes | None) -> JsonObject:
    """Return a request's body; these are our own, so they are objects."""
    found: JsonObject = orjson.loads(body or b"{}")
    return found


def _shown(status: int, resource: JsonObject) -> Response:
    """Return a resource as an answer."""
    return Response(status, {"content-type": "application/scim+json"}, orjson.dumps(resource))


def _list(
    resources: list[JsonObject | None], total: int | None, reply: Response, cursor: str | None = None
) -> Response:
    """Return a listing as an answer, with the headers of the tenant's own; None stands for an unusable entry."""
    body: JsonObject = {"schemas": [LIST], "Resources": resources}
    if cursor is not None:
        body["nextCursor"] = cursor
    if total is not None:
        body["totalResults"] = total
    return Response(200, reply.headers, orjson.dumps(body), reply.received_at)


def _gone() -> Response:
    """Return the answer for what would not be there."""
    return _error(404, None, "it would be gone")


def _error(status: int, scim_type: str | None, detail: str) -> Response:
    """Return a SCIM error as an answer."""
    body = {"schemas": [ERROR], "status": str(status), "detail": detail}
    if scim_type:
        body["scimType"] = scim_type
    return Response(status, {}, orjson.dumps(body))
