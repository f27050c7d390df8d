"""Where a resource is not what is wanted: the walk behind `planning/compare.py`, which states the rules."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson

from bulkscim.model.active import truth
from bulkscim.model.operation import JsonObject, folded_name
from bulkscim.model.step import Change
from bulkscim.scim import forms, paths, schemas

NOTHING: tuple[Any, ...] = (None, "", [], {})
_BOOLEANS = ("active", "primary")


class ComparedPath:
    """Where a comparison stands: the path so far, and the same without URN and filters.

    `exact`: capitals count in every text, also where they do not tell two users or labels apart.
    """

    __slots__ = ("exact", "inside", "path", "plain", "top_level")

    def __init__(
        self, path: str, plain: str, *, inside: bool, top_level: bool = False, exact: bool = False
    ) -> None:
        self.path = path
        self.plain = plain
        self.inside = inside  # below the top, where names like `id` and `display` lose their meaning
        self.top_level = top_level
        self.exact = exact

    @classmethod
    def top(cls, *, exact: bool = False) -> "ComparedPath":
        """Return the place of a whole resource."""
        return cls("", "", inside=False, top_level=True, exact=exact)

    @classmethod
    def at(cls, path: str, *, exact: bool = False) -> "ComparedPath":
        """Return the place that a path names."""
        parsed = paths.parse(path)
        plain = parsed.plain if parsed.schema is None else ""
        return cls(path, plain, inside=bool(parsed.attribute), exact=exact)

    def below(self, name: str) -> "ComparedPath":
        """Return the place of an attribute here."""
        if self.top_level and name.lower().startswith("urn:"):
            return ComparedPath(name, "", inside=False, exact=self.exact)
        colon = not self.inside and not self.top_level
        path = name if self.top_level else f"{self.path}{':' if colon else '.'}{name}"
        plain = name if not self.inside or not self.plain else f"{self.plain}.{name}"
        return ComparedPath(path, plain, inside=True, exact=self.exact)

    def element(self, condition: str) -> "ComparedPath":
        """Return the place of one element of the list here."""
        return ComparedPath(f"{self.path}[{condition}]", self.plain, inside=True, exact=self.exact)

    def ignores(self, name: str) -> bool:
        """Return whether an attribute here is one that no client can set or see."""
        lowered = name.lower()
        if schemas.is_secret(name):
            return True
        if self.top_level:
            return lowered in schemas.READ_ONLY
        holder = self.plain.lower().rpartition(".")[2]
        return lowered == "$ref" or (
            holder in schemas.REFERENCES and lowered in schemas.READ_ONLY_OF_REFERENCES
        )


def differences(wanted: JsonObject, live: Any, place: ComparedPath) -> Iterator[Change]:
    """Yield the differences of an object's attributes."""
    for name, value in wanted.items():
        if not place.ignores(name):
            spelling = name if name.lower().startswith("urn:") else schemas.spelled(name)
            yield from value_differences(value, paths.find(live, name), place.below(spelling))


def value_differences(wanted: Any, live: Any, place: ComparedPath) -> Iterator[Change]:
    """Yield the differences of one attribute's value."""
    if isinstance(wanted, dict) and wanted:
        if isinstance(live, list) and (len(live) > 1 or schemas.multi_valued(place.plain)):
            yield from _elements([wanted], live, place)
        elif isinstance(live, dict | None):
            yield from differences(wanted, live, place)
        else:
            yield from _of_value(wanted, live[0] if isinstance(live, list) and live else live, place)
    elif isinstance(wanted, list) and wanted:
        yield from _elements(wanted, live, place)
    elif not isinstance(wanted, dict | list) and isinstance(live, dict | list) and live:
        yield from _of_bare(wanted, live, place)
    elif not same(wanted, live, place.plain, exact=place.exact):
        yield Change(place.path, live, wanted)


def _of_value(wanted: JsonObject, live: Any, place: ComparedPath) -> Iterator[Change]:
    """Yield the differences of an object from what shows its `value` alone: the rest of it proves nothing."""
    if isinstance(live, dict):
        yield from differences(wanted, live, place)
    elif live in NOTHING:
        yield from differences(wanted, None, place)
    elif (value := paths.find(wanted, "value")) is not None:
        yield from value_differences(value, live, place.below("value"))
    else:
        yield Change(place.path, live, wanted)


def _of_bare(wanted: Any, live: Any, place: ComparedPath) -> Iterator[Change]:
    """Yield the difference of a bare value from an object or a list of one that holds it."""
    shown = live[0] if isinstance(live, list) and len(live) == 1 else live
    if wanted in NOTHING or not same(wanted, paths.part_of(shown, "value"), place.plain, exact=place.exact):
        yield Change(place.path, live, wanted)


def same(wanted: Any, live: Any, plain: str, *, exact: bool = False) -> bool:
    """Compare two simple values by the rules for their attribute; `exact`: capitals count in any case."""
    if wanted in NOTHING:
        return live in NOTHING
    if plain.lower().endswith(_BOOLEANS) and truth(wanted) is not None:
        return truth(wanted) is truth(live)
    if isinstance(wanted, bool) is not isinstance(live, bool):
        return str(wanted).strip().lower() == str(live).strip().lower()
    wanted, live = _comparable(wanted, live)
    if not exact and isinstance(wanted, str) and isinstance(live, str) and schemas.folded(plain):
        return folded_name(wanted) == folded_name(live)
    return bool(wanted == live)


def _comparable(wanted: Any, live: Any) -> tuple[Any, Any]:
    """Return a number as text where the other side is text."""
    if isinstance(wanted, str) and isinstance(live, int | float):
        return wanted, forms.text_of(live)
    return (forms.text_of(wanted), live) if isinstance(live, str) else (wanted, live)


def _elements(wanted: list[Any], live: Any, place: ComparedPath) -> Iterator[Change]:
    """Yield the differences of a list, element by element."""
    present = live if isinstance(live, list) else [] if live in NOTHING else [live]
    if any(isinstance(element, dict) for element in (*wanted, *present)):
        wanted = [element if isinstance(element, dict) else {"value": element} for element in wanted]
    else:
        missing = [
            part
            for part in wanted
            if not any(same(part, other, place.plain, exact=place.exact) for other in present)
        ]
        if missing:
            yield Change(place.path, live, present + missing)
        return
    free = _FreeElements(present, place.plain)
    for element in wanted:
        match = free.match(element)
        if match is None:
            yield _added(element, live, wanted, place)
        else:
            free.take(match)
            yield from _element(element, present[match], present, place)


class _FreeElements:
    """The live elements of a list of which no wanted one has spoken yet; a group may have many thousand members."""

    def __init__(self, present: list[Any], plain: str) -> None:
        self._present = present
        self._plain = plain
        self._places = dict.fromkeys(range(len(present)))  # in order
        self._refers = plain.lower() in schemas.REFERENCES
        self._by_id: dict[str, list[int]] = {}
        for place in range(len(present) if self._refers else 0):
            value = paths.part_of(present[place], "value")
            if isinstance(value, str):
                self._by_id.setdefault(value, []).append(place)

    def take(self, place: int) -> None:
        """Leave an element to the wanted one that speaks of it."""
        del self._places[place]

    def match(self, element: JsonObject) -> int | None:
        """Return the place of the element that a wanted one speaks of: by value, else by the only type."""
        present, value = self._present, paths.find(element, "value")
        if value is not None:
            alike = self._of_value(value)
            if alike:
                return _closest(element, present, alike)
            if self._refers:
                return None
        label, free = paths.find(element, "type"), list(self._places)
        alike = [place for place in free if same(label, paths.part_of(present[place], "type"), "type")]
        if label is not None and len(alike) == 1:
            return alike[0]
        candidates = free if value is None and label is None else alike
        return next(
            (place for place in candidates if not any(_of_value(element, present[place], _INSIDE))), None
        )

    def _of_value(self, value: Any) -> list[int]:
        """Return the places of the elements with a value; of references those with just this id, where there are any."""
        places = self._by_id.get(value, []) if isinstance(value, str) else []
        if free := [place for place in places if place in self._places]:
            return free
        shown, plain = self._present, f"{self._plain}.value"
        return [one for one in self._places if same(value, paths.part_of(shown[one], "value"), plain)]


_INSIDE = ComparedPath("", "", inside=True)


def _closest(element: JsonObject, present: list[Any], places: list[int]) -> int:
    """Return the place whose type fits, else the first."""
    label = paths.find(element, "type")
    fitting = (place for place in places if same(label, paths.part_of(present[place], "type"), "type"))
    return next(fitting, places[0])


def _element(wanted: JsonObject, live: Any, present: list[Any], place: ComparedPath) -> Iterator[Change]:
    """Yield the differences of two elements that speak of the same thing."""
    yield from _of_value(wanted, live, place.element(_naming(live, present)))


def _naming(element: Any, present: list[Any]) -> str:
    """Return a filter that picks one live element: by its type where that is unique, else by its value."""
    label, value = paths.part_of(element, "type"), paths.part_of(element, "value")
    attribute, chosen = ("type", label) if _is_only(label, present) else ("value", value)
    return f"{attribute} eq {orjson.dumps(chosen).decode()}"


def _is_only(label: Any, present: list[Any]) -> bool:
    """Return whether one element alone has a type."""
    if not isinstance(label, str):
        return False
    alike = (other for other in present if same(label, paths.part_of(other, "type"), "type"))
    return len(list(islice(alike, 2))) == 1


def _added(element: JsonObject, live: Any, wanted: list[Any], place: ComparedPath) -> Change:
    """Return the change that adds an element; one without value and type can only come with its whole list."""
    for name in ("value", "type"):
        chosen = paths.find(element, name)
        if isinstance(chosen, str):
            return Change(place.element(f"{name} eq {orjson.dumps(chosen).decode()}").path, None, element)
    return Change(place.path, live, wanted)
