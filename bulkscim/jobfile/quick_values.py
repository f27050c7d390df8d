"""Pass the values of usual records quickly: by one pattern for each kind of attribute (pure).

Most records are clean, so that judging them must cost next to nothing; `values` judges the others.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, auto
from functools import cache
from itertools import groupby
from typing import Any

from bulkscim.jobfile.columns import SHORT_NAMES
from bulkscim.jobfile.records import Record
from bulkscim.model.operation import Operation


class ValueKind(Enum):
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
    DATE = auto()
    GROUPS = auto()
    MANAGER = auto()


_KINDS = {
    "username": ValueKind.LOGIN,
    **dict.fromkeys(("name", "givenname", "familyname", "middlename", "formatted"), ValueKind.NAME),
    "displayname": ValueKind.NAME,
    "nickname": ValueKind.NAME,
    "groups": ValueKind.GROUPS,
    "manager": ValueKind.MANAGER,
    "member": ValueKind.LOGIN,
    "emails": ValueKind.ADDRESS,
    "email": ValueKind.ADDRESS,
    "phonenumbers": ValueKind.PHONE,
    "externalid": ValueKind.NUMBER,
    "id": ValueKind.NUMBER,
    "employeenumber": ValueKind.NUMBER,
    "costcenter": ValueKind.NUMBER,
    "password": ValueKind.PASSWORD,
    "locale": ValueKind.LANGUAGE,
    "preferredlanguage": ValueKind.LANGUAGE,
    "timezone": ValueKind.TIMEZONE,
}
_WORD = r"[A-Za-z0-9][A-Za-z0-9 .,'&/()_+-]*+"
_LOCAL = r"[A-Za-z0-9_%+-][A-Za-z0-9_%+'-]*+(?:\.[A-Za-z0-9_%+'-]++)*+"
_MAIL = rf"{_LOCAL}@[A-Za-z0-9][A-Za-z0-9-]*+(?:\.[A-Za-z0-9][A-Za-z0-9-]*+)++(?<=[A-Za-z]{{2}})"
_CLEAN = {  # without a way back, for speed
    ValueKind.TEXT: _WORD,
    ValueKind.NAME: _WORD,
    ValueKind.LOGIN: rf"{_MAIL}|[A-Za-z0-9][A-Za-z0-9._-]*+",
    ValueKind.ADDRESS: _MAIL,
    ValueKind.NUMBER: r"[A-Za-z0-9][A-Za-z0-9_@:/-]*+(?:\.[A-Za-z][A-Za-z0-9_-]*+)*+",
    ValueKind.PHONE: r"\+?[0-9 ()/-]*[0-9][0-9 ()./x-]*",
    ValueKind.PASSWORD: r"(?!)",  # few files have any
    ValueKind.LANGUAGE: r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*(?:[,;].*)?",
    ValueKind.TIMEZONE: r"(?!)",
    ValueKind.DATE: r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])(?:T[0-9:.]{8,}(?:Z|[+-][0-9:]{5}))?",
}
_CLEAN[ValueKind.GROUPS] = r"[A-Za-z0-9][A-Za-z0-9 .;'&()/_+-]*+"
_CLEAN[ValueKind.MANAGER] = rf"{_MAIL}|[A-Za-z][A-Za-z0-9._-]*+"
_IS_DATE = re.compile(
    r"(?:^|[a-z0-9_ -])(?:Date|DATE)$|^date($|Of|_)|_date$|(?i:birthday|^valid(?:from|until)$)"
).search
MONTHS = [
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
    "mrz",
    "mai",
    "okt",
    "dez",
    "janv",
    "mars",
    "avr",
    "juin",
    "juil",
    "ene",
    "abr",
    "ago",
    "dic",
]
_MONTH = "|".join(f"[{name[0]}{name[0].upper()}]{name[1:]}" for name in sorted(MONTHS, key=len, reverse=True))
# What a spreadsheet makes of 5-4 or 4/5, and shows without its year or its day.
DAMAGED_DATE = rf"(?:[0-9]{{1,2}}[-. ](?:{_MONTH})\.?|(?:{_MONTH})[- ][0-9]{{2}})"
_LIKE_A_DATE = r"(?:[0-9]{1,2}[-. ][A-Za-z]{3,5}\.?|[A-Za-z]{3,5}[- ][0-9]{2})"  # quicker, and never less
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
    "grand-total",
    "sub-total",
    "sous-total",
    "zwischensumme",
    "gesamtsumme",
    "gesamtzahl",
    "gesamtanzahl",
    "endsumme",
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

_KNOWN = 4096  # texts of a kind that are remembered as clean: titles and departments come again and again
_REPEATED = frozenset(
    {ValueKind.TEXT, ValueKind.NAME, ValueKind.LANGUAGE, ValueKind.TIMEZONE, ValueKind.DATE, ValueKind.GROUPS}
)
_WAYS = 4  # in which the lines of one file may be built
_PLAIN_KEYS = frozenset({"op", "type", "ref", "data"})
_JSON_TOKEN = re.compile(r'"([^"]*)"(\s*:)?|[{}\[\]]')
_BETWEEN = "\x1f"  # between cells: no usual form holds it
_COLUMNS = 64  # of a header that is made one pattern
_never = re.compile(r"(?!)").fullmatch
_LEAVES = 4096  # leaves whose checks are kept
Fits = Callable[[str], Any]


class _Remembered(dict[str, bool]):
    """The texts of a kind that have its usual form; one that has not is judged each time it is asked for."""

    def __init__(self, fits: Fits) -> None:
        super().__init__({"": True})
        self._fits = fits

    def __missing__(self, text: str) -> bool:
        if not self._fits(text):
            return False
        if len(self) >= _KNOWN:
            self.clear()
        self[text] = True
        return True


def _usual(kind: ValueKind, end: str = r"\Z") -> str:
    """Return the pattern of what is empty or has the usual form of a kind, and is no word for nothing and no total.

    `end` is the pattern of what follows it.
    """
    words = sorted(word for word in _WORDS if _IS_CLEAN[kind](word))
    no_word = rf"(?!{_any_of(words, end)})" if words else ""
    if kind in {ValueKind.TEXT, ValueKind.NUMBER}:
        no_word += rf"(?!{_LIKE_A_DATE}{end})"
    other = f"{_MAIL}|" if kind is ValueKind.LOGIN else ""
    return f"(?:{other}{no_word}(?:{_CLEAN[kind]})|)"


def _any_of(words: Sequence[str], end: str) -> str:
    """Return the pattern of sorted words in any capitals, letter by letter, so that few of them are tried at any text."""
    ways = [
        _letter(first) + _any_of([word[1:] for word in group], end)
        for first, group in groupby(words, key=lambda word: word[:1])
        if first
    ]
    if "" in words:
        ways.append(end)
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"


def _letter(letter: str) -> str:
    return f"[{letter}{letter.upper()}]" if letter.isalpha() else re.escape(letter)


def _fits(kind: ValueKind) -> Fits:
    """Return what tells quickly whether a text is empty or has the usual form of a kind."""
    fits = re.compile(_usual(kind)).fullmatch
    return _Remembered(fits).__getitem__ if kind in _REPEATED else fits


_FITS = {kind: _fits(kind) for kind in ValueKind}


class _Checks(dict[str, Fits]):
    """What tells the usual values at a leaf, by its name; made when first asked for."""

    def __missing__(self, name: str) -> Fits:
        if len(self) >= _LEAVES:
            self.clear()
        check = self[name] = _FITS[kind_of(name)]
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
def kind_of(leaf: str) -> ValueKind:
    """Return the kind of an attribute, of whose path the extension and filters do not count."""
    names = re.sub(r"\[.*?\]", "", leaf.rpartition(":")[2] if "[" not in leaf else leaf).split(".")
    if _IS_DATE(names[-1]):
        return ValueKind.DATE
    return next((_KINDS[name] for name in map(str.lower, reversed(names)) if name in _KINDS), ValueKind.TEXT)


def is_clean(operation: Operation) -> bool:
    """Return quickly whether all values have the usual form of their kind, as almost all records have it."""
    data = operation.data
    for name, value in data.items():
        kind = value.__class__
        if kind is str:
            if not _CHECKS[name](value):
                return False
        elif kind is dict:
            for part, one in value.items():
                if not (_CHECKS[part](one) if one.__class__ is str else _holds_clean(part, one)):
                    return False
        elif kind is list and not _holds_clean(name, value):
            return False
    if data and not operation.references and operation.makes:
        return True  # its target is in its data
    return all(_holds_clean(leaf, text) for leaf, _, text in _texts_named(operation))


def _holds_clean(name: str, value: Any) -> bool:
    """Return it for a value and of all that is in it."""
    if value.__class__ is list:
        for one in value:
            inner = one.get("value") if one.__class__ is dict else one
            if not (_CHECKS[name](inner) if inner.__class__ is str else _holds_clean(name, inner)):
                return False
        return True
    if value.__class__ is dict:
        return all(_holds_clean(part, one) for part, one in value.items())
    return value.__class__ is not str or bool(_CHECKS[name](value))


class Cells:
    """What passes the cells of usual rows of CSV, by one pattern for all columns; `names` is the header."""

    def __init__(self, names: Iterable[str]) -> None:
        end = rf"(?:{_BETWEEN}|\Z)"
        kinds = [kind_of(SHORT_NAMES.get(name.strip(), name.strip())) for name in names]
        usual = [_usual(kind, end) for kind in kinds]
        if ValueKind.LOGIN in kinds:  # most addresses are the name of their user, which is quicker to see
            login = kinds.index(ValueKind.LOGIN)
            usual[login] = usual[login].replace(_MAIL, f"(?P<login>{_MAIL})", 1)
            for place in range(login + 1, len(kinds)):
                if kinds[place] is ValueKind.ADDRESS:
                    usual[place] = f"(?:(?P=login)(?={end})|{usual[place]})"
        self._fits = re.compile(_BETWEEN.join(usual)).fullmatch if len(usual) <= _COLUMNS else _never

    def are_clean(self, cells: Sequence[str]) -> bool:
        """Return whether each cell is empty or has the usual form of its kind."""
        return self._fits(_BETWEEN.join(cells)) is not None


class UsualLines:
    """What passes lines of JSONL that are built as earlier clean ones, by one pattern for each way."""

    def __init__(self) -> None:
        self._ways: list[Fits] = []

    def are_clean(self, text: str) -> bool:
        """Return whether a line differs from a clean one in values alone, and these have the usual form of their kind."""
        for fits in self._ways:  # noqa: SIM110 - a generator would cost a tenth of the judging
            if fits(text):
                return True
        return False

    def learn(self, record: Record, operation: Operation) -> None:
        """Take a clean record as an example, if all that is judged of it is in its data."""
        is_plain = _PLAIN_KEYS.issuperset(record.body) and operation.makes and not operation.references
        if is_plain and len(self._ways) < _WAYS and "\\" not in record.text:
            self._ways.append(re.compile(_pattern_of(record.text)).fullmatch)


def _pattern_of(text: str) -> str:
    """Return the pattern of lines that differ from one in the values of its data and in its ref."""
    pattern, at, leaf = "", 0, ""
    around: list[tuple[str, str]] = []  # the brackets that are open, and the names before them
    for found in _JSON_TOKEN.finditer(text):
        pattern += re.escape(text[at : found.start()])
        at = found.end()
        what = re.escape(found[0])
        if found[0] in {"{", "["}:
            around.append((found[0], leaf))
        elif found[0] in {"}", "]"}:
            leaf = around.pop()[1]
        elif found[2]:
            leaf = found[1]
        elif len(around) > 1 and around[1][1] == "data":
            of_list = leaf == "value" and around[-2][0] == "["
            what = f'"{_usual(kind_of(around[-2][1] if of_list else leaf), chr(34))}"'
        elif leaf == "ref":
            what = r'"[^"\\]*+"'
        pattern += what
    return pattern + re.escape(text[at:])


def is_usual(kind: ValueKind, text: str) -> bool:
    """Return whether a text has the usual form of a kind."""
    return _IS_CLEAN[kind](text) is not None
