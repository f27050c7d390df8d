"""Look up what several rows name in one request: `userName eq "ada" or userName eq "bob"`.

Such an answer proves presence only. A name that it does not show is looked up by itself, and that request tells whether
it is absent. An answer that does not show all that it found is not used: of two resources with one name it may hide one.
Where the first such request fails, each name is looked up by itself from then on. Where a later one fails, or shows too
little, fewer names are asked for at a time. Groups that are asked for by their ids are then taken from a listing, where it has
few pages.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import chain, count, islice
from math import ceil, inf
from sys import maxsize

import anyio
import orjson

from bulkscim.engine.directory.coverage import NAMES_ONLY, NeededAttributes
from bulkscim.engine.reads import Reads, unreadable
from bulkscim.model.clock import Clock
from bulkscim.model.live import Found, Unreadable
from bulkscim.model.operation import GROUP, JsonObject, Key
from bulkscim.model.step import Action, Step
from bulkscim.planning.lookup_costs import MOST, WORTH
from bulkscim.planning.lookups import answers
from bulkscim.transport.pages import Page

FEWEST = 2
FEW_SHOWN = 4  # of so many names an answer must show one, or fewer are asked for
KEPT = 500  # names of an attribute, the latest asked for
KEPT_BYTES = 4_000_000  # of what is shown of them, and in one answer about: groups may have many members
_GROUP_ID = (GROUP, "id")
LONGEST = 3000  # bytes of names in one filter: services and proxies bound the length of a URL


@dataclass(frozen=True, slots=True)
class NamesAhead:
    """What rows to come name: `names` yields them when they are needed.

    At most `most` are asked for at a time, of the `served` rows that an answer of now can serve. What was read more than `age_s` seconds ago is looked up again, and so is what
    was read before the monotonic time `since`, of the name that is asked for now. `control` is asked for as well: what it
    shows is known.
    """

    names: Callable[[], Iterable[Key]] = tuple
    most: int = 0
    age_s: float = 0.0
    since: float = -inf
    served: int = maxsize
    control: Key | None = None


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a resource is looked up for: `needed` are the attributes that are looked at, `only_id`: nothing but the id is.

    `listed`: a listing that was read for many rows will do; `makes`: also for its absence, since the answer to a create says
    whether the name is taken. `changes`: a listing will do that is as young as what several names are asked for by. `ahead`: names that may be looked up with this one.
    `outdated`: what a membership may be by an image that is too old for a step, since it is asked for again before that.
    `joins`: a user whose groups matter, since it joins another one. `adds`: a member that the run has just created need not be looked for.
    `soon` yields the names that rows ask for as long
    as a listing of now counts: one may prove that they are not there. `since`: what a write did is shown by what was read after
    this monotonic time.
    """

    needed: NeededAttributes = NAMES_ONLY
    only_id: bool = False
    listed: bool = False
    makes: bool = False
    changes: bool = False
    outdated: bool | None = None
    adds: bool = False
    joins: bool = False
    soon: Callable[[], Iterable[Key]] = tuple
    ahead: NamesAhead = field(default_factory=NamesAhead)
    since: float = inf


@dataclass(frozen=True, slots=True)
class _Kept:
    """What an answer showed of a name, as it came; None where it showed nothing that can be used.

    `asked_at` is when it was asked for, before the wait for a permit: what changed since may be in it or not.
    """

    found: Found | None = None
    text: bytes = b""
    asked_at: float = -inf


class LookupsTogether:
    """The answers to filters with several names, until a step of the run changes what they show."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pages = 1  # of a listing of the groups
        self._lists = False  # whether it stands for filters
        self._kept: defaultdict[tuple[str, str], OrderedDict[Key, _Kept]] = defaultdict(OrderedDict)
        self._most: defaultdict[tuple[str, str], int] = defaultdict(lambda: MOST)
        self._asking: defaultdict[tuple[str, str], anyio.Lock] = defaultdict(anyio.Lock)
        self._waiting: defaultdict[tuple[str, str], list[Key]] = defaultdict(list)  # for their turn to ask
        # Types and attributes of which such a filter has shown something.
        self._works: set[tuple[str, str]] = set()
        # By request under way: the steps that took effect since it left.
        self._since: dict[int, list[tuple[Step, str | None]]] = {}
        self._requests = count()

    def by_listing(self, key: Key, *, may_filter: bool) -> bool:
        """Return whether a listing of the groups stands for filters of their ids: these are not taken, or are not to be tried."""
        return (key.type, key.attribute) == _GROUP_ID and (self._lists or not may_filter)

    async def find(self, key: Key, ahead: NamesAhead, reads: Reads, *, listed: bool = False) -> Found | None:
        """Return the one resource that a key names, asked for together with others; None proves nothing.

        `listed`: in a listing, and not by a filter.
        """
        kind = key.type, key.attribute
        if not self.may_ask(key, ahead):
            return None
        self._waiting[kind].append(key)
        try:
            async with self._asking[kind]:
                if self._is_unknown(key, ahead):
                    await self._ask_for(key, ahead, reads, listed=listed)
                known = None if self._is_unknown(key, ahead) else self._kept[kind][key.folded]
        finally:
            self._waiting[kind].remove(key)
        return known.found if known else None

    def may_ask(self, key: Key, ahead: NamesAhead) -> bool:
        """Return whether names of this attribute are worth asking for together."""
        kind = key.type, key.attribute
        return min(ahead.most, MOST if self._lists and kind == _GROUP_ID else self._most[kind]) >= FEWEST

    def shown(self, key: Key) -> Found | None:
        """Return what such an answer has shown of a key, at any time."""
        known = self._kept[key.type, key.attribute].get(key.folded)
        return known.found if known else None

    def is_known(self, key: Key, ahead: NamesAhead) -> bool:
        """Return whether such an answer has shown the one resource that a key names, not too long ago."""
        return not self._is_unknown(key, ahead) and self.shown(key) is not None

    def took(
        self, keys: Sequence[Key], shown: Sequence[JsonObject], asked_at: float, since: Iterable[Step]
    ) -> None:
        """Keep what an answer shows of names that were asked for elsewhere; `since`: steps that took effect meanwhile."""
        self._keep(keys, shown, asked_at)
        for step in since:
            self.changed(step)

    def _is_unknown(self, key: Key, ahead: NamesAhead) -> bool:
        known = self._known(key, ahead.age_s)
        return known is None or (known.found is not None and known.asked_at <= ahead.since)

    def _known(self, key: Key, age_s: float) -> _Kept | None:
        known = self._kept[key.type, key.attribute].get(key.folded)
        is_old = known and known.found and self._clock.monotonic() - known.found.read_at > age_s
        return None if is_old else known

    def _chosen(self, key: Key, ahead: NamesAhead) -> list[Key]:
        """Return the names to ask for now: this one, and of those that come next the ones that are not known.

        Those of rows that wait come first. What is asked for further ahead than an answer of now can serve would be old.
        """
        kind = key.type, key.attribute
        most, length = min(ahead.most, self._most[kind]), len(key.value.encode())
        chosen, passed = [key], {key.folded}
        if ahead.control is not None and ahead.control != key:
            chosen.append(ahead.control)
            passed.add(ahead.control)
        for one in chain(self._waiting[kind], ahead.names()):
            if (one.type, one.attribute) != kind or one.folded in passed:
                continue
            passed.add(one.folded)
            is_asked = self._known(one, ahead.age_s / 2) is None
            length += len(one.value.encode()) if is_asked else 0
            if len(passed) > ahead.served or len(chosen) >= most or length > LONGEST:
                break
            chosen += [one] if is_asked else []
        return chosen

    async def _ask_for(self, key: Key, ahead: NamesAhead, reads: Reads, *, listed: bool) -> None:
        """Ask for a name with others, where `listed` in a listing that is worth it."""
        if not listed:
            await self._ask(self._chosen(key, ahead), reads)
        elif self._is_worth(key, ahead):
            await self._ask(self._named(key, ahead), reads, listed=True)

    def _named(self, key: Key, ahead: NamesAhead) -> list[Key]:
        """Return all names that a listing may be kept for, whether they are known or not: the first ones of those to come."""
        named = chain([key, ahead.control or key], self._waiting[_GROUP_ID], ahead.names())
        return list(islice(dict.fromkeys(one for one in named if one[:2] == _GROUP_ID), MOST))

    def _is_worth(self, key: Key, ahead: NamesAhead) -> bool:
        """Return whether a listing of the groups costs less than what it serves before it is too old."""
        return min(len(self._named(key, ahead)), ahead.served) > WORTH * self._pages

    async def _ask(self, keys: Sequence[Key], reads: Reads, *, listed: bool = False) -> None:
        """Ask for some names, and keep what is shown of them."""
        if len(keys) < FEWEST:
            return
        number = next(self._requests)
        since = self._since[number] = []
        asked_at = self._clock.monotonic()
        answer = await (self._listed(keys, reads) if listed else reads.any_of(keys))
        del self._since[number]
        came = 0 if isinstance(answer, Unreadable) else self._keep(keys, answer, asked_at, listed=listed)
        for step, resource_id in since:
            self.changed(step, resource_id)
        if not listed and (not isinstance(answer, Unreadable) or not answer.throttled):
            self._learn(keys, came, failed=isinstance(answer, Unreadable) and not answer.partial)

    async def _listed(self, keys: Sequence[Key], reads: Reads) -> tuple[JsonObject, ...] | Unreadable:
        """Return those of some groups that a listing shows; none where it is longer than it is worth."""
        found, ids, pages = list[JsonObject](), {key.value for key in keys}, 0
        async with aclosing(reads.listing(GROUP)) as listing:
            async for page in listing:
                if not isinstance(page, Page):
                    self._pages = maxsize
                    return unreadable(page)
                pages += 1
                came = len(page.resources)
                told = ceil(page.total / came) if came and page.total is not None else 0
                self._pages = max(pages, told if pages == 1 else self._pages)
                if self._pages > MOST // WORTH:
                    return ()
                found += [one for one in page.resources if one["id"] in ids]
                if len(found) >= len(ids):  # that these are all of its groups does not matter
                    break
        return tuple(found)

    def _learn(self, keys: Sequence[Key], came: int, *, failed: bool) -> None:
        """Ask for fewer names where few came, and no more for several where the first such request failed.

        Of ids, which were seen before, none that comes is a failure too.
        """
        kind = keys[0].type, keys[0].attribute
        if came:
            self._works.add(kind)
        if came * FEW_SHOWN < len(keys):
            fails = failed or (not came and keys[0].attribute == "id")
            fewer = 0 if fails and kind not in self._works else len(keys) // 2
            self._lists = self._lists or (kind == _GROUP_ID and not fewer)
            self._most[kind] = min(self._most[kind], fewer)

    def _keep(
        self, keys: Sequence[Key], shown: Sequence[JsonObject], asked_at: float, *, listed: bool = False
    ) -> int:
        """Keep what an answer shows of each name; return of how many it shows the one resource."""
        matches = [(key, [one for one in shown if answers(key, one)]) for key in keys]
        if len({one["id"] for _, found in matches for one in found}) < len(shown):
            return 0  # the filter was not applied
        kind = keys[0].type, keys[0].attribute
        of_kind = self._kept[kind]
        for key, found in matches:
            of_kind[key.folded] = _kept(found, asked_at, asked_at if listed else self._clock.monotonic())
            of_kind.move_to_end(key.folded)
        size = sum(len(kept.text) for kept in of_kind.values())
        while len(of_kind) > KEPT or (size > KEPT_BYTES and len(of_kind) > len(keys)):
            size -= len(of_kind.popitem(last=False)[1].text)
        if size > KEPT_BYTES:
            self._most[kind] = min(self._most[kind], len(keys) * KEPT_BYTES // size)
        return sum(len(found) == 1 for _, found in matches)

    def changed(self, step: Step, resource_id: str | None = None) -> None:
        """Drop what a step of the run may have changed; `resource_id`: of the resource that it created."""
        for since in self._since.values():
            since.append((step, resource_id))
        spreads = step.action is Action.DELETE or (step.type == GROUP and step.member is None)
        ids = {one for one in (step.id, step.member, resource_id) if one}
        mentions = [orjson.dumps(one) for one in (step.id, resource_id) if one and spreads]
        for of_kind in self._kept.values():
            gone = [
                key
                for key, kept in of_kind.items()
                if kept.found and (kept.found.id in ids or any(one in kept.text for one in mentions))
            ]
            for key in gone:
                del of_kind[key]


def _kept(found: Sequence[JsonObject], asked_at: float, read_at: float) -> _Kept:
    if len(found) != 1:
        return _Kept()
    return _Kept(Found(found[0], read_at, is_looked_up=True), orjson.dumps(found[0]), asked_at)
