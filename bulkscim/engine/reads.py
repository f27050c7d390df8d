"""Read the tenant: every answer that is not what it should be is Unreadable, and never leads to a write."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from enum import Enum, auto
from http import HTTPStatus

from bulkscim.engine.abilities import Quoting
from bulkscim.engine.directory.known_ids import KnownIds
from bulkscim.model.clock import Clock
from bulkscim.model.live import Found, Missing, Unreadable
from bulkscim.model.operation import GROUP, USER, JsonObject, Key
from bulkscim.model.request import Loss, NoAnswer, Reply, Request, Response
from bulkscim.pacing.retry import ReadVerdict, judge_read, throttles
from bulkscim.planning.lookups import answers
from bulkscim.providers.profile import Profile
from bulkscim.scim import discovery, protocol
from bulkscim.scim.discovery import AnsweredBy, origin_of
from bulkscim.transport.base import Transport
from bulkscim.transport.pages import Page, Unproved, Unwhole, pages

BAD_REQUEST = 400
MADE_UP = "listings of this tenant may be made up, so nothing proves that the {}s of one are all"


class Lookup(Enum):
    """How to ask for all that fit a filter: with a page size and without bulky attributes, or with nothing else."""

    LEAN = auto()
    PLAIN = auto()

    @property
    def next(self) -> "Lookup | None":
        """The form to try after this one."""
        return Lookup.PLAIN if self is Lookup.LEAN else None


class Reads:
    """The GETs of one worker, over a transport that paces and repeats them; `quoting` and `ids` are what all share."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        profile: Profile,
        quoting: Quoting | None = None,
        ids: KnownIds | None = None,
    ) -> None:
        self._ids = ids
        self._quoting = quoting or Quoting(profile.unquoted_filters)
        self._transport = transport
        self._clock = clock
        self._profile = profile

    async def by_id(self, kind: str, resource_id: str) -> Found | Missing | Unreadable:
        """Read one resource; that it is missing proves nothing as long as the run has just created it. An answer with another id is not believed, and an id that no URL can hold is not asked for."""
        if not protocol.is_usable(resource_id):
            return Unreadable(f"{resource_id!r} cannot be the id of a {kind}", partial=True)
        asked_at = self._clock.monotonic()
        reply = await self._transport.send(Request("GET", protocol.resource_path(kind, resource_id)))
        match judge_read(reply):
            case ReadVerdict.GONE:
                return Missing(
                    shown_by=self._ids.shown_by(kind, resource_id, asked_at)
                    if self._ids is not None
                    else None
                )
            case ReadVerdict.GOOD if isinstance(reply, Response):
                resource = protocol.resource_of(reply.body)
                if resource is None or resource["id"] != resource_id:
                    return Unreadable(f"the answer is not {kind} {resource_id}", reply.status)
                self._saw(kind, (resource,))
                return Found(resource, self._clock.monotonic())
            case _:
                return unreadable(reply)

    async def filtered(self, key: Key) -> list[JsonObject] | Unreadable | None:
        """Ask for the resources that a key names; whether they do is for the caller to judge.

        None for an answer as long as the provider lets it be: it may have been cut, and shows nothing. A bare
        value that is refused is asked for in quotes, from then on at once.
        """
        quoted = self._quoting.wants(key.type) or not _is_bare(key.value)
        reply = await self._lookup(key, quoted=quoted)
        if not quoted and isinstance(reply, Response) and reply.status == BAD_REQUEST:
            reply = await self._lookup(key, quoted=True)
            if judge_read(reply) is ReadVerdict.GOOD:
                self._quoting.needed(key.type)
        if judge_read(reply) is ReadVerdict.GOOD and isinstance(reply, Response):
            answer = protocol.list_of(reply.body)
            if answer is not None:
                self._saw(key.type, answer.resources)
                # It may be a second match, unless the filter was not applied.
                if answer.unusable and all(answers(key, one) for one in answer.resources):
                    return Unreadable(f"the answer cannot be used: {answer.unusable[0][1]}", partial=True)
                if answer.total and not answer.resources:
                    why = f"the answer to a filter says that {answer.total} were found, and shows none"
                    return Unreadable(why, reply.status, contradicts=True)
                return None if self._may_be_cut(answer) else list(answer.resources)
        return unreadable(reply)

    async def any_of(self, keys: Sequence[Key]) -> tuple[JsonObject, ...] | Unreadable:
        """Ask for the resources that any of some keys of one attribute names; Unreadable where the answer is not all.

        So is one that does not claim how many there are, since it may be cut.
        """
        kind, attribute = keys[0].type, keys[0].attribute
        path = protocol.lookups_path(kind, attribute, [key.value for key in keys])
        reply = await self._transport.send(Request("GET", path))
        answer = protocol.list_of(reply.body) if isinstance(reply, Response) else None
        if judge_read(reply) is not ReadVerdict.GOOD or answer is None:
            return unreadable(reply)
        self._saw(kind, answer.resources)
        came = len(answer.resources)
        if answer.unusable or came != answer.total:
            total = "an unknown number of" if answer.total is None else answer.total
            return Unreadable(f"the answer shows {came} of {total} resources", reply.status, partial=True)
        return answer.resources

    async def again(self, request: Request) -> Unreadable | None:
        """Send a GET that worked before; return why it does not now, where that shows more than one resource."""
        reply = await self._transport.send(request)
        verdict = judge_read(reply)
        return None if verdict in {ReadVerdict.GOOD, ReadVerdict.GONE, ReadVerdict.NO} else unreadable(reply)

    async def _lookup(self, key: Key, *, quoted: bool) -> Reply:
        return await self._found(protocol.lookup_path(key.type, key.attribute, key.value, quoted=quoted))

    async def _found(self, path: str) -> Reply:
        """Ask for what fits a filter; again where an entry cannot be used, since one answer may be spoilt."""
        request = Request("GET", path)
        reply = await self._transport.send(request)
        return await self._transport.send(request) if _is_spoilt(reply) else reply

    def _may_be_cut(self, answer: protocol.ListAnswer) -> bool:
        cap = self._profile.filter_cap
        return cap is not None and max(len(answer.resources), answer.total or 0) >= cap

    async def pages(self, kind: str) -> AsyncIterator[list[JsonObject] | Unreadable]:
        """Yield a listing page by page; an Unreadable ends it, and what came before is then not all."""
        async for page in self.listing(kind):
            yield list(page.resources) if isinstance(page, Page) else unreadable(page)

    async def listing(self, kind: str) -> AsyncGenerator[Page | Reply]:
        """Yield a listing page by page, with what the tenant claims of it; a Reply ends it unfinished.

        Some services answer 404 where there is no resource of the type: the listing is then empty.
        """
        found = pages(self._transport, kind, self._profile.page_size, cursor=self._profile.cursor)
        came = False
        async with aclosing(found):
            async for page in found:
                if isinstance(page, Page):
                    self._saw(kind, page.resources)
                elif not came and await self._is_empty(kind, page):
                    return
                came = True
                yield page
        if not self._profile.lists_all:
            yield Unproved(Loss.CUT, MADE_UP.format(kind))

    async def page(self, kind: str, start: int) -> tuple[JsonObject, ...]:
        """Return what a page of a listing shows; nothing where it cannot be read, or pages have no numbers."""
        if self._profile.cursor:
            return ()
        path = protocol.page_path(kind, start, self._profile.page_size)
        reply = await self._transport.send(Request("GET", path))
        answer = protocol.list_of(reply.body) if isinstance(reply, Response) else None
        if judge_read(reply) is not ReadVerdict.GOOD or answer is None:
            return ()
        self._saw(kind, answer.resources)
        return answer.resources

    async def _is_empty(self, kind: str, reply: Reply) -> bool:
        """Return whether a listing is not found though the tenant is there, and no resource of the type is known."""
        if not isinstance(reply, Response) or judge_read(reply) is not ReadVerdict.GONE:
            return False
        if self._ids is not None and self._ids.any_of(kind):
            return False
        other = protocol.page_path(USER if kind == GROUP else GROUP, 1, 1)
        for path in (discovery.CONFIG_PATH, other):
            if origin_of(await self._transport.send(Request("GET", path))) is AnsweredBy.SCIM:
                return True
        return False

    def _saw(self, kind: str, resources: Iterable[JsonObject]) -> None:
        if self._ids is not None:
            self._ids.saw(kind, resources)

    async def referring(self, key: Key, form: Lookup) -> protocol.ListAnswer | Unreadable:
        """Ask who refers to a resource: for a page of them, and without their members where that is understood."""
        quoted = self._quoting.wants(key.type)
        path = protocol.lookup_path(key.type, key.attribute, key.value, quoted=quoted)
        if form is Lookup.LEAN:
            path += f"&count={self._profile.page_size}&excludedAttributes=members"
        reply = await self._found(path)
        answer = protocol.list_of(reply.body) if isinstance(reply, Response) else None
        if judge_read(reply) is not ReadVerdict.GOOD or answer is None:
            return unreadable(reply)
        self._saw(key.type, answer.resources)
        return answer


def _is_spoilt(reply: Reply) -> bool:
    """Return whether an answer lists something that is no resource."""
    answer = protocol.list_of(reply.body) if isinstance(reply, Response) else None
    return answer is not None and bool(answer.unusable)


def _is_bare(value: str) -> bool:
    """Return whether a value can stand in a filter without quotes."""
    return not any(letter.isspace() or letter in '"\\()' for letter in value)


def unreadable(reply: Reply) -> Unreadable:
    """Return why an answer cannot be used, in words for people."""
    if isinstance(reply, NoAnswer):
        partial, likely = isinstance(reply, Unwhole), isinstance(reply, Unproved)
        return Unreadable(reply.detail, reply.status, partial=partial, likely=likely)
    error = protocol.error_of(reply)
    return Unreadable(f"answered {reply.status}: {error.detail or 'nothing'}", reply.status, throttles(reply))


def is_refusal(answer: Unreadable) -> bool:
    """Return whether the tenant will not answer such a question, now or later; a rejected token or an outage is neither."""
    status = answer.status or 0
    passes = {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}
    lasts = 0 < status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in passes
    return not answer.throttled and (lasts or status == HTTPStatus.NOT_IMPLEMENTED)
