"""HTTP by aiohttp: one session for a tenant, and each failure told apart by whether the request may have left.

aiohttp itself sends PUT, DELETE and GET a second time when a kept connection turns out to be dead. A write must
leave once, so the middleware here ends such a request with an error of its own, which aiohttp does not repeat.
"""

import os
import socket
import ssl
from asyncio import AbstractEventLoop
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import StreamReader
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_parser import RawResponseMessage
from yarl import URL

from bulkscim import __version__
from bulkscim.errors import UsageError
from bulkscim.model.clock import Clock
from bulkscim.model.request import Loss, NoAnswer, Reply, Request, Response
from bulkscim.providers.profile import PLAIN, Profile
from bulkscim.scim.protocol import printable
from bulkscim.transport.address import checked, loopback

MOST_INTERIM = 20  # answers of 1xx before the one that counts
_MOST_CONNECT_S = 15.0
_LONGEST_HOST = 253
_NO_HEADERS: Mapping[str, str] = {}
# All of these come before the first byte of the request is written.
_UNSENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ClientConnectorSSLError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)


class _ConnectionLostError(Exception):
    """A connection broke under a request that had it; not an error that aiohttp repeats."""


class _TooLargeError(Exception):
    """An answer that is larger than any of its kind should be."""


class _Handler(ResponseHandler):
    """A connection's reader; it gives up a server that sends answers of 1xx without end, each of which takes memory."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._interim = 0

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Take in the head of an answer."""
        self._interim = self._interim + 1 if data[0].code < HTTPStatus.OK else 0
        if self._interim <= MOST_INTERIM:
            super().feed_data(data, size)
        elif self.transport is not None:
            self.set_exception(aiohttp.ClientPayloadError(f"more than {MOST_INTERIM} answers of 1xx"))
            self.transport.abort()


class _Connector(aiohttp.TCPConnector):
    """A connector whose connections bound what comes before an answer."""

    def __init__(self, *, limit: int, trust: ssl.SSLContext | bool) -> None:
        super().__init__(limit=limit, ssl=trust)
        handler: type[ResponseHandler] = _Handler
        self._factory = partial(handler, loop=self._loop)


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How requests reach a tenant: seconds for a whole answer, a proxy, certificates, and connections at once."""

    timeout_s: float = 30.0
    proxy: str | None = None
    ca_bundle: Path | None = None
    concurrency: int = 8


class AiohttpTransport:
    """Sends requests below one base URL. Knows no token: that comes with each request's headers."""

    def __init__(
        self, base_url: str, clock: Clock, http: HttpSettings | None = None, profile: Profile = PLAIN
    ) -> None:
        http = http or HttpSettings()
        self._base = checked(base_url)
        _refuse_host(self._base, "the base URL")
        self._clock = clock
        self._most_bytes = profile.most_bytes
        self._media_type = profile.media_type
        agent = f"bulkscim/{__version__}"
        self._headers = {"Accept": profile.accept, "User-Agent": agent, **profile.headers}
        # The whole may take timeout_s; connecting less, so that a timeout of the whole never means "not sent".
        connect = min(http.timeout_s / 2, _MOST_CONNECT_S)
        self._timeout = aiohttp.ClientTimeout(total=http.timeout_s, connect=connect, sock_connect=connect)
        self._proxy = _proxy(http.proxy, self._base)
        self._ssl = _trust(http.ca_bundle)
        self._concurrency = http.concurrency
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = _Connector(limit=self._concurrency, trust=self._ssl)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            raise_for_status=False,
            middlewares=(_once,),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, request: Request, headers: Mapping[str, str] = _NO_HEADERS) -> Reply:
        """Send one request once."""
        url = URL(self._base + _clean(request.path), encoded=True)
        try:
            return await self._exchange(request, url, self._headers_of(request, headers))
        except _UNSENT as error:
            return NoAnswer(Loss.NEVER_SENT, _told("could not connect", error))
        except TimeoutError:
            return NoAnswer(Loss.TIMEOUT, f"no answer within {self._timeout.total:g} s")
        except (_ConnectionLostError, aiohttp.ClientError, OSError) as error:
            return NoAnswer(Loss.CUT, _told("the connection was cut before an answer came", error))

    def _headers_of(self, request: Request, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers that this request adds to the session's."""
        own = dict(headers)
        if request.body is not None:
            own["Content-Type"] = request.media_type or self._media_type
        if request.if_match is not None:
            own["If-Match"] = "".join(letter for letter in request.if_match if letter.isprintable())
        return own

    async def _exchange(self, request: Request, url: URL, headers: dict[str, str]) -> Reply:
        """Send, and read the whole answer; once its status is known, a failure keeps it."""
        if self._session is None:
            raise RuntimeError("the transport is not open")
        async with self._session.request(
            request.method, url, data=request.body, headers=headers, allow_redirects=False, proxy=self._proxy
        ) as answer:
            try:
                body = await _whole(answer.content, self._most_bytes.of(request.method, request.path))
            except TimeoutError:
                detail = f"{answer.status}, but its body did not come within {self._timeout.total:g} s"
                return NoAnswer(Loss.TIMEOUT, detail, answer.status)
            except (aiohttp.ClientError, OSError, _TooLargeError) as error:
                detail = _told(f"{answer.status}, but the connection ended before its body did", error)
                return NoAnswer(Loss.CUT, detail, answer.status)
            names = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status, names, body, self._clock.now())


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a request a second time on a new connection."""
    try:
        return await handler(request)
    except (*_UNSENT, TimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _ConnectionLostError(str(error)) from error


async def _whole(content: StreamReader, most: int) -> bytes:
    """Read an answer's body up to a bound."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in content.iter_any():
        size += len(chunk)
        if size > most:
            raise _TooLargeError(
                f"it is over {most / (1 << 20):g} MB, the profile's bound for such an answer"
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _clean(path: str) -> str:
    """Return a path that is fit for a request line; another is a bug of the caller."""
    if not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path:
        raise ValueError(f"{path!r} is not a percent-encoded path")
    return path


def _told(what: str, error: BaseException) -> str:
    """Return a failure in words for users; addresses may be in it, credentials never are."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"{what}: the proxy answered {error.status}"
    return f"{what}: {printable(_reason(error)) or type(error).__name__}"


def _reason(error: BaseException) -> str:
    """Return why a connection failed; the library names the form of TLS even where there is none."""
    if not isinstance(error, aiohttp.ClientConnectorError) or isinstance(error, aiohttp.ClientSSLError):
        return str(error)
    cause = error.os_error
    is_number = not isinstance(cause, socket.gaierror) and (cause.errno or 0) > 0
    return f"{error.host}:{error.port}: {os.strerror(cause.errno or 0) if is_number else cause.strerror or cause}"


def _proxy(text: str | None, base_url: str) -> URL | None:
    """Return the proxy's URL; None for a server on this machine, which no proxy may see."""
    if not text:
        return None
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    if url.scheme not in {"http", "https"} or not url.raw_host:
        raise UsageError("--proxy must be a URL as in http://proxy.example.com:3128")
    _refuse_host(text, "--proxy")
    return None if loopback(URL(base_url).raw_host or "") else url


def _refuse_host(text: str, what: str) -> None:
    """Raise UsageError where no name server can be asked for the host of a URL."""
    try:
        name = (URL(text).raw_host or "").encode("idna")
    except ValueError:
        pass
    else:
        if len(name) <= _LONGEST_HOST:
            return
    raise UsageError(
        f"{what} names no possible host: each part between dots has 1 to 63 characters, the whole at most "
        f"{_LONGEST_HOST}; write it as https://host/scim/v2"
    )


def _trust(ca_bundle: Path | None) -> ssl.SSLContext | bool:
    """Return the authorities to trust: the system's, or those of one file."""
    if ca_bundle is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(ca_bundle))
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"--ca-bundle {ca_bundle} cannot be used: {error}") from None
