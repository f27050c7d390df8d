"""Where every row stands, folded from the journal's entries.

    a row that is    started   applied   refused   lost   settled   reopened
    pending          started      -         -        -    a state      -
    started             -      pending   pending   lost      -         -
    lost                -      pending   pending     -       -         -
    failed, skipped     -         -         -        -       -      pending
    done, adopted,
    noop                -         -         -        -       -         -

Rule 1: what is not in the table is damage, named with row and step.
Rule 2: a row has at most one open step (started or lost), and only that step's number can end it.
Rule 3: a row with an open step is in doubt; nothing else is, and `in_doubt` is never written.
Rule 4: one byte and one offset a row; only open steps cost more.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from bulkscim.errors import JournalDamaged
from bulkscim.journal.entries import Entry, Kind, Word
from bulkscim.model.row import RowState
from bulkscim.model.run import Counters, Totals

# The byte of a row. Those below _DONE are not settled.
_PENDING, _STARTED, _LOST, _DONE, _ADOPTED, _NOOP, _FAILED, _SKIPPED = range(8)

_STATES = (
    RowState.PENDING,
    RowState.IN_DOUBT,
    RowState.IN_DOUBT,
    RowState.DONE,
    RowState.ADOPTED,
    RowState.NOOP,
    RowState.FAILED,
    RowState.SKIPPED,
)
_OPEN = frozenset({_STARTED, _LOST})

_TABLE: dict[Word, dict[int, int]] = {
    Kind.STARTED: {_PENDING: _STARTED},
    Kind.APPLIED: {_STARTED: _PENDING, _LOST: _PENDING},
    Kind.REFUSED: {_STARTED: _PENDING, _LOST: _PENDING},
    Kind.LOST: {_STARTED: _LOST},
    RowState.DONE: {_PENDING: _DONE},
    RowState.ADOPTED: {_PENDING: _ADOPTED},
    RowState.NOOP: {_PENDING: _NOOP},
    RowState.FAILED: {_PENDING: _FAILED},
    RowState.SKIPPED: {_PENDING: _SKIPPED},
    Kind.REOPENED: {_FAILED: _PENDING, _SKIPPED: _PENDING},
}
_NEVER = 255


@dataclass(frozen=True, slots=True)
class Moves:
    """A column of the table: where a row goes from each byte. A fold finds it once for each line."""

    word: Word
    table: bytes


MOVES = {
    word: Moves(word, bytes(column.get(byte, _NEVER) for byte in range(len(_STATES))))
    for word, column in _TABLE.items()
}


class Standing(NamedTuple):
    """Where one row stands: its byte, its open step (0: none), and the offset of its last line (0: none)."""

    byte: int = _PENDING
    step: int = 0
    offset: int = 0

    @property
    def told(self) -> str:
        """The standing for people."""
        return f"step {self.step}, which is open" if self.step else str(_STATES[self.byte])


@dataclass(frozen=True, slots=True)
class LedgerSnapshot:
    """A ledger as a checkpoint keeps it; `offsets` are unsigned 64-bit in this machine's byte order."""

    states: bytes | memoryview
    offsets: "bytes | memoryview | array[int]"
    open_steps: dict[int, int]
    step: int
    counters: Counters


def following(now: Standing, entry: Entry, offset: int) -> Standing | None:
    """Return how a row stands after an entry that is written at `offset`; None where it cannot follow."""
    moves = MOVES.get(entry.word)
    byte = _follow(now.byte, now.step, moves, entry.step) if moves else _NEVER
    if byte == _NEVER:
        return None
    return Standing(byte, entry.step if byte in _OPEN else 0, offset)


def _follow(byte: int, open_step: int, moves: Moves, step: int) -> int:
    """Return the byte of a row after a move, or _NEVER."""
    return moves.table[byte] if open_step in (0, step) else _NEVER


def _as_array(offsets: "bytes | memoryview | array[int]") -> "array[int]":
    """Return offsets as an array; one that is an array already is taken over. ValueError where half of one is left."""
    if isinstance(offsets, array):
        return offsets
    kept = array("Q")
    kept.frombytes(offsets)
    return kept


class Ledger:
    """The state of each row of a run, the offset of its last line, and the totals."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.step = 0  # the highest number so far
        self.counters = Counters()
        self._states = bytearray(rows)
        self._offsets = array("Q", [0]) * rows  # from bytes it would keep room to grow
        self._open: dict[int, int] = {}
        self._counts = [rows, 0, 0, 0, 0, 0, 0, 0]

    @classmethod
    def restore(cls, kept: LedgerSnapshot) -> "Ledger":
        """Return the ledger that a checkpoint kept; ValueError if its parts do not fit together."""
        ledger = cls(0)
        ledger.rows = len(kept.states)
        ledger._states, ledger._offsets = bytearray(kept.states), _as_array(kept.offsets)
        ledger._counts = counts = [ledger._states.count(byte) for byte in range(len(_STATES))]
        ledger._open = dict(kept.open_steps)
        if (
            len(ledger._offsets) != ledger.rows
            or sum(counts) != ledger.rows
            or len(ledger._open) != counts[_STARTED] + counts[_LOST]
            or not all(ledger.standing(row).byte in _OPEN for row in ledger._open)
        ):
            raise ValueError("the parts of a kept ledger do not fit together")
        ledger.step, ledger.counters = kept.step, kept.counters
        return ledger

    def kept(self) -> LedgerSnapshot:
        """Return all that `restore` needs: views, so good only while nothing is applied."""
        states, offsets = memoryview(self._states), memoryview(self._offsets).cast("B")
        return LedgerSnapshot(states, offsets, dict(self._open), self.step, self.counters)

    def apply(self, entry: Entry, offset: int) -> None:
        """Take in an entry whose line begins at `offset`; JournalDamaged if it cannot follow."""
        if entry.rows:
            moves = MOVES[entry.word]
            for row, _ in entry.rows:
                self.move(row, moves, entry.step, offset)
        self.counters += entry.counters

    def move(self, row: int, moves: Moves, step: int, offset: int) -> None:
        """Move one row by one entry; JournalDamaged if the table has no such move."""
        index = row - 1
        if not 0 <= index < self.rows:
            raise JournalDamaged(f"row {row}, step {step}: the run has {self.rows} rows")
        before = self._states[index]
        after = _follow(before, self._open.get(row, 0), moves, step)
        if after == _NEVER:
            told = self.standing(row).told
            raise JournalDamaged(f"row {row}, step {step}: {moves.word} cannot follow {told}")
        if after in _OPEN:
            self._open[row] = step
            self.step = max(self.step, step)
        elif before in _OPEN:
            del self._open[row]
        self._states[index] = after
        self._offsets[index] = offset
        self._counts[before] -= 1
        self._counts[after] += 1

    def state(self, row: int) -> RowState:
        """Return where a row stands."""
        return _STATES[self._states[self._index(row)]]

    def is_settled(self, row: int) -> bool:
        """Whether a row has ended: neither pending nor in doubt."""
        return self._states[self._index(row)] >= _DONE

    def is_open(self, row: int) -> bool:
        """Whether a row has a step that was started and has no known end."""
        return row in self._open

    def last_offset(self, row: int) -> int:
        """Return where the row's last line begins; 0 where it has none."""
        return self._offsets[self._index(row)]

    def standing(self, row: int) -> Standing:
        """Return all that is known of a row; ValueError if the run has no such row."""
        index = self._index(row)
        return Standing(self._states[index], self._open.get(row, 0), self._offsets[index])

    def open_rows(self) -> Iterator[int]:
        """Return the rows in doubt, in row order, as they are now."""
        return iter(sorted(self._open))

    @property
    def sent_anything(self) -> bool:
        """Whether any step was ever started."""
        return self.step > 0

    def totals(self) -> Totals:
        """Return how many rows stand where; `rows` is always their sum."""
        counts, counters = self._counts, self.counters
        return Totals(
            rows=self.rows,
            done=counts[_DONE],
            adopted=counts[_ADOPTED],
            noop=counts[_NOOP],
            failed=counts[_FAILED],
            skipped=counts[_SKIPPED],
            in_doubt=counts[_STARTED] + counts[_LOST],
            pending=counts[_PENDING],
            requests=counters.requests,
            retries=counters.retries,
            throttled=counters.throttled,
        )

    def _index(self, row: int) -> int:
        """Return a row's place; a negative index would name another row."""
        if not 0 < row <= self.rows:
            raise ValueError(f"row {row}: the run has {self.rows} rows")
        return row - 1
