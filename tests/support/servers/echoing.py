"""A tenant in memory that repeats a secret in its answers: any status, any place of the answer, any encoding.

It stands in the place of the HTTP transport below the credentials, so that all commands run over it in this process.
"""

import base64
import html
import json
from dataclasses import dataclass
from random import Random
from urllib.parse import quote, quote_plus

from bulkscim.commands import runtime
from bulkscim.engine.clock import RealClock
from bulkscim.model.request import Loss, NoAnswer, Response
from bulkscim.runs import tenant as tenants
from tests.support.running.virtual_loop import VirtualLoop, live
from tests.support.simulation.tenant import SimulatedTenant

BASE_URL = "https://tenant.example/scim/v2"
STATUSES = (200, 201, 202, 400, 401, 403, 404, 409, 422, 429, 500, 503)


def _escaped(text):
    return json.dumps(text)[1:-1]


def _base64(text, before):
    return base64.b64encode(b"u" * before + text.encode() + b"!").decode()


# How services write a text; each is also looked for in all files and outputs afterwards.
FORMS = {
    "as it is": str,
    "JSON": _escaped,
    "JSON in JSON": lambda text: _escaped(_escaped(text)),
    "JSON for web pages": lambda text: "".join(
        f"\\u{ord(one):04x}" if one in "<>&'=+" else one for one in _escaped(text)
    ),
    "slashes escaped": lambda text: _escaped(text).replace("/", "\\/"),
    "percent": lambda text: quote(text, safe=""),
    "percent in a path": quote,
    "percent, lower case": lambda text: "".join(
        one if one.isascii() and one.isalnum() else quote(one, safe="").lower() for one in text
    ),
    "percent, all but letters and digits": lambda text: "".join(
        one if one.isascii() and one.isalnum() else "".join(f"%{byte:02X}" for byte in one.encode())
        for one in text
    ),
    "percent, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "form": quote_plus,
    "HTML": html.escape,
    "HTML, decimal": lambda text: "".join(
        one if one.isascii() and one.isalnum() else f"&#{ord(one)};" for one in text
    ),
    "HTML, hexadecimal": lambda text: "".join(
        one if one.isascii() and one.isalnum() else f"&#x{ord(one):X};" for one in text
    ),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal, upper case": lambda text: text.encode().hex().upper(),
    "HTML, twice": lambda text: html.escape(html.escape(text)),
    **{f"base64 at {n}": lambda text, n=n: _base64(text, n) for n in range(3)},
    **{
        f"base64 for URLs at {n}": lambda text, n=n: _base64(text, n).translate(str.maketrans("+/", "-_"))
        for n in range(3)
    },
}


def shown_forms(secret):
    """Yield the texts of which none may be in any output: base64 without the ends that other texts share."""
    for name, form in FORMS.items():
        text = form(secret)
        yield text[4:-4] if name.startswith("base64") else text


PLACES = (
    "detail", "scimType", "attribute", "deep attribute", "attribute's name", "id", "location", "etag",
    "www-authenticate", "retry-after", "HTML", "text", "no answer", "cut JSON", "userName", "error",
)  # fmt: skip


@dataclass
class Echo:
    """What is repeated, how and where: `told` is the encoded secret; `first` is the number of the first such answer.

    `status` replaces that of answers to writes, 0 leaves it. With `reads`, lookups repeat it as well. One that is
    `silent` repeats nothing, one that is `shy` only answers to writes and to lookups of one resource.
    """

    told: str
    place: str
    status: int = 0
    first: int = 0
    reads: bool = True
    silent: bool = False
    shy: bool = False

    def of(self, request, reply, number):
        """Return the answer with the secret in it."""
        writes = request.method != "GET"
        of_one = writes or "filter=" in request.path or request.path.count("/") > 1
        asked = number >= self.first and (writes or self.reads) and (of_one or not self.shy)
        if self.silent or not asked or not isinstance(reply, Response):
            return reply
        status = self.status if self.status and writes else reply.status
        headers, told = dict(reply.headers), f"you sent {self.told}"
        error = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status)}
        match self.place:
            case "no answer":
                return NoAnswer(Loss.CUT, told) if writes else reply
            case "location" | "etag" | "www-authenticate" | "retry-after":
                headers[self.place] = self.told
                return Response(status, headers, reply.body)
            case "HTML":
                return Response(status, headers, f"<html><title>{told}</title><p>{told}</html>".encode())
            case "text":
                return Response(status, headers, told.encode())
            case "detail" | "scimType" | "error":
                return Response(status, headers, json.dumps({**error, self.place: told}).encode())
        body = json.loads(reply.body) if reply.body else {}
        for one in body.get("Resources", [body]):
            self._into(one)
        text = json.dumps(body).encode()
        return Response(status, headers, text[:-1] if self.place == "cut JSON" else text)

    def _into(self, resource):
        match self.place:
            case "attribute" | "cut JSON":
                resource["nickName"] = resource["title"] = self.told
            case "deep attribute":
                resource["urn:example:Echo"] = {"asked": [{"value": f"<{self.told}>"}]}
            case "attribute's name":
                resource[self.told] = True
            case "id":
                resource["id"] = self.told
            case "userName":
                resource["userName"] = self.told


def wire_of(echo, time):
    """Return what takes the place of AiohttpTransport: all of its instances reach one tenant."""
    tenant = SimulatedTenant(time, Random(1))
    tenant.hold("Users", {"id": "u1", "userName": "ada@example.com", "title": "Old"})
    seen = [0]

    class Wire:
        """One way to the tenant."""

        def __init__(self, base_url, *_):
            pass

        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            pass

        async def send(self, request, headers=()):
            """Send, and repeat what is to be repeated."""
            seen[0] += 1
            return echo.of(request, await tenant.send(request), seen[0])

    return Wire


class Loop(VirtualLoop):
    """A virtual loop that commands can ask for signals; none ever comes."""

    def add_signal_handler(self, *_):
        """Do nothing."""

    def remove_signal_handler(self, *_):
        """Do nothing."""


def on_virtual_time(monkeypatch, time, wire):
    """Let commands of this process reach the wire, and their waits take no time."""
    monkeypatch.setattr(runtime, "carry_out", lambda work: live(Loop(time), work()))
    monkeypatch.setattr(RealClock, "now", lambda _: time.now())
    monkeypatch.setattr(RealClock, "monotonic", lambda _: time.monotonic())
    monkeypatch.setattr(tenants, "AiohttpTransport", wire)
