"""Which attributes lookups are known to show: some services leave out in lists what a read by id shows (pure).

Rules
1. An attribute is shown where one resource, read by its id, has a value for it and the lookup showed the same value.
   Where the resource has none, nothing is proved.
2. A list is shown as far as the longest that was compared: longer ones may be cut.
3. Where the two once differed, the attribute counts as left out for the rest of the run.
4. Of a resource that goes as a whole, each attribute that the lookup shows must be proved. Since it may have others, the
   first few lookups are compared, and then fewer and fewer.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from bulkscim.model.operation import USER, JsonObject, Operation, Verb
from bulkscim.planning.compare import WHOLE
from bulkscim.scim import paths
from bulkscim.scim.differing import NOTHING

Needed = frozenset[str] | None  # folded names of attributes; None: all that the resource has
NAMES_ONLY: frozenset[str] = frozenset()
ALWAYS = 3  # comparisons before a whole resource is believed
_SERVERS_OWN = frozenset({"id", "schemas", "meta"})


class Coverage:
    """What comparisons of lookups with reads by id have shown, by resource type."""

    def __init__(self) -> None:
        self._proved: defaultdict[str, dict[str, int]] = defaultdict(dict)  # the longest list that was equal
        self._left_out: defaultdict[str, set[str]] = defaultdict(set)
        self._asked = Counter[str]()

    def shows(self, kind: str, resource: JsonObject, needed: Needed) -> bool:
        """Tell whether a lookup's resource can be believed in what is needed of it."""
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
        longest = self._proved[kind].get(name)
        return longest is not None and name not in self._left_out[kind] and _length(value) <= longest

    def compare(self, kind: str, shown: JsonObject, by_id: JsonObject) -> None:
        """Learn from one resource, as a lookup showed it and as a read by its id did just after."""
        there = dict(attributes(shown))
        for name, value in attributes(by_id):
            if _same(there.get(name), value):
                self._proved[kind][name] = max(self._proved[kind].get(name, 0), _length(value))
            else:
                self._left_out[kind].add(name)


def needed_by(operation: Operation) -> Needed:
    """Return the attributes of its resource that a row looks at."""
    if operation.verb in {Verb.DELETE, Verb.REPLACE} or WHOLE in operation.expect:
        return None
    if operation.verb in {Verb.ADD_MEMBER, Verb.REMOVE_MEMBER}:
        return NAMES_ONLY
    expected = {_name(path) for path in operation.expect}
    if operation.verb is Verb.PATCH:
        named = [path for change in operation.changes for path in _written(change.path, change.value)]
        return frozenset(expected | {_name(path) for path in named})
    if operation.makes:
        told = {"active"} if operation.type == USER else set()  # of one that exists
        return frozenset(expected | told | {name for name, _ in attributes(operation.data)})
    return frozenset(expected | {"active"})


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


def _same(one: Any, other: Any) -> bool:
    return _canonical(one) == _canonical(other)


def _canonical(value: Any) -> list[bytes]:
    """Return a value so that the order of lists and of names does not count."""
    parts = value if isinstance(value, list) else [value]
    return sorted(orjson.dumps(part, option=orjson.OPT_SORT_KEYS) for part in parts)


def _is_compared(asked: int) -> bool:
    return asked <= ALWAYS or asked & (asked - 1) == 0  # then each power of two
