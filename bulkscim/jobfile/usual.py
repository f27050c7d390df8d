"""Pass the values of usual records quickly: by one pattern for each kind of attribute (pure).

Most records are clean, so that judging them must cost next to nothing; `values` judges the others.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto
from functools import cache
from typing import Any, NamedTuple

from bulkscim.jobfile.columns import SHORT_NAMES
from bulkscim.model.operation import Operation


class Kind(Enum):
    """What the values of an attribute are."""

    TEXT = auto()
    NAME = auto()
    LOGIN = auto()
    ADDRESS = auto()
    NUMBER = auto()
    PHONE = auto()
    PASSWORD = auto()
    LANGUAGE = auto()
    TIMEZONE = auto()


_KINDS = {
    "username": Kind.LOGIN,
    **dict.fromkeys(("name", "givenname", "familyname", "middlename", "formatted"), Kind.NAME),
    "displayname": Kind.NAME,
    "nickname": Kind.NAME,
    **dict.fromkeys(("manager", "member"), Kind.LOGIN),
    "emails": Kind.ADDRESS,
    "email": Kind.ADDRESS,
    "phonenumbers": Kind.PHONE,
    "externalid": Kind.NUMBER,
    "id": Kind.NUMBER,
    "employeenumber": Kind.NUMBER,
    "costcenter": Kind.NUMBER,
    "password": Kind.PASSWORD,
    "locale": Kind.LANGUAGE,
    "preferredlanguage": Kind.LANGUAGE,
    "timezone": Kind.TIMEZONE,
}
_WORD = r"[A-Za-z0-9][A-Za-z0-9 .,'&/()_+-]*+"
_MAIL = r"[A-Za-z0-9._%+-][A-Za-z0-9._%+'-]*+@(?:[A-Za-z0-9-]++\.)++[A-Za-z]{2,}+"
_CLEAN = {  # without a way back, for speed
    Kind.TEXT: _WORD,
    Kind.NAME: _WORD,
    Kind.LOGIN: rf"{_MAIL}|[A-Za-z0-9][A-Za-z0-9._-]*+",
    Kind.ADDRESS: _MAIL,
    Kind.NUMBER: r"[A-Za-z0-9][A-Za-z0-9_@:/-]*+(?:\.[A-Za-z][A-Za-z0-9_-]*+)*+",
    Kind.PHONE: r"\+?[0-9 ()/-]*[0-9][0-9 ()./x-]*",
    Kind.PASSWORD: r"(?!)",  # few files have any
    Kind.LANGUAGE: r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*(?:[,;].*)?",
    Kind.TIMEZONE: r"(?!)",
}
_IS_CLEAN = {kind: re.compile(pattern).fullmatch for kind, pattern in _CLEAN.items()}

CELL_ERRORS = frozenset(
    {"#n/a", "#ref!", "#value!", "#name?", "#div/0!", "#num!", "#null!", "#spill!", "#calc!"}
)
CELL_ERRORS |= {"#nv", "#bezug!", "#wert!", "#zahl!", "#####", "########"}
NOTHING = frozenset(
    {
        "n/a",
        "n.a.",
        "-",
        "--",
        "---",
        "\u2013",
        "\u2014",
        "(null)",
        "<null>",
        "\\n",
        "undefined",
        "?",
        "??",
        "???",
    }
)
NOTHING |= {"[null]", "(none)", "<none>", "(blank)", "(empty)", "(leer)", "k.a.", "k. a.", "tbd", "#n/v"}
NOTHING_BUT_A_NAME = frozenset({"null", "nan", "none", "nil"})  # people are called so
SECRETS = frozenset({"n/a", "-", "--", "null", "none", "nan", "(null)", "redacted", "hidden", "masked"})
_WORDS = CELL_ERRORS | NOTHING | NOTHING_BUT_A_NAME | SECRETS
_WORDS |= {
    "total",
    "totals",
    "subtotal",
    "grandtotal",
    "sum",
    "summe",
    "gesamt",
    "insgesamt",
    "somme",
    "totaux",
    "suma",
    "totale",
    "anzahl",
    "count",
}
_LONGEST = max(map(len, _WORDS))

_KNOWN = 4096  # texts of a kind that are remembered as clean: titles and departments come again and again


class _Check(NamedTuple):
    """What tells the usual values at a leaf: those known, their pattern, and whether a word for nothing may fit it."""

    known: set[str]
    fits: Callable[[str], Any]
    is_word: bool


class _Checks(dict[str, _Check]):
    """The checks by the name of the leaf, made when they are first asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, set[str]] = {}  # by pattern

    def __missing__(self, name: str) -> _Check:
        if len(self) >= _KNOWN:
            self.clear()
        kind = kind_of(name)
        known = self._known.setdefault(_CLEAN[kind], set())
        check = self[name] = _Check(known, _IS_CLEAN[kind], kind not in {Kind.ADDRESS, Kind.PHONE})
        return check


_CHECKS = _Checks()


def texts_of(operation: Operation) -> Iterator[tuple[str, str, str]]:
    """Yield the texts of a record, each with the name of its leaf and its whole name."""
    yield from _texts_named(operation)
    for name, value in operation.data.items():
        yield from _texts_in(name, name, value)


def _texts_named(operation: Operation) -> Iterator[tuple[str, str, str]]:
    """Yield those that are not in its data."""
    target = operation.target
    if target.attribute != "ref":
        yield target.attribute, target.attribute, target.value
    for change in operation.changes:
        path = change.path or ""
        yield from _texts_in(path, path, change.value)
    for reference in operation.references:
        if reference.key.attribute != "ref":
            yield reference.key.attribute, reference.role.value, reference.key.value


def _texts_in(leaf: str, name: str, value: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, str):
        yield leaf, name, value
    elif isinstance(value, dict):
        for part, one in value.items():
            yield from _texts_in(part, part if ":" in name or not name else f"{name}.{part}", one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts_in(leaf, name, one.get("value") if isinstance(one, dict) else one)


@cache
def kind_of(leaf: str) -> Kind:
    """Return the kind of an attribute, of whose path the extension and filters do not count."""
    names = re.sub(r"\[.*?\]", "", leaf.rpartition(":")[2] if "[" not in leaf else leaf).lower().split(".")
    return next((_KINDS[name] for name in reversed(names) if name in _KINDS), Kind.TEXT)


def is_clean(operation: Operation) -> bool:  # noqa: C901 - loops in one place, for speed
    """Tell quickly whether all values have the usual form of their kind, as almost all records have it."""
    for name, value in operation.data.items():
        kind = value.__class__
        if kind is str:
            if value not in _CHECKS[name].known and not _passes(name, value):
                return False
        elif kind is dict:
            for part, one in value.items():
                if one.__class__ is not str:
                    if not _holds_clean(part, one):
                        return False
                elif one not in _CHECKS[part].known and not _passes(part, one):
                    return False
        elif kind is list and not _holds_clean(name, value):
            return False
    if operation.data and not operation.references and operation.makes:
        return True  # its target is in its data
    return all(_holds_clean(leaf, text) for leaf, _, text in _texts_named(operation))


def _unworded(kind: Kind) -> str:
    """Return the pattern that no word for nothing, and no total, may follow where it would fit the kind."""
    words = [word for word in _WORDS if _IS_CLEAN[kind](word)]
    first = "".join(sorted({letter for word in words for letter in (word[0].lower(), word[0].upper())}))
    return (
        rf"(?![{re.escape(first)}](?i:{'|'.join(re.escape(word[1:]) for word in words)})\n)" if words else ""
    )


class Cells:
    """What passes the cells of usual rows of CSV at once, by one pattern for a row; `names` is the header."""

    def __init__(self, names: Sequence[str]) -> None:
        kinds = [kind_of(SHORT_NAMES.get(name.strip(), name.strip())) for name in names]
        self._pattern = re.compile("".join(rf"(?:{_unworded(kind)}(?:{_CLEAN[kind]}))?\n" for kind in kinds))

    def are_clean(self, cells: Sequence[str]) -> bool:
        """Tell whether each cell is empty or has the usual form of its kind."""
        return self._pattern.fullmatch("\n".join(cells) + "\n") is not None


def _holds_clean(name: str, value: Any) -> bool:
    """Tell it of a value and of all that is in it."""
    if value.__class__ is list:
        for one in value:
            inner = one.get("value") if one.__class__ is dict else one
            if inner.__class__ is not str:
                if not _holds_clean(name, inner):
                    return False
            elif inner not in _CHECKS[name].known and not _passes(name, inner):
                return False
        return True
    if value.__class__ is dict:
        return all(_holds_clean(part, one) for part, one in value.items())
    return value.__class__ is not str or value in _CHECKS[name].known or _passes(name, value)


def _passes(name: str, text: str) -> bool:
    """Tell whether a text has the usual form; it is known for a while then."""
    known, fits, is_word = _CHECKS[name]
    if not fits(text) or (is_word and len(text) <= _LONGEST and text.lower() in _WORDS):
        return False
    if len(known) >= _KNOWN:
        known.clear()
    known.add(text)
    return True


def is_usual(kind: Kind, text: str) -> bool:
    """Tell whether a text has the usual form of a kind."""
    return _IS_CLEAN[kind](text) is not None
