"""Text from files and servers, made harmless for a terminal: the one place that knows which characters are not (pure).

A control character moves the cursor, clears the screen or starts a command of the terminal. A direction mark reverses
the order in which a line is read, so a name could rewrite the line that shows it.
"""

import json
import re
from typing import Any

import orjson

_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
_DIRECTIONS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_HARMFUL = re.compile(f"[{_CONTROLS}{_DIRECTIONS}]")


def is_harmless(text: str) -> bool:
    """Return whether a text has no control or direction character, line ends included."""
    return _HARMFUL.search(text) is None


def escaped(text: str) -> str:
    """Return a text on one line, every control and direction character as its escape."""
    return _HARMFUL.sub(lambda found: _escape(found[0]), text)


def escaped_lines(text: str) -> str:
    """Return a text with every control and direction character as its escape, except line ends."""
    return _HARMFUL.sub(lambda found: found[0] if found[0] == "\n" else _escape(found[0]), text)


def escaped_json(text: str) -> str:
    """Return JSON with the characters that JSON leaves as they are, and a terminal does not, as JSON escapes.

    Its value stays the same. Line ends between its values stay.
    """
    return _HARMFUL.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def one_line(text: str) -> str:
    """Return the text on one line, harmless."""
    return escaped(" ".join(text.split()))


def shown_value(value: Any) -> str:
    """Return a JSON value as users read it: texts in quotes, None as nothing."""
    if value is None:
        return "nothing"
    return one_line(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode())


def indented_json(value: Any) -> str:
    """Return a value as indented JSON with a line end, harmless for a terminal; a path that is not UTF-8 is written in escapes."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    except TypeError:
        return json.dumps(value, indent=2) + "\n"
    return escaped_json(text)


def shown_duration(seconds: float) -> str:
    """Return `7.4 s`, `3 min 20 s` or `2 h 5 min`."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def estimated_duration(seconds: float) -> str:
    """Return a time that is only guessed: `7 s`, `3 min` or `2 h 5 min`."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{round(seconds)} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
