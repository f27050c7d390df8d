"""The rows that can move, by the limit under which their writes go.

Where a tenant has several limits, rows of a slow one must not take all workers: those of others go on past them. Rows of
one limit go in file order.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush

from bulkscim.model.operation import GROUP, VERBS, Verb
from bulkscim.model.row import Row
from bulkscim.scim import protocol

Sort = tuple[str, str]  # of requests: method and path
Room = Callable[[str, str], int]


def _sort(verb: Verb, kind: str) -> Sort:
    """Return under what limits a row's own write goes."""
    path = protocol.collection(kind)
    return VERBS[verb].method, path if VERBS[verb].makes else f"{path}/id"


_SHARED = _sort(Verb.ADD_MEMBER, GROUP)  # steps that are sent together


class ReadyRows:
    """Rows that wait for a worker; `room` says how many workers rows may have whose writes are of a method and path."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._waiting: defaultdict[Sort, list[int]] = defaultdict(list)
        self._at_work: Counter[Sort] = Counter()

    def add(self, row: Row) -> None:
        """Take in a row that can move."""
        heappush(self._waiting[_sort(row.operation.verb, row.operation.type)], row.number)

    def take(self) -> int | None:
        """Return the earliest row for which there is room; None where there is none."""
        free = [sort for sort, rows in self._waiting.items() if rows and self.has_room(sort)]
        if not free:
            return None
        return heappop(self._waiting[min(free, key=lambda sort: self._waiting[sort][0])])

    def has_room(self, sort: Sort = _SHARED) -> bool:
        """Return whether one more worker may work on such rows; without a sort, on steps that are sent together."""
        at_work = self._at_work[sort]
        return not at_work or at_work < self._room(*sort)

    @contextmanager
    def at_work(self, row: Row | None) -> Iterator[None]:
        """Count a worker while it works on a row, or on steps that are sent together; not where it ends by an error."""
        sort = _SHARED if row is None else _sort(row.operation.verb, row.operation.type)
        self._at_work[sort] += 1
        yield
        self._at_work[sort] -= 1
