"""A listing page by page (RFC 7644 §3.4.2.4, RFC 9865), ended by what comes and not by what the server claims.

A listing takes a while, and others change the tenant meanwhile. With an index, what is deleted moves all that
comes after it forward, past the place where the next page begins. So each page begins with the last resource of
the page before; where it does not begin with something seen, the listing steps back until it does.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from hashlib import blake2b

from bulkscim.model.operation import JsonObject
from bulkscim.model.request import Loss, NoAnswer, Reply, Request, Response
from bulkscim.pacing.retry import ReadVerdict, judge_read
from bulkscim.scim import messages
from bulkscim.transport.base import Transport

MOST_PAGES = 100_000
MOST_GAPS = 20  # steps back with nothing new between them
MOST_EMPTY = 2  # of these, before an empty page is believed
MOST_EXPIRED = 3
EXPIRED = frozenset({"expiredcursor", "invalidcursor"})


@dataclass(frozen=True, slots=True)
class Unwhole(NoAnswer):
    """The end of a listing that answered, and yet cannot be whole."""


@dataclass(frozen=True, slots=True)
class Page:
    """The resources of one page that no earlier page held. `total` is what the server claims for the whole."""

    resources: tuple[JsonObject, ...]
    total: int | None = None


class _Seen:
    """The ids that came; eight bytes stand for one, so that large tenants fit."""

    def __init__(self) -> None:
        self._marks: set[int] = set()

    def __len__(self) -> int:
        return len(self._marks)

    def holds(self, resource: JsonObject) -> bool:
        """Say whether a resource came before."""
        return _mark(resource) in self._marks

    def new(self, resources: tuple[JsonObject, ...]) -> tuple[JsonObject, ...]:
        """Note resources, and return those that did not come before."""
        return tuple(resource for resource in resources if self._first(_mark(resource)))

    def _first(self, mark: int) -> bool:
        if mark in self._marks:
            return False
        self._marks.add(mark)
        return True


def _mark(resource: JsonObject) -> int:
    return int.from_bytes(blake2b(str(resource["id"]).encode(), digest_size=8).digest(), "big")


@dataclass(slots=True)
class _Place:
    """Where an indexed listing stands; an anchored page must begin with something that was seen."""

    start: int = 1
    farthest: int = 1
    anchored: bool = False
    gaps: int = 0

    def on(self, came: int) -> None:
        """Go to the last resource of the page, or behind it where pages hold but one."""
        self.anchored = came > 1
        self.start += came - self.anchored
        self.farthest = max(self.farthest, self.start)

    def behind(self, came: int) -> None:
        """Look behind a page that held nothing new."""
        self.anchored = False
        self.start += came
        self.farthest = max(self.farthest, self.start)

    def back(self, count: int) -> None:
        """Go back by a page."""
        self.gaps += 1
        self.start = max(1, self.start - count)
        self.anchored = self.start > 1


async def pages(
    transport: Transport, kind: str, count: int, *, cursor: bool = False
) -> AsyncGenerator[Page | Reply]:
    """Yield a type's resources, each once. A Reply instead of a Page ends it: the listing is then not whole.

    If the end comes before the number that the server claims, something is hidden or capped, and the listing
    proves nothing. `cursor`: page by cursors; a server that gives one unasked is followed by it too.
    """
    seen, place = _Seen(), _Place()
    path = messages.cursor_path(kind, "", count) if cursor else messages.page_path(kind, 1, count)
    for _ in range(MOST_PAGES):
        reply = await transport.send(Request("GET", path))
        answer = _listed(reply)
        if answer is None:
            yield reply
            return
        if cursor or answer.next_cursor is not None:
            async for page in _by_cursor(transport, kind, count, answer, seen):
                yield page
            return
        for page in _indexed(kind, answer, seen, place, count):
            yield page
            if not isinstance(page, Page):
                return
        if place.start == 0:
            return
        path = messages.page_path(kind, place.start, count)
    yield _endless(kind)


def _indexed(
    kind: str, answer: messages.ListAnswer, seen: _Seen, place: _Place, count: int
) -> list[Page | Reply]:
    """Take in one page and move on, or back; at the end the place is 0."""
    came = answer.resources
    if place.anchored and not (came and seen.holds(came[0])):
        if not came and place.gaps >= MOST_EMPTY:
            place.start = 0
            return _short(kind, answer.total, seen)
        place.back(count)
        return [] if place.gaps <= MOST_GAPS else [_restless(kind)]
    new = seen.new(came)
    if new:
        place.gaps = 0
        place.on(len(came))
        return [Page(new, answer.total)]
    if came and place.start < place.farthest:
        place.on(len(came))
        return []
    if came and place.anchored:
        place.behind(len(came))
        return []
    place.start = 0
    return _short(kind, answer.total, seen)


async def _by_cursor(
    transport: Transport, kind: str, count: int, answer: messages.ListAnswer, seen: _Seen
) -> AsyncGenerator[Page | Reply]:
    """Follow cursors from a first answer; one that expires under way begins the listing anew."""
    expired = 0
    for _ in range(MOST_PAGES):
        new = seen.new(answer.resources)
        if new:
            yield Page(new, answer.total)
        if answer.next_cursor is None:
            for short in _short(kind, answer.total, seen):
                yield short
            return
        reply = await transport.send(Request("GET", messages.cursor_path(kind, answer.next_cursor, count)))
        if _expired(reply) and expired < MOST_EXPIRED:
            expired += 1
            reply = await transport.send(Request("GET", messages.cursor_path(kind, "", count)))
        listed = _listed(reply)
        if listed is None:
            yield reply
            return
        answer = listed
    yield _endless(kind)


def _expired(reply: Reply) -> bool:
    """Say whether a server no longer knows a cursor that it gave (RFC 9865 §2.1)."""
    if not isinstance(reply, Response) or judge_read(reply) is ReadVerdict.GOOD:
        return False
    return (messages.error_of(reply).scim_type or "").lower() in EXPIRED


def _short(kind: str, total: int | None, seen: _Seen) -> list[Page | Reply]:
    """Return what to say where less came than was claimed."""
    if total is None or len(seen) >= total:
        return []
    return [Unwhole(Loss.CUT, f"the listing of {kind}s ended at {len(seen)} of {total}")]


def _restless(kind: str) -> Unwhole:
    return Unwhole(Loss.CUT, f"the listing of {kind}s changes faster than it can be read")


def _endless(kind: str) -> Unwhole:
    return Unwhole(Loss.CUT, f"the listing of {kind}s has no end after {MOST_PAGES} pages")


def _listed(reply: Reply) -> messages.ListAnswer | None:
    """Return a reply's listing, None where it is not one."""
    if not isinstance(reply, Response) or judge_read(reply) is not ReadVerdict.GOOD:
        return None
    return messages.list_of(reply.body)
