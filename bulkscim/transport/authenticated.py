"""The one place where the token meets a request."""

from bulkscim.errors import CredentialError
from bulkscim.model.request import Reply, Request
from bulkscim.model.secret import Secret
from bulkscim.transport.base import Wire


class Authenticated:
    """A transport whose every request carries the token."""

    def __init__(self, inner: Wire, token: Secret) -> None:
        text = token.reveal()
        if not text or not text.isascii() or not text.isprintable():
            raise CredentialError("the token is empty or holds characters that no header can carry")
        self._inner = inner
        self._token = token

    async def send(self, request: Request) -> Reply:
        """Send one request with the Authorization header."""
        return await self._inner.send(request, {"Authorization": f"Bearer {self._token.reveal()}"})
