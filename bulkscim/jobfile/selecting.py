"""Choose the rows of a job file: those that a filter fits, without other runs' rows, without the first, a sample, a limit."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice

from bulkscim.jobfile.reading import count
from bulkscim.jobfile.source import JobSource
from bulkscim.jobfile.where import Where
from bulkscim.model.operation import Defaults
from bulkscim.model.selection import RowSelection, TakenRows

_BITS = 64


@dataclass(frozen=True, slots=True)
class Selected:
    """The rows that are taken, and how many were left by each condition: the file's, those that fit, those not in other runs."""

    rows: TakenRows
    records: int
    fitting: int
    left: int

    def told(self, asked: RowSelection) -> str:
        """Say of how many rows these are."""
        steps = [f"{self.records:,} in the file"]
        steps += [f"{self.fitting:,} fit --where"] if asked.where else []
        steps += [f"{self.left:,} of these are not in the runs of --not-in"] if asked.not_in else []
        return ", ".join(steps)


def select(
    source: JobSource, defaults: Defaults, asked: RowSelection, others: Sequence[TakenRows]
) -> Selected:
    """Return the rows that are asked for; `others` are those of the runs in `not_in`. UsageError for a wrong filter."""
    if asked.where:
        every = Where(asked.where).fitting(source, defaults)
        records, fitting = _split(every)
    else:
        records = count(source)
        fitting = TakenRows.first(records)
    left = (
        TakenRows.of(row for row in fitting if not any(row in one for one in others)) if others else fitting
    )
    rows: Iterable[int] = islice(left, asked.skip, None)
    if asked.sample is not None:
        rows = sampled(rows, max(0, len(left) - asked.skip), asked.sample, asked.seed or 0)
    return Selected(TakenRows.of(islice(rows, asked.limit)), records, len(fitting), len(left))


def _split(found: Iterable[tuple[int, bool]]) -> tuple[int, TakenRows]:
    """Return the last number, and the rows that fit."""
    last = 0

    def fits() -> Iterator[int]:
        nonlocal last
        for last, fitting in found:
            if fitting:
                yield last

    rows = TakenRows.of(fits())
    return last, rows


def sampled(rows: Iterable[int], count: int, size: int, seed: int) -> Iterator[int]:
    """Yield `size` of `count` rows by a seed, each with the same chance, in row order.

    The same rows and seed give the same sample everywhere: chance comes from a hash of the two.
    """
    for place, row in enumerate(rows):
        if size <= 0:
            return
        chance = int.from_bytes(blake2b(f"{seed} {row}".encode(), digest_size=_BITS // 8).digest())
        if chance * (count - place) < size << _BITS:
            size -= 1
            yield row
