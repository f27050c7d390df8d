"""What proves that a job file is still the same one."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A file's size in bytes and the SHA-256 of its bytes, in hex."""

    size: int
    sha256: str


def fingerprint(path: Path) -> Fingerprint:
    """Read a file a piece at a time and return its fingerprint."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return Fingerprint(size, digest.hexdigest())
