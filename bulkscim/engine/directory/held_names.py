"""The names that users had before the run created any: a service may take a second user of a name without a word.

One listing tells them, where it costs few requests. Where it is long, the first names are asked for one by one, and more
of them where some exist. It is a hint and no evidence: a name that it holds is looked up
before the create, and a name that it does not hold is created without a lookup.
"""

import sqlite3
from contextlib import aclosing
from math import ceil

import anyio

from bulkscim.engine.reads import Reads
from bulkscim.model.live import Unreadable
from bulkscim.model.operation import USER, JsonObject, Key
from bulkscim.planning.lookups import answers
from bulkscim.scim.paths import find
from bulkscim.transport.pages import Page

FEW = 3  # pages that may always be read
SHARE = 20  # creates for each further page
SINGLES = 10  # names that may always be asked for one by one


def most_pages(creates: int) -> int:
    """Return how many pages are worth reading before so many creates."""
    return max(FEW, creates // SHARE)


class HeldNames:
    """The userNames of one listing, read at the first question; where it takes more than `most` pages, of some filters."""

    def __init__(self, most: int = 0) -> None:
        self._most = most
        self._is_read = most == 0
        self._singles = 0
        self._reading = anyio.Lock()
        self._database = sqlite3.connect("")  # a private temporary file
        self._database.execute("create table name (value text primary key) without rowid")

    async def holds(self, key: Key, reads: Reads) -> bool:
        """Say whether a listing, or a filter, shows a user of this name."""
        async with self._reading:
            if not self._is_read:
                self._is_read = True
                if not await self._take(reads):
                    self._database.execute("delete from name")
        query = "select 1 from name where value = ?"
        is_listed = self._database.execute(query, (key.folded.value,)).fetchone() is not None
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
            (Key(USER, "userName", name).folded.value,) for name in names if isinstance(name, str) and name
        )
        self._database.executemany("insert or ignore into name values (?)", folded)
