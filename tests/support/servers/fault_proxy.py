"""A proxy before a tenant that fails like a bad day, by a seed, and remembers what reached the tenant."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from tests.support.servers.loopback import served
from tests.support.servers.scim_server import Tenant

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host"}
HTML = b"<!doctype html><html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>"
WRITES = {"POST", "PUT", "PATCH", "DELETE"}


class Fault(StrEnum):
    """What the proxy does instead of passing the answer on."""

    THROTTLED = "429 with Retry-After"
    THROTTLED_BARE = "429 without Retry-After"
    BUSY_BEFORE = "503, not forwarded"
    BUSY_AFTER = "503 after the tenant did it"
    CUT_BEFORE = "closed, not forwarded"
    CUT_AFTER = "closed after the tenant did it"
    TRUNCATED = "half of the answer's body"
    PAGE = "an HTML page labelled scim+json, after the tenant did it"


GENTLE: Mapping[Fault, float] = {
    Fault.THROTTLED: 0.02,
    Fault.THROTTLED_BARE: 0.02,
    Fault.BUSY_BEFORE: 0.02,
    Fault.BUSY_AFTER: 0.02,
    Fault.CUT_AFTER: 0.03,
    Fault.TRUNCATED: 0.02,
    Fault.PAGE: 0.02,
}


@dataclass(frozen=True, slots=True)
class Reached:
    """A write that the tenant was given, and the status with which it answered."""

    method: str
    path: str
    status: int
    body: Any
    answer: Any
    fault: Fault | None

    @property
    def created(self) -> str | None:
        """The folded name of what was created, None when nothing was."""
        if self.method != "POST" or self.status != 201:
            return None
        return str(self.body.get("userName") or self.body.get("displayName")).casefold()


@dataclass(slots=True)
class FaultProxy:
    """What the proxy is told, and what it saw."""

    upstream: Tenant
    shares: Mapping[Fault, float]
    chance: random.Random
    port: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    faults: Counter[Fault] = field(default_factory=Counter)
    reached: list[Reached] = field(default_factory=list)
    connections: set[asyncio.Transport] = field(default_factory=set)
    loop: asyncio.AbstractEventLoop | None = None

    @property
    def base_url(self) -> str:
        """The URL that `--base-url` takes."""
        return f"http://127.0.0.1:{self.port}{self.upstream.prefix}"

    @property
    def written(self) -> int:
        """How many writes the tenant was given so far."""
        return len(self.reached)

    def all_written(self) -> int:
        """Wait until each write that was asked for has reached the tenant, who asked gone or not; return how many."""
        deadline = time.monotonic() + 30
        while self.written < sum(self.asked[method] for method in WRITES) - sum(self.faults.values()):
            assert time.monotonic() < deadline, "a write never reached the tenant"
            time.sleep(0.01)
        return self.written

    def hang_up(self) -> None:
        """Close every connection, as a network does whose client was away too long; may come from any thread."""
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self._hang_up)

    def _hang_up(self) -> None:
        while self.connections:
            self.connections.pop().abort()

    def created(self) -> Counter[str]:
        """Return how often each name was created."""
        return Counter(name for reached in self.reached if (name := reached.created) is not None)

    def draw(self) -> Fault | None:
        """Choose the fate of one request."""
        number = self.chance.random()
        for fault, share in self.shares.items():
            number -= share
            if number < 0:
                return fault
        return None


@contextmanager
def fault_proxy(
    upstream: Tenant, seed: int = 0, shares: Mapping[Fault, float] | None = None
) -> Iterator[FaultProxy]:
    """Run a proxy before a tenant until the block ends."""
    proxy = FaultProxy(upstream, GENTLE if shares is None else shares, random.Random(seed))

    async def handle(request: web.Request) -> web.StreamResponse:
        return await _answer(proxy, request)

    with served(handle) as proxy.port:
        yield proxy


async def _answer(proxy: FaultProxy, request: web.Request) -> web.StreamResponse:
    fault = proxy.draw()
    proxy.asked[request.method] += 1
    proxy.loop = asyncio.get_running_loop()
    if request.transport is not None:
        proxy.connections.add(request.transport)
    if fault is not None:
        proxy.faults[fault] += 1
    body = await request.read()
    match fault:
        case Fault.THROTTLED:
            return web.Response(status=429, headers={"Retry-After": "1"}, text="{}")
        case Fault.THROTTLED_BARE:
            return web.Response(status=429)
        case Fault.BUSY_BEFORE:
            return web.Response(status=503, text="busy")
        case Fault.CUT_BEFORE:
            return _cut(request)
        case _:
            # Shielded: a client that is killed does not take back what it sent.
            return await asyncio.shield(asyncio.ensure_future(_forward(proxy, request, body, fault)))


async def _forward(
    proxy: FaultProxy, request: web.Request, body: bytes, fault: Fault | None
) -> web.StreamResponse:
    status, headers, answer = await _ask(proxy, request, body)
    if request.method in WRITES:
        seen = Reached(request.method, request.raw_path, status, _json(body), _json(answer), fault)
        proxy.reached.append(seen)
    match fault:
        case Fault.BUSY_AFTER:
            return web.Response(status=503, text="busy")
        case Fault.CUT_AFTER:
            return _cut(request)
        case Fault.TRUNCATED:
            return await _truncated(request, status, headers, answer)
        case Fault.PAGE:
            return web.Response(status=200, body=HTML, headers={"Content-Type": "application/scim+json"})
        case _:
            return web.Response(status=status, headers=headers, body=answer)


async def _ask(proxy: FaultProxy, request: web.Request, body: bytes) -> tuple[int, dict[str, str], bytes]:
    url = URL(f"http://{proxy.upstream.host}:{proxy.upstream.port}{request.raw_path}", encoded=True)
    sent = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
    # A connection of its own for each request, so that the tenant's keep-alive adds no faults that we did not draw.
    connector = aiohttp.TCPConnector(force_close=True)
    async with (
        aiohttp.ClientSession(connector=connector, auto_decompress=False) as session,
        session.request(
            request.method, url, data=body or None, headers=sent, allow_redirects=False
        ) as response,
    ):
        answer = await response.read()
        kept = {name: value for name, value in response.headers.items() if name.lower() not in HOP_BY_HOP}
        return response.status, kept, answer


async def _truncated(
    request: web.Request, status: int, headers: dict[str, str], answer: bytes
) -> web.StreamResponse:
    if not answer:
        return _cut(request)
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = len(answer)
    await response.prepare(request)
    await response.write(answer[: len(answer) // 2])
    return _cut(request, response)


def _cut(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return response or web.Response(status=500)


def _json(text: bytes) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
