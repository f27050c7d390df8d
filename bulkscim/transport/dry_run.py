"""The transport of a plan: reads go through, writes never do.

A write is answered here as a tenant would, and later reads see what it would have changed. There is no way from a
write to the inner transport: only `_ask` sends, and it makes GETs.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from bulkscim.model.names import name_attribute
from bulkscim.model.operation import GROUP, USER, JsonObject, Key, PatchOperation
from bulkscim.model.plan import PLANNED
from bulkscim.model.request import Loss, NoAnswer, Reply, Request, Response
from bulkscim.pacing.retry import ReadVerdict, judge_read
from bulkscim.planning.lookups import answers
from bulkscim.scim import filters, paths, protocol
from bulkscim.scim.patch import apply
from bulkscim.transport.base import Transport
from bulkscim.transport.overlay import Change, Held, Overlay

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

    def answers_alone(self, request: Request) -> bool:
        """Return whether a write is answered by what is known here, so that nothing leaves for it."""
        place = _PATH.fullmatch(request.path)
        if place is None or request.method == "GET":
            return False
        kind, identifier = _KINDS[place[1]], unquote(place[2]) if place[2] else None
        if identifier is None:
            return True
        held = self._overlay.held(kind, identifier)
        if held is not None:
            return held.resource is not None
        return (kind, identifier) in self._read_last or bool(self._overlay.shown(kind, identifier))

    async def _ask(self, path: str) -> Reply:
        """Read from the tenant: the only thing that leaves."""
        self.asked += 1
        return await self._inner.send(Request("GET", path))

    async def _read(self, path: str, kind: str, identifier: str | None) -> Reply:
        """Answer a GET of one resource, a lookup or a page."""
        if identifier is not None:
            return await self._one(kind, identifier)
        reply = await self._ask(path)
        answer = protocol.list_of(reply.body) if isinstance(reply, Response) else None
        if not isinstance(reply, Response) or answer is None or judge_read(reply) is not ReadVerdict.GOOD:
            return reply
        asked = filters.any_asked_for(path)
        if asked is None:
            return self._page(path, kind, answer, reply)
        return await self._found([Key(kind, asked[0], value) for value in asked[1]], answer, reply)

    async def _one(self, kind: str, identifier: str) -> Reply:
        """Answer a GET of one resource; the changes of one that only lookups have shown take effect on what is read now."""
        held = self._overlay.held(kind, identifier)
        if held is not None and not held.unread:
            return _gone() if held.resource is None else _shown(200, held.resource)
        reply = await self._ask(protocol.resource_path(kind, identifier))
        if held is None:
            return self._kept(kind, identifier, reply)
        live = protocol.resource_of(reply.body) if isinstance(reply, Response) else None
        held = self._overlay.held(kind, identifier) or held
        if judge_read(reply) is not ReadVerdict.GOOD or live is None:
            return reply
        return _shown(200, self._overlay.keep(kind, _changed(held.unread, live) | {"id": identifier}))

    def _kept(self, kind: str, identifier: str, reply: Reply) -> Reply:
        """Keep what was read last: what a row has just read is not read again to plan its change."""
        good = isinstance(reply, Response) and judge_read(reply) is ReadVerdict.GOOD
        if isinstance(reply, Response) and good and len(reply.body) <= MOST_KEPT_BYTES:
            self._read_last[kind, identifier] = reply
            while len(self._read_last) > MOST_KEPT:
                self._read_last.popitem(last=False)
        return reply

    async def _found(self, keys: Sequence[Key], answer: protocol.ListAnswer, reply: Response) -> Response:
        """Return a lookup's answer with what the plan holds in place of what the tenant shows."""
        kind, attribute = keys[0].type, keys[0].attribute
        listed: dict[str, JsonObject] = {}
        for one in answer.resources:
            held = self._overlay.held(kind, one["id"])
            shown = self._as_planned(kind, one)
            if held is None or (held.unread and any(answers(key, shown) for key in keys)):
                listed[one["id"]] = shown
        for identifier in self._named(keys) if self._overlay.known(attribute) else ():
            if identifier not in listed:
                one_reply = await self._one(kind, identifier)
                resource = protocol.resource_of(one_reply.body) if isinstance(one_reply, Response) else None
                listed |= {identifier: resource} if resource is not None else {}
        shown_all = [*listed.values(), *(None for _ in answer.unusable)]
        return _list(shown_all, len(shown_all), reply)

    def _named(self, keys: Sequence[Key]) -> Iterator[str]:
        """Yield the ids of what the plan holds by these keys."""
        return (identifier for key in keys for identifier in self._overlay.named(key))

    def _page(self, path: str, kind: str, answer: protocol.ListAnswer, reply: Response) -> Response:
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
        total = None if answer.total is None else answer.total + self._overlay.count_made(kind)
        return _list(listed, total, reply, answer.next_cursor)

    def _as_planned(self, kind: str, resource: JsonObject) -> JsonObject:
        """Return a listed resource as it would stand; what the plan has not changed is kept as it is shown."""
        held = self._overlay.held(kind, resource["id"])
        if held is None:
            self._overlay.saw(kind, resource)
            return resource
        if held.unread:
            return _changed(held.unread, resource)
        return held.resource or {"id": resource["id"]}

    async def _create(self, kind: str, data: JsonObject) -> Reply:
        """Answer a POST: a name that the plan has taken is refused where the tenant would refuse it.

        Whether the tenant holds a name is looked up before by who sends this.
        """
        name = paths.get(data, name_attribute(kind))
        taken = isinstance(name, str) and self._overlay.named(Key(kind, name_attribute(kind), name))
        if kind in self._unique and taken:
            return _error(409, "uniqueness", f"{name} exists")
        self._made += 1
        made = {**data, "id": f"{PLANNED}{self._made}", "meta": {"resourceType": kind}}
        return _shown(201, self._overlay.keep(kind, made, made=True))

    async def _change(self, request: Request, kind: str, identifier: str) -> Reply:
        """Answer a PUT, PATCH or DELETE of a resource that stands; what a lookup has shown need not be read."""
        held, known = self._overlay.held(kind, identifier), self._read_last.pop((kind, identifier), None)
        if held is None and known is None and (shown := self._overlay.shown(kind, identifier)):
            held = Held(shown)
            return self._changes(request, kind, held, is_read=False)
        if held is not None and held.resource is not None:
            return self._changes(request, kind, held, is_read=not held.unread)
        reply = known or await self._one(kind, identifier)
        self._read_last.pop((kind, identifier), None)
        if isinstance(reply, NoAnswer):
            return NoAnswer(Loss.NEVER_SENT, reply.detail)
        live = protocol.resource_of(reply.body)
        if judge_read(reply) is ReadVerdict.AGAIN:
            return NoAnswer(
                Loss.NEVER_SENT, f"the resource could not be read: {protocol.error_of(reply).detail}"
            )
        if judge_read(reply) is not ReadVerdict.GOOD or live is None:
            return reply
        return self._changes(request, kind, Held(live), is_read=True)

    def _changes(self, request: Request, kind: str, held: Held, *, is_read: bool) -> Reply:
        """Take in a change of a resource; `is_read`: by its id, so that all it has is known."""
        live = held.resource or {}
        if request.method == "DELETE":
            self._overlay.drop(kind, live["id"])
            return Response(204)
        change = (request.method, request.body or b"{}")
        try:
            after = _after(change, live) | {"id": live["id"]}
        except paths.PathError as error:
            return _error(400, "invalidPath", str(error))
        if is_read:
            return _shown(200, self._overlay.keep(kind, after))
        return _shown(200, self._overlay.keep_unread(kind, after, (*held.unread, change)))


def _changed(changes: Sequence[Change], resource: JsonObject) -> JsonObject:
    """Return a resource with changes that took effect on another form of it; one that means nothing here is left out."""
    for change in changes:
        with suppress(paths.PathError):
            resource = _after(change, resource)
    return resource


def _after(change: Change, live: JsonObject) -> JsonObject:
    """Return a resource as a PUT or PATCH would leave it."""
    method, body = change[0], _object(change[1])
    if method == "PUT":
        return body | {name: live[name] for name in ("id", "meta") if name in live}
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
