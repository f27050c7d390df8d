"""Whether listings show all that a read by id shows (pure): compared for a few resources, and for the longest member lists.

A listing that leaves out attributes, or cuts lists, would make an export look complete that is not. So up to three
resources of the first page, those that show the most, are compared with their read by id. A group that shows as many
members as the longest list compared so far, or more, is compared as well: its list may be cut.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from bulkscim.model.operation import GROUP, JsonObject
from bulkscim.scim.paths import find
from bulkscim.scim.references import ids_in

COMPARED = 3
Part = Callable[[JsonObject], JsonObject]


@dataclass(slots=True)
class Coverage:
    """What comparisons of a type have shown. `part` is what matters of a resource.

    `missing` are paths that a listing does not show as a read by id does; empty as long as it shows all.
    """

    kind: str
    part: Part
    missing: tuple[str, ...] = ()
    is_blind: bool = False  # whether reads by id are refused, so that nothing can be compared
    _longest: int = 0  # members of a list that was compared and was whole
    _equals: int = 0  # lists of that length

    @property
    def is_short(self) -> bool:
        """Whether listings are known to show less than reads by id."""
        return bool(self.missing)

    def choose(self, page: Sequence[JsonObject]) -> list[JsonObject]:
        """Return what to compare of a first page: what shows the most; of equals the first, the last and one between."""
        sizes = [len(set(_leaves(self.part(one)))) for one in page]
        ranked = sorted(range(len(page)), key=lambda place: -sizes[place])
        most = [place for place in ranked if sizes[place] == sizes[ranked[0]]]
        spread = [most[0], most[-1], most[len(most) // 2]] if most else []
        places = list(dict.fromkeys((*spread, *ranked)))[:COMPARED]
        return [page[place] for place in places]

    def wants(self, listed: JsonObject) -> bool:
        """Tell whether a resource is to be read by its id."""
        if self.is_short or self.is_blind or not self.takes_members:
            return self.is_short
        shown = _members(listed)
        return shown > self._longest or (shown == self._longest and self._equals < COMPARED)

    @property
    def takes_members(self) -> bool:
        """Whether the members of groups matter."""
        return self.kind == GROUP and "members" in self.part({"id": "-", "members": [{"value": "-"}]})

    def compare(self, listed: JsonObject, read: JsonObject) -> None:
        """Take in a resource as a listing and as a read by id show it."""
        shown = set(_leaves(self.part(listed)))
        lacking = {path for path, value in set(_leaves(self.part(read))) - shown}
        self.missing = tuple(sorted({*self.missing, *lacking}))
        members = _members(read)
        if lacking or not members or members < self._longest:
            return
        self._equals = self._equals + 1 if members == self._longest else 1
        self._longest = members


def _members(group: JsonObject) -> int:
    return len(set(ids_in(find(group, "members"))))


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield every value below a path; of a list each element, in any order."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(part, f"{path}.{name}".lstrip(".").lower())
    elif isinstance(value, list):
        for element in value:
            yield path, orjson.dumps(element, option=orjson.OPT_SORT_KEYS)
    elif value is not None:
        yield path, orjson.dumps(value)
