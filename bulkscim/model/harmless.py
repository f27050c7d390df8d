"""Text from files and servers, made harmless for a terminal: the one place that knows which characters are not (pure).

A control character moves the cursor, clears the screen or starts a command of the terminal. A direction mark reverses
the order in which a line is read, so a name could rewrite the line that shows it.
"""

import re

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
