"""Lines of a UTF-8 file, each bounded in memory; a line that cannot be read is a value, and reading goes on."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

RECORD_LIMIT = 1_000_000  # bytes of one record
INVERSE_LIMIT = 64_000_000  # of one that a rollback has written: it holds a resource as the tenant showed it
_MARK = b"\xef\xbb\xbf"
_LONE_CR = re.compile(rb"\r(?!\n)")
_FIRST_LINE_ENDS_IN_CR = re.compile(rb'(?:[^"\r\n]++|"[^"]*+")*+\r[^\n]')


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no text or too long; `message` says what is wrong and how to correct it."""

    message: str


def lines(stream: BinaryIO, most: int = RECORD_LIMIT) -> Iterator[str | BadLine]:
    """Read lines of at most so many bytes with their ends; a byte order mark at the start is dropped."""
    offset = 0
    read = stream.readline
    while raw := read(most + 1):
        length = len(raw)
        if length > most:
            length += _skip_rest(stream, raw)
            yield BadLine(f"the line has {length:,} bytes; a record may have {most:,}")
        elif b"\0" in raw:
            where = offset + raw.index(b"\0")
            yield BadLine(f"a NUL byte at offset {where}: the file is damaged, or not saved as UTF-8 text")
        else:
            try:
                yield (raw if offset else raw.removeprefix(_MARK)).decode()
            except UnicodeDecodeError as error:
                byte, where = error.object[error.start], offset + error.start
                yield BadLine(
                    f"byte 0x{byte:02x} at offset {where} is not UTF-8; save the file as UTF-8, or name its encoding (--encoding cp1250)"
                )
        offset += length


def _skip_rest(stream: BinaryIO, raw: bytes) -> int:
    """Read to the end of a long line a piece at a time; return how many bytes that was."""
    skipped = 0
    while raw and not raw.endswith(b"\n"):
        raw = stream.readline(RECORD_LIMIT)
        skipped += len(raw)
    return skipped


def ends_in_cr(start: bytes) -> bool:
    """Return, by the first bytes of a file, whether its lines end in CR alone: its first line does, outside of quotes."""
    return _FIRST_LINE_ENDS_IN_CR.match(start) is not None


class CarriageReturns(io.RawIOBase):
    """A stream whose lines end in CR alone, read with LF in its place; every byte keeps its offset."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        """Return True: it is for reading."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill a buffer; a CR at its end is passed on as LF, also where an LF follows it."""
        target = memoryview(buffer).cast("B")
        piece = self._stream.read(len(target))
        target[: len(piece)] = _LONE_CR.sub(b"\n", piece)
        return len(piece)

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()
        super().close()
