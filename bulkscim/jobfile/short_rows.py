"""Rows of a CSV file that have fewer cells than the header: are only empty last cells missing? (pure)

Spreadsheets and many reports write no delimiters behind the last filled cell of a row. A row that lost a delimiter
further left is short as well, and its cells stand in the wrong columns. A short row is filled up with empty cells if

1. each missing column is empty in another row too, so that none of them is always filled, and
2. no cell has a form (address, number, yes or no, other text) that no complete row has in that column.

Both need the whole file, which is read for it once, when the first short row is met.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

_SAMPLE = 20_000  # complete rows whose cells are looked at
_ADDRESS, _NUMBER, _SWITCH, _TEXT = 1, 2, 4, 8
_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")
_SWITCHES = frozenset({"true", "false", "yes", "no", "y", "n"})


@dataclass(slots=True)
class ShortRows:
    """What is known of a file's short rows; `is_known` after the whole file was added."""

    is_known: bool = False
    _empty: list[int] = field(default_factory=list)  # rows with nothing in each column, up to two
    _forms: list[int] = field(default_factory=list)
    _complete: int = 0
    _short: Counter[tuple[int, ...]] = field(default_factory=Counter)

    def learn(self, width: int, rows: Iterable[Sequence[str]]) -> None:
        """Add all rows of a file whose header has so many columns."""
        self._forms, self._empty = [0] * width, [0] * width
        undecided = list(range(width))  # columns of which no two empty cells were seen
        for cells in rows:
            count = len(cells)
            for index in undecided:
                if index >= count or not cells[index] or cells[index].isspace():
                    self._empty[index] += 1
                    if self._empty[index] > 1:
                        undecided = [each for each in undecided if each != index]
            if count < width:
                self._short[tuple(map(_form, cells))] += 1
            elif self._complete < _SAMPLE:
                self._complete += 1
                self._forms = [known | _form(cell) for known, cell in zip(self._forms, cells, strict=False)]
        self.is_known = True

    def may_fill(self, cells: Sequence[str]) -> bool:
        """Return whether a short row lacks nothing but empty last cells."""
        return self._fits(tuple(map(_form, cells)))

    @property
    def notes(self) -> tuple[str, ...]:
        """What to say of the rows that are filled up."""
        count = sum(count for forms, count in self._short.items() if self._fits(forms))
        if not count:
            return ()
        if count == 1:
            return ("1 row is shorter than the header; its last cells are taken as empty",)
        return (f"{count:,} rows are shorter than the header; their last cells are taken as empty",)

    def _fits(self, forms: tuple[int, ...]) -> bool:
        return min(self._empty[len(forms) :]) > 1 and all(  # the row itself is one of them
            not form or not known or form & known for form, known in zip(forms, self._forms, strict=False)
        )


Learn = Callable[[], ShortRows]


def _form(cell: str) -> int:
    """Return the form of a cell's text; 0 for an empty one."""
    text = cell.strip()
    if not text:
        return 0
    if "@" in text:
        return _ADDRESS
    if _LETTER.search(text):
        return _SWITCH if text.lower() in _SWITCHES else _TEXT
    return _NUMBER if _DIGIT.search(text) else _TEXT
