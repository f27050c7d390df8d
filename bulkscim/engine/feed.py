"""Bring rows from the job file, in file order, as fast as there is room for them."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from bulkscim.engine.facts import WINDOW
from bulkscim.errors import Stopped
from bulkscim.model.names import name_attribute
from bulkscim.model.operation import Key, Operation, Role
from bulkscim.model.row import Row

if TYPE_CHECKING:
    from bulkscim.engine.work import Work

JOINING = 5 * WINDOW
AHEAD = WINDOW // 2  # rows to come that are looked through for names
Makers = Callable[[Key], int | None]


def rows_of(operations: Iterator[tuple[int, Operation]], makers: Makers) -> Iterator[Row]:
    """Give each operation its row: its number, and the rows that make what it names.

    A target counts as made only by an earlier row: what a later row makes is not there yet. A reference may
    be made by a later row, and is then waited for.
    """
    for number, operation in operations:
        producers = tuple(_maker(makers, reference.key) for reference in operation.references)
        target = None if operation.makes else _maker(makers, operation.target)
        earlier = target if target is not None and target < number else None
        yield Row(number, operation, producers, earlier)


def _maker(makers: Makers, key: Key) -> int | None:
    return None if key.attribute == "id" else makers(key)


def looked_up(row: Row) -> Iterator[Key]:
    """Yield the names that a row looks up: of what it changes, and of what it refers to and no row makes."""
    operation = row.operation
    if row.plan is not None and not row.plan.parts:
        return
    if row.target_producer is None and (operation.spec.updates or not operation.makes):
        yield operation.target
    producers = row.producers or (None,) * len(operation.references)
    for reference, producer in zip(operation.references, producers, strict=True):
        if producer is None and reference.key.attribute != "id":
            yield reference.key


def changed_groups(row: Row) -> Iterator[Key]:
    """Yield the groups whose members a row changes, as it names them."""
    operation = row.operation
    if operation.spec.is_membership:
        yield operation.target
    yield from (reference.key for reference in operation.references if reference.role is Role.GROUP)


def made_names(row: Row) -> Iterator[Key]:
    """Yield the name of what a row creates, unless it exists."""
    operation = row.operation
    name = operation.data.get(name_attribute(operation.type))
    if operation.makes and isinstance(name, str):
        yield Key(operation.type, name_attribute(operation.type), name)


def _joins(row: Row) -> bool:
    """Return whether a row's step may share a request with others."""
    return row.operation.spec.is_membership


def _has_several_groups(row: Row) -> bool:
    return len(row.operation.references) > 1 and len(list(changed_groups(row))) > 1


class Coming(Protocol):
    """The rows that come next, for what they name."""

    def coming(self) -> Iterator[Row]:
        """Yield rows that have names to ask for, those first whose names are needed first."""

    def unfinished(self) -> Iterator[Row]:
        """Yield the rows that are under way, and then the next ones."""


class Feed:
    """One pass over the rows that are to be worked on; `failed` says why it ended before its last row."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._read: deque[Row] = deque()  # and not taken
        self._is_read = False
        self.passed = 0
        self.failed: Stopped | None = None

    def peek(self) -> int | None:
        """Return the number of the next row, None at the end."""
        return next((row.number for row in self.coming(1)), None)

    def coming(self, count: int) -> list[Row]:
        """Return the next rows, `count` at most, which are still to be taken."""
        while len(self._read) < count and not self._is_read:
            try:
                row = next(self._rows, None)
            except Stopped as error:  # what was read before is good, and is brought to its end
                row, self.failed = None, error
            if row is None:
                self._is_read = True
            else:
                self._read.append(row)
        return list(islice(self._read, count))

    def ahead(self) -> Iterator[Row]:
        """Yield rows that are still to be taken: `AHEAD` at most, and as many as can join where all are memberships."""
        passed = 0
        while passed < AHEAD or (
            passed < JOINING and all(map(_joins, islice(self._read, passed - AHEAD, passed)))
        ):
            rows = self.coming(passed + AHEAD)[passed:]
            yield from rows
            passed += AHEAD
            if len(rows) < AHEAD:
                return

    def take(self) -> Row:
        """Return the next row; only after `peek` has shown that there is one."""
        row = self._read.popleft()
        self.passed = row.number
        return row


class Window:
    """The rows of a feed that are under way: none is `WINDOW` rows or more behind the first, or `JOINING` for a membership.

    More of these bring more members into one request; they are small.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.rows: dict[int, Work] = {}  # in order
        self._asking: dict[int, Work] = {}

    @property
    def has_room(self) -> bool:
        """Whether there is a next row, and it may be brought under way."""
        for row in self._feed.coming(1):
            most = JOINING if _joins(row) else WINDOW
            return row.number - next(iter(self.rows), row.number) < most
        return False

    @contextmanager
    def asking(self, work: "Work") -> Iterator[None]:
        """Note that a row asks for something."""
        self._asking[work.number] = work
        try:
            yield
        finally:
            del self._asking[work.number]

    def coming(self) -> Iterator[Row]:
        """Yield rows that have names to ask for: those that ask now, the next ones, then those that wait for others.

        Of those that have read anything, rows with several groups have: they ask for one after the other.
        """
        yield from (work.row for work in self._asking.values() if not work.has_read)
        yield from self._feed.ahead()
        yield from (work.row for work in self.rows.values() if not work.has_read)
        yield from (
            work.row for work in self.rows.values() if work.has_read and _has_several_groups(work.row)
        )

    def unfinished(self) -> Iterator[Row]:
        """Yield the rows that are under way, and then the next ones."""
        yield from (work.row for work in self.rows.values())
        yield from self._feed.ahead()
