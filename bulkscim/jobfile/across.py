"""What records say only together: users that share an e-mail address, and users whose managers form a circle.

It is kept in an SQLite file without a name, gone when it is closed, so that memory does not grow with the job.
"""

import mmap
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from bulkscim.jobfile.index import digest, made, mails
from bulkscim.jobfile.record_checks import Judged
from bulkscim.jobfile.records import SHOWN, Fault, Problem, Record, shown
from bulkscim.jobfile.values import Doubt
from bulkscim.model.operation import USER, Operation, Role

_BATCH = 10_000
_NUMBER = 8  # bytes
_NAMED = 4  # users of a circle that are named
Reread = Callable[[set[int]], dict[int, tuple[Record, Operation]]]  # by row


class Across:
    """Takes operations in row order; then it says what is wrong with several together. For one thread at a time.

    `place` names the column of a value.
    """

    def __init__(self, place: Callable[[Record, Doubt], str]) -> None:
        self._place = place
        self._database = sqlite3.connect("", isolation_level=None, uri=True)
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8000;"
            "CREATE TABLE mail(digest INTEGER, row INTEGER);"
            "CREATE TABLE led(self INTEGER, boss INTEGER, row INTEGER); BEGIN;"
        )
        self._mail: list[tuple[int, int]] = []
        self._led: list[tuple[int, int, int]] = []
        self._any_is_name = False
        self._last = 0

    def close(self) -> None:
        """Delete what was kept."""
        self._database.close()

    def add(self, row: int, operation: Operation) -> None:
        """Note the addresses that a user gets, and the manager."""
        self._last = row
        data = operation.data
        if "emails" in data:
            emails: Any = data["emails"] or ()
            name = data.get("userName")
            # Most addresses are the name of their user, and names are unique: those are not kept.
            if len(emails) == 1 and emails[0].__class__ is dict and emails[0].get("value") == name:
                self._any_is_name = True
            elif operation.makes:
                self._add_mails(row, operation)
        if operation.references:
            self._add_manager(row, operation)

    def judged(self, index: Path, reread: Reread) -> Iterator[Judged]:
        """Yield a warning for each user that shares an address, and for each circle; `index` says who has which name."""
        self._write()
        self._database.execute("COMMIT")
        yield from self._shared(index, reread)
        yield from self._circles(reread)

    def _add_mails(self, row: int, operation: Operation) -> None:
        """Note the addresses that are not the user's name."""
        name = operation.data.get("userName")
        for each in mails(operation):
            if each == name:
                self._any_is_name = True
            else:
                self._mail.append((digest(USER, "userName", each), row))
        if len(self._mail) >= _BATCH:
            self._write()

    def _add_manager(self, row: int, operation: Operation) -> None:
        """Note who is above a user, by each of the user's names."""
        target = operation.target
        for each in operation.references:
            if each.role is Role.MANAGER:
                own = {
                    (target.attribute, target.value),
                    *(("emails.value", mail) for mail in mails(operation)),
                }
                own.update(made(operation) if operation.makes else ())
                above = digest(USER, each.key.attribute, each.key.value)
                self._led += [(digest(USER, attribute, value), above, row) for attribute, value in own]
        if len(self._led) >= _BATCH:
            self._write()

    def _write(self) -> None:
        self._database.executemany("INSERT INTO mail VALUES (?, ?)", self._mail)
        self._database.executemany("INSERT INTO led VALUES (?, ?, ?)", self._led)
        self._mail.clear()
        self._led.clear()

    def _shared(self, index: Path, reread: Reread) -> Iterator[Judged]:
        """Find addresses of several rows, also of a row whose name is the address."""
        rows = "SELECT digest, row FROM mail"
        if self._any_is_name:
            self._database.execute("ATTACH ? AS job", (f"{index.absolute().as_uri()}?mode=ro&immutable=1",))
            rows += " UNION SELECT digest, row FROM job.made WHERE digest IN (SELECT digest FROM mail)"
        first = f"SELECT row, min(row) OVER (PARTITION BY digest) AS first FROM ({rows})"  # noqa: S608
        query = f"SELECT DISTINCT first, row FROM ({first}) WHERE row > first ORDER BY row"  # noqa: S608
        found = self._database.execute(query)
        some = list(islice(found, SHOWN))
        records = reread({row for pair in some for row in pair})
        for first_row, row in some:
            (record, one), (above, other) = records[row], records[first_row]
            theirs = {each.casefold() for each in mails(other)}
            mail = next((each for each in mails(one) if each.casefold() in theirs), None)
            if mail is not None:  # else the address is only the name of the other
                text = f"{shown(mail)} is also an address of line {above.line} (row {first_row}); give each user one of their own"
                yield self._warned(record, Doubt("shared address", "emails", mail, text))
        for first_row, row in found:
            fault = Fault("emails", f"shares an address with row {first_row}")
            yield Judged(Problem(0, row, fault), "shared address", refuses=False)

    def _circles(self, reread: Reread) -> Iterator[Judged]:
        """Find users that are in the end their own managers."""
        if self._database.execute("SELECT 1 FROM led LIMIT 1").fetchone() is None:
            return
        self._database.execute("CREATE INDEX led_self ON led(self)")
        edges = "SELECT a.row, min(b.row) FROM led a JOIN led b ON a.boss = b.self GROUP BY a.row"
        size = (self._last + 1) * _NUMBER
        with _numbers(size) as after, _numbers(size) as walks:
            for row, manager in self._database.execute(edges):
                after[row] = manager
            for circle in circles(after, walks):
                yield self._circle(circle, reread(set(circle[:_NAMED])))

    def _circle(self, rows: list[int], records: dict[int, tuple[Record, Operation]]) -> Judged:
        """Say which users are above each other."""
        record, first = records[rows[0]]
        names = [records[row][1].target.value for row in rows[:_NAMED]]
        manager = next(each.key.value for each in first.references if each.role is Role.MANAGER)
        if len(rows) == 1:
            text = f"{shown(names[0])} is named as their own manager; empty the cell, or name another user"
            return self._warned(record, Doubt("own manager", "manager", manager, text))
        chain = " \u2192 ".join([*map(shown, names), *["\u2026"] * (len(rows) > _NAMED), shown(names[0])])
        text = f"the managers of {len(rows):,} users form a circle: {chain}; correct one of them"
        return self._warned(record, Doubt("circle", "manager", manager, text))

    def _warned(self, record: Record, doubt: Doubt) -> Judged:
        fault = Fault(self._place(record, doubt), doubt.message)
        return Judged(Problem(record.line, record.number, fault), doubt.about, refuses=False)


@contextmanager
def _numbers(size: int) -> Iterator["memoryview[int]"]:
    """Yield numbers that are all 0, in a file that is mapped into memory."""
    with tempfile.TemporaryFile() as file:
        file.truncate(size)
        with closing(mmap.mmap(file.fileno(), size)) as mapped, memoryview(mapped).cast("q") as numbers:
            yield numbers


def circles(after: Sequence[int], walks: "memoryview[int] | list[int]") -> Iterator[list[int]]:
    """Yield the circles of a graph: `after` says which row follows each, 0 none; `walks` is as long and all 0."""
    for start in range(1, len(after)):
        row = start
        while after[row] and not walks[row]:
            walks[row] = start
            row = after[row]
        if not after[row] or walks[row] != start:
            continue
        circle = [row]
        while (following := after[circle[-1]]) != row:
            circle.append(following)
        least = circle.index(min(circle))
        yield circle[least:] + circle[:least]
