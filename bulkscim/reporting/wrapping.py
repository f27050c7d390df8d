"""Lines on a terminal: they break at words within its width, and a command that is to be pasted stays on one line."""

import os
import re
import unicodedata
from typing import TextIO

from bulkscim.model.typed import PROGRAM

_COMMAND = re.compile(rf"(?:^|(?<= ))(?:{PROGRAM} [a-z]|printf ')")  # it ends its line
_LABEL = re.compile(r" *\S+(?: \S+)? {2,}(?=\S)")  # of a fact
_STEP = 2  # by so much further lines are set in
_SHORT = 12  # columns before a command: it does not begin a line of its own
_NARROW = 20  # columns; where there are fewer, nothing is gained


def width_of(stream: TextIO) -> int | None:
    """Return the width of a terminal; None of any other output, and where it does not tell its own."""
    try:
        return (os.get_terminal_size(stream.fileno()).columns or None) if stream.isatty() else None
    except (OSError, ValueError):
        return None


def fitted(text: str, width: int | None) -> str:
    """Return lines that break at words within a width; as they are where there is none."""
    if width is None or width < _NARROW:
        return text
    return "\n".join(wrapped(line, width) for line in text.split("\n"))


def wrapped(line: str, width: int) -> str:
    """Return one line in as many as it needs; further ones are set in, and those of a fact stand below its text."""
    found = _COMMAND.search(line)
    if cells(line) <= width or (found and found.start() < _SHORT):
        return line
    told, whole = (line[: found.start()], line[found.start() :]) if found else (line, "")
    label = _LABEL.match(told)
    spaces = len(told) - len(told.lstrip(" "))
    hang = " " * (len(label[0]) if label and len(label[0]) < width // 2 else spaces + _STEP)
    first = label[0] if label else " " * spaces
    words = [*told[len(first) :].split(), *([whole] if whole else [])]
    lines = [first + words.pop(0)]
    for word in words:
        if cells(lines[-1]) + 1 + cells(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(hang + word)
    return "\n".join(lines)


def cells(text: str) -> int:
    """Return how many columns a text takes: wide characters take two, marks on others none."""
    if text.isascii():
        return len(text)
    return sum(_cells(one) for one in text)


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 1 + (unicodedata.east_asian_width(character) in "WF")
