"""Where every row stands, folded from the journal's entries.

    a row that is    started   applied   refused   lost   settled   reopened
    pending          started      -         -        -    a state      -
    started             -      pending   pending   lost      -         -
    lost                -      pending   pending     -       -         -
    failed, skipped     -         -         -        -       -      pending
    done, adopted,
    noop                -         -         -        -       -         -

Rule 1: what is not in the table is damage, named with row and step.
Rule 2: a row may have several open steps (started or lost), in format 1 one; only a step's own number ends it, and the
        row settles when none is open.
Rule 3: a row with an open step is in doubt; nothing else is, and `in_doubt` is never written.
Rule 4: one byte and one offset a row; only open steps cost more.
Rule 5: a line may end a step and its row: it moves the row as the two entries one after the other.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bulkscim.errors import JournalDamaged
from bulkscim.journal.entries import Entry, Kind, Word
from bulkscim.model.row import SETTLED, RowState
from bulkscim.model.run import Counters, Totals

# The byte of a row. Those below _DONE are not settled; _OUT is a row that the run does not take.
_PENDING, _STARTED, _LOST, _DONE, _ADOPTED, _NOOP, _FAILED, _SKIPPED, _OUT = range(9)

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
    """A column of the table: where a row or its open step goes from each byte. A fold finds it once for each line."""

    words: tuple[Word, ...]
    table: bytes

    @property
    def told(self) -> str:
        """What moves the row, for people."""
        return ", then ".join(self.words)


def _moves(*words: Word) -> Moves:
    """Return a column, or that of two entries one after the other."""
    table = []
    for byte in range(_OUT + 1):
        for word in words:
            byte = _TABLE[word].get(byte, _NEVER)  # noqa: PLW2901 - where the row is after each of them
        table.append(byte)
    return Moves(words, bytes(table))


MOVES: dict[tuple[Word, ...], Moves] = {
    words: _moves(*words)
    for words in (
        *((word,) for word in _TABLE),
        *((end, state) for end in (Kind.APPLIED, Kind.REFUSED) for state in SETTLED),
    )
}


class OpenStep(NamedTuple):
    """A step of a row that has no known end, and its byte."""

    number: int
    byte: int


class Standing(NamedTuple):
    """Where one row stands: its byte, its open steps, and the offset of its last line (0: none)."""

    byte: int = _PENDING
    open: tuple[OpenStep, ...] = ()
    offset: int = 0

    @property
    def told(self) -> str:
        """The standing for people."""
        if not self.open:
            return "not taken" if self.byte == _OUT else str(_STATES[self.byte])
        numbers = ", ".join(str(each.number) for each in self.open)
        return f"step {numbers}, which is open" if len(self.open) == 1 else f"steps {numbers}, which are open"


@dataclass(frozen=True, slots=True)
class LedgerSnapshot:
    """A ledger as a checkpoint keeps it; `offsets` are unsigned 64-bit in this machine's byte order."""

    states: bytes | memoryview
    offsets: "bytes | memoryview | array[int]"
    open_steps: dict[int, tuple[OpenStep, ...]]
    step: int
    counters: Counters


def following(now: Standing, told: Sequence[Entry], offset: int, *, several: bool) -> Standing | None:
    """Return how a row stands after a line at `offset` with these entries; None where it cannot follow.

    `several`: a row may have several open steps.
    """
    moves = MOVES.get(tuple(entry.word for entry in told))
    after = _follow(now.byte, now.open, moves, told[0].step, several=several) if moves else None
    return None if after is None else Standing(*after, offset)


def _follow(
    byte: int, open_steps: tuple[OpenStep, ...], moves: Moves, step: int, *, several: bool
) -> tuple[int, tuple[OpenStep, ...]] | None:
    """Return byte and open steps of a row after a move; None where the table has no such move."""
    if not open_steps:
        after = moves.table[byte]
        if after == _NEVER:
            return None
        return after, (OpenStep(step, after),) if after in _OPEN else ()
    own = next((each.byte for each in open_steps if each.number == step), None)
    others = tuple(each for each in open_steps if each.number != step)
    if own is None and not several:
        return None
    after = moves.table[_PENDING if own is None else own]
    if after in _OPEN:
        others = (*others, OpenStep(step, after))
    elif after != _PENDING and (after == _NEVER or others):
        return None
    return (min(each.byte for each in others), others) if others else (after, ())


def _as_array(offsets: "bytes | memoryview | array[int]") -> "array[int]":
    """Return offsets as an array; one that is an array already is taken over. ValueError where half of one is left."""
    if isinstance(offsets, array):
        return offsets
    kept = array("Q")
    kept.frombytes(offsets)
    return kept


class Ledger:
    """The state of each row of a run, the offset of its last line, and the totals.

    `rows` is the number of the last one; `taken` are those of the run, where it does not take all up to there.
    """

    def __init__(self, rows: int, *, several: bool = True, taken: Iterable[int] | None = None) -> None:
        self.rows = rows
        self.several = several  # whether a row may have several open steps
        self.step = 0  # the highest number so far
        self.counters = Counters()
        self._states = bytearray(rows)
        self._offsets = array("Q", [0]) * rows  # from bytes it would keep room to grow
        self._open: dict[int, tuple[OpenStep, ...]] = {}
        if taken is not None:
            self._states = bytearray(bytes([_OUT])) * rows
            for row in taken:
                self._states[row - 1] = _PENDING
        pending = self._states.count(_PENDING)
        self._counts = [pending, 0, 0, 0, 0, 0, 0, 0, rows - pending]

    @classmethod
    def restore(cls, kept: LedgerSnapshot, *, several: bool = True) -> "Ledger":
        """Return the ledger that a checkpoint kept; ValueError if its parts do not fit together."""
        ledger = cls(0, several=several)
        ledger.rows = len(kept.states)
        ledger._states, ledger._offsets = bytearray(kept.states), _as_array(kept.offsets)
        ledger._counts = counts = [ledger._states.count(byte) for byte in range(_OUT + 1)]
        ledger._open = dict(kept.open_steps)
        if (
            len(ledger._offsets) != ledger.rows
            or sum(counts) != ledger.rows
            or len(ledger._open) != counts[_STARTED] + counts[_LOST]
            or not all(ledger.standing(row).byte in _OPEN and steps for row, steps in ledger._open.items())
        ):
            raise ValueError("the parts of a kept ledger do not fit together")
        ledger.step, ledger.counters = kept.step, kept.counters
        return ledger

    def kept(self) -> LedgerSnapshot:
        """Return all that `restore` needs: views, so good only while nothing is applied."""
        states, offsets = memoryview(self._states), memoryview(self._offsets).cast("B")
        return LedgerSnapshot(states, offsets, dict(self._open), self.step, self.counters)

    def apply(self, told: Sequence[Entry], offset: int) -> None:
        """Take in the entries of a line that begins at `offset`; JournalDamaged if it cannot follow."""
        first = told[0]
        if first.rows:
            moves = MOVES[tuple(entry.word for entry in told)]
            for row, _ in first.rows:
                self.move(row, moves, first.step, offset)
        for entry in told:
            self.counters += entry.counters

    def move(self, row: int, moves: Moves, step: int, offset: int) -> None:
        """Move one row by one entry; JournalDamaged if the table has no such move."""
        index = row - 1
        if not 0 <= index < self.rows:
            raise JournalDamaged(f"row {row}, step {step}: the run has {self.rows} rows")
        before = self._states[index]
        follows = _follow(before, self._open.get(row, ()), moves, step, several=self.several)
        if follows is None:
            told = self.standing(row).told
            raise JournalDamaged(f"row {row}, step {step}: {moves.told} cannot follow {told}")
        after, open_steps = follows
        if open_steps:
            self._open[row] = open_steps
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

    def takes(self, row: int) -> bool:
        """Whether the run has this row."""
        return 0 < row <= self.rows and self._states[row - 1] != _OUT

    def numbers(self) -> Iterator[int]:
        """Yield the rows of the run, in row order."""
        return (place + 1 for place in range(self.rows) if self._states[place] != _OUT)

    def is_pending(self, row: int) -> bool:
        """Whether the run has this row, and it is still to be done."""
        return 0 < row <= self.rows and self._states[row - 1] == _PENDING

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
        return Standing(self._states[index], self._open.get(row, ()), self._offsets[index])

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
            rows=self.rows - counts[_OUT],
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
        if self._states[row - 1] == _OUT:
            raise ValueError(f"row {row}: the run does not take it")
        return row - 1
