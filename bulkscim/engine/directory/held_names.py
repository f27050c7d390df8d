"""Names that the tenant holds, by one listing of each use: hints and no evidence.

`HeldNames`: the names that users had before the run created any, since a service may accept a second user of a name. One
listing shows them, where it costs few requests. Where it is long, the first names are asked for one by one, and more of
them where some exist. A name that it holds is looked up before the create; any other is created without a lookup.

`Resemblances`: names that resemble one that the tenant says is taken, or that a lost create asked for, for messages and
doubts. It reads a few pages at most, so a
name that it does not find may be held all the same.
"""

import unicodedata
from contextlib import aclosing
from math import ceil

import anyio

from bulkscim.engine.directory.listing import names_of
from bulkscim.engine.directory.store import Store
from bulkscim.engine.reads import Reads, is_refusal, unreadable
from bulkscim.model.live import Unreadable
from bulkscim.model.operation import USER, JsonObject, Key, folded_name
from bulkscim.planning.lookups import answers
from bulkscim.scim.paths import find
from bulkscim.transport.pages import Page

FEW = 3  # pages that may always be read
SHARE = 20  # creates for each further page
SINGLES = 10  # names that may always be asked for one by one
MOST_PAGES = 10  # that are read for a message
ALIKE = 4  # resources that an answer holds at most


def most_pages(creates: int) -> int:
    """Return how many pages are worth reading before so many creates."""
    return max(FEW, creates // SHARE)


class HeldNames:
    """The userNames of one listing, read at the first question; where it takes more than `most` pages, of some filters."""

    def __init__(self, store: Store, most: int = 0) -> None:
        self._most = most
        self._is_read = most == 0
        self._singles = 0
        self._reading = anyio.Lock()
        self._names = store.table("value text", key="value")

    async def holds(self, key: Key, reads: Reads) -> bool:
        """Return whether a listing, or a filter, shows a user of this name."""
        async with self._reading:
            if not self._is_read:
                self._is_read = True
                if not await self._take(reads):
                    self._names.clear()
        is_listed = self._names.holds("value = ?", key.folded.value)
        return is_listed or (self._singles > 0 and await self._is_found(key, reads))

    async def _is_found(self, key: Key, reads: Reads) -> bool:
        """Ask for one name. That it exists makes it likelier of the next ones; an answer that cannot be used ends it."""
        self._singles -= 1
        found = await reads.filtered(key)
        if isinstance(found, Unreadable):
            self._singles = 0
        exists = isinstance(found, list) and any(answers(key, one) for one in found)
        self._singles += SHARE if exists else 0
        return exists

    async def _take(self, reads: Reads) -> bool:
        """Read the listing; return whether it came whole and within its pages."""
        pages = 0
        async with aclosing(reads.listing(USER)) as listing:
            async for page in listing:
                if not isinstance(page, Page):
                    return False
                pages += 1
                came = len(page.resources)
                if pages > self._most or (pages == 1 and came and self._is_long(page.total, came)):
                    self._singles = max(SINGLES, self._most)
                    return False
                self._keep(page.resources)
        return True

    def _is_long(self, total: int | None, came: int) -> bool:
        return total is not None and ceil(total / came) > self._most

    def _keep(self, users: tuple[JsonObject, ...]) -> None:
        names = (find(user, "userName") for user in users)
        folded = (
            Key(USER, "userName", name).folded.value for name in names if isinstance(name, str) and name
        )
        self._names.add(((name,) for name in folded), otherwise="ignore")


def resembles(value: str) -> str:
    """Return a name without what services take out of names: case, accents, spaces, punctuation, a domain before it."""
    return _bare(value.rpartition("/")[2].rpartition("\\")[2])


def _bare(value: str) -> str:
    plain = unicodedata.normalize("NFKD", value).casefold()
    return "".join(letter for letter in plain if letter.isalnum()) or folded_name(value)


def _forms(key: Key) -> tuple[str, str]:
    """Return the forms of a name without and with what is before a slash: a domain, or a part of the name itself."""
    return resembles(key.value), _bare(key.value)


def may_be_changed_to(asked: str, shown: str) -> bool:
    """Return whether a service may have made one name of the other: two with different parts before a slash are two."""
    return _bare(asked) in {_bare(shown), resembles(shown)} or resembles(asked) == _bare(shown)


class Resemblances:
    """Names in the form in which they resemble each other, of one listing of each type."""

    def __init__(self, store: Store) -> None:
        self._read: set[str] = set()  # types
        self.wrong: Unreadable | None = None  # why the latest listing broke off, where a later one may not
        self._reading = anyio.Lock()
        self._names = store.table(
            "type text, attribute text, form text, value text, id text", "type, attribute, form"
        )

    async def of(self, key: Key, reads: Reads, *, fresh: bool = False) -> tuple[JsonObject, ...]:
        """Return the resources that resemble a name, each with its id and the attribute alone; `fresh`: read now."""
        async with self._reading:
            if fresh:
                self._read.discard(key.type)
                self._names.delete("type = ?", key.type)
            if key.type not in self._read:
                self._read.add(key.type)
                await self._take(key.type, reads)
        alike = f"type = ? and attribute = ? and form in (?, ?) limit {ALIKE}"
        rows = self._names.rows("distinct id, value", alike, key.type, key.attribute, *_forms(key))
        return tuple({"id": row[0], **_as_shown(key.attribute, row[1])} for row in rows)

    async def _take(self, kind: str, reads: Reads) -> None:
        pages, self.wrong = 0, None
        async with aclosing(reads.listing(kind)) as listing:
            async for page in listing:
                if not isinstance(page, Page):
                    wrong = unreadable(page)
                    self.wrong = None if wrong.partial or is_refusal(wrong) else wrong
                    return
                if pages == MOST_PAGES:
                    return
                pages += 1
                for resource in page.resources:
                    self.made(kind, resource)

    def made(self, kind: str, resource: JsonObject) -> None:
        """Take in a resource as the tenant shows it, where names of its type are known."""
        if kind in self._read:
            self._names.add(
                (kind, key.attribute, form, key.value, str(resource["id"]))
                for key in names_of(kind, resource)
                for form in dict.fromkeys(_forms(key))
            )


def _as_shown(attribute: str, value: str) -> JsonObject:
    return {"emails": [{"value": value}]} if attribute == "emails.value" else {attribute: value}
