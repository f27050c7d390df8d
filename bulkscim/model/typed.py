"""Commands as they are printed: whatever a user pastes runs as it stands (pure).

Every command that a message names for the user to type is written here. It ends its line, so that the whole rest of
the line can be pasted.
"""

import re
import shlex
import sys

PROGRAM = "bulkscim"
NEXT = "next: "
_WINDOWS = sys.platform == "win32"
_PLAIN = re.compile(r"[\w.:\\/@+-]+")  # what cmd.exe and PowerShell read as it stands


def command(*words: object) -> str:
    """Return the command line of bulkscim with these words, quoted as the shell of this system wants it."""
    return " ".join((PROGRAM, *(quoted(_text(word)) for word in words)))


def next_line(*words: object) -> str:
    """Return the line that names the next command."""
    return NEXT + command(*words)


def quoted(word: str, *, windows: bool = _WINDOWS) -> str:
    """Return a word as a shell reads it back; on Linux and macOS with escapes for what a terminal must not be sent."""
    if windows:
        return word if _PLAIN.fullmatch(word) else '"' + word.replace('"', '\\"') + '"'
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(map(_escaped, word)) + "'"


def _text(word: object) -> str:
    """Return a word as it is passed; a path that begins with a dash must not be read as an option."""
    text = str(word)
    return f"./{text}" if hasattr(word, "__fspath__") and text.startswith("-") else text


def _escaped(character: str) -> str:
    """Return a character inside of $'…', which bash and zsh read back."""
    code = ord(character)
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 - a byte of a path that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x80 else f"\\U{code:08x}"  # noqa: PLR2004 - ASCII
