"""Read what a provider's file says into its classes: every key is checked, and an error names table and key (pure)."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from difflib import get_close_matches
from enum import Enum
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from bulkscim.errors import UsageError
from bulkscim.model import bounded_toml
from bulkscim.providers.allowed import KEYS, ONE_OF
from bulkscim.providers.profile import Profile
from bulkscim.providers.provider import Provider
from bulkscim.providers.quirks import Quirks

T = TypeVar("T")
SANDBOX = "sandbox"
_NAME = "name"
_SECRET = ("authorization", "cookie", "token", "secret", "key", "password")
_OF_THE_CONNECTION = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "if-match"}
)
_MOST = 10**12
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_CALLED: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text in quotes",
    list: "a list in [ ]",
    dict: "a table",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value is, for errors: its file, its table, its key."""

    file: str
    table: str = ""
    key: str = ""

    def at(self, key: str) -> "_Place":
        return _Place(self.file, self.table, key)

    def inside(self, number: int | None = None) -> "_Place":
        """Return the place of a table that is this key's value, or one of its values."""
        path = f"{self.table.strip('[]')}.{self.key}" if self.table else self.key
        return _Place(self.file, f"[{path}]" if number is None else f"[[{path}]] {number}")

    def wrong(self, said: str) -> UsageError:
        where = ", ".join(part for part in (self.table, self.key) if part)
        return UsageError(f"{self.file}{f', {where}' if where else ''}: {said}")


def decoded(text: str, name: str, file: str) -> Provider:
    """Return the provider that the text of a file describes; UsageError says what is wrong in `file`, and how it is right."""
    place = _Place(file)
    try:
        values = bounded_toml.loads(text)
    except ValueError as error:
        raise place.wrong(f"{error}; correct it") from None
    worn = values.pop(SANDBOX, {})
    if not isinstance(worn, dict):
        raise place.at(SANDBOX).wrong("it must be a table; write [sandbox]")
    profile = _record(Profile, values, place, name=name)
    _check_headers(profile, place)
    if not (profile.media_type.isascii() and profile.media_type.isprintable()):
        raise place.at("media_type").wrong(
            "it must be ASCII characters that can be printed, as application/scim+json"
        )
    _check_facts(profile, place)
    quirks = _record(Quirks, worn, _Place(file, f"[{SANDBOX}]"), **shown_by(profile))
    _check_forms(quirks, _Place(file, f"[{SANDBOX}]"))
    return Provider(profile, quirks)


def shown_by(profile: Profile) -> dict[str, Any]:
    """Return how a server behaves as far as its profile says so; its file need not repeat it for the sandbox."""
    return {
        "media_type": profile.media_type,
        "makes_up_lists": not profile.lists_all,
        "hides_inactive": not profile.lists_inactive,
        "strips_groups": bool(profile.strips_groups),
        "filters": profile.filter,
        "filter_cap": profile.filter_cap,
        "cursors": profile.cursor,
        "endpoints": None if profile.groups else frozenset({"users", "schemas", "serviceproviderconfig"}),
        "is_limited": not all(bucket.assumed for bucket in profile.buckets),
    }


def _check_facts(profile: Profile, place: _Place) -> None:
    """Refuse a fact that names no source where it has one, or that is about keys that there are not."""
    known = {each.name for each in fields(Profile)} | {f"{SANDBOX}.{each.name}" for each in fields(Quirks)}
    for number, fact in enumerate(profile.facts, 1):
        where = place.at("facts").inside(number)
        if fact.basis.has_source and not fact.source:
            raise where.at("source").wrong(
                f"it is missing for basis {fact.basis.name.lower()!r}; say where the fact can be looked up, "
                'or write basis = "inferred", "assumed" or "unknown"'
            )
        for key in fact.of:
            if key not in known:
                raise where.at("of").wrong(
                    f"{key!r} is no key of a profile; name the keys that the fact is about"
                )


def _check_forms(quirks: Quirks, place: _Place) -> None:
    """Refuse forms of ids and locations that nothing can be put into."""
    forms = [("location", quirks.location), *(("ids", form) for form in quirks.ids.values())]
    for key, form in forms:
        try:
            form.format(1, base="", endpoint="", id="")
        except (ValueError, LookupError, AttributeError):
            raise place.at(key).wrong(
                f"{form!r} has no place for a number or an id; write it as {{}} or {{id}}"
            ) from None


def _check_headers(profile: Profile, place: _Place) -> None:
    """Refuse a header that holds a credential, that the connection sets itself, or that no request can carry."""
    for name, value in profile.headers.items():
        where = _Place(place.file, "[headers]", name)
        if any(word in name.lower() for word in _SECRET):
            raise where.wrong(
                "a credential must not be written here; give the token by --token-file, --token-command or the keyring"
            )
        if name.lower() in _OF_THE_CONNECTION:
            raise where.wrong("this header is set for each request; omit it")
        if not _HEADER.fullmatch(name) or not (value.isascii() and value.isprintable()):
            raise where.wrong("a header has a name of letters, digits and -, and a text of ASCII characters")


def _record(kind: type[T], values: Mapping[str, Any], place: _Place, **given: Any) -> T:
    """Make one object of a table; what is given needs no key, and a key of that name is refused for `name` alone."""
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    hints = get_type_hints(kind)
    keys = [key for key in known if key != _NAME or _NAME not in given]
    for key in values:
        if key not in keys:
            raise place.at(key).wrong(_unknown(key, keys))
    found = given | {
        key: _value(hints[key], value, known[key], place.at(key)) for key, value in values.items()
    }
    for key, each in known.items():
        if key not in found and each.default is MISSING and each.default_factory is MISSING:
            raise place.at(key).wrong(f"it is missing; add {key} = … ({_wanted(hints[key])})")
    return kind(**found)


def _unknown(key: str, keys: list[str]) -> str:
    near = get_close_matches(key, keys, n=1)
    return "this key is not known; " + (
        f"did you mean {near[0]}?" if near else f"known are {', '.join(keys)}"
    )


def _value(form: Any, value: Any, about: "Field[Any]", place: _Place) -> Any:
    """Return a value as its field keeps it."""
    (form,) = (
        [each for each in get_args(form) if each is not NoneType] if NoneType in get_args(form) else [form]
    )
    match get_origin(form) or form:
        case kind if kind in {tuple, frozenset}:
            each = get_args(form)[0]
            return kind(
                _item(each, one, about, place, number)
                for number, one in enumerate(_of(list, value, place), 1)
            )
        case kind if isinstance(kind, type) and issubclass(kind, Mapping):
            key_form, each = get_args(form)
            table = place.inside()
            return {
                _one(key_form, key, about.metadata.get(KEYS, ()), table.at(key)): _item(
                    each, one, about, table.at(key)
                )
                for key, one in _of(dict, value, place).items()
            }
        case _:
            return _item(form, value, about, place)


def _item(form: Any, value: Any, about: "Field[Any]", place: _Place, number: int | None = None) -> Any:
    """Return one value of a list or a table, or the only one of a key."""
    if is_dataclass(form):
        return _record(form, _of(dict, value, place), place.inside(number))  # type: ignore[arg-type]
    if get_origin(form) is not None:
        return _value(form, value, about, place)
    if form in {int, float}:
        return _number(form, value, about, place)
    return _one(form, value, about.metadata.get(ONE_OF, ()), place)


def _one(form: Any, value: Any, allowed: tuple[str, ...], place: _Place) -> Any:
    """Return a plain value, checked; where texts are allowed, it is one of them."""
    if issubclass(form, Enum):
        named = {member.name.lower(): member for member in form}
        if not isinstance(value, str) or value not in named:
            raise place.wrong(f"{value!r} is not known; write one of {', '.join(map(repr, named))}")
        return named[value]
    _of(form, value, place)
    if allowed and value not in allowed:
        raise place.wrong(f"{value!r} is not known; write one of {', '.join(map(repr, allowed))}")
    return value


def _number(form: Any, value: Any, about: "Field[Any]", place: _Place) -> Any:
    """Return a number; only where 0 is the default, or the least that makes sense, may it be 0."""
    is_number = isinstance(value, int | float if form is float else int) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= _MOST or (value == 0 and about.default != 0):
        above = "" if about.default == 0 else " above 0"
        raise place.wrong(
            f"it must be {_CALLED[form]}{above}, not {value!r}; write {place.key} = 10, without quotes"
        )
    return form(value)


def _of(form: type, value: Any, place: _Place) -> Any:
    if not isinstance(value, form):
        raise place.wrong(f"it must be {_CALLED[form]}, not {value!r}")
    return value


def _wanted(form: Any) -> str:
    kind = get_origin(form) or form
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " or ".join(repr(member.name.lower()) for member in kind)
    return _CALLED.get(list if kind in {tuple, frozenset} else kind, _CALLED[dict])
