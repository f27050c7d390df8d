"""Prove of several names in one request that no resource has them.

A filter with several names proves an absence only where all of this holds:
1. Such a filter has shown each of a few names that are there, asked for in other capitals: it heeds every name.
2. It also asked, first and last, for two names that are there, and showed both.
3. It showed as many resources as the tenant claims, and fewer than such a filter has shown before: it was not cut.
4. The name has one Unicode form only.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice

import anyio

from bulkscim.engine.directory.filters import in_other_capitals, other_form
from bulkscim.engine.directory.together import LONGEST, LookupsTogether, NamesAhead
from bulkscim.engine.reads import Reads
from bulkscim.model.clock import Clock
from bulkscim.model.live import Unreadable
from bulkscim.model.names import is_name
from bulkscim.model.operation import JsonObject, Key
from bulkscim.model.step import Action, Step
from bulkscim.planning.lookup_costs import MOST
from bulkscim.planning.lookups import answers
from bulkscim.scim.paths import get

FEWEST, SAMPLES = 3, 10  # names that are there, to try such a filter with, where it fails with more
MOST_TRIES = 3
KEPT = 1000  # names, the latest proved

Kind = tuple[str, str]  # resource type and attribute


@dataclass(slots=True)
class _Proof:
    """What is known of such filters on one attribute: names that are there, and the most resources that one has shown."""

    controls: list[Key] = field(default_factory=list)
    longest: int = 0
    tries: int = 0


def _none(*_: str) -> Iterable[Key]:
    return ()


class AbsentNames:
    """Names that no resource has, until a step of the run may have changed that.

    `found` yields names of a type and an attribute that rows have found; `together` takes in what answers show.
    """

    def __init__(
        self,
        clock: Clock,
        found: Callable[[str, str], Iterable[Key]] = _none,
        together: LookupsTogether | None = None,
    ) -> None:
        self._clock = clock
        self._found = found
        self._together = together or LookupsTogether(clock)
        self._absent: OrderedDict[Key, float] = OrderedDict()  # by when they were asked for
        self._proofs: defaultdict[Kind, _Proof] = defaultdict(_Proof)
        self._asking: defaultdict[Kind, anyio.Lock] = defaultdict(anyio.Lock)
        # By what is asked for just now: the steps that took effect since the request left.
        self._since: dict[Kind, list[Step]] = {}

    def may_prove(self, kind: str, attribute: str) -> bool:
        """Return whether such filters may prove an absence without another request for names that are there."""
        proof = self._proofs[kind, attribute]
        is_known = len(list(islice(self._found(kind, attribute), FEWEST))) == FEWEST
        return bool(proof.controls) or (is_known and proof.tries < MOST_TRIES)

    def is_proved(self, kind: str, attribute: str) -> bool:
        """Return whether such filters prove absences, as far as is known."""
        return bool(self._proofs[kind, attribute].controls)

    async def prove(self, key: Key, ahead: NamesAhead, reads: Reads) -> bool:
        """Return whether no resource has a name, which is asked for with others to come; False proves nothing."""
        kind = key.type, key.attribute
        async with self._asking[kind]:
            if self._is_known(key, ahead):
                return True
            if other_form(key) is not None or not await self._is_tried(kind, reads):
                return False
            if self._together.is_known(key, ahead):  # asked for by another row meanwhile
                return False
            proof, missing = self._proofs[kind], self._chosen(key, ahead)
            for _ in range(
                2
            ):  # what shows as many as ever before may have been cut: the rest is asked for again
                left = await self._ask(missing, proof, reads)
                if left is None or key not in left or self._is_known(key, ahead):
                    break
                missing = left
            return self._is_known(key, ahead)

    def _is_known(self, key: Key, ahead: NamesAhead) -> bool:
        asked_at = self._absent.get(key.folded)
        return asked_at is not None and self._clock.monotonic() - asked_at <= ahead.age_s

    def _chosen(self, key: Key, ahead: NamesAhead) -> list[Key]:
        chosen, length = {key.folded: key}, 0
        for one in ahead.names():
            if (one.type, one.attribute) != (key.type, key.attribute) or other_form(one) is not None:
                continue
            if one.folded in chosen or self._is_known(one, ahead) or self._together.is_known(one, ahead):
                continue
            length += len(one.value.encode())
            if len(chosen) >= ahead.most - 2 or length > LONGEST:
                break
            chosen[one.folded] = one
        return list(chosen.values())

    async def _is_tried(self, kind: Kind, reads: Reads) -> bool:
        """Return whether such a filter has shown each of a few names that are there, in other capitals."""
        proof = self._proofs[kind]
        if proof.controls or proof.tries >= MOST_TRIES:
            return bool(proof.controls)
        proof.tries += 1
        names = _short(await self._sampled(kind, reads), MOST if proof.tries == 1 else SAMPLES)
        if len(names) < FEWEST:
            return False
        shown = await reads.any_of(names)
        if isinstance(shown, Unreadable):
            return False
        if _match(names, shown) == [1] * len(names) == [1] * len(shown):
            proof.controls, proof.longest = names[:2], len(names)
        elif len(names) <= SAMPLES:
            proof.tries = MOST_TRIES
        return bool(proof.controls)

    async def _sampled(self, kind: Kind, reads: Reads) -> list[Key]:
        """Return a few names that are there, in other capitals."""
        known = [name for key in self._found(*kind) if (name := _in_other_capitals(key)) is not None]
        if len(known) >= FEWEST:
            return known[::-1]
        async for page in reads.pages(kind[0]):
            found = {} if isinstance(page, Unreadable) else _named(kind, page)
            return list(found.values())
        return []

    async def _ask(self, keys: Sequence[Key], proof: _Proof, reads: Reads) -> list[Key] | None:
        """Ask for some names between two that are there; return those that were not shown, None where that says nothing."""
        first, last = proof.controls
        asked, asked_at = [first, *keys, last], self._clock.monotonic()
        kind = first.type, first.attribute
        self._since[kind] = []
        shown = await reads.any_of(asked)
        steps = self._since.pop(kind)
        if isinstance(shown, Unreadable):
            proof.tries = max(
                proof.tries, MOST_TRIES if not shown.throttled and shown.partial else proof.tries
            )
            return None
        found = _match(asked, shown)
        if found[0] != 1 or found[-1] != 1 or len({one["id"] for one in shown}) > sum(map(bool, found)):
            proof.controls = []  # renamed or deleted since, or the filter does not heed each name
            return None
        missing = [key for key, count in zip(keys, found[1:-1], strict=True) if not count]
        self._together.took(asked, shown, asked_at, steps)
        if len(shown) < proof.longest:
            self._absent.update(dict.fromkeys((key.folded for key in missing), asked_at))
            for step in steps:
                self.changed(step)
            while len(self._absent) > KEPT:
                self._absent.popitem(last=False)
        proof.longest = max(proof.longest, len(shown))
        return missing

    def changed(self, step: Step) -> None:
        """Drop the names that a step may have given to a resource."""
        for steps in self._since.values():
            steps.append(step)
        if step.action is Action.CREATE:
            for key in step.identity:
                self._absent.pop(key.folded, None)
        elif any(is_name(change.path) for change in step.changes):
            self._absent.clear()


def _short(names: Sequence[Key], most: int) -> list[Key]:
    """Return the first of some names, as many as one filter takes."""
    lengths = accumulate(len(one.value.encode()) for one in names)
    return [one for one, length in zip(names[:most], lengths, strict=False) if length <= LONGEST]


def _named(kind: Kind, page: Sequence[JsonObject]) -> dict[Key, Key]:
    """Return names that resources of a page have, in other capitals, by how they compare."""
    found: dict[Key, Key] = {}
    for one in page:
        value = get(one, kind[1])
        name = Key(*kind, value) if isinstance(value, str) and value else None
        other = _in_other_capitals(name) if name is not None else None
        if other is not None:
            found[other.folded] = other
    return found


def _in_other_capitals(name: Key) -> Key | None:
    return in_other_capitals(name) if other_form(name) is None else None


def _match(keys: Sequence[Key], shown: Sequence[JsonObject]) -> list[int]:
    """Return how many resources have each name."""
    return [sum(answers(key, one) for one in shown) for key in keys]
