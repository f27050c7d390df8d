"""Rows of a CSV file that have fewer cells than the header: are only empty last cells missing? (pure)

Spreadsheets and many reports write no delimiters behind the last filled cell of a row. A row that lost a delimiter
further left is short as well, and its cells stand in the wrong columns. A short row is filled up with empty cells if

1. each missing column is empty in another row too, so that none of them is always filled, and
2. no cell has a form (address, number, yes or no, other text) that no complete row has in that column.

Both need the whole file, which is read for it once, when the first short row is met.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

_SAMPLE = 20_000  # complete rows whose cells are looked at
_ADDRESS, _NUMBER, _SWITCH, _TEXT = 1, 2, 4, 8
_SWITCHES = frozenset({"true", "false", "yes", "no", "y", "n"})


@dataclass(slots=True)
class ShortRows:
    """What is known of a file's short rows; `is_known` after the whole file was added."""

    is_known: bool = False
    _empty: list[int] = field(default_factory=list)  # rows with nothing in each column
    _forms: list[int] = field(default_factory=list)
    _complete: int = 0
    _short: Counter[tuple[int, ...]] = field(default_factory=Counter)

    def learn(self, width: int, rows: Iterable[Sequence[str]]) -> None:
        """Add all rows of a file whose header has so many columns."""
        self._forms, self._empty = [0] * width, [0] * width
        for cells in rows:
            for index, cell in enumerate(cells[:width]):
                if not cell or cell.isspace():
                    self._empty[index] += 1
            if len(cells) < width:
                self._short[tuple(map(_form, cells))] += 1
                for index in range(len(cells), width):
                    self._empty[index] += 1
            elif self._complete < _SAMPLE:
                self._complete += 1
                self._forms = [known | _form(cell) for known, cell in zip(self._forms, cells, strict=False)]
        self.is_known = True

    def may_fill(self, cells: Sequence[str]) -> bool:
        """Tell whether a short row lacks nothing but empty last cells."""
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
    if text.lower() in _SWITCHES:
        return _SWITCH
    has_digits = any(map(str.isdigit, text))
    return _NUMBER if has_digits and not any(map(str.isalpha, text)) else _TEXT
