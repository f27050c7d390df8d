"""Which record makes which resource: an SQLite file, so that memory does not grow with the job.

A cache: it is made while the file is checked, kept in the run folder, and made again where it is missing or
of another file. A key is kept as 8 bytes of the BLAKE2b of its folded text. A `ref` is one for the whole
file, whatever its type.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import Self

from bulkscim.model.operation import GROUP, Key, Operation, folded_name
from bulkscim.private_files import create_file

_BATCH = 10_000
_NUMBER = Struct(">q").unpack
_FORMAT = 2
_USER_NAMES = ("userName", "externalId")
_NAMES = {GROUP: ("displayName", "externalId")}
_ASKED = frozenset({"ref", "emails.value"})
_EXACT = frozenset({"ref", "externalId"})


def digest(kind: str, attribute: str, value: str) -> int:
    """Return the number that stands for a key, equal for keys that are equal when folded."""
    if attribute not in _EXACT:
        value = folded_name(value)
    text = f"{'' if attribute == 'ref' else kind}\0{attribute}\0{value}"
    return _NUMBER(blake2b(text.encode(), digest_size=8).digest())[0]  # type: ignore[no-any-return]


def made(operation: Operation) -> list[tuple[str, str]]:
    """Return (attribute, value) of all that must be made once only: name, externalId, ref."""
    data = operation.data
    attributes = _NAMES.get(operation.type, _USER_NAMES)
    found = [(each, value) for each in attributes if isinstance(value := data.get(each), str) and value]
    if operation.ref is not None:
        found.append(("ref", operation.ref))
    return found


def mails(operation: Operation) -> Iterator[str]:
    """Return the e-mail addresses by which others may name the resource; these may be shared."""
    emails = operation.data.get("emails")
    for each in emails if isinstance(emails, list) else ():
        value = each.get("value") if isinstance(each, dict) else None
        if isinstance(value, str) and value:
            yield value


class IndexBuilder:
    """Takes operations in row order; `finish` gives what was found out."""

    def __init__(self, path: Path, stamp: str) -> None:
        """Begin a new file in place of any that exists; the stamp names the job file and its reading."""
        os.close(create_file(path))
        self._path = path
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8000; BEGIN;"
            "CREATE TABLE stamp(format INTEGER, stamp TEXT);"
            "CREATE TABLE made(digest INTEGER, row INTEGER); CREATE TABLE mail(digest INTEGER, row INTEGER);"
            "CREATE TABLE wanted(digest INTEGER, row INTEGER);"
        )
        self._stamp = stamp
        self._made: list[tuple[int, int]] = []
        self._wanted: list[tuple[int, int]] = []
        self.names_by_mail = False

    def add(self, row: int, operation: Operation, *, refs_elsewhere: bool = False) -> None:
        """Note what a record makes, and the refs that it needs of this file."""
        if operation.makes:
            for attribute, value in made(operation):
                self._made.append((digest(operation.type, attribute, value), row))
            if len(self._made) >= _BATCH:
                self._write("made", self._made)
        if operation.target.attribute in _ASKED:
            self._needs(row, operation.target, refs_elsewhere)
        for reference in operation.references:
            if reference.key.attribute in _ASKED:
                self._needs(row, reference.key, refs_elsewhere)

    def add_mails(self, row: int, operation: Operation) -> None:
        """Note the addresses of what a record makes; only for files that name users by address."""
        if operation.makes:
            found = [(digest(operation.type, "emails.value", each), row) for each in mails(operation)]
            self._write("mail", found)

    def _needs(self, row: int, key: Key, refs_elsewhere: bool) -> None:  # noqa: FBT001
        """Note a key by which a record names another resource."""
        if key.attribute == "ref" and not refs_elsewhere:
            self._wanted.append((digest(key.type, "ref", key.value), row))
            if len(self._wanted) >= _BATCH:
                self._write("wanted", self._wanted)
        elif key.attribute == "emails.value":
            self.names_by_mail = True

    def finish(self) -> "Index":
        """Sort what was noted and open it for reading."""
        self._write("made", self._made)
        self._write("wanted", self._wanted)
        for table in ("made", "mail"):
            self._database.execute(f"CREATE INDEX {table}_digest ON {table}(digest)")
        self._database.execute("INSERT INTO stamp VALUES (?, ?)", (_FORMAT, self._stamp))
        self._database.execute("COMMIT")
        self._database.close()
        return Index(self._path)

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._database.close()
        self._path.unlink(missing_ok=True)

    def _write(self, table: str, batch: list[tuple[int, int]]) -> None:
        """Write a batch and empty it."""
        self._database.executemany(f"INSERT INTO {table} VALUES (?, ?)", batch)  # noqa: S608
        batch.clear()


class Index:
    """Answers which record makes a resource. For one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Read only and without a journal of its own: a folder of another user may hold a prepared one.
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self._database = sqlite3.connect(uri, uri=True, check_same_thread=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def makers(self, key: Key) -> int | None:
        """Return the first row that makes the resource; None where the tenant must hold it."""
        if key.attribute == "id":
            return None
        table = "mail" if key.attribute == "emails.value" else "made"
        query = f"SELECT min(row) FROM {table} WHERE digest = ?"  # noqa: S608
        [(row,)] = self._database.execute(query, (digest(key.type, key.attribute, key.value),))
        return None if row is None else int(row)

    def made_twice(self) -> Iterator[tuple[int, int, int]]:
        """Yield (digest, first row, other row) for each key that more than one row makes."""
        twins = "SELECT digest FROM made GROUP BY digest HAVING count(*) > 1"
        first = "SELECT digest, row, min(row) OVER (PARTITION BY digest) AS first FROM made"
        query = f"SELECT digest, first, row FROM ({first} WHERE digest IN ({twins})) WHERE row > first ORDER BY row"  # noqa: S608
        yield from self._database.execute(query)

    def refs_without_maker(self) -> Iterator[int]:
        """Yield the rows that need a ref which no row makes."""
        query = "SELECT DISTINCT row FROM wanted WHERE digest NOT IN (SELECT digest FROM made) ORDER BY row"
        yield from (row for (row,) in self._database.execute(query))


def build(path: Path, stamp: str, operations: Callable[[], Iterable[tuple[int, Operation]]]) -> Index:
    """Make the index of a file that was found good before; `operations` reads it from the start."""
    builder = IndexBuilder(path, stamp)
    for row, operation in operations():
        builder.add(row, operation)
    if builder.names_by_mail:
        for row, operation in operations():
            builder.add_mails(row, operation)
    return builder.finish()


def open_index(path: Path, stamp: str) -> Index | None:
    """Open an index if it is whole and of this very file; else None."""
    if not path.is_file() or path.is_symlink():
        return None
    index = Index(path)
    try:
        found = index._database.execute("SELECT format, stamp FROM stamp").fetchone()  # noqa: SLF001
    except sqlite3.DatabaseError:
        found = None
    if found == (_FORMAT, stamp):
        return index
    index.close()
    return None
