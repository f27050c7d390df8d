"""A sandbox on a loopback port: the only place besides the transport where aiohttp is."""

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

import anyio
import orjson
from aiohttp import web
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from bulkscim.errors import Locked
from bulkscim.journal.durable import LocalDisk
from bulkscim.model.clock import Clock
from bulkscim.model.typed import next_line
from bulkscim.sandbox.control import answer_control
from bulkscim.sandbox.faults import InjectedFault
from bulkscim.sandbox.settings import (
    CONTROL,
    HOST,
    PREFIX,
    Address,
    SandboxFiles,
    SandboxSettings,
    new_tokens,
    read_address,
    write_address,
)
from bulkscim.sandbox.site import Site
from bulkscim.transport.address import loopback

LOOK_EVERY_S = 1.0
PAGE = b"<!doctype html><html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>"


async def serve(
    where: SandboxFiles, settings: SandboxSettings, clock: Clock, ready: Callable[[Address], None]
) -> None:
    """Serve until a signal, `sandbox stop`, or the loss of the address file; Locked if another does."""
    where.make()
    lock = LocalDisk().lock(where.lock)
    if lock is None:
        raise Locked(
            f"a sandbox with profile {where.profile} is running\n"
            + next_line("sandbox", "stop", "--profile", where.profile)
        )
    try:
        before = read_address(where)
        tokens = before.tokens if before and before.tokens else new_tokens()
        site = Site(where, settings, clock, tokens)
        try:
            async with _listening(site, where) as port:
                address = Address(port, os.getpid(), settings, tokens)
                site.port = port
                write_address(where, address)
                ready(address)
                await _until_told(site, where)
        finally:
            site.close()
    finally:
        lock.release()


@asynccontextmanager
async def _listening(site: Site, where: SandboxFiles) -> AsyncIterator[int]:
    """Listen where it did before, so that what a run recorded of its tenant stays true; else anywhere."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return await _answer(site, request)

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.5)
    await runner.setup()
    try:
        before = read_address(where)
        try:
            await web.TCPSite(runner, HOST, before.port if before else 0).start()
        except OSError:
            await web.TCPSite(runner, HOST, 0).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def _until_told(site: Site, where: SandboxFiles) -> None:
    """Wait for the end. A sandbox whose state folder was removed serves no command any more."""
    loop_signals = [signal.SIGINT, signal.SIGTERM]
    with suppress(NotImplementedError), anyio.open_signal_receiver(*loop_signals) as signals:
        async with anyio.create_task_group() as tasks:

            async def on_signal() -> None:
                async for _ in signals:
                    site.stopping.set()

            tasks.start_soon(on_signal)
            await _until_stopping(site, where)
            tasks.cancel_scope.cancel()
        return
    await _until_stopping(site, where)


async def _until_stopping(site: Site, where: SandboxFiles) -> None:
    while not site.stopping.is_set():
        now = read_address(where)
        if now is None or now.pid != os.getpid():
            return
        with anyio.move_on_after(LOOK_EVERY_S):
            await site.stopping.wait()


async def _answer(site: Site, request: web.BaseRequest) -> web.StreamResponse:
    """Read one request, have it answered, and send what the faults leave of the answer."""
    if not _is_meant(request):
        return web.Response(status=HTTPStatus.MISDIRECTED_REQUEST, text="this is another host; use 127.0.0.1")
    asked = await _read(site, request)
    if asked is None:
        return web.Response(status=HTTPStatus.NOT_FOUND, text=f"SCIM is below {PREFIX}")
    if asked.path.startswith(CONTROL):
        return _plain(await answer_control(site, asked))
    sent = await site.answer(asked)
    if sent.response is None:
        return _cut(request, web.Response())
    if sent.fault is InjectedFault.PAGE:
        return web.Response(body=PAGE, headers={"Content-Type": "application/scim+json"})
    answer = _plain(sent.response)
    return await _halved(request, answer) if sent.fault is InjectedFault.TRUNCATED else answer


def _is_meant(request: web.BaseRequest) -> bool:
    """Return whether every host that the request names is this machine.

    The name of a web page may lead here as well (DNS rebinding): then the page reads the answers as its own.
    """
    names = [*request.headers.getall("Host", [""]), *filter(None, (urlsplit(request.raw_path).netloc,))]
    return all(loopback(_host_of(name)) for name in names)


def _host_of(authority: str) -> str:
    """Return the host of `host:port`, empty where it is no such thing."""
    try:
        parts = urlsplit(f"//{authority}")
        _ = parts.port
    except ValueError:
        return ""
    return parts.hostname or "" if parts.netloc == authority and parts.username is None else ""


async def _read(site: Site, request: web.BaseRequest) -> ScimRequest | None:
    parts = urlsplit(request.raw_path)
    path = parts.path
    if not path.startswith(CONTROL):
        if not path.startswith(f"{PREFIX}/"):
            return None
        path = path.removeprefix(PREFIX)
    return ScimRequest(
        method=request.method,
        base_url=f"http://{HOST}:{site.port}{PREFIX}",
        path=unquote(path),
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers=[(name, value) for name, value in request.headers.items()],
        body=await request.read(),
    )


def _plain(response: ScimResponse) -> web.Response:
    """Return an answer as aiohttp sends it."""
    headers = dict(response.headers)
    if response.body is None:
        headers.pop("Content-Type", None)
        return web.Response(status=int(response.status), headers=headers)
    return web.Response(status=int(response.status), headers=headers, body=orjson.dumps(response.body))


async def _halved(request: web.BaseRequest, answer: web.Response) -> web.StreamResponse:
    """Send half of the body that was announced, then hang up."""
    body = answer.body
    if not isinstance(body, bytes):
        return _cut(request, answer)
    half = web.StreamResponse(status=answer.status, headers=answer.headers)
    half.content_length = len(body)
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    return _cut(request, half)


def _cut(request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return response
