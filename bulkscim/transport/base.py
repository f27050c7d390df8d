"""The seam between the engine and the network: one method."""

from collections.abc import Mapping
from typing import Protocol

from bulkscim.model.request import Reply, Request


class Transport(Protocol):
    """Sends a request once and returns what came of it; never raises for what a server or a network does."""

    async def send(self, request: Request) -> Reply:
        """Send one request; a write leaves once, whatever happens to its connection."""


class Wire(Protocol):
    """A transport that takes headers besides the request: where a credential can be added in one place."""

    async def send(self, request: Request, headers: Mapping[str, str] = ...) -> Reply:
        """Send one request with these headers added."""
