"""Find resources whose names resemble one that the tenant says is taken: by one listing, read when that is first asked.

It is for messages, and finds no more than a few pages show: a name that it does not find may be held all the same.
"""

import sqlite3
import unicodedata
from contextlib import aclosing

from bulkscim.engine.directory.listing import names_of
from bulkscim.engine.reads import Reads
from bulkscim.model.operation import JsonObject, Key, folded_name
from bulkscim.transport.pages import Page

MOST_PAGES = 10
ALIKE = 4  # resources that an answer holds at most


def resembles(value: str) -> str:
    """Return a name without what services take out of names: case, accents, spaces, punctuation, a domain before it."""
    plain = unicodedata.normalize("NFKD", value.rpartition("/")[2].rpartition("\\")[2]).casefold()
    return "".join(letter for letter in plain if letter.isalnum()) or folded_name(value)


class Resemblances:
    """The names of one type's resources in the form in which they resemble each other; kept off the heap."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._is_read = False
        self._database = sqlite3.connect("")  # a private temporary file
        self._database.execute("create table name (attribute text, form text, value text, id text)")
        self._database.execute("create index by_form on name (attribute, form)")

    async def of(self, key: Key, reads: Reads) -> tuple[JsonObject, ...]:
        """Return the resources that resemble a name, each with its id and the attribute alone."""
        if not self._is_read:
            self._is_read = True
            await self._take(reads)
        rows = self._database.execute(
            f"select distinct id, value from name where attribute = ? and form = ? limit {ALIKE}",  # noqa: S608
            (key.attribute, resembles(key.value)),
        )
        return tuple({"id": row[0], **_as_shown(key.attribute, row[1])} for row in rows)

    async def _take(self, reads: Reads) -> None:
        pages = 0
        async with aclosing(reads.listing(self._kind)) as listing:
            async for page in listing:
                if not isinstance(page, Page) or pages == MOST_PAGES:
                    return
                pages += 1
                for resource in page.resources:
                    self.keep(resource)

    def keep(self, resource: JsonObject) -> None:
        """Take in a resource as the tenant shows it."""
        lines = [
            (key.attribute, resembles(key.value), key.value, str(resource["id"]))
            for key in names_of(self._kind, resource)
        ]
        self._database.executemany("insert into name values (?, ?, ?, ?)", lines)


def _as_shown(attribute: str, value: str) -> JsonObject:
    return {"emails": [{"value": value}]} if attribute == "emails.value" else {attribute: value}
