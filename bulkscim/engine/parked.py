"""Why a row under way is not running: one reason for each row, and which rows go on when the reason is gone."""

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from bulkscim.model.live import Need
from bulkscim.model.operation import Key
from bulkscim.planning.order import Lanes


@dataclass(frozen=True, slots=True)
class BehindLane:
    """An earlier row has a claim on what this one needs."""

    need: Need


@dataclass(frozen=True, slots=True)
class BehindName:
    """An earlier row has a claim on a name whose id is not known yet: it may be the same resource."""

    need: Need


@dataclass(frozen=True, slots=True)
class ForRow:
    """Another row has not made yet what this one refers to."""

    row: int


@dataclass(frozen=True, slots=True)
class ForResource:
    """Another row changes the same resource right now, which no claim of the two has told."""

    key: Key


@dataclass(frozen=True, slots=True)
class Resting:
    """The tenant may not show yet what the run has just created; a timer wakes the row."""


Reason = BehindLane | BehindName | ForRow | ForResource | Resting


class ParkedRows:
    """The parked rows of one pass, each with its reason; they are found by the reason too."""

    def __init__(self) -> None:
        self._reasons: dict[int, Reason] = {}
        self._waiting: dict[Reason | type[Reason], list[int]] = {}  # in order

    def __bool__(self) -> bool:
        return bool(self._reasons)

    def park(self, row: int, reason: Reason) -> None:
        """Note why a row that was running does not go on."""
        self._reasons[row] = reason
        insort(self._waiting.setdefault(_event(reason), []), row)

    def take(self, rows: Iterable[int]) -> set[int]:
        """Return those of some rows that are parked; they are not any more."""
        taken = self._reasons.keys() & set(rows)
        for row in taken:
            event = _event(self._reasons.pop(row))
            self._waiting[event].remove(row)
            if not self._waiting[event]:
                del self._waiting[event]
        return taken

    def waiting(self, reason: ForRow | ForResource) -> list[int]:
        """Return the rows that are parked for this reason."""
        return list(self._waiting.get(reason, ()))

    def seen(self, lanes: Lanes) -> list[int]:
        """Return the rows that no name hides any more; behind a name still hidden, later ones of its kind are too."""
        found: list[int] = []
        still: set[tuple[str, frozenset[str]]] = set()
        for row in self._waiting.get(BehindName, ()):
            reason = self._reasons[row]
            assert isinstance(reason, BehindName)  # noqa: S101 - that is what the list holds
            kind = lanes.kind(row, reason.need)
            if kind in still:
                continue
            if not lanes.hidden(row, reason.need):
                found.append(row)
            elif kind:
                still.add(kind)
        return found

    def first_for_row(self) -> tuple[int, int] | None:
        """Return the earliest row that waits for another row, and that row."""
        return min(
            ((row, one.row) for row, one in self._reasons.items() if isinstance(one, ForRow)), default=None
        )

    @property
    def some_rest(self) -> bool:
        """Whether a timer will wake a row."""
        return Resting in self._waiting


def _event(reason: Reason) -> Reason | type[Reason]:
    """Return by what the rows are found that are parked for this reason."""
    match reason:
        case ForRow() | ForResource():
            return reason
        case BehindLane() | BehindName() | Resting():
            return type(reason)
        case _:
            assert_never(reason)
