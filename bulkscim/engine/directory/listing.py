"""A whole listing of one resource type, kept off the heap: the answer where a server's filters cannot be had."""

from contextlib import aclosing
from math import ceil, inf

import anyio
import orjson

from bulkscim.engine.directory.store import Store
from bulkscim.engine.reads import Reads, unreadable
from bulkscim.jobfile.references import EMPLOYEE_NUMBER
from bulkscim.model.clock import Clock
from bulkscim.model.live import Ambiguous, Answer, Found, Missing, Unreadable
from bulkscim.model.names import EMAILS, names_in
from bulkscim.model.operation import JsonObject, Key
from bulkscim.model.step import Action, Step
from bulkscim.planning.lookups import emails_of
from bulkscim.scim.paths import get
from bulkscim.transport.pages import Page

KEPT_S = 60.0
TOO_LONG = Unreadable("the listing is longer than it is worth", partial=True)


class Listing:
    """All resources of one type by the names that they answer to."""

    def __init__(self, kind: str, clock: Clock, store: Store) -> None:
        self._kind = kind
        self._clock = clock
        self._taken_at: float | None = None
        self._came = 0  # resources that its pages showed
        self._shown = set[str]()  # attributes of theirs that name them
        self._pages = 0  # of the whole, as far as the first one told
        self._wrong: Unreadable | None = None  # why the listing is not whole
        self._is_outdated = False  # whether the run has changed a name since
        self.doubted: set[Key] = set()  # names whose creates have not ended well since
        self._names = store.table("attribute text, value text, id text, resource blob", "attribute, value")

    @property
    def shows_none(self) -> bool:
        """Whether it was taken within the last minute, and no page has shown any resource."""
        return self.is_kept and not self._came

    @property
    def is_kept(self) -> bool:
        """Whether it is whole, taken within the last minute, and the run has changed no name since."""
        is_kept = self._taken_at is not None and self._clock.monotonic() - self._taken_at <= KEPT_S
        return is_kept and not (self._is_outdated or self._wrong)

    async def find(self, key: Key, reads: Reads, *, since: float | None = None, most: float = inf) -> Answer:
        """Look a key up in a listing begun after `since`, or begun within the last minute; of `most` pages at most.

        What it shows is found though it is not whole; that it does not show something is then unknown. Where some of it
        is known to be missing, that may be a second match, of any name but a userName.
        """
        oldest = self._clock.monotonic() - KEPT_S if since is None else since
        if self._taken_at is None or self._taken_at < oldest or self._is_outdated:
            wrong = TOO_LONG if self._pages > most else await self._take(reads, most)
            if wrong is not None:
                return wrong
        named = (key.attribute, key.folded.value)
        rows = self._names.rows("id, resource", "attribute = ? and value = ? order by rowid", *named)
        found: dict[str, bytes] = dict(rows)  # a resource that this run made may be in a page as well
        if len(found) > 1:
            return Ambiguous(tuple(found))
        if self._wrong is not None and self._may_lack(key):
            return self._wrong
        for text in found.values():
            return Found(orjson.loads(text), self._taken_at or 0.0, is_looked_up=True)
        if self._wrong is not None:
            return Missing(unproved=self._wrong.why) if self._wrong.likely else self._wrong
        return Missing(unproved=self._hides(key.attribute))

    def _may_lack(self, key: Key) -> bool:
        """Return whether what is missing from the listing may have a name as well."""
        return self._wrong is not None and not self._wrong.likely and key.attribute != "userName"

    def _hides(self, attribute: str) -> str:
        """Say why a listing may not show a name: no resource that its pages showed has any such attribute."""
        if attribute in self._shown or not self._came:
            return ""
        return f"no {self._kind} of this tenant shows {attribute}, so nothing proves its absence"

    def known(self, key: Key) -> str | None:
        """Return the id that a key names alone, in a listing of any age, also one that did not come whole as `find` says."""
        if self._is_outdated or self._may_lack(key):
            return None
        named = (key.attribute, key.folded.value)
        rows = self._names.rows("distinct id", "attribute = ? and value = ? limit 2", *named)
        return str(rows[0][0]) if len(rows) == 1 else None

    def outdate(self) -> None:
        """Take all of it again at the next question: the run has changed a name."""
        self._is_outdated = True

    async def _take(self, reads: Reads, most: float) -> Unreadable | None:
        """Read all pages again; do not search one that broke off, or is too long."""
        begun = self._clock.monotonic()
        self._taken_at, self._wrong, self._is_outdated = None, None, False
        self._names.clear()
        self._shown.clear()
        self.doubted.clear()
        self._came = self._pages = 0
        async with aclosing(reads.listing(self._kind)) as listing:
            async for page in listing:
                if not isinstance(page, Page):
                    self._wrong = unreadable(page)
                    if not self._wrong.partial:
                        return self._wrong
                    break
                self._came += len(page.resources)
                self._pages = self._pages or ceil((page.total or 0) / len(page.resources))
                if self._pages > most:
                    return TOO_LONG
                for resource in page.resources:
                    self._shown.update(self.keep(resource))
        self._taken_at = begun
        return None

    def keep(self, resource: JsonObject) -> set[str]:
        """Take in one resource; return the attributes that name it."""
        text, names = orjson.dumps(resource), names_of(self._kind, resource)
        self._names.add((key.attribute, key.folded.value, resource["id"], text) for key in names)
        return {key.attribute for key in names}


class Listings:
    """One listing of each type; one of them is read at a time."""

    def __init__(self, clock: Clock, store: Store) -> None:
        self._clock = clock
        self._store = store
        self._listings: dict[str, Listing] = {}
        self._turn = anyio.Lock()

    async def find(self, key: Key, reads: Reads, *, since: float | None = None, most: float = inf) -> Answer:
        """Look a key up in the listing of its type, as `Listing.find` does."""
        async with self._turn:
            listing = self._listings.get(key.type)
            if listing is None:
                listing = self._listings[key.type] = Listing(key.type, self._clock, self._store)
            return await listing.find(key, reads, since=since, most=most)

    def known(self, key: Key) -> str | None:
        """Return the id that a key names alone, in a listing of any age; None where there is none."""
        return self._listings[key.type].known(key) if key.type in self._listings else None

    def are_kept(self, kind: str) -> bool:
        """Return whether a listing of the last minute shows all resources of a type."""
        return kind in self._listings and self._listings[kind].is_kept

    def shows_none(self, kind: str) -> bool:
        """Return whether a listing of the last minute has shown no resource of a type."""
        return kind in self._listings and self._listings[kind].shows_none

    def made(self, kind: str, resource: JsonObject) -> None:
        """Take in a resource that this run made."""
        if kind in self._listings:
            self._listings[kind].keep(resource)

    def outdate(self, kind: str) -> None:
        """Take the listing of a type again at the next question: the run has changed a name."""
        if kind in self._listings:
            self._listings[kind].outdate()

    def doubt(self, step: Step) -> None:
        """Take it as unknown whether a name is absent where its create was lost or refused: it may have made, or met, one."""
        if step.action is Action.CREATE and self.are_kept(step.type):
            self._listings[step.type].doubted.update(key.folded for key in step.identity)

    def is_doubtful(self, key: Key) -> bool:
        """Return whether a name that a listing does not show may be there all the same."""
        return key.type in self._listings and key.folded in self._listings[key.type].doubted


def names_of(kind: str, resource: JsonObject) -> list[Key]:
    """Return every key that a resource answers to."""
    names = [*names_in(resource), (EMPLOYEE_NUMBER, get(resource, EMPLOYEE_NUMBER))]
    names += [(EMAILS, value) for value in emails_of(resource)]
    return [Key(kind, attribute, value) for attribute, value in names if isinstance(value, str) and value]
