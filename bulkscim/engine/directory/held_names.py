"""Names that the tenant holds, by one listing of each use: what it does not show may be there all the same.

`HeldUsers`: the users that the tenant had before the run created any, since a service may accept a second user of a name.
One listing shows them, where it costs few requests. Where it is long, the first names are asked for one by one, and more
of them where some exist. A name that it holds is looked up before the create; any other is created without a lookup.
A row that finds its user in the listing need not look it up, as long as it changes nothing: `shown`.

`Resemblances`: names that resemble one that the tenant says is taken, or that a lost create asked for, for messages and
doubts. It reads a few pages at most, so a
name that it does not find may be held all the same.
"""

import unicodedata
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from math import ceil, inf
from sys import maxsize

import anyio
import orjson

from bulkscim.engine.directory.listing import KEPT_S, names_of
from bulkscim.engine.directory.store import Store
from bulkscim.engine.directory.together import NamesAhead
from bulkscim.engine.reads import Reads, is_refusal, unreadable
from bulkscim.model.clock import Clock
from bulkscim.model.live import Found, Missing, NameHeld, Unreadable
from bulkscim.model.names import is_name
from bulkscim.model.operation import GROUP, USER, JsonObject, Key, folded_name
from bulkscim.model.plan import planned_number
from bulkscim.model.step import Action, Step
from bulkscim.planning.lookup_costs import (
    LAST,
    SHARE,
    SINGLES,
    most_again,
    most_for_names,
    most_for_plan,
    most_for_upserts,
    most_pages,
)
from bulkscim.planning.lookups import answers
from bulkscim.planning.named_resources import refers_to
from bulkscim.providers.profile import Profile
from bulkscim.scim.forms import ids_in
from bulkscim.scim.paths import find
from bulkscim.transport.pages import Page

LONGEST_S = 1800.0  # for which a listing counts at most
YOUNG = 0.9  # of the age that a listing may have, so that what is read of it can still be used
MOST_PAGES = 10  # that are read for a message
ALIKE = 4  # resources that an answer holds at most
Joined = Callable[[Key], Awaitable[Found | Missing | None]]


class HeldUsers:
    """The users of one listing, read at the first question, for a job whose rows make `makes` users."""

    def __init__(
        self, store: Store, clock: Clock, profile: Profile, makes: int = 0, changes: int = 0
    ) -> None:
        self._clock = clock
        self._changes = changes
        self._joins = False  # whether some of them join groups
        self._pages = 0.0  # of the listing
        self._saved, self._saves = (
            0,
            maxsize,
        )  # lookups by the listing, and how many the next one will save at most
        self._refuses_twins = USER in profile.enforces_unique and not profile.assumes_unique
        self._lists_all = profile.lists_all
        self._makes = makes
        self._is_read = self._is_whole = False
        self._names_hold = True  # whether the run has changed no name
        self._came = 0  # users in the listing
        self._sample: Found | None = None  # the one that shows the most groups
        self._singles = 0
        self._reading = anyio.Lock()
        self._names = store.table("value text", key="value")
        self._users = store.table("id text, value text, resource blob, place int", "value", key="id")
        self._changed: set[str] | None = None  # ids of users that the run changes while the listing is read
        self._taken_at, self._until, self._names_until = 0.0, -inf, -inf

    async def holds(self, need: NameHeld, reads: Reads, joined: Joined, *, together: bool = False) -> bool:
        """Return whether a listing, or a filter, shows a resource of this name; `joined` looks it up with others.

        `together`: for a plan the listing is read where it costs less than that.
        """
        key = need.key
        if key.type == USER:
            await self._read(reads, most_pages(self._makes, together=together and need.exact))
            if self._is_whole or self._names.holds("value = ?", key.folded.value):
                return self._names.holds("value = ?", key.folded.value)
        seen = await joined(key) if need.exact else None
        if seen is not None:
            return isinstance(seen, Found)
        asks = need.exact or (self._singles > 0 and not self._refuses_twins)
        return asks and await self._is_found(key, reads)

    async def shown(self, key: Key, reads: Reads, *, together: bool = False) -> Found | None:
        """Return the one user of a userName as the listing shows it; None proves nothing.

        A listing counts for a minute for each of its pages, half an hour at most, and not for what the run has changed.
        `together`: it is read where it costs less than filters with several names.
        """
        if self._makes < SHARE or key.type != USER or key.attribute != "userName":
            return None
        await self._read(reads, most_for_upserts(self._makes, together=together))
        return self._shown(key) if self._clock.monotonic() <= self._until else None

    async def shown_lately(
        self, key: Key, ahead: NamesAhead, reads: Reads, *, joins: bool = False
    ) -> Found | None:
        """Return the one user of a userName or id as a young listing shows it, which may be changed by that; None proves nothing.

        A listing is read, and read again when it is too old, where it costs half of the lookups that it saves, and the one
        before it has saved so many. `joins`: a row asks in which groups its member is, and may ask again.
        """
        if self._makes or key.type != USER or key.attribute not in {"userName", "id"}:
            return None
        most = most_again(min(self._changes, self._saves), ahead.served)
        self._changes, self._joins = self._changes - (not joins), self._joins or joins
        if not self._is_young(ahead) and self._pages <= most:
            async with self._reading:
                self._is_read = self._is_read and self._is_young(ahead)
            await self._read(reads, most)
        found = self._shown(key) if self._is_young(ahead) else None
        self._saved += found is not None
        return found

    async def shown_for_plan(self, key: Key, reads: Reads) -> Found | None:
        """Return the one user of a userName or id as a listing of any age shows it; None proves nothing.

        It is read where it costs less than filters with several names.
        """
        if self._makes or key.type != USER or key.attribute not in {"userName", "id"}:
            return None
        await self._read(reads, most_for_plan(self._changes))
        return self._shown(key) if self._is_whole else None

    async def named(self, key: Key, ahead: NamesAhead, reads: Reads, *, together: bool) -> Found | None:
        """Return the one user of a userName as a listing shows it, for a row that only names it; None proves nothing.

        The listing is read where it costs half of the lookups of names that `ahead` yields, or, with `together`, less than
        filters with several of them; and again when it no longer counts.
        """
        if key.attribute != "userName" or (self._is_read and not self._is_whole and not together):
            return None
        if not self._makes and self._clock.monotonic() > self._names_until:
            wanted = {one.folded for one in ahead.names() if (one.type, one.attribute) == key[:2]}
            most = most_for_names(len(wanted), together=together)
            async with self._reading:
                self._is_read = self._is_read and self._clock.monotonic() <= self._names_until
                self._is_whole = self._is_whole and self._is_read
            await self._read(reads, most if self._pages <= most else 0)
        counts = self._is_whole and self._names_hold and self._clock.monotonic() <= self._names_until
        return self._shown(key) if counts else None

    def _is_young(self, ahead: NamesAhead) -> bool:
        return self._is_whole and self._clock.monotonic() - self._taken_at <= ahead.age_s * YOUNG

    def _shown(self, key: Key) -> Found | None:
        column = "id" if key.attribute == "id" else "value"
        users = self._users.rows("resource", f"{column} = ? limit 2", key.folded.value)
        if len(users) != 1:
            return None
        return Found(orjson.loads(users[0][0]), self._taken_at, is_looked_up=True, is_listed=True)

    def renew(self) -> None:
        """Read the listing again at the next question, whatever it has saved."""
        self._is_whole, self._saved = False, max(self._saved, self._changes)

    def take_sample(self) -> Found | None:
        """Return the user that shows the most groups, once; None where the run may have changed it, and where none shows any."""
        sample, self._sample = self._sample, None
        return sample

    def place_of(self, resource_id: str) -> int:
        """Return the place of a user in the listing, from 1; 0 where it is not known."""
        found = self._users.rows("place", "id = ?", resource_id)
        return int(found[0][0]) if found else 0

    async def on_page(self, resource_id: str, place: int, reads: Reads) -> Found | None:
        """Return a user as the page of the listing that begins at its place shows it now; None where it does not."""
        began = self._clock.monotonic()
        shown = [one for one in await reads.page(USER, place) if one["id"] == resource_id]
        return Found(shown[0], began, is_looked_up=True, is_listed=True) if shown else None

    def is_absent(self, key: Key) -> bool:
        """Return whether a whole listing shows no user of a userName.

        Where nothing says that the service refuses a second user of a name, only a recent listing of no users at all counts.
        """
        is_recent = self._clock.monotonic() <= self._until
        counts = (
            self._is_whole and self._names_hold and (self._refuses_twins or (is_recent and not self._came))
        )
        is_user = key.type == USER and key.attribute == "userName"
        return counts and is_user and not self._names.holds("value = ?", key.folded.value)

    def changed(self, step: Step, resource_id: str | None = None) -> None:
        """Drop the users that a step of the run may have changed; `resource_id`: of what it made. A plan puts no user into a group."""
        if planned_number(resource_id) is not None:
            return
        if step.action is Action.CREATE:
            for member in ids_in(step.body.get("members")) if step.type == GROUP else ():
                self.forget(member)
            return
        if step.type == USER and any(is_name(change.path) for change in step.changes):
            self._names_hold = False
        if step.type == USER and step.action is not Action.DELETE:
            self.forget(str(step.id))
        elif step.member is not None:
            self._changes -= self._joins
            self.forget(step.member)
        else:  # who refers to what was deleted, or is in a group that was changed, is not known
            self._until = -inf

    def forget(self, resource_id: str) -> None:
        """Drop one user: what the listing shows of it may be outdated."""
        self._users.delete("id = ?", resource_id)
        if self._sample is not None and self._sample.id == resource_id:
            self._sample = None
        if self._changed is not None:
            self._changed.add(resource_id)

    def refused(self, step: Step) -> None:
        """Drop the users that a refused step changes or names."""
        for one in (step.id if step.type == USER else None, *refers_to(step)):
            if one is not None:
                self.forget(one)

    async def _read(self, reads: Reads, most: int) -> None:
        """Read the listing once, where it takes `most` pages."""
        async with self._reading:
            if self._is_read or not most:
                return
            self._saves, self._saved = self._saved if self._is_whole else maxsize, 0
            self._is_read, self._is_whole = True, False
            if not self._lists_all:
                return
            self._changed, self._sample = set(), None
            self._names.clear()
            self._users.clear()
            self._pages = await self._take(reads, most)
            if not self._is_whole:
                self._names.clear()
                self._users.clear()
            self._changed = None

    async def _is_found(self, key: Key, reads: Reads) -> bool:
        """Ask for one name. That it exists makes it likelier of the next ones; an answer that cannot be used ends it."""
        self._singles -= 1
        found = await reads.filtered(key)
        if isinstance(found, Unreadable):
            self._singles = 0
        exists = isinstance(found, list) and any(answers(key, one) for one in found)
        self._singles += SHARE if exists else 0
        return exists

    async def _take(self, reads: Reads, most: int) -> float:
        """Read the listing; return its pages, of one that takes more than `most` as far as they can be told; inf: it broke off."""
        pages, place = 0, 1
        self._taken_at = self._clock.monotonic()
        self._until = self._taken_at + LONGEST_S
        async with aclosing(reads.listing(USER)) as listing:
            async for page in listing:
                if not isinstance(page, Page):
                    return inf
                pages += 1
                came = len(page.resources)
                self._came += came
                told = ceil(page.total / came) if came and page.total is not None else 0
                if pages > most + LAST or (pages == 1 and told > most):
                    self._singles = max(SINGLES, most)
                    return told if told > most else inf
                self._keep(page.resources, place)
                place += came
        self._until = min(self._until, self._clock.monotonic() + KEPT_S * max(1, pages))
        self._names_until, self._is_whole = self._until, True
        return pages

    def _keep(self, users: tuple[JsonObject, ...], first: int) -> None:
        named = ((place, user, find(user, "userName")) for place, user in enumerate(users, first))
        folded = [
            (place, user, Key(USER, "userName", name).folded.value)
            for place, user, name in named
            if isinstance(name, str) and name
        ]
        self._names.add(((name,) for _, _, name in folded), otherwise="ignore")
        changed = self._changed or ()
        rows = (
            (str(user["id"]), name, orjson.dumps(user), place)
            for place, user, name in folded
            if user["id"] not in changed
        )
        self._users.add(rows, otherwise="replace")
        most = max(users, key=_group_count)
        if most["id"] not in changed and _group_count(most) > (
            _group_count(self._sample.resource) if self._sample is not None else 0
        ):
            self._sample = Found(most, self._taken_at, is_looked_up=True, is_listed=True)


def _group_count(user: JsonObject) -> int:
    return len(set(ids_in(find(user, "groups"))))


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
        self._came: set[str] = set()  # types of which a page has come: that it is refused later does not last
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
                    lasts = is_refusal(wrong) and kind not in self._came
                    self.wrong = None if wrong.partial or lasts else wrong
                    return
                self._came.add(kind)
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
