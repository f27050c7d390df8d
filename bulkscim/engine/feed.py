"""Bring rows from the job file, in file order, as fast as there is room for them."""

from collections.abc import Callable, Iterator

from bulkscim.errors import Stopped
from bulkscim.model.operation import Key, Operation
from bulkscim.model.row import Row

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


class Feed:
    """One pass over the rows that are to be worked on; `failed` says why it ended before its last row."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._next: Row | None = None
        self.passed = 0
        self.ended = False
        self.failed: Stopped | None = None

    def peek(self) -> int | None:
        """Return the number of the next row, None at the end."""
        if self._next is None and not self.ended:
            try:
                self._next = next(self._rows, None)
            except Stopped as error:  # what was read before is good, and is brought to its end
                self.failed = error
            self.ended = self._next is None
        return self._next.number if self._next else None

    def take(self) -> Row:
        """Return the next row; only after `peek` has shown that there is one."""
        row = self._next
        if row is None:
            raise LookupError("the feed has ended")
        self._next = None
        self.passed = row.number
        return row
