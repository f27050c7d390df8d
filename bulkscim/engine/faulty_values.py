"""Values that a tenant answers with a 5xx each time, remembered for the run (pure).

What a step sets is suspected where its row has used up its attempts, or where several rows in a row that all set it
were answered so: the breaker does not count such an answer. Where two rows that set it have used up their attempts,
each further row fails at its first. A value that has ever taken effect is not suspected, and nothing is as long as no
change has taken effect.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import orjson

from bulkscim.model.step import Step

MOST_WORKING = 20_000  # values that took effect and are remembered, the latest
MOST_FAULTY = 1_000
MOST_OF_A_STEP = 100
ROWS = 3  # rows in a row that share a value
ANSWERS = 8  # answers to them
MOST_IN_A_ROW = 100  # such answers without any change that takes effect between them


class FaultyValues:
    """The values of one run, as hashes: what they are is kept nowhere."""

    def __init__(self) -> None:
        self._working: OrderedDict[int, None] = OrderedDict()
        self._faulty: OrderedDict[int, tuple[int, ...]] = (
            OrderedDict()
        )  # with rows that have used up their attempts
        self._shared: set[int] = set()  # by all steps of the present sequence of faults
        self._rows: set[int] = set()
        self._answers = 0
        self._in_a_row = 0

    def worked(self, step: Step) -> None:
        """Take in a step that took effect."""
        for one in _values(step):
            self._faulty.pop(one, None)
            self._working[one] = None
            self._working.move_to_end(one)
        _cut(self._working, MOST_WORKING)
        self._rows, self._answers, self._in_a_row = set(), 0, 0

    def explains(self, row: int, step: Step) -> bool:
        """Take in a 5xx to a step that was not applied; tell whether a value of it is known to bring that about."""
        values = set(_values(step))
        if values & self._faulty.keys():
            self._in_a_row += 1
            return self._in_a_row <= MOST_IN_A_ROW
        self._shared = values & self._shared if self._rows else values
        self._rows.add(row)
        self._answers += 1
        if len(self._rows) >= ROWS and self._answers >= ANSWERS:
            self._suspect(self._shared, ())
        if not self._shared:
            self._rows, self._answers = set(), 0
        return bool(values & self._faulty.keys())

    def holds(self, step: Step) -> bool:
        """Return whether a step sets a value that two rows have used up their attempts by."""
        return bool(self._faulty) and any(len(self._faulty.get(one, ())) > 1 for one in _values(step))

    def used_up(self, row: int, step: Step) -> None:
        """Take in a step whose row was answered so each time."""
        self._suspect(_values(step), (row,))

    def _suspect(self, values: Iterable[int], rows: tuple[int, ...]) -> None:
        if not self._working:
            return
        for one in values:
            if one not in self._working:
                known = self._faulty.get(one, ())
                self._faulty[one] = known if len(known) > 1 or rows == known else known + rows
        _cut(self._faulty, MOST_FAULTY)


def _cut(kept: OrderedDict[int, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)


def _values(step: Step) -> Iterator[int]:
    """Yield what a step sets, and the resource that it changes; of a long list only the beginning."""
    return islice(_all_values(step), MOST_OF_A_STEP)


def _all_values(step: Step) -> Iterator[int]:
    if step.id is not None:
        yield hash((step.type, step.id))
    for name, value in step.body.items():
        yield from _leaves(name.lower(), value)
    for change in step.changes:
        yield from _leaves(change.path.lower(), change.after)


def _leaves(path: str, value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(f"{path}.{name.lower()}", part)
    elif isinstance(value, list):
        for element in value:
            yield from _leaves(path, element)
    else:
        yield hash((path, orjson.dumps(value)))
