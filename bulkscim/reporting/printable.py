"""Text from files and servers, made harmless for a terminal."""

import json
import unicodedata
from typing import Any

import orjson

_ACTIVE = {"Cc", "Cs", "Zl", "Zp"}
# Marks that reverse the order of what is read: a name must not rewrite the line that shows it.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    """Return the text with every control and direction character written as its escape; line ends stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def one_line(text: str) -> str:
    """Return the text on one line, harmless."""
    return printable(" ".join(text.split()))


def shown_value(value: Any) -> str:
    """Return a JSON value as people read it: texts in quotes, None as nothing."""
    if value is None:
        return "nothing"
    return one_line(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode())


def indented_json(value: Any) -> str:
    """Return a value as indented JSON with a line end; a path that is not UTF-8 is written in escapes."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    except TypeError:
        return json.dumps(value, indent=2) + "\n"


def shown_duration(seconds: float) -> str:
    """Return `7.4 s`, `3 min 20 s` or `2 h 5 min`."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _shown(character: str) -> str:
    if character == "\n":
        return character
    if unicodedata.category(character) in _ACTIVE or character in _TURNING:
        return character.encode("unicode_escape").decode()
    return character
