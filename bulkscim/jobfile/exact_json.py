"""JSON records whose text says more than a parser keeps: a key twice, a number with more digits than it can hold (pure).

1. `orjson` keeps the last of two equal keys, and turns an integer beyond 64 bits into a double.
2. A record whose parsed form, written again, has the same characters has lost nothing; blanks do not count. Nor has
   one with as many quotes as before, so that no key is gone, and without a number. Both are quick to tell.
3. Any other record is parsed by the standard library as well, which shows each key and the digits of each number.
"""

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from bulkscim.jobfile.records import Fault, shown

IN_QUOTES = "has more digits than a JSON number can carry; write it in quotes"
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1
_LONGEST = len(str(_SMALLEST))
_DIGITS = bytes.maketrans(b"123456789-", b"0" * 10)
_BLANKS = b" \t\r\n"
_BEFORE_A_NUMBER = (
    b'":0',
    b"[0",
    b",0",
)  # where one can begin in compact JSON; a text may hold these as well


class _Pairs(list[tuple[str, Any]]):
    """An object with all its keys."""


class _Inexact(str):
    """A number that would lose digits, as written."""

    __slots__ = ()


def faults_of(text: str, body: Any) -> list[Fault]:
    """Return what a record loses by being parsed; `body` is what it was parsed to."""
    return [] if _is_whole(text, orjson.dumps(body)) else faults_of_text(text)


def faults_of_text(text: str) -> list[Fault]:
    """Return the same, however long that takes."""
    whole = json.loads(
        text, object_pairs_hook=_Pairs, parse_int=_integer, parse_float=_float, parse_constant=_Inexact
    )
    return list(_lost(whole, ""))


def _is_whole(text: str, written: bytes) -> bool:
    """Return True where nothing was lost, as nearly always; False where a closer look is needed."""
    raw = text.encode()
    if written == raw.rstrip() or written.translate(None, _BLANKS) == raw.translate(None, _BLANKS):
        return True
    if raw.count(b'"') != written.count(b'"') or rb"\u0022" in raw:  # a quote, which is written as \" again
        return False
    digits = written.translate(_DIGITS)
    return not any(before in digits for before in _BEFORE_A_NUMBER)


def exact_float(text: str) -> float:
    """Read a number; ValueError for one that would lose digits."""
    number = _float(text)
    if isinstance(number, _Inexact):
        raise ValueError(f"{shown(text)} {IN_QUOTES}")
    return float(number)


def is_exact_integer(number: int) -> bool:
    """Return whether an integer fits into 64 bits, with or without a sign."""
    return _SMALLEST <= number <= _LARGEST


def _integer(text: str) -> Any:
    fits = len(text) <= _LONGEST and is_exact_integer(int(text))
    return int(text) if fits else _Inexact(text)


def _float(text: str) -> Any:
    number = float(text)
    try:
        exact = Decimal(repr(number)) == Decimal(text)  # an infinity equals no text
    except InvalidOperation:  # an exponent that no decimal can hold
        exact = False
    return number if exact else _Inexact(text)


def _lost(value: Any, place: str) -> Iterator[Fault]:
    """Yield each key that stands twice and each number that would lose digits, in the order of the text."""
    match value:
        case _Inexact():
            yield Fault(place, f"{shown(str(value))} {IN_QUOTES}")
        case _Pairs():
            seen: set[str] = set()
            for name, each in value:
                inner = f"{place}.{name}" if place else name
                if name in seen:
                    yield Fault(inner, "is given twice; keep one of them")
                seen.add(name)
                yield from _lost(each, inner)
        case list():
            for index, each in enumerate(value):
                yield from _lost(each, f"{place}.{index}")
        case _:
            pass
