"""The one place where the token meets a request, and where no answer may tell it."""

from bulkscim.errors import CredentialError
from bulkscim.model.request import Reply, Request
from bulkscim.model.secret import Secret
from bulkscim.scim.masking import Masking
from bulkscim.transport.base import Wire


class Authenticated:
    """A transport whose every request carries the token, and whose answers do not repeat it.

    `others` are further secrets that an answer may repeat, as the password of a proxy.
    """

    def __init__(self, inner: Wire, token: Secret, others: tuple[Secret, ...] = ()) -> None:
        text = token.reveal()
        if not text or not text.isascii() or not text.isprintable():
            raise CredentialError("the token is empty or holds characters that no header can carry")
        self._inner = inner
        self._token = token
        self._masking = Masking((one.reveal() for one in (token, *others)), words=False)

    async def send(self, request: Request) -> Reply:
        """Send one request with the Authorization header."""
        headers = {"Authorization": f"Bearer {self._token.reveal()}"}
        return self._masking.reply(await self._inner.send(request, headers))
