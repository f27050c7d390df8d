"""How the bytes of a file are to be read: the encoding is found in the bytes where no user names one.

1. A byte order mark decides. 2. NUL bytes at every other place are UTF-16 without one. 3. What is UTF-8
throughout is UTF-8. 4. What holds bytes that UTF-8 never has, and nothing that only UTF-8 has, is
Windows-1252, as Excel writes it. 5. What holds both is UTF-8 that was damaged: it is read as UTF-8, and the
reader names each bad line.
"""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO

from bulkscim.errors import UsageError

PIECE = 1 << 20
_START = 4096
_MOSTLY = 0.4  # share of NUL bytes at every other place that makes a start UTF-16
_FOREIGN = re.compile("[\udc80-\udcff]")  # bytes that are not UTF-8, as `surrogateescape` shows them
_BEYOND_ASCII = re.compile("[\x80-\ud7ff\ue000-\U0010ffff]")
_UNUSED_1252 = re.compile("[\udc81\udc8d\udc8f\udc90\udc9d]")  # bytes that mean nothing there either
_ERRORS_FILE = re.compile(rb'[^\n]*(_run[,;\t|]_row[,;\t|]_op|"_run":)')
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7"})


class Encoding(Enum):
    """An encoding that job files come in: the name of its codec, and what users call it."""

    UTF_8 = "utf-8", "UTF-8"
    UTF_8_MARKED = "utf-8-sig", "UTF-8 with a byte order mark"
    UTF_16 = "utf-16", "UTF-16"
    UTF_16_LITTLE = "utf-16-le", "UTF-16 (little-endian, no byte order mark)"
    UTF_16_BIG = "utf-16-be", "UTF-16 (big-endian, no byte order mark)"
    WINDOWS = "cp1252", "Windows-1252"

    @property
    def codec(self) -> str:
        """The codec's name in Python."""
        return self.value[0]

    @property
    def shown(self) -> str:
        """The name for users."""
        return self.value[1]

    @property
    def is_utf8(self) -> bool:
        """Whether the readers take the bytes as they are."""
        return self in {Encoding.UTF_8, Encoding.UTF_8_MARKED}


def pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Read a stream to its end, a piece at a time."""
    return iter(lambda: stream.read(PIECE), b"")


def encoding_of(start: bytes, rest: Callable[[], Iterable[bytes]]) -> Encoding:
    """Find the encoding from a file's first bytes, and from all its pieces where these do not tell."""
    start = start[:_START]
    return mark_of(start) or _unmarked_utf16(start) or _by_content(rest())


def mark_of(start: bytes) -> Encoding | None:
    """Return the encoding that a byte order mark names; None where there is none."""
    if start.startswith(codecs.BOM_UTF8):
        return Encoding.UTF_8_MARKED
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Encoding.UTF_16
    return None


def _unmarked_utf16(start: bytes) -> Encoding | None:
    """Recognise UTF-16 without a mark: its text is mostly ASCII, so that every other byte is NUL."""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    half = max(1, len(start) // 2)
    if not even and odd >= _MOSTLY * half and odd > 1:
        return Encoding.UTF_16_LITTLE
    if not odd and even >= _MOSTLY * half and even > 1:
        return Encoding.UTF_16_BIG
    return None


def _by_content(all_pieces: Iterable[bytes]) -> Encoding:
    """Distinguish UTF-8, whole or damaged, from Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    foreign = False
    for piece in all_pieces:
        text = decoder.decode(piece)
        if text.isascii():
            continue
        if _BEYOND_ASCII.search(text) or _UNUSED_1252.search(text):
            return Encoding.UTF_8
        foreign = foreign or _FOREIGN.search(text) is not None
    rest = decoder.decode(b"", final=True)
    return Encoding.WINDOWS if foreign or _FOREIGN.search(rest) else Encoding.UTF_8


def is_utf8_beyond_ascii(all_pieces: Iterable[bytes]) -> bool:
    """Return whether a text is UTF-8 throughout, with letters beyond ASCII: any other reading garbles them."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    found = False
    try:
        for piece in all_pieces:
            found = not decoder.decode(piece).isascii() or found
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return found


def transcoded(codec: str, all_pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Turn pieces of a text into UTF-8; UnicodeDecodeError where the text breaks off or is damaged."""
    decoder = codecs.getincrementaldecoder(codec)()
    for piece in all_pieces:
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()


_QUOTES = dict.fromkeys(
    map(ord, "\xa0\xad\u2013\u2014\u2018\u2019\u201c\u201d\u201e\u2026")
)  # which every Windows code page has in one place
_FOREIGN_CELL = re.compile(rb'[^,;\t|"\r\n]*[\x80-\xff][^,;\t|"\r\n]*')


def samples(text: Iterable[bytes]) -> tuple[str, ...]:
    """Return the first two cells below the first line of a UTF-8 text that have letters or signs beyond ASCII."""
    found: dict[str, None] = {}
    rest = b"\n"
    for piece in text:
        _, _, body = piece.partition(rest)
        rest = b""
        for cell in _FOREIGN_CELL.findall(body):
            name = cell.decode(errors="ignore").strip()
            if _BEYOND_ASCII.search(name.translate(_QUOTES)):
                found[name] = None
            if len(found) > 1:
                return tuple(found)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class FileForm:
    """The name of an encoding, empty where it is to be found in the bytes, and the header's line, 0 where it is to be found."""

    encoding: str = ""
    header_line: int = 0

    def of(self, start: bytes) -> "FileForm":
        """Return the form of a file that begins so; an errors file is written in one form only."""
        return AS_FOUND if _ERRORS_FILE.match(start) else self

    @property
    def codec(self) -> str:
        """The encoding's name in Python, empty where none is given; UsageError where it is not known."""
        if not self.encoding:
            return ""
        try:
            found = codecs.lookup(self.encoding).name
            "".encode(found)
        except (LookupError, ValueError):
            found = ""
        if not found or found.replace("-", "_") in {each.replace("-", "_") for each in _NO_CHARSETS}:
            raise UsageError(
                f"encoding {self.encoding!r} is not known; write one such as cp1250 (Central European Windows), "
                "cp1252 (Western), iso-8859-2, cp437 or utf-16"
            )
        return found


AS_FOUND = FileForm()
