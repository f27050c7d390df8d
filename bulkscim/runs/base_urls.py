"""Whether a base URL is that of a SCIM service, and where on the same origin the service may be instead."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from urllib.parse import urlsplit

from bulkscim.errors import UsageError
from bulkscim.model.operation import GROUP, USER
from bulkscim.model.request import Reply, Request
from bulkscim.scim import capabilities, messages
from bulkscim.scim.recognition import Origin, described, origin_of
from bulkscim.transport.base import Transport

FIRST = (capabilities.PATH, messages.page_path(USER, 1, 1))
MORE = ("/ResourceTypes", "/Schemas", messages.page_path(GROUP, 1, 1))
USUAL = ("/scim/v2", "/scim", "/v2")


class NoScim(UsageError):
    """A server answers at the base URL, and it is no SCIM service; the text says what was read."""


async def refuse_others(transport: Transport, replies: Mapping[str, Reply]) -> None:
    """Raise NoScim where these answers, and those to further reads, are all another server's.

    A service may lack any one endpoint, or refuse it: that is not enough to refuse the base URL.
    """
    for path in (*replies, *MORE):
        reply = replies[path] if path in replies else await transport.send(Request("GET", path))
        if origin_of(reply) is not Origin.OTHER:
            return
    told = ", ".join(f"{path.partition('?')[0]} {described(reply)}" for path, reply in replies.items())
    raise NoScim(f"this is not a SCIM base URL: {told}; nothing was sent")


async def advised(base_url: str, read: Callable[[str, str], Awaitable[Reply]]) -> str:
    """Return what to do about a base URL without SCIM; `read` sends a GET of a path below another base URL."""
    tried = list(candidates(base_url))
    for url in tried:
        for path in FIRST:
            if origin_of(await read(url, path)) is Origin.SCIM:
                return f"A SCIM service answers at {url}: use that as the base URL"
    return (
        f"No SCIM service answers at {', '.join(tried)} either. Ask the tenant's administrator for its SCIM base URL; "
        "if this one worked before, the service may be down"
    )


def candidates(base_url: str) -> Iterator[str]:
    """Yield the URLs that may be meant: without the last part of the path, and with the usual endings."""
    parts = urlsplit(base_url)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    places = (path.rpartition("/")[0], *(path + usual for usual in USUAL), *USUAL)
    yield from dict.fromkeys(origin + place for place in places if place != path)
