"""Read TOML whose size and keys are bounded: the standard parser takes minutes for a key of many parts (pure)."""

import re
import tomllib
from collections.abc import Callable
from typing import Any

LARGEST = 1 << 20
MOST_PARTS = 32

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
# A match begins at the start of a word or of a quoted part only, so the search takes time linear in the text.
_MANY_PARTS = re.compile(rf"(?<![\w\\-]){_PART}(?:[ \t]*\.[ \t]*{_PART}){{{MOST_PARTS}}}")


def loads(text: str, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """Return the document that a text holds; ValueError says what is wrong with it."""
    if len(text) > LARGEST:
        raise ValueError(f"it has more than {LARGEST:,} characters, the most that is read")
    if many := _MANY_PARTS.search(text):
        line = text.count("\n", 0, many.start()) + 1
        raise ValueError(
            f"line {line} has more than {MOST_PARTS} parts between dots, the most that a key may have"
        )
    try:
        document = tomllib.loads(text, parse_float=parse_float)
    except RecursionError:
        raise ValueError("its values are nested too deeply") from None
    if "\\" in text:  # only an escape can write one
        _refuse_zeros(document)
    return document


def _refuse_zeros(document: dict[str, Any]) -> None:
    """Raise ValueError for a text with a zero character, which no path, URL or command can hold."""
    left: list[tuple[str, Any]] = list(document.items())
    while left:
        key, value = left.pop()
        if "\0" in key or (isinstance(value, str) and "\0" in value):
            raise ValueError(f"{key!r} holds a zero character (\\u0000)")
        if isinstance(value, dict):
            left += value.items()
        elif isinstance(value, list):
            left += [(key, one) for one in value]
