"""A tenant in memory, on a virtual clock, that loses answers and takes its machine's crashes as they come."""

import json
import re
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import unquote

from bulkscim.model.operation import PatchOperation
from bulkscim.model.request import Loss, NoAnswer, Response
from bulkscim.scim import patch
from tests.support.servers.asked import asked_for

KINDS = {"Users": "User", "Groups": "Group"}
NAMES = {"Users": "userName", "Groups": "displayName"}
MEMBER = re.compile(r'members\[value eq "(.*)"\]')


class Crash(BaseException):
    """The machine that the tool runs on has lost its power."""


class SimulatedTenant:
    """The Transport protocol over a tenant of its own.

    `faults` are shares, by name: `throttled`, `before` and `after` (a 503 before or after the write),
    `cut` (applied, the answer lost), `late` (a timeout, nothing applied). `crash_at` counts requests;
    that one is applied or not, and its answer never comes. `witness` is told of each write before it counts.
    """

    page_size = 100

    def __init__(self, clock, random, faults=(), witness=None):
        self.clock = clock
        self.random = random
        self.faults = dict(faults)
        self.witness = witness
        self.held = {"Users": {}, "Groups": {}}
        self.requests = 0
        self.crash_at = 0
        self.on_crash = None
        self.created = []

    def hold(self, collection, resource):
        """Hold a resource that was there before."""
        self.held[collection][resource["id"]] = {**resource, "meta": {"created": "2019-01-01T00:00:00+00:00"}}

    async def send(self, request):
        """Answer after a while, or not at all."""
        await self.clock.sleep(self.random.random() * 0.2)
        self.requests += 1
        writes = request.method != "GET"
        if writes and self.witness:
            self.witness(request)
        if self.requests == self.crash_at:
            return self._crash(request)
        fault = self._fault() if writes else None
        match fault:
            case "throttled":
                return self._answer(429, {}, {"retry-after": str(self.random.randrange(3))})
            case "before":
                return self._answer(503, {})
            case "late":
                return NoAnswer(Loss.TIMEOUT, "no answer in time")
        reply = self._apply(request)
        match fault:
            case "after":
                return self._answer(503, {})
            case "cut":
                return NoAnswer(Loss.CUT, "the connection was cut")
        return reply

    def _crash(self, request):
        if self.random.random() < 0.5:
            self._apply(request)
        self.on_crash()
        raise Crash

    def _fault(self):
        at = self.random.random()
        for name, share in self.faults.items():
            at -= share
            if at < 0:
                return name
        return None

    def _answer(self, status, body, headers=()):
        date = {"date": formatdate(self.clock.now(), usegmt=True)}
        text = json.dumps(body).encode() if body is not None else b""
        return Response(status, {**date, **dict(headers)}, text, self.clock.now())

    def _apply(self, request):
        path = request.path.partition("?")[0].strip("/").split("/")
        collection, resource_id = path[0], unquote(path[1]) if len(path) > 1 else None
        if collection not in self.held:
            return self._answer(404, {})
        body = json.loads(request.body) if request.body else {}
        if resource_id is None:
            return (
                self._create(collection, body)
                if request.method == "POST"
                else self._list(collection, request.path)
            )
        if resource_id not in self.held[collection]:
            return self._answer(404, {})
        return self._one(request.method, collection, resource_id, body)

    def _create(self, collection, body):
        name = NAMES[collection]
        taken = any(one[name].casefold() == body[name].casefold() for one in self.held[collection].values())
        if taken and collection == "Users":
            return self._answer(409, {"scimType": "uniqueness", "detail": "taken"})
        made = datetime.fromtimestamp(self.clock.now(), UTC).isoformat()
        self.created.append((collection, body[name]))
        resource = {**body, "id": f"{collection[0]}{len(self.created)}", "meta": {"created": made}}
        self.held[collection][resource["id"]] = resource
        return self._answer(201, resource)

    def _list(self, collection, path):
        asked = asked_for(path)
        found = list(self.held[collection].values())
        if asked is not None:
            found = [one for one in found if str(one.get(asked[0], "")).casefold() == asked[1].casefold()]
        start = int((re.search(r"startIndex=(\d+)", path) or [0, 1])[1])
        page = found[start - 1 : start - 1 + self.page_size]
        return self._answer(200, {"totalResults": len(found), "Resources": page})

    def _one(self, method, collection, resource_id, body):
        match method:
            case "DELETE":
                del self.held[collection][resource_id]
                return self._answer(204, None)
            case "PUT":
                meta = self.held[collection][resource_id]["meta"]
                self.held[collection][resource_id] = {**body, "id": resource_id, "meta": meta}
            case "PATCH":
                operations = [
                    PatchOperation(one["op"], one.get("path"), one.get("value")) for one in body["Operations"]
                ]
                self.held[collection][resource_id] = patch.apply(
                    operations, self.held[collection][resource_id]
                )
        return self._answer(200, self.held[collection][resource_id])

    def state(self):
        """Return the tenant by names instead of ids, to be compared."""
        names = {one["id"]: one[NAMES[kind]] for kind, held in self.held.items() for one in held.values()}
        return {
            (kind, one[NAMES[kind]]): _named(one, names)
            for kind, held in self.held.items()
            for one in held.values()
        }


def _named(resource, names):
    shown = {key: value for key, value in resource.items() if key not in {"id", "meta", "schemas"}}
    text = json.dumps(shown, sort_keys=True)
    for resource_id, name in names.items():
        text = text.replace(f'"{resource_id}"', f'"{name}"')
    plain = json.loads(text)
    if "members" in plain:
        plain["members"] = sorted(member["value"] for member in plain["members"])
    return {key: value for key, value in plain.items() if value not in (None, [], {})}
