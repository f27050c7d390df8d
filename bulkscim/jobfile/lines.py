"""Lines of a UTF-8 file, each bounded in memory; a line that cannot be read is a value, and reading goes on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

RECORD_LIMIT = 1_000_000  # bytes of one record
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no text or too long; `message` says what and how to mend it."""

    message: str


def lines(stream: BinaryIO) -> Iterator[str | BadLine]:
    """Read lines with their ends; a byte order mark at the start is dropped."""
    offset = 0
    read = stream.readline
    while raw := read(RECORD_LIMIT + 1):
        length = len(raw)
        if length > RECORD_LIMIT:
            length += _skip_rest(stream, raw)
            yield BadLine(f"the line has {length:,} bytes; a record may have {RECORD_LIMIT:,}")
        elif b"\0" in raw:
            where = offset + raw.index(b"\0")
            yield BadLine(f"a NUL byte at offset {where}: the file is damaged, or not saved as UTF-8 text")
        else:
            try:
                yield (raw if offset else raw.removeprefix(_MARK)).decode()
            except UnicodeDecodeError as error:
                byte, where = error.object[error.start], offset + error.start
                yield BadLine(f"byte 0x{byte:02x} at offset {where} is not UTF-8; save the file as UTF-8")
        offset += length


def _skip_rest(stream: BinaryIO, raw: bytes) -> int:
    """Read to the end of a long line a piece at a time; return how many bytes that was."""
    skipped = 0
    while raw and not raw.endswith(b"\n"):
        raw = stream.readline(RECORD_LIMIT)
        skipped += len(raw)
    return skipped
