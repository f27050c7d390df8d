"""Filters by name: what their answers are worth.

A filter that has found nothing yet may be ignored, or broken. So an absence counts only after the filter has found a name
that is there, also in other capitals where these do not count. A name with letters such as é is asked for in both Unicode
forms.
"""

import unicodedata
from collections import defaultdict
from math import inf

import anyio

from bulkscim.engine.reads import Reads
from bulkscim.model.clock import Clock
from bulkscim.model.live import Answer, Found, Missing, Unreadable
from bulkscim.model.operation import Key
from bulkscim.planning.lookups import Ignored, Learned, Nothing, Trust, emails_of, judge
from bulkscim.providers.profile import Profile
from bulkscim.scim.paths import get

REFUSES_FILTERS = frozenset({400, 403, 404, 405, 501})
REDIRECTED, SERVER_ERROR = 300, 500
UNSAMPLED_S = 60.0


class Filters:
    """What this process knows of the tenant's filters, by type and attribute."""

    def __init__(self, clock: Clock, profile: Profile) -> None:
        self._clock = clock
        self._profile = profile
        self._learned = Learned()
        self._samples: dict[tuple[str, str], Key] = {}  # a name that the filter has found
        self._have_found: set[tuple[str, str]] = set()
        self._folds: dict[tuple[str, str], bool] = {}  # whether it finds names in other capitals too
        self._unsampled: dict[tuple[str, str], float] = {}  # when a first page has last shown no such name
        self._proving: defaultdict[tuple[str, str], anyio.Lock] = defaultdict(anyio.Lock)
        self._made_up: set[str] = set()  # types whose listings show what is not there

    def may_find(self, key: Key) -> bool:
        """Return whether filters on a name's attribute are worth asking."""
        return self._profile.filter and self._learned.trust(key) is not Trust.BROKEN

    def makes_up(self, kind: str) -> bool:
        """Return whether a listing of a type shows what can neither be found by a filter nor read by its id."""
        return kind in self._made_up

    def have_found(self, key: Key) -> bool:
        """Return whether a filter on a name's attribute has found what it was asked for."""
        return (key.type, key.attribute) in self._have_found

    def fail(self, key: Key) -> None:
        """Note that the filter on a name's attribute does not work, as a listing does."""
        self._learned.note(key, Trust.BROKEN)

    def alone_fail(self, key: Key, answer: Answer) -> bool:
        """Return whether a listing may be readable though a filter, which has never worked, is not.

        It is answered by a 5xx, or by a success that is no list.
        """
        status = answer.status if isinstance(answer, Unreadable) and not answer.contradicts else None
        failed = status is not None and not REDIRECTED <= status < SERVER_ERROR
        return failed and self._learned.trust(key) is Trust.UNKNOWN

    async def find(self, key: Key, reads: Reads) -> Answer | None:
        """Find the one resource that a filter names; None where the answer is worth nothing."""
        answer = await reads.filtered(key)
        if isinstance(answer, Unreadable) and (answer.throttled or answer.status not in REFUSES_FILTERS):
            return answer
        if answer is None or isinstance(answer, Unreadable):
            self._learned.note(key, Trust.BROKEN)
            return None
        judged = judge(key, answer, self._clock.monotonic())
        match judged:
            case Nothing() if key.type in self._profile.exact_filters:
                return None  # it may be there in other capitals
            case Nothing():
                counts = await self._absence_counts(key, reads)
                if isinstance(counts, Unreadable) or not counts:
                    return counts or None
                return await self._inother_form(key, reads)
            case Ignored():
                self._learned.note(key, Trust.BROKEN)
                return None
            case Found():
                self._learned.note(key, Trust.WORKS)
                self._samples[key.type, key.attribute] = key
                self._have_found.add((key.type, key.attribute))
                return judged
            case _:
                return judged

    async def _inother_form(self, key: Key, reads: Reads) -> Answer | None:
        """Ask for a name in its other Unicode form: many services keep one form and compare code points."""
        other = other_form(key)
        answer = [] if other is None else await reads.filtered(other)
        if answer is None or isinstance(answer, Unreadable):
            return answer
        judged = judge(key, answer, self._clock.monotonic())
        if isinstance(judged, Ignored):
            return None
        return Missing() if isinstance(judged, Nothing) else judged

    async def _absence_counts(self, key: Key, reads: Reads) -> bool | Unreadable:
        """Return whether "nothing" from this filter means absent, by asking it for something that is there.

        Also in other capitals, where these do not count: some services compare them all the same.
        """
        kind = key.type, key.attribute
        async with self._proving[kind]:
            if self._learned.trust(key) is Trust.UNKNOWN:
                tried = await self._try(key, reads)
                if tried is not True:
                    return tried
            if self._learned.trust(key) is not Trust.WORKS:
                return False
            if kind not in self._folds:
                folds = await self._finds_other_capitals(key, reads)
                if not isinstance(folds, bool):
                    return folds or False
                self._folds[kind] = folds
            return self._folds[kind]

    async def _try(self, key: Key, reads: Reads) -> bool | Unreadable:
        """Ask a filter for a name that a listing shows; False where that does not tell whether the filter works."""
        sample = None if key.type in self._made_up else await self._sample(key, reads)
        if sample is None:
            return False
        name, resource_id = sample
        works = await self._finds(name, reads)
        if isinstance(works, Unreadable):
            return works
        if not works and isinstance(await reads.by_id(key.type, resource_id), Missing):
            again = await self._sample(key, reads)
            if again is not None and again[1] == resource_id:  # else it has been deleted since
                self._made_up.add(key.type)
            return False
        self._learned.note(key, Trust.WORKS if works else Trust.BROKEN)
        self._samples[key.type, key.attribute] = name
        return True

    async def _finds_other_capitals(self, key: Key, reads: Reads) -> bool | Unreadable | None:
        """Return whether a name that is there is found in other capitals too; None where no such name is known.

        One that was there may have been deleted since: then a listing gives another.
        """
        for known in (self._samples.get((key.type, key.attribute)), None):
            sample = known or _name(await self._sample(key, reads))
            other = sample and in_other_capitals(sample)
            found = other is None or await self._finds(other, reads)
            if sample is None or found is not False:
                return None if sample is None else found
            there = await self._finds(sample, reads)
            if there is not False:
                return False if there is True else there
        return None

    async def _finds(self, sample: Key, reads: Reads) -> bool | Unreadable:
        """Return whether the filter finds what is there; Unreadable where that cannot be told now."""
        answer = await reads.filtered(sample)
        refused = isinstance(answer, Unreadable) and (answer.contradicts or answer.status in REFUSES_FILTERS)
        if isinstance(answer, Unreadable) and (answer.throttled or not refused):
            return answer
        return isinstance(answer, list) and isinstance(judge(sample, answer, 0.0), Found)

    async def _sample(self, key: Key, reads: Reads) -> tuple[Key, str] | None:
        """Return a key of the same attribute that some resource of the tenant surely answers to, and the id of that.

        A first page that shows none is not read again for a while.
        """
        kind = key.type, key.attribute
        is_read = self._clock.monotonic() - self._unsampled.get(kind, -inf) <= UNSAMPLED_S
        if is_read or not self._profile.lists_all:
            return None
        async for page in reads.pages(key.type):
            if isinstance(page, Unreadable):
                return None
            for resource in page:
                values = (
                    emails_of(resource) if key.attribute == "emails.value" else [get(resource, key.attribute)]
                )
                if values and isinstance(values[0], str) and values[0]:
                    return Key(key.type, key.attribute, values[0]), str(resource["id"])
            break
        self._unsampled[kind] = self._clock.monotonic()
        return None


def _name(sample: tuple[Key, str] | None) -> Key | None:
    return None if sample is None else sample[0]


def other_form(key: Key) -> Key | None:
    """Return a name in the composed Unicode form (NFC), or decomposed (NFD) where it is composed; None where both are one."""
    forms = (unicodedata.normalize(form, key.value) for form in ("NFC", "NFD"))
    others = [key._replace(value=one) for one in forms if one != key.value]
    return others[0] if others and others[0].folded == key.folded else None


def in_other_capitals(key: Key) -> Key | None:
    """Return a name that is the same one in other capitals, None where there is none."""
    other = key._replace(value=key.value.swapcase())
    return other if other.value != key.value and other.folded == key.folded else None
