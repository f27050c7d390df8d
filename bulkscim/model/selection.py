"""Which rows of a job file a run takes: as it was asked, and by their numbers."""

import base64
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RowSelection:
    """Which rows are taken; each condition narrows down what those before it leave.

    `where` is a filter over the records. `not_in` names runs of the same job file, whose rows are left out. `skip` is
    how many rows are left out after that, `sample` how many of the rest are chosen by `seed`, `limit` how many of these
    are taken. `with_needed`: also the rows that these refer to.
    """

    where: str = ""
    not_in: tuple[str, ...] = ()
    skip: int = 0
    sample: int | None = None
    seed: int | None = None
    limit: int | None = None
    with_needed: bool = False

    @property
    def is_every(self) -> bool:
        """Whether every row is taken."""
        return self == RowSelection(seed=self.seed)

    def flags(self) -> Iterator[object]:
        """Yield the flags that select these rows."""
        if self.where:
            yield from ("--where", self.where)
        for run in self.not_in:
            yield from ("--not-in", run)
        numbers = {"--skip": self.skip, "--sample": self.sample, "--seed": self.seed, "--limit": self.limit}
        for flag, number in numbers.items():
            if number is not None and (number or flag == "--seed"):
                yield from (flag, number)
        if self.with_needed:
            yield "--with-needed"


class TakenRows:
    """A set of row numbers, a bit for each row of the job file."""

    __slots__ = ("_bits",)

    def __init__(self, bits: bytes) -> None:
        self._bits = bits.rstrip(b"\0")

    @classmethod
    def of(cls, rows: Iterable[int]) -> "TakenRows":
        """Return the set of some rows."""
        bits = bytearray()
        for row in rows:
            place = (row - 1) >> 3
            if place >= len(bits):
                bits.extend(bytes(place + 1 - len(bits) + (len(bits) >> 3)))
            bits[place] |= 1 << ((row - 1) & 7)
        return cls(bytes(bits))

    @classmethod
    def first(cls, count: int) -> "TakenRows":
        """Return the set of the first rows."""
        return cls(b"\xff" * (count >> 3) + bytes([(1 << (count & 7)) - 1]))

    @classmethod
    def read(cls, text: str, rows: int) -> "TakenRows":
        """Return the set that a text holds; ValueError unless its last row is row `rows`."""
        unpacker, size = zlib.decompressobj(), (rows + 7) >> 3
        try:
            found = cls(unpacker.decompress(base64.b64decode(text, validate=True), size + 1))
        except zlib.error as error:
            raise ValueError(str(error)) from error
        if found.last != rows:
            raise ValueError(f"the last row that is taken is {found.last}, not {rows}")
        return found

    def text(self) -> str:
        """Return the set as a journal's header holds it."""
        return base64.b64encode(zlib.compress(self._bits, 9)).decode()

    @property
    def last(self) -> int:
        """The highest row; 0 where there is none."""
        return (len(self._bits) - 1) * 8 + self._bits[-1].bit_length() if self._bits else 0

    @property
    def has_gaps(self) -> bool:
        """Whether a row before the last one is not taken."""
        return len(self) != self.last

    def __contains__(self, row: int) -> bool:
        place = (row - 1) >> 3
        return 0 <= place < len(self._bits) and bool(self._bits[place] >> ((row - 1) & 7) & 1)

    def __iter__(self) -> Iterator[int]:
        for place, byte in enumerate(self._bits):
            if byte:
                yield from (place * 8 + bit + 1 for bit in range(8) if byte >> bit & 1)

    def __len__(self) -> int:
        return int.from_bytes(self._bits).bit_count()

    def __or__(self, other: "TakenRows") -> "TakenRows":
        size = max(len(self._bits), len(other._bits))
        both = int.from_bytes(self._bits, "little") | int.from_bytes(other._bits, "little")
        return TakenRows(both.to_bytes(size, "little"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TakenRows) and self._bits == other._bits

    def __hash__(self) -> int:
        return hash(self._bits)
