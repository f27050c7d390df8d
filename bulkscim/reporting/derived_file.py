"""Where the job files that are derived from a journal go: one that a user has changed is never replaced.

The hash of each is kept as `sha256sum` writes it. A file that does not match its hash, or has none, stays as it is,
and the next one is written next to it, under a number: `errors-2.csv`.
"""

import os
import re
from collections.abc import Iterator
from hashlib import file_digest
from itertools import count
from pathlib import Path

from bulkscim.outputs import run_file
from bulkscim.private_files import read_file

HASHES = "written.sha256"

_NUMBERED = re.compile(r"(errors|delete-after-\d{4}-\d\d-\d\d)-\d+")


def free_place(path: Path) -> Path:
    """Return where to write a derived file: its path, or the first numbered one at which no changed file is."""
    known = dict(_known(path.parent))
    return next(
        place for place in _places(path) if not os.path.lexists(place) or _is_as_written(place, known)
    )


def remember(path: Path) -> None:
    """Keep the hash of a derived file that has just been written."""
    hashes = dict(_known(path.parent)) | {path.name: _hash(path)}
    with run_file(path.parent / HASHES) as file:
        file.writelines(f"{text}  {name}\n" for name, text in sorted(hashes.items()))


def told(path: Path) -> str:
    """Return why a derived file is not at its usual path; empty where it is."""
    usual = _NUMBERED.fullmatch(path.stem)
    if usual is None:
        return ""
    return f"{usual[1]}{path.suffix} may hold changes of yours, so it is kept; {path.name} is the new one"


def _places(path: Path) -> Iterator[Path]:
    yield path
    yield from (path.with_stem(f"{path.stem}-{number}") for number in count(2))


def _is_as_written(path: Path, known: dict[str, str]) -> bool:
    return not path.is_symlink() and path.is_file() and known.get(path.name) == _hash(path)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _known(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the names and hashes that are kept; a line that cannot be read says nothing."""
    try:
        text = read_file(folder / HASHES).decode(errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        value, _, name = line.partition("  ")
        yield name, value
