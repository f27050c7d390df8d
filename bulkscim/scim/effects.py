"""What a change does to a resource, exactly: the way from how it stood to how it stands, and so the way back.

Unlike `differing`, nothing is omitted because it was not asked for: each attribute that others can write and read
is looked at on both sides. Each change can be turned round: put into `after`, the changes backwards give `before`.

- Changes go down to the part of a complex attribute, and to the element of a list.
- An element is named by a filter that picks it alone on both sides; where there is none, the whole list is the change.
- What refers to another resource is its `value` alone; the rest of it is the server's to write.
- Text compares with its capitals, for they are to come back as well.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from bulkscim.model.active import truth
from bulkscim.model.operation import JsonObject
from bulkscim.model.step import Change
from bulkscim.scim import forms, paths, schemas
from bulkscim.scim.diff import NOTHING

_NAME = re.compile(r"[A-Za-z$_][\w$-]*", re.ASCII)
Pair = tuple[JsonObject, JsonObject]
Counts = tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]


def effects(before: JsonObject, after: JsonObject) -> tuple[Change, ...]:
    """Return what differs between two states of one resource.

    Secrets, what no client can write, and what has no name that a path can have are omitted.
    """
    return tuple(change for change in _resource(before, after) if _is_path(change.path))


def _resource(before: JsonObject, after: JsonObject) -> Iterator[Change]:
    for name in _names(before, after, urns=True):
        old, new = paths.find(before, name), paths.find(after, name)
        if name.lower() in schemas.READ_ONLY or schemas.is_secret(name):
            continue
        if name.lower().startswith("urn:"):
            for part in _names(old or {}, new or {}) if _objects(old, new) else ():
                yield from _attribute(f"{name}:{part}", part, paths.find(old, part), paths.find(new, part))
        else:
            yield from _attribute(schemas.spelled(name), name, old, new)


def _names(before: JsonObject, after: JsonObject, *, urns: bool = False) -> list[str]:
    """Return each name once, whatever its case; `urns`: those of extensions as well."""
    names = {name.lower(): name for name in (*after, *before)}
    return [
        name for name in names.values() if _NAME.fullmatch(name) or (urns and name.lower().startswith("urn:"))
    ]


def _objects(before: Any, after: Any) -> bool:
    return all(isinstance(one, dict) or one in NOTHING for one in (before, after))


def _attribute(path: str, name: str, before: Any, after: Any) -> Iterator[Change]:
    """Yield the changes of one attribute."""
    if schemas.is_secret(name) or _same(before, after):
        return
    if any(isinstance(one, dict) for side in (before, after) if isinstance(side, list) for one in side):
        before, after = (forms.to_send(name, side) for side in (before, after))
    if _objects(before, after):
        yield from _parts(path, name, before or {}, after or {})
    elif _is_list_of_objects(before) and _is_list_of_objects(after):
        yield from Elements(path, name, before or [], after or []).changes()
    elif not _same_texts(before, after):
        yield Change(path, before, after)


def _parts(path: str, name: str, before: JsonObject, after: JsonObject) -> Iterator[Change]:
    """Yield the changes of a complex attribute's parts."""
    for part in _names(before, after):
        old, new = paths.find(before, part), paths.find(after, part)
        if not _is_ignored(name, part) and not _same(old, new):
            yield Change(f"{path}.{part}", old, new)


def _is_ignored(holder: str, part: str) -> bool:
    is_reference = holder.lower() in schemas.REFERENCES
    return part.lower() == "$ref" or schemas.is_secret(part) or (is_reference and part.lower() != "value")


def _same(before: Any, after: Any) -> bool:
    """Compare two values; a boolean or a number may be written as text."""
    if before == after or (before in NOTHING and after in NOTHING):
        return True
    if isinstance(before, bool) != isinstance(after, bool):
        return truth(before) is truth(after) is not None
    return isinstance(before, str) != isinstance(after, str) and forms.text_of(before) == forms.text_of(after)


def _same_texts(before: Any, after: Any) -> bool:
    """Compare lists of simple values; their order means nothing."""
    if not isinstance(before, list) or not isinstance(after, list):
        return False
    return sorted(map(repr, before)) == sorted(map(repr, after))


def _is_list_of_objects(value: Any) -> bool:
    return value in NOTHING or (isinstance(value, list) and all(isinstance(one, dict) for one in value))


@dataclass(slots=True)
class Elements:
    """A multi-valued attribute on both sides."""

    path: str
    name: str
    before: list[JsonObject]
    after: list[JsonObject]

    def changes(self) -> list[Change]:
        """Return the changes element by element, or of the whole list where an element cannot be named alone."""
        is_reference = self.name.lower() in schemas.REFERENCES
        pairs, removed, added = _paired(self.before, self.after, by_value=is_reference)
        found: list[Change | None] = [
            change for pair in pairs if pair[0] != pair[1] for change in self._within(pair)
        ]
        counts = _counted(self.before), _counted(self.after)
        found += [self._whole_element(element, counts, gone=True) for element in removed]
        found += [self._whole_element(element, counts[::-1], gone=False) for element in added]
        named = [change for change in found if change is not None]
        return (
            named
            if len(named) == len(found)
            else [Change(self.path, self.before or None, self.after or None)]
        )

    def _within(self, pair: Pair) -> Iterator[Change | None]:
        """Yield what changes in an element that stands on both sides; None where it cannot be named."""
        parts = list(_parts("", self.name, *pair))
        condition = self._naming(pair) if parts else ""
        for part in parts:
            path = f"{self.path}[{condition}]{part.path}"
            yield Change(path, part.before, part.after) if condition and _is_path(path) else None

    def _naming(self, pair: Pair) -> str:
        """Return a filter that picks one element, and no other, on each side."""
        texts = [
            f"{name} eq {_quoted(text)}"
            for name in ("type", "value")
            if isinstance(text := paths.find(pair[0], name), str) and text == paths.find(pair[1], name)
        ]
        for text in (*texts, *([" and ".join(texts)] if len(texts) > 1 else [])):
            picks = paths.parse(f"{self.name}[{text}]").picks
            if all(sum(map(picks, side)) == 1 for side in (self.before, self.after)):
                return text
        return ""

    def _whole_element(self, element: JsonObject, counts: Counts, *, gone: bool) -> Change | None:
        """Return the change that an element comes or goes; `counts` are those where it stands, then the others."""
        mark = _mark(element)
        if mark is None or counts[0][mark] != 1 or counts[1][mark]:
            return None
        shown = paths.find(element, mark[0])
        path = f"{self.path}[{mark[0]} eq {_quoted(shown)}]"
        kept = {"value": shown} if self.name.lower() in schemas.REFERENCES else element
        return Change(path, kept, None) if gone else Change(path, None, kept)


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


def _is_path(text: str) -> bool:
    try:
        paths.parse(text)
    except paths.PathError:
        return False
    return True


def _mark(element: JsonObject) -> tuple[str, str] | None:
    """Return by what an element can be named: its value, or its type where it has no value."""
    for name in ("value", "type"):
        found = paths.find(element, name)
        if found is not None:
            return (name, found.casefold()) if isinstance(found, str) else None
    return None


def _counted(elements: list[JsonObject]) -> Counter[tuple[str, str]]:
    found = ((name, paths.find(one, name)) for one in elements for name in ("value", "type"))
    return Counter((name, text.casefold()) for name, text in found if isinstance(text, str))


def _paired(
    before: list[JsonObject], after: list[JsonObject], *, by_value: bool
) -> tuple[list[Pair], list[JsonObject], list[JsonObject]]:
    """Return the elements that stand on both sides, those that went, and those that came.

    `by_value`: nothing else tells them apart, and it is no use to look.
    """
    pairs: list[Pair] = []
    for marked in (_value_of,) if by_value else (_as_text, _value_of, _type_of):
        found, before, after = _matched(before, after, marked, alone=marked is _type_of)
        pairs += found
    return pairs, before, after


def _as_text(element: JsonObject) -> str | None:
    return repr(sorted(element.items()))


def _value_of(element: JsonObject) -> str | None:
    value = paths.find(element, "value")
    return value if isinstance(value, str) else None


def _type_of(element: JsonObject) -> str | None:
    label = paths.find(element, "type")
    return label if isinstance(label, str) else None


def _matched(
    before: list[JsonObject],
    after: list[JsonObject],
    marked: Callable[[JsonObject], str | None],
    *,
    alone: bool,
) -> tuple[list[Pair], list[JsonObject], list[JsonObject]]:
    """Pair elements with the same mark, and return with the pairs what is left; `alone`: none may share it."""
    waiting: dict[str, list[JsonObject]] = {}
    for element in after:
        waiting.setdefault(marked(element) or "", []).append(element)
    shared = Counter(marked(element) for element in before)
    pairs: list[Pair] = []
    left: list[JsonObject] = []
    for element in before:
        mark = marked(element)
        candidates = waiting.get(mark, []) if mark else []
        if candidates and not (alone and (len(candidates) > 1 or shared[mark] > 1)):
            pairs.append((element, candidates.pop(0)))
        else:
            left.append(element)
    return pairs, left, [element for some in waiting.values() for element in some]
