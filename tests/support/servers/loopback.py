"""An aiohttp.web application on a loopback port, in a thread of its own."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextmanager
def served(handler: Handler, port: int = 0) -> Iterator[int]:
    """Serve every request by one handler until the block ends; yield the port: this one, or any that is free."""
    ready = threading.Event()
    state: dict[str, object] = {}
    thread = threading.Thread(target=_serve, args=(handler, port, ready, state), daemon=True)
    thread.start()
    assert ready.wait(20), "the loopback server did not start"
    loop, stop, port_found = state["loop"], state["stop"], state["port"]
    assert isinstance(loop, asyncio.AbstractEventLoop)
    assert isinstance(stop, asyncio.Event)
    assert isinstance(port_found, int)
    try:
        yield port_found
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=20)
        assert not thread.is_alive(), "the loopback server did not stop"


def _serve(handler: Handler, port: int, ready: threading.Event, state: dict[str, object]) -> None:
    async def main() -> None:
        stop = asyncio.Event()
        # A low-level server: every path as it came, undecoded, and no routes.
        runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        state.update(loop=asyncio.get_running_loop(), stop=stop, port=runner.addresses[0][1])
        ready.set()
        await stop.wait()
        await runner.cleanup()

    asyncio.run(main())
