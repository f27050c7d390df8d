"""The one comparison, used for noop, adoption, recovery, drift and read-back.

Rules
- wanted is a subset of live: what wanted does not name is not looked at.
- Multi-valued attributes match element by element: by `value`, else by `type`.
- Case counts, but for userName, e-mail values and `type` labels (see `scim/schemas.py`).
- `active` and other booleans may come as text. Missing is not false. Null, "" and [] mean: nothing stands there.
- readOnly attributes, meta, groups, schemas and secrets are never compared: nobody can set or see them.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from bulkscim.model.operation import ENTERPRISE, JsonObject, Key, PatchOperation
from bulkscim.model.secret import MASK
from bulkscim.model.step import Change
from bulkscim.scim import paths, schemas

_NOTHING: tuple[Any, ...] = (None, "", [], {})
_MANAGER = f"{ENTERPRISE}:manager.value"
_BOOLEANS = frozenset({"active", "emails.primary"})


def satisfied(wanted: JsonObject, live: JsonObject, kind: str) -> bool:
    """Say whether a resource already has all that is wanted of it."""
    return next(_differences(wanted, live, _Place.top(kind)), None) is None


def differences(wanted: JsonObject, live: JsonObject, kind: str) -> tuple[Change, ...]:
    """Return what would have to change, each at a path that a PATCH can use.

    A missing element of a list is one change at `emails[value eq "x"]` with nothing before.
    """
    return tuple(_differences(wanted, live, _Place.top(kind)))


def equal(wanted: Any, live: Any, path: str) -> bool:
    """Say whether what is wanted at one path stands there (None: nothing does)."""
    parsed = paths.parse(path)
    plain = parsed.plain if parsed.schema is None else ""
    if isinstance(wanted, dict | list) and wanted:
        place = _Place(path, plain, inside=True)
        return next(_value(wanted, live, place), None) is None
    return _same(wanted, live, plain)


def holds(path: str, wanted: Any, resource: JsonObject, kind: str) -> bool:
    """Say whether what is wanted at a path stands there in a resource."""
    del kind  # all types share the rules of the core schemas
    return equal(wanted, paths.get(resource, path), path)


def same_text(key: Key, value: str) -> bool:
    """Say whether a resource's value is the one that a key names: by the key's own rule of case."""
    return key.folded.value == Key(key.type, key.attribute, value).folded.value


def drifted(expect: Mapping[str, Any], live: JsonObject) -> tuple[Change, ...]:
    """Return where a resource is not what a record expects: `before` is live, `after` the expectation."""
    found = ((path, paths.get(live, path), wanted) for path, wanted in expect.items())
    return tuple(
        Change(path, value, wanted) for path, value, wanted in found if not equal(wanted, value, path)
    )


def operations_for(changes: Iterable[Change]) -> tuple[PatchOperation, ...]:
    """Return the PATCH that makes the changes, in the simplest forms that servers take."""
    return tuple(operation_for(change) for change in changes)


def operation_for(change: Change) -> PatchOperation:
    """Return one change as a PATCH operation.

    A new element of a list is an add to the list. Everything else is a replace: some servers refuse an add
    to `active`, none a replace where nothing stands (RFC 7644 §3.5.2.3). A manager goes as a whole object.
    """
    if change.after in _NOTHING:
        return PatchOperation("remove", change.path)
    if change.path == _MANAGER:
        return PatchOperation("replace", f"{ENTERPRISE}:manager", {"value": change.after})
    parsed = paths.parse(change.path)
    if parsed.conditions and parsed.sub is None and change.before is None:
        whole = change.path.partition("[")[0]
        return PatchOperation("add", whole, [change.after])
    return PatchOperation("replace", change.path, change.after)


def redact(resource: JsonObject, secrets: frozenset[str] = schemas.SECRETS) -> JsonObject:
    """Return a resource with its secrets shown as `[secret]`; `secrets` are folded attribute names."""
    return {name: _redacted(name, value, secrets) for name, value in resource.items()}


def _redacted(name: str, value: Any, secrets: frozenset[str]) -> Any:
    """Mask a secret, and look for more inside what is none."""
    if name.lower() in secrets:
        return MASK
    if isinstance(value, dict):
        return redact(value, secrets)
    if isinstance(value, list):
        return [redact(part, secrets) if isinstance(part, dict) else part for part in value]
    return value


class _Place:
    """Where a comparison stands: the path so far, and the same without URN and filters."""

    __slots__ = ("inside", "path", "plain", "top_level")

    def __init__(self, path: str, plain: str, *, inside: bool, top_level: bool = False) -> None:
        self.path = path
        self.plain = plain
        self.inside = inside  # below the top, where names like `id` and `display` lose their meaning
        self.top_level = top_level

    @classmethod
    def top(cls, kind: str) -> "_Place":
        """Return the place of a whole resource; all types share the rules of the core schemas."""
        del kind
        return cls("", "", inside=False, top_level=True)

    def below(self, name: str) -> "_Place":
        """Return the place of an attribute here."""
        if self.top_level and name.lower().startswith("urn:"):
            return _Place(name, "", inside=False)
        colon = not self.inside and not self.top_level
        path = name if self.top_level else f"{self.path}{':' if colon else '.'}{name}"
        plain = name if not self.inside or not self.plain else f"{self.plain}.{name}"
        return _Place(path, plain, inside=True)

    def element(self, condition: str) -> "_Place":
        """Return the place of one element of the list here."""
        return _Place(f"{self.path}[{condition}]", self.plain, inside=True)

    def ignores(self, name: str) -> bool:
        """Say whether an attribute here is one that nobody can set or see."""
        lowered = name.lower()
        if schemas.is_secret(name):
            return True
        if self.top_level:
            return lowered in schemas.READ_ONLY
        holder = self.plain.lower().rpartition(".")[2]
        return lowered == "$ref" or (
            holder in schemas.REFERENCES and lowered in schemas.READ_ONLY_OF_REFERENCES
        )


def _differences(wanted: JsonObject, live: Any, place: _Place) -> Iterator[Change]:
    """Yield the differences of an object's attributes."""
    for name, value in wanted.items():
        if not place.ignores(name):
            spelling = name if name.lower().startswith("urn:") else schemas.spelled(name)
            yield from _value(value, paths.find(live, name), place.below(spelling))


def _value(wanted: Any, live: Any, place: _Place) -> Iterator[Change]:
    """Yield the differences of one attribute's value."""
    if isinstance(wanted, dict) and wanted:
        if isinstance(live, dict | None):
            yield from _differences(wanted, live, place)
        else:
            yield Change(place.path, live, wanted)
    elif isinstance(wanted, list) and wanted:
        yield from _elements(wanted, live, place)
    elif not _same(wanted, live, place.plain):
        yield Change(place.path, live, wanted)


def _same(wanted: Any, live: Any, plain: str) -> bool:
    """Compare two simple values by the rules for their attribute."""
    if wanted in _NOTHING:
        return live in _NOTHING
    if isinstance(wanted, bool) or isinstance(live, bool) or plain.lower() in _BOOLEANS:
        truth = _truth(wanted)
        if truth is not None:
            return truth == _truth(live)
    if isinstance(wanted, str) and isinstance(live, str) and schemas.folded(plain):
        return wanted.strip().casefold() == live.strip().casefold()
    return bool(wanted == live)


def _truth(value: Any) -> bool | None:
    """Return a boolean that may be written as text."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _elements(wanted: list[Any], live: Any, place: _Place) -> Iterator[Change]:
    """Yield the differences of a list, element by element."""
    present = live if isinstance(live, list) else [] if live is None else [live]
    if not all(isinstance(element, dict) for element in (*wanted, *present)):
        missing = [part for part in wanted if not any(_same(part, other, place.plain) for other in present)]
        if missing:
            yield Change(place.path, live, present + missing)
        return
    taken: list[int] = []
    for element in wanted:
        match = _match(element, present, taken, place.plain)
        if match is None:
            yield _added(element, live, wanted, place)
        else:
            taken.append(match)
            yield from _element(element, present[match], present, place)


def _match(element: JsonObject, present: list[JsonObject], taken: list[int], plain: str) -> int | None:
    """Return the place of the live element that a wanted one speaks of: by value, else by the only type."""
    free = [place for place in range(len(present)) if place not in taken]
    value = paths.find(element, "value")
    if value is not None:
        same = [
            place for place in free if _same(value, paths.find(present[place], "value"), f"{plain}.value")
        ]
        if same:
            return _closest(element, present, same)
        if plain.lower() in schemas.REFERENCES:
            return None
    label = paths.find(element, "type")
    same = [place for place in free if _same(label, paths.find(present[place], "type"), "type")]
    if value is None and label is None:
        return next(
            (place for place in free if not any(_differences(element, present[place], _INSIDE))), None
        )
    return same[0] if len(same) == 1 and label is not None else None


_INSIDE = _Place("", "", inside=True)


def _closest(element: JsonObject, present: list[JsonObject], places: list[int]) -> int:
    """Return the place whose type fits, else the first."""
    label = paths.find(element, "type")
    fitting = (place for place in places if _same(label, paths.find(present[place], "type"), "type"))
    return next(fitting, places[0])


def _element(
    wanted: JsonObject, live: JsonObject, present: list[JsonObject], place: _Place
) -> Iterator[Change]:
    """Yield the differences of two elements that speak of the same thing."""
    yield from _differences(wanted, live, place.element(_naming(live, present)))


def _naming(element: JsonObject, present: list[JsonObject]) -> str:
    """Return a filter that picks one live element: by its type where that is unique, else by its value."""
    label, value = paths.find(element, "type"), paths.find(element, "value")
    alike = [other for other in present if _same(label, paths.find(other, "type"), "type")]
    attribute, chosen = ("type", label) if isinstance(label, str) and len(alike) == 1 else ("value", value)
    return f"{attribute} eq {orjson.dumps(chosen).decode()}"


def _added(element: JsonObject, live: Any, wanted: list[Any], place: _Place) -> Change:
    """Return the change that adds an element; one without value and type can only come with its whole list."""
    for name in ("value", "type"):
        chosen = paths.find(element, name)
        if isinstance(chosen, str):
            return Change(place.element(f"{name} eq {orjson.dumps(chosen).decode()}").path, None, element)
    return Change(place.path, live, wanted)
