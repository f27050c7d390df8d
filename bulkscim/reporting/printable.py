"""Values and texts from files and servers, as the user reads them."""

import json
from typing import Any

import orjson

from bulkscim.model.harmless import escaped, escaped_json


def one_line(text: str) -> str:
    """Return the text on one line, harmless."""
    return escaped(" ".join(text.split()))


def shown_value(value: Any) -> str:
    """Return a JSON value as people read it: texts in quotes, None as nothing."""
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
