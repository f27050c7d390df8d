"""The sandbox without a network, as a transport on a virtual clock."""

import sqlite3
from email.utils import formatdate
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson
from scim2_server.requests import ScimRequest

from bulkscim.model.operation import ENTERPRISE
from bulkscim.model.request import Response
from bulkscim.sandbox.tenant import SandboxTenant
from bulkscim.scim.schemas import CORE
from tests.support.servers.sandboxes import ADMIN, TOKENS

NAMES = {"User": "userName", "Group": "displayName"}
LEFT_OUT = frozenset({"id", "meta", "schemas", "groups", "members"})


class SandboxTransport:
    """The Transport protocol over a sandbox's tenant in this process."""

    def __init__(self, path, quirks, clock, random):
        self._path, self._clock, self._random = path, clock, random
        self._tenant = SandboxTenant(path, quirks, TOKENS)
        self.requests = 0

    async def send(self, request):
        """Answer after a while."""
        await self._clock.sleep(self._random.random() * 0.2)
        self.requests += 1
        parts = urlsplit(request.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        answer = self._ask(request.method, unquote(parts.path), query, request.body or b"")
        body = orjson.dumps(_timeless(answer.body)) if answer.body is not None else b""
        headers = {name.lower(): value for name, value in dict(answer.headers).items()}
        headers["date"] = formatdate(self._clock.now(), usegmt=True)
        return Response(int(answer.status), headers, body, self._clock.now())

    def make(self, kind, resource):
        """Make a resource before the run, and return its id."""
        schemas = [CORE[kind], *([ENTERPRISE] if ENTERPRISE in resource else [])]
        answer = self._ask("POST", f"/{kind}s", {}, orjson.dumps({"schemas": schemas} | resource))
        assert int(answer.status) == 201, answer.body
        return answer.body["id"]

    def _ask(self, method, path, query, body):
        headers = {"Authorization": f"Bearer {ADMIN}", "Content-Type": "application/json"}
        return self._tenant.answer(ScimRequest(method, "http://127.0.0.1/v2", path, query, headers, body))

    def state(self):
        """Return all that is kept, hidden people too, by names instead of ids."""
        with sqlite3.connect(self._path) as database:
            kept = database.execute("select type, body from resources").fetchall()
        held = [(kind, orjson.loads(body)) for kind, body in kept]
        names = {one["id"]: one[NAMES[kind]] for kind, one in held}
        return {(kind, one[NAMES[kind]]): _plain(one, names) for kind, one in held}


def _timeless(body):
    """Return an answer without times of creation: they are those of another clock."""
    shown = {key: value for key, value in body.items() if key != "Resources"}
    if isinstance(shown.get("meta"), dict):
        shown["meta"] = {key: value for key, value in shown["meta"].items() if key != "created"}
    return shown | (
        {"Resources": [_timeless(one) for one in body["Resources"]]} if "Resources" in body else {}
    )


def _plain(resource, names):
    shown = {key: value for key, value in resource.items() if key not in LEFT_OUT}
    shown["members"] = sorted(names.get(one["value"], one["value"]) for one in resource.get("members") or ())
    extension = dict(shown.pop(ENTERPRISE, None) or {})
    if boss := (extension.pop("manager", None) or {}).get("value"):
        extension["manager"] = names.get(boss, boss)
    shown[ENTERPRISE] = extension
    shown["active"] = shown.get("active") is not False
    return {key: value for key, value in shown.items() if value not in (None, [], {}, "")}
