"""A listing page by page (RFC 7644 §3.4.2.4), ended by what comes and not by what the server claims."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import blake2b

from bulkscim.model.operation import JsonObject
from bulkscim.model.request import Loss, NoAnswer, Reply, Request, Response
from bulkscim.pacing.retry import ReadVerdict, judge_read
from bulkscim.scim import messages
from bulkscim.transport.base import Transport

MOST_PAGES = 100_000


@dataclass(frozen=True, slots=True)
class Page:
    """The resources of one page that no earlier page held. `total` is what the server claims for the whole."""

    resources: tuple[JsonObject, ...]
    total: int | None = None


async def pages(transport: Transport, kind: str, count: int) -> AsyncIterator[Page | Reply]:
    """Yield a type's resources, each once. A Reply instead of a Page ends it: the listing is then not whole.

    The next page starts after what came, not after what was asked for: servers lower the count as they like.
    An empty page, or one without anything new, is the end; if that comes before the number that the server
    claims, something is hidden or capped, and the listing proves nothing.
    """
    seen: set[int] = set()
    start = 1
    for _ in range(MOST_PAGES):
        reply = await transport.send(Request("GET", messages.page_path(kind, start, count)))
        answer = _listed(reply)
        if answer is None:
            yield reply
            return
        new = tuple(resource for resource in answer.resources if _first(resource["id"], seen))
        if not new:
            if answer.total is not None and len(seen) < answer.total:
                yield NoAnswer(Loss.CUT, f"the listing of {kind}s ended at {len(seen)} of {answer.total}")
            return
        yield Page(new, answer.total)
        start += len(answer.resources)
    yield NoAnswer(Loss.CUT, f"the listing of {kind}s has no end after {MOST_PAGES} pages")


def _listed(reply: Reply) -> messages.ListAnswer | None:
    """Return a reply's listing, None where it is not one."""
    if not isinstance(reply, Response) or judge_read(reply) is not ReadVerdict.GOOD:
        return None
    return messages.list_of(reply.body)


def _first(identifier: str, seen: set[int]) -> bool:
    """Note an id and say whether it is new; eight bytes stand for it, so that large tenants fit."""
    mark = int.from_bytes(blake2b(identifier.encode(), digest_size=8).digest(), "big")
    if mark in seen:
        return False
    seen.add(mark)
    return True
