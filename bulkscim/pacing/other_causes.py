"""Whether 429s have other causes than the pace: then they come as often at a lower one (pure).

A pace that has held, or that passed before, is not too fast. Where such paces meet 429s again, each a lower one than before,
and what passes falls with the pace, it is not the pace that is limited. Under a limit as much passes at a lower pace.
"""

from dataclasses import dataclass, field
from math import inf

SAME = 1.02  # a pace is not faster than another one up to this factor
AGREE = 1.3  # two figures of what passes are the same up to this factor
_LOWER = 1.2  # times lower than the first pace, for certain
_TRIALS = 3  # 429s that tell of other causes
_BETWEEN = 8  # requests before each of them on average
_LAST_S = 1800.0  # how long that holds; each time twice as long
_CLOSE_ONES, _FEW = 3, 3  # so many 429s in a row, each with fewer requests before it, end it


@dataclass(frozen=True, slots=True)
class _Trial:
    """A 429 that a pace met though it is not too fast: the requests before it, and what passed in their time."""

    count: int
    figure: float


@dataclass(slots=True)
class OtherCauses:
    """What the 429s under one limit tell. `full` is the share of the limit before the first of these trials."""

    full: float = field(default=0.0, init=False)
    _first: float = field(default=0.0, init=False)  # the largest share at which a trial was
    _trials: list[_Trial] = field(default_factory=list, init=False)
    _until: float = field(default=-inf, init=False)
    _lasts_s: float = field(default=_LAST_S, init=False)
    _close_ones: int = field(default=0, init=False)  # 429s in a row that came after few requests

    @property
    def is_found(self) -> bool:
        """Whether there were other causes at some time."""
        return self._until > -inf

    def hold(self, now: float) -> bool:
        """Return whether 429s have other causes now."""
        return now < self._until and self._close_ones < _CLOSE_ONES

    def count(self, passed: int) -> None:
        """Note a 429 that came after so many requests."""
        self._close_ones = self._close_ones + 1 if passed < _FEW else 0

    def are_found(self, share: float, not_too_fast: float, passed: int, figure: float, now: float) -> bool:
        """Take in a 429 at a share of the limit; return whether it shows that there are other causes."""
        if share >= self.full:
            self.full, self._first, self._trials = share, 0.0, []
        if share > SAME * not_too_fast:
            return False
        self._first = max(self._first, share)
        self._trials = [*self._trials[1 - _TRIALS :], _Trial(passed, figure)]
        falls = AGREE * figure < max(one.figure for one in self._trials)
        enough = len(self._trials) == _TRIALS and sum(one.count for one in self._trials) >= _TRIALS * _BETWEEN
        if not (falls and enough and share * _LOWER <= self._first):
            return False
        self._until, self._lasts_s = now + self._lasts_s, 2 * self._lasts_s
        return True
