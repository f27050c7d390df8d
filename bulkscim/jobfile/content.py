"""The bytes of a job file as they were checked, and the proof that they still are.

A file is hashed once, block by block. Each later reader gets a block only when its hash is the same, and looks
before each block at the size, the time and the identity of the file behind the name. Where these differ, the
whole file is hashed again: a file that was only touched or copied is still the same.
"""

import hashlib
import io
import os
from dataclasses import dataclass
from itertools import takewhile
from operator import eq
from pathlib import Path
from typing import TYPE_CHECKING

from bulkscim.errors import JobFileChanged

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 1 << 20
_DIGEST = 16
Stamp = tuple[int, int, int, int]


@dataclass(slots=True)
class CheckedContent:
    """What a file held: its size in bytes, the SHA-256 of all of it in hex, and a hash of each block.

    `seen` tells device, inode, size and time of the file when it was last proved to hold this.
    """

    size: int
    sha256: str
    blocks: tuple[bytes, ...]
    seen: Stamp

    def stream(self, path: Path, name: str) -> io.BufferedReader:
        """Open a file for reading from the start; JobFileChanged as soon as it is not this content.

        `name` is what messages call the file.
        """
        try:
            return io.BufferedReader(_Proved(path.open("rb", buffering=0), self, path, name), BLOCK)
        except FileNotFoundError:
            raise JobFileChanged(name, "it is gone") from None

    def refuse_change(self, path: Path, name: str) -> None:
        """Raise JobFileChanged unless the file still holds this content."""
        try:
            if _stamp(path.stat()) == self.seen:
                return
            now = content_of(path)
        except FileNotFoundError:
            raise JobFileChanged(name, "it is gone") from None
        if (now.size, now.sha256) != (self.size, self.sha256):
            same = sum(1 for _ in takewhile(bool, map(eq, self.blocks, now.blocks)))
            raise JobFileChanged(name, _how(same, now.size - self.size))
        self.seen = now.seen


def content_of(path: Path) -> CheckedContent:
    """Read a file, a block at a time, and return what proves its content."""
    digest, size, blocks = hashlib.sha256(), 0, []
    with path.open("rb", buffering=0) as file:
        seen = _stamp(os.fstat(file.fileno()))
        while block := _block(file):
            digest.update(block)
            size += len(block)
            blocks.append(_hash(block))
    return CheckedContent(size, digest.hexdigest(), tuple(blocks), seen)


class _Proved(io.RawIOBase):
    """Gives out a block of a file only after its hash has been compared."""

    def __init__(self, file: io.FileIO, content: CheckedContent, path: Path, name: str) -> None:
        super().__init__()
        self._file, self._content, self._path, self._name = file, content, path, name
        self._number = 0
        self._block = memoryview(b"")

    def readable(self) -> bool:
        """Return True: it is for reading."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill a buffer as far as the block goes; 0 at the end of the file, which is compared as well."""
        if not self._block:
            self._block = memoryview(self._next())
        target = memoryview(buffer).cast("B")
        taken = min(len(target), len(self._block))
        target[:taken] = self._block[:taken]
        self._block = self._block[taken:]
        return taken

    def _next(self) -> bytes:
        content, number = self._content, self._number
        content.refuse_change(self._path, self._name)
        block = _block(self._file)
        wanted = content.blocks[number] if number < len(content.blocks) else _hash(b"")
        if _hash(block) != wanted:
            raise JobFileChanged(self._name, _how(number, 0))
        self._number += 1
        return block

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def _block(file: io.FileIO) -> bytes:
    """Read a whole block, less only at the end of the file."""
    pieces, left = [], BLOCK
    while left and (piece := file.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _hash(block: bytes) -> bytes:
    return hashlib.blake2b(block, digest_size=_DIGEST).digest()


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _how(same: int, longer: int) -> str:
    """Say where a content differs: behind so many equal blocks, and by so many bytes."""
    length = f", and it is {abs(longer):,} bytes {'longer' if longer > 0 else 'shorter'}" if longer else ""
    return f"the part that begins at byte {same * BLOCK:,} differs{length}"
