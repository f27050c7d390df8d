"""What lookups and listings are known to show: some services leave out there what a read by id shows (pure).

Rules of every comparison of a resource with its read by id just after
1. An attribute is shown where the read by id has a value for it and the other answer has the same one. One resource that
   has none proves nothing.
2. The order of lists and of names does not count.
3. A list is shown as far as the longest that was compared and was equal: longer ones may be cut.
4. What differed once counts as left out from then on, in later sessions of the run too.

`Coverage` is for rows. It believes nothing that was not compared, since a wrong before-image is lost data, and reads one
resource by its id instead, which costs one request. Of a resource that is needed whole, each attribute that the lookup
shows must be proved. Since it may have others, the first few lookups are compared, and then fewer and fewer. So too of a
needed attribute that a lookup does not show: a tenant that keeps no such attribute shows it nowhere. Members of groups are
excepted, since many groups have none.

`ListingCoverage` is for export and count, where such a request for each resource would be as many as there are resources.
It compares up to three resources of the first page, those that show the most, and each group whose list of members is as
long as the longest compared, or longer, until three of that length were equal: a tenant may cut at this length. What these
do not disprove is believed. Only what a listing lacks counts: where it shows more than a read by id, nothing is lost.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

import orjson

from bulkscim.model.operation import ENTERPRISE, GROUP, USER, JsonObject, Operation, Role, Verb
from bulkscim.planning.compare import DERIVED, WHOLE
from bulkscim.scim import paths
from bulkscim.scim.diff import NOTHING
from bulkscim.scim.forms import ids_in

NeededAttributes = frozenset[str] | None  # folded names of attributes; None: all that the resource has
Part = Callable[[JsonObject], JsonObject]
NAMES_ONLY: frozenset[str] = frozenset()
GROUPS_ONLY = frozenset({"groups"})
ALWAYS = 3  # comparisons before a whole resource is believed
LACKED = 8  # before an attribute counts as one that the tenant does not keep
FEWEST_LOST = 2  # members that are missing from a group before a change of others is blamed
COMPARED = 3  # resources of a first page, and lists of one length
_SERVERS_OWN = frozenset({"id", "schemas", "meta"})
_MEMBERS = (GROUP, "members")
_ACTIVE = (USER, "active")  # is shown of each user of a tenant, or of none
_LINKS = {Role.MANAGER: f"{ENTERPRISE}:manager".lower(), Role.MEMBER: "members"}  # what a reference fills


@dataclass(slots=True)
class Longest:
    """The length of the longest list that was compared and was equal, and how many were of it."""

    length: int = 0
    equals: int = 0

    def take(self, length: int) -> None:
        """Take in a list that was equal."""
        if length > self.length:
            self.length, self.equals = length, 0
        self.equals += length == self.length

    def covers(self, length: int, *, times: int = 1) -> bool:
        """Return whether lists of this length are shown whole; of the longest, so many must have been equal."""
        return length < self.length or (length == self.length and self.equals >= times)


class ShownByAnswers:
    """How long the lists of members are that answers to changes are known to show whole."""

    def __init__(self) -> None:
        self._longest = Longest()
        self._lack = False

    def compare(self, shown: set[str], known: set[str], changed: set[str]) -> None:
        """Learn from an answer to a change of some members, after which these were known to be in the group."""
        if shown == known and shown - changed:
            self._longest.take(len(shown))
        self._lack = self._lack or not known <= shown

    def shows(self, count: int) -> bool:
        """Return whether an answer that shows so many members shows all."""
        return not self._lack and self._longest.covers(count, times=COMPARED)


def left_unasked(known: set[str], shown: set[str], changed: set[str]) -> frozenset[str]:
    """Return the members that a change of other members seems to have taken out of a group; empty where that was most likely others.

    Others may have removed one or a few since the members were read. A service that takes a change of one for a list of all
    leaves few of the rest, or none. A list that is cut shows others instead, so that it is not shorter by as many.
    """
    rest = known - changed
    lost = rest - shown
    is_shorter = len(known) - len(shown) >= len(lost)
    return frozenset(lost if is_shorter and len(lost) >= FEWEST_LOST and 2 * len(lost) > len(rest) else ())


class Coverage:
    """What comparisons of lookups with reads by id have shown, by resource type.

    So many lists of members must have been equal at the length of the longest (`lists`), where a tenant may cut them there.
    """

    def __init__(self, lists: int = 1) -> None:
        self._lists = lists
        self._proved: defaultdict[str, defaultdict[str, Longest]] = defaultdict(lambda: defaultdict(Longest))
        self._left_out: defaultdict[str, set[str]] = defaultdict(set)
        self._found: list[tuple[str, str]] = []
        self._asked, self._compared = Counter[str](), Counter[str]()
        self._lacked, self._asked_of_lacked = Counter[tuple[str, str]](), Counter[tuple[str, str]]()

    def is_begun(self, kind: str) -> bool:
        """Return whether the first few resources of a type have been compared."""
        return self._compared[kind] >= COMPARED

    def shows(self, kind: str, resource: JsonObject, needed: NeededAttributes) -> bool:
        """Return whether a lookup's resource can be believed in what is needed of it."""
        if needed is None:
            self._asked[kind] += 1
            names = {name for name, _ in attributes(resource)}
            if self._left_out[kind] or _is_compared(self._asked[kind]):
                return False
        else:
            names = set(needed)
        shown = dict(attributes(resource))
        return all(self._is_proved(kind, name, shown.get(name)) for name in names)

    def _is_proved(self, kind: str, name: str, value: Any) -> bool:
        times = self._lists if (kind, name) == _MEMBERS else 1
        if name in self._left_out[kind]:
            return False
        return self._proved[kind][name].covers(_length(value), times=times) or (
            value is None and self._is_lacked((kind, name))
        )

    def _is_lacked(self, attribute: tuple[str, str]) -> bool:
        """Return whether no resource that was compared has an attribute; it is compared again now and then."""
        if self._lacked[attribute] < (ALWAYS if attribute == _ACTIVE else LACKED):
            return False
        self._asked_of_lacked[attribute] += 1
        return not _is_power_of_two(self._asked_of_lacked[attribute])

    def shows_list(self, kind: str, name: str, length: int) -> bool:
        """Return whether a list of this length is shown whole, where lists may be cut at the longest that was equal."""
        return not self.leaves_out(kind, name) and self._proved[kind][name].covers(length, times=COMPARED)

    def leaves_out(self, kind: str, name: str) -> bool:
        """Return whether an attribute was not shown, or not all of it."""
        return name in self._left_out[kind]

    def compare(
        self, kind: str, shown: JsonObject, by_id: JsonObject, needed: NeededAttributes = None
    ) -> None:
        """Learn from one resource, as a lookup showed it and as a read by its id did just after."""
        self._compared[kind] += 1
        there, known = dict(attributes(shown)), dict(attributes(by_id))
        lacked = {(kind, name) for name in needed or () if name not in there and name not in known}
        self._lacked.update(lacked - {_MEMBERS})
        for name, value in known.items():
            if _elements(there.get(name)) == _elements(value):
                self._proved[kind][name].take(_length(value))
            else:
                self._found += [] if name in self._left_out[kind] else [(kind, name)]
                self._left_out[kind].add(name)

    def recall(self, left_out: Iterable[tuple[str, str]]) -> None:
        """Take in what earlier sessions found left out, as (resource type, attribute)."""
        for kind, name in left_out:
            self._left_out[kind].add(name)

    def take_found(self) -> list[tuple[str, str]]:
        """Return what has been found left out since the last call."""
        found, self._found = self._found, []
        return found


@dataclass(slots=True)
class ListingCoverage:
    """What comparisons of listings of one type with reads by id have shown. `part` is what matters of a resource.

    `missing` are paths that a listing does not show as a read by id does; empty as long as it shows all.
    """

    kind: str
    part: Part
    missing: tuple[str, ...] = ()
    is_blind: bool = False  # whether reads by id are refused, so that nothing can be compared
    _members: Longest = field(default_factory=Longest)

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
        """Return whether a resource is to be read by its id."""
        if self.is_short or self.is_blind or not self.takes_members:
            return self.is_short
        return not self._members.covers(_member_count(listed), times=COMPARED)

    @property
    def takes_members(self) -> bool:
        """Whether the members of groups matter."""
        return self.kind == GROUP and "members" in self.part({"id": "-", "members": [{"value": "-"}]})

    def compare(self, listed: JsonObject, read: JsonObject) -> None:
        """Take in a resource as a listing and as a read by id show it."""
        shown = set(_leaves(self.part(listed)))
        lacking = {path for path, value in set(_leaves(self.part(read))) - shown}
        self.missing = tuple(sorted({*self.missing, *lacking}))
        members = _member_count(read)
        if not lacking and members:
            self._members.take(members)


def needed_by(operation: Operation) -> NeededAttributes:
    """Return the attributes of its resource that a row looks at."""
    if WHOLE in operation.expect:
        return None
    verb, expected = operation.verb, {_name(path) for path in operation.expect if path != DERIVED}
    match verb:
        case Verb.DELETE | Verb.REPLACE:
            return None
        case Verb.ADD_MEMBER | Verb.REMOVE_MEMBER:
            return NAMES_ONLY
        case Verb.PATCH:
            named = [path for change in operation.changes for path in _written(change.path, change.value)]
            return frozenset(expected | {_name(path) for path in named})
        case Verb.CREATE | Verb.UPSERT:
            told = {"active"} if operation.type == USER else set()  # of one that exists
            linked = {_LINKS[one.role] for one in operation.references if one.role in _LINKS}
            return frozenset(expected | told | linked | {name for name, _ in attributes(operation.data)})
        case Verb.ACTIVATE | Verb.DEACTIVATE:
            return frozenset(expected | {"active"})
        case _:
            assert_never(verb)


def _written(path: str | None, value: Any) -> Iterator[str]:
    if path is not None:
        yield path
    elif isinstance(value, dict):
        yield from (name for name, _ in attributes(value))


def _name(path: str) -> str:
    """Return the attribute that a path leads to."""
    parsed = paths.parse(path)
    return (f"{parsed.schema}:{parsed.attribute}" if parsed.schema else parsed.attribute).lower()


def attributes(resource: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that have a value by their folded names, those of extensions one by one."""
    for name, value in resource.items():
        folded = name.lower()
        if folded.startswith("urn:") and isinstance(value, dict):
            yield from ((f"{folded}:{part.lower()}", one) for part, one in value.items() if _has_value(one))
        elif folded not in _SERVERS_OWN and _has_value(value):
            yield folded, value


def _has_value(value: Any) -> bool:
    return value not in NOTHING and value != {}


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0


def _member_count(group: JsonObject) -> int:
    return len(set(ids_in(paths.find(group, "members"))))


def _elements(value: Any) -> list[bytes]:
    """Return a value so that the order of lists and of names does not count; one value is as a list of it."""
    elements = value if isinstance(value, list) else [value]
    return sorted(orjson.dumps(one, option=orjson.OPT_SORT_KEYS) for one in elements)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield every value below a path; of a list each element."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(part, f"{path}.{name}".lstrip(".").lower())
    elif value is not None:
        yield from ((path, element) for element in _elements(value))


def _is_compared(asked: int) -> bool:
    return asked <= ALWAYS or _is_power_of_two(asked)


def _is_power_of_two(number: int) -> bool:
    return number & (number - 1) == 0
