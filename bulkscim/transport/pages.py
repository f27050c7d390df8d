"""A listing page by page (RFC 7644 §3.4.2.4, RFC 9865), ended by what comes and not by what the server claims.

A listing takes a while, and others change the tenant meanwhile. With an index, what is deleted moves all that
comes after it forward, past the place where the next page begins. So each page begins with the last resource of
the page before; where a page does not hold it, the listing steps back by a page, to something that was seen.
A page that is shorter than the first one ends the listing where as many came as the server has claimed from the first page on;
so does one that shows nothing but that resource; else an empty one does.

Some servers ignore `startIndex`, refuse it, or return an empty page for it. Then one page is all that can be read.
It is whole only where the server claims as many resources as it shows, and claims the same number on a shorter page.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from enum import Enum, auto
from hashlib import blake2b
from http import HTTPStatus

from bulkscim.model.operation import JsonObject
from bulkscim.model.request import Loss, NoAnswer, Reply, Request, Response
from bulkscim.pacing.retry import ReadVerdict, judge_read
from bulkscim.scim import protocol
from bulkscim.transport.base import Transport

MOST_PAGES = 100_000
MOST_GAPS = 20  # steps back with nothing new between them
MOST_EMPTY = 2  # of these, before an empty page is believed
MOST_EXPIRED = 3
EXPIRED = frozenset({"expiredcursor", "invalidcursor"})
MOST_REPEATED = 3  # pages by cursor with nothing new
MOST_AGAIN = (
    3  # pages with entries that cannot be used, before the others of the listing are taken as they come
)
PASSING = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS})
SHOWN = 3  # entries that a message describes


@dataclass(frozen=True, slots=True)
class Unwhole(NoAnswer):
    """The end of a listing that answered, and yet cannot be whole."""


@dataclass(frozen=True, slots=True)
class Unproved(Unwhole):
    """The end of a listing on one page: nothing contradicts that it is whole, and nothing proves it."""


@dataclass(frozen=True, slots=True)
class Page:
    """The resources of one page that no earlier page held. `total` is what the server claims for the whole."""

    resources: tuple[JsonObject, ...]
    total: int | None = None


class _SeenIds:
    """The ids that came, eight bytes for each, so that large tenants fit; and the entries that cannot be used."""

    def __init__(self) -> None:
        self._marks: set[int] = set()
        self.unusable: dict[object, str] = {}  # by place in the listing

    def __len__(self) -> int:
        return len(self._marks) + len(self.unusable)

    def holds(self, mark: int) -> bool:
        """Return whether a resource came before."""
        return mark in self._marks

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


class _End(Enum):
    """How an indexed listing ends."""

    OVER = auto()
    UNPAGED = auto()  # the server does not begin a page where it is asked to
    RESTLESS = auto()


@dataclass(slots=True)
class _ListingPosition:
    """Where an indexed listing stands; an anchored page must overlap with what was read before.

    `anchor` is the mark of the resource that is asked for first, 0 after a step back. `off`: no page has begun where it
    was asked to, or the last one did not. `paged`: a later page held just the rest of what the server claims.
    `looped`: resources came since the last step back, none of them new. `blank`: the last page held nothing that can be
    used. `is_over`: the last page showed something new, and that nothing is behind it. `total` and `size` are those of the first page, `last` and `least` the last and the smallest total claimed.
    """

    seen: _SeenIds = field(default_factory=_SeenIds)
    start: int = 1
    farthest: int = 1
    anchored: bool = False
    anchor: int = 0
    gaps: int = 0
    off: bool = True
    paged: bool = False
    looped: bool = False
    blank: bool = False
    is_over: bool = False
    total: int | None = None
    last: int | None = None
    least: int | None = None
    size: int = 0

    def take(self, answer: protocol.ListAnswer, count: int) -> tuple[JsonObject, ...] | _End:
        """Take in one page, and move on or back; return what is new."""
        size, marks = answer.size, [_mark(resource) for resource in answer.resources]
        self._note(answer)
        self.paged |= size > 0 and 1 < self.start == (answer.total or 0) - size + 1
        if self.anchored and not self._goes_on(marks):
            return self._back(count, size)
        unusable: dict[object, str] = {self.start + place: what for place, what in answer.unusable}
        broken, self.blank = self.blank, bool(size) and not marks
        is_known = unusable.keys() <= self.seen.unusable.keys()
        self.seen.unusable |= unusable
        new = self.seen.new(answer.resources)
        if self.farthest == 1:
            self.total, self.size = answer.total, size
        elif new:
            self.off = False
        if new:
            self.gaps, self.looped = 0, False
            self.is_over = marks[:1] == [self.anchor] and self.total == answer.total and self._is_last(answer)
            self._on(answer)
            return new
        if size and (self.start < self.farthest or (self.blank and not broken and not is_known)):
            self.looped = True
            self._on(answer)
            return ()
        if size and self.anchored:
            self.off = marks[:1] != [self.anchor]
            if self._is_last(answer):
                return _End.OVER
            self._move(size, anchored=False)
            return ()
        return _End.UNPAGED if size and self.off and not self.paged else _End.OVER

    def _is_last(self, answer: protocol.ListAnswer) -> bool:
        """Return whether a page shows that nothing is behind it.

        It begins where it was asked to, with what was the last before, it is shorter than the first page, and the tenant claims
        as many as came.
        """
        end = self.start + answer.size - 1
        return not self.off and answer.size < self.size and answer.total == end == len(self.seen)

    def _note(self, answer: protocol.ListAnswer) -> None:
        """Note the total that a page claims; some servers claim none at all behind the last page that they show."""
        if answer.total is None or not (answer.total or answer.size or self.start == 1):
            return
        self.last = answer.total
        self.least = answer.total if self.least is None else min(self.least, answer.total)

    def _goes_on(self, marks: list[int]) -> bool:
        """Return whether a page overlaps with what was read before it: it holds its anchor, or begins with something seen."""
        return self.anchor in marks if self.anchor else bool(marks) and self.seen.holds(marks[0])

    def _on(self, answer: protocol.ListAnswer) -> None:
        """Go to the last resource of the page, or behind it where pages hold but one."""
        last = answer.size - 1
        while answer.resources and last in dict(answer.unusable):
            last -= 1
        anchored = bool(answer.resources) and last > 0
        self.anchor = _mark(answer.resources[-1]) if anchored else 0
        self._move(last if anchored else answer.size, anchored=anchored)

    def _move(self, by: int, *, anchored: bool) -> None:
        self.anchored = anchored
        self.start += by
        self.farthest = max(self.farthest, self.start)

    def _back(self, count: int, size: int) -> tuple[JsonObject, ...] | _End:
        """Go back by a page; what was shown before cannot all be gone where some of it has just been shown again."""
        if not size and self.gaps >= MOST_EMPTY:
            # Where pages did begin where they were asked to, and totals tell of what is missing, the tenant shrinks.
            is_paged = self.paged or not (self.off or self.total is None)
            return _End.UNPAGED if self.looped and not is_paged else _End.OVER
        self.gaps += 1
        self.start = max(1, self.start - count)
        self.anchored, self.anchor = self.start > 1, 0
        return () if self.gaps <= MOST_GAPS else _End.RESTLESS


@dataclass(slots=True)
class _PageReads:
    """Reads pages. A few with entries that cannot be used are asked for again: one answer may be spoilt.

    So is a first page that is empty, and claims that there are resources.
    """

    transport: Transport
    left: int = MOST_AGAIN
    is_first: bool = True

    async def page(self, path: str) -> tuple[Reply, protocol.ListAnswer | None]:
        """Return the answer for one page, and the listing that it shows."""
        reply = await self.transport.send(Request("GET", path))
        answer = _listed(reply)
        is_first, self.is_first = self.is_first, False
        if answer is None or not _spoilt(answer, is_first=is_first) or not self.left:
            return reply, answer
        self.left -= 1
        again = _listed(await self.transport.send(Request("GET", path)))
        is_better = again is not None and _spoilt(again, is_first=is_first) < _spoilt(
            answer, is_first=is_first
        )
        return reply, again if is_better else answer


def _spoilt(answer: protocol.ListAnswer, *, is_first: bool) -> int:
    """Count the entries that are no resources, or have ids that no URL can hold; for 1 counts that a first page has none."""
    found = len(answer.unusable) + sum(protocol.usable_id(one) is None for one in answer.resources)
    return found or int(is_first and not answer.size and bool(answer.total))


async def pages(
    transport: Transport, kind: str, count: int, *, cursor: bool = False
) -> AsyncGenerator[Page | Reply]:
    """Yield a type's resources, each once. A Reply instead of a Page ends it: the listing is then not whole.

    If the end comes before the number that the server claims, something is hidden or capped, and the listing
    proves nothing; nor does one with entries that cannot be used. `cursor`: page by cursors; a server that gives one
    unasked is followed by it too, and one that gives none on a full page is paged by an index.
    """
    place, reads, asked_again = _ListingPosition(), _PageReads(transport), False
    path = protocol.cursor_path(kind, "", count) if cursor else protocol.page_path(kind, 1, count)
    for _ in range(MOST_PAGES):
        reply, answer = await reads.page(path)
        if answer is None:
            refused = await _refused(transport, kind, count, place, reply)
            if isinstance(refused, Unproved) and not asked_again and _is_failure(reply):
                asked_again = True  # an outage may be over by now, since another page has just come
                continue
            if refused is not None:
                yield refused
            return
        if answer.next_cursor is not None or (cursor and place.farthest == 1 and answer.size < count):
            async for page in _by_cursor(reads, kind, count, answer, place.seen):
                yield page
            return
        taken = place.take(answer, count)
        if taken and not isinstance(taken, _End):
            yield Page(taken, answer.total)
        if isinstance(taken, _End) or place.is_over:
            wrong = await _ended(transport, kind, count, place, taken)
            if wrong is not None:
                yield wrong
            return
        path = protocol.page_path(kind, place.start, count)
    yield _endless(kind)


async def _ended(
    transport: Transport, kind: str, count: int, place: _ListingPosition, end: _End | tuple[JsonObject, ...]
) -> Reply | None:
    """Return what to say at an end, which may be what the last page showed; None where the listing is whole."""
    if end is _End.RESTLESS:
        return _unwhole(f"the listing of {kind}s changes faster than it can be read")
    wrong = await _one_page(transport, kind, count, place, place.last) if end is _End.UNPAGED else None
    # What was made or shown again since it began may be at a place that was read before.
    return wrong or _lacking(kind, place.least, place.seen)


async def _refused(
    transport: Transport, kind: str, count: int, place: _ListingPosition, reply: Reply
) -> Reply | None:
    """Return what to say where a page is refused; None where all had come before it."""
    if not isinstance(reply, Response) or reply.status in PASSING or not len(place.seen):
        return reply
    if place.paged:  # what is refused behind the last resource is the end
        return reply if len(place.seen) < (place.total or 0) else _lacking(kind, place.total, place.seen)
    wrong = await _one_page(transport, kind, count, place, place.total)
    if isinstance(wrong, Unwhole) and not isinstance(wrong, Unproved):
        return reply
    return wrong or _lacking(kind, place.total, place.seen)


def _is_failure(reply: Reply) -> bool:
    """Return whether what came instead of a page is no refusal: the tenant failed, or answered with something else."""
    return not HTTPStatus.BAD_REQUEST <= (reply.status or 0) < HTTPStatus.INTERNAL_SERVER_ERROR


async def _one_page(
    transport: Transport, kind: str, count: int, place: _ListingPosition, total: int | None
) -> Reply | None:
    """Return why what came is not known to be all where no further page can be read; None where it is.

    The number that the server claims, `total`, counts where it is not only the length of the page: a shorter page tells.
    """
    came = len(place.seen)
    if total is not None and came < total:
        return _short(kind, total, place.seen)
    if total == came and (came == 1 or came > place.size):
        return None
    reply = await transport.send(Request("GET", protocol.page_path(kind, 1, max(1, came - 1))))
    shorter = _listed(reply)
    if shorter is None:
        return reply
    if total == came and shorter.size < came and shorter.total == came:
        return None
    told = f"the tenant does not page: it shows the same {kind}s, or none, for any startIndex"
    if came > place.size or came == count:
        return _unwhole(f"{told}. {came} came, and there may be more")
    return Unproved(Loss.CUT, f"{told}. {came} came on one page, and nothing proves that these are all")


async def _by_cursor(
    reads: _PageReads, kind: str, count: int, answer: protocol.ListAnswer, seen: _SeenIds
) -> AsyncGenerator[Page | Reply]:
    """Follow cursors from a first answer; one that expires under way begins the listing again."""
    expired, repeated = 0, 0
    for number in range(MOST_PAGES):
        new = seen.new(answer.resources)
        seen.unusable |= {(number, place): what for place, what in answer.unusable}
        repeated = 0 if new or expired else repeated + 1
        if new:
            yield Page(new, answer.total)
        if answer.next_cursor is None:
            short = _lacking(kind, answer.total, seen)
            if short is not None:
                yield short
            return
        if repeated > MOST_REPEATED:
            yield _unwhole(f"the tenant ignores cursors: it shows the same {kind}s for each")
            return
        reply, listed = await reads.page(protocol.cursor_path(kind, answer.next_cursor, count))
        if _expired(reply) and expired < MOST_EXPIRED:
            expired += 1
            reply, listed = await reads.page(protocol.cursor_path(kind, "", count))
        if listed is None:
            yield reply
            return
        answer = listed
    yield _endless(kind)


def _expired(reply: Reply) -> bool:
    """Return whether a server no longer knows a cursor that it gave (RFC 9865 §2.1)."""
    if not isinstance(reply, Response) or judge_read(reply) is ReadVerdict.GOOD:
        return False
    return (protocol.error_of(reply).scim_type or "").lower() in EXPIRED


def _lacking(kind: str, total: int | None, seen: _SeenIds) -> Unwhole | None:
    """Return what to say where fewer came than were claimed, or some that cannot be used."""
    if total is not None and len(seen) < total:
        return _short(kind, total, seen)
    if not seen.unusable:
        return None
    told = list(seen.unusable.values())
    more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return _unwhole(
        f"the listing of {kind}s has entries that cannot be used: {'; '.join(told[:SHOWN])}{more}"
    )


def _short(kind: str, total: int, seen: _SeenIds) -> Unwhole:
    return _unwhole(f"the listing of {kind}s ended at {len(seen)} of {total}")


def _endless(kind: str) -> Unwhole:
    return _unwhole(f"the listing of {kind}s has no end after {MOST_PAGES} pages")


def _unwhole(why: str) -> Unwhole:
    return Unwhole(Loss.CUT, why)


def _listed(reply: Reply) -> protocol.ListAnswer | None:
    """Return a reply's listing, None where it is not one."""
    if not isinstance(reply, Response) or judge_read(reply) is not ReadVerdict.GOOD:
        return None
    return protocol.list_of(reply.body)
