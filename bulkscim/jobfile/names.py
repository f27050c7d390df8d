"""Column names without what cannot be seen in them (pure)."""

import re

_INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def plain_name(text: str) -> str:
    """Return a name with single blanks, and without marks, direction signs and characters of no width."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join(_INVISIBLE.sub("", text).split())
