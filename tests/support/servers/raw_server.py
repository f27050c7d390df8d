"""A TCP server on loopback that answers as it is told, byte by byte."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Talk = Callable[[int, str, asyncio.StreamWriter], Awaitable[bool]]


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[tuple[str, list[str]]]:
    """Yield a base URL and the request heads that arrive; `talk(n, head, writer)` answers the n-th.

    The connection is closed when it returns False.
    """
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(
                    (
                        int(line[15:])
                        for line in head.splitlines()
                        if line.lower().startswith("content-length")
                    ),
                    0,
                )
                await reader.readexactly(length)
                heads.append(head)
                if not await talk(len(heads), head, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/scim", heads
    finally:
        server.close()


def said(*chunks: bytes, keep: bool = False) -> Talk:
    """Return a talk that writes the same bytes to every request."""

    async def talk(number: int, head: str, writer: asyncio.StreamWriter) -> bool:
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
        return keep

    return talk


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return an HTTP answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
