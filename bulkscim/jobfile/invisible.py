"""Texts without invisible characters in them or at their ends (pure)."""

import re
from operator import methodcaller
from typing import Any

# Soft hyphen, blanks of no width, marks of direction, word joiners, byte order mark.
UNSEEN = "\u00ad\u180e\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064"
UNSEEN += "\u2066\u2067\u2068\u2069\ufeff"
NO_BREAK = "\u00a0\u2007\u202f"  # blanks at which no line ends
_JOINERS = "\u200c\u200d"  # some languages write with them, but no column's name needs them
_BLANKS = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a"
)
_BLANKS += "\u2028\u2029\u205f\u3000"
_ENDS = f"{_BLANKS}{NO_BREAK}{UNSEEN}"
_INVISIBLE = re.compile(f"[{UNSEEN}{_JOINERS}]")
_AT_END = frozenset(f"{NO_BREAK}{UNSEEN}")
_MAY_BE_AT_END = re.compile(
    rf'"[{NO_BREAK}{UNSEEN}]|[{NO_BREAK}{UNSEEN}]"|\\u(?:00a[0d]|180e|20[0-6]|feff)', re.IGNORECASE
).search

stripped = methodcaller("strip", _ENDS)  # a text without blanks and without what cannot be seen at its ends


def plain_name(text: str) -> str:
    """Return a name with single blanks, and without marks, direction signs and characters of no width."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join(_INVISIBLE.sub("", text).split())


def unseen_at_end(text: str) -> str:
    """Return a character that cannot be seen at an end of a text, between blanks or not; empty where none is."""
    left, right = text.strip(_BLANKS)[:1], text.strip(_BLANKS)[-1:]
    return left if left in _AT_END else right if right in _AT_END else ""


def may_have_unseen_ends(text: str) -> bool:
    """Return quickly whether a text in a line of JSON may begin or end with what cannot be seen."""
    return not (text.isascii() and "\\u" not in text) and _MAY_BE_AT_END(text) is not None


def without_unseen_ends(value: Any) -> Any:
    """Return a JSON value whose texts neither begin nor end with what cannot be seen."""
    if isinstance(value, str):
        return stripped(value) if unseen_at_end(value) else value
    if isinstance(value, dict):
        return {name: without_unseen_ends(one) for name, one in value.items()}
    return [without_unseen_ends(one) for one in value] if isinstance(value, list) else value
