"""How fast to send under one limit: as it is stated, until the tenant's answers show what really passes (pure).

What passed before a 429 says more than the limit that was assumed. With the wait after it, it is what the limit lets through,
if the wait is the rest of the limit's window. A wait may also be longer than that, so two such figures must agree before
less than half of the pace is believed. Where the pace had held for long, a single 429 is a stray one: others may use the
limit as well, or two requests came closer together than they left. It costs its wait alone.

After a 429 the pace that had held comes back, and from there it goes up in steps towards the one that was too fast: each
when the last has held for as long as a whole window may be. Where the next step would be small, it is seldom tried.

A pace that has held, or that passed before, is not too fast. Where such a pace meets a 429, and half of it does again, the
429s have other causes: the first pace comes back, and for a while each 429 costs its wait alone.
"""

from dataclasses import dataclass, field
from math import inf

SLOWEST_S = 60.0  # between two requests: less than an hourly limit of 100 allows
_MANY = 20  # requests without a 429 that let the next one be a stray one
_SAME = 1.02  # a pace is not faster than another one up to this factor
_AGREE = 1.3  # two figures of what passes are the same up to this factor
_STEP = 0.25  # of the way up to what was too fast
_CLOSE = 1.1  # what was too fast is so little more than what held that it is seldom worth another 429
_SELDOM_S = 300.0
_UNASKED_S, _MOST_UNASKED_S = 0.5, 30.0
_TRIALS = 3  # 429s that tell of other causes
_BETWEEN = 8  # requests before each of them on average
_OTHERS_S = 1800.0  # how long that holds; each time twice as long
_CLOSE_ONES, _FEW = 3, 3  # so many 429s in a row, each with fewer requests before it, end it


@dataclass(slots=True)
class LearnedPace:
    """The pace under one limit, as a share of the limit; times are monotonic seconds.

    `window_s` is the limit's, `per_second` the limit itself. `quiet_s` without a 429 are the evidence that a faster pace can be
    tried. `top` is the largest share that may be tried.
    """

    per_second: float
    window_s: float
    quiet_s: float
    now: float
    top: float = 1.0
    share: float = 1.0
    _in_vain: int = field(default=0, init=False)  # 429s since anything passed
    _too_fast: float = field(default=inf, init=False)  # the share at which the last 429 came that counted
    _held: float = field(default=0.0, init=False)  # the largest share that went through a whole stretch
    _passed: int = field(default=0, init=False)  # answers since the way was opened
    _opened_at: float = field(default=0.0, init=False)
    _since: float = field(default=0.0, init=False)  # when the share was set
    _slowed_at: float = field(default=-inf, init=False)
    _counted: int = field(default=0, init=False)  # answers of the last stretch that let any pass
    _counted_from: float = field(default=0.0, init=False)
    _figure: float = field(
        default=inf, init=False
    )  # what passed before the last 429 that counted, as a share
    _longest_s: float = field(
        default=0.0, init=False
    )  # from the opening of the way to its opening after a 429
    _seldom_until: float = field(default=-inf, init=False)
    _full: float = field(default=0.0, init=False)  # the share before the first of `_trials`
    _trials: list[int] = field(
        default_factory=list, init=False
    )  # requests before each 429 that should not come
    _first: float = field(default=0.0, init=False)  # the largest share at which one came
    _others_until: float = field(default=-inf, init=False)  # until when 429s have other causes
    _others_s: float = field(default=_OTHERS_S, init=False)
    _close_ones: int = field(default=0, init=False)  # 429s in a row that came after few requests

    def __post_init__(self) -> None:
        self._opened_at = self._since = self.now

    @property
    def slowest(self) -> float:
        """The least share to go on with."""
        return min(1.0, 1 / (SLOWEST_S * self.per_second))

    def unasked_s(self, sent_at: float) -> float:
        """Return how long to wait after a 429 that does not say so, to a request that was sent then.

        Each in a row doubles it; those that were under way together are one.
        """
        earlier = self._in_vain - (sent_at <= self._slowed_at)
        return min(_MOST_UNASKED_S, _UNASKED_S * 2.0**earlier)

    def throttled(self, sent_at: float, now: float, wait_s: float) -> bool:
        """Take in a 429 to a request that was sent then; return whether the pace is another one now."""
        if sent_at <= self._slowed_at:
            return False  # it was under way when another one was throttled

        has_passed = self._passed > 0
        if has_passed:
            self._counted, self._counted_from = self._passed, self._opened_at
        self._passed, self._opened_at = 0, now + wait_s
        self._in_vain += 1
        was_alone = now - self._slowed_at > _SELDOM_S and self._counted >= _MANY
        self._slowed_at = now
        if was_alone and now - self._since >= 2 * self.window_s:
            return False
        if has_passed:
            self._close_ones = self._close_ones + 1 if self._counted < _FEW else 0
        if now < self._others_until and self._close_ones < _CLOSE_ONES:
            return False
        if has_passed and self._has_other_causes():
            self._others_until, self._others_s = now + self._others_s, 2 * self._others_s
            self._held, self._too_fast, self._figure = self._full, inf, inf
            self._set(self._full, self._opened_at)
            return True
        return self._slow(self._figure_at(self._opened_at), self._opened_at)

    def _has_other_causes(self) -> bool:
        """Return whether paces that are not too fast have met 429s, down to half of the first."""
        if self.share >= self._full:
            self._full, self._first, self._trials = self.share, 0.0, []
        if self.share > _SAME * max(self._held, self._figure if self._figure < inf else 0.0):
            return False
        self._first = max(self._first, self.share)
        self._trials = [*self._trials[1 - _TRIALS :], self._counted]
        return self.share * 2 <= self._first and sum(self._trials) >= _TRIALS * _BETWEEN

    def _figure_at(self, now: float) -> float:
        """Return what passed in the last stretch that let anything pass, with the waits after it, as a share of the limit."""
        stretch_s = max(now - self._counted_from, 1 / self.per_second)
        self._longest_s = max(self._longest_s, stretch_s)
        return self._counted / stretch_s / self.per_second

    def _slow(self, figure: float, now: float) -> bool:
        """Go on with less; `figure` is what passed, as a share of the limit."""
        before = self.share
        agrees = max(figure, self._figure) <= _AGREE * min(figure, self._figure)
        least = figure if agrees else max(figure, before / 2)
        self._figure = figure
        self._too_fast = before
        if self._held >= before:
            self._held = 0.0
        share = max(min(least, 0.95 * before), self._held, self.slowest)
        if share * _CLOSE >= before:
            self._seldom_until = now + _SELDOM_S
        self._set(min(share, self.top), now)
        return self.share != before

    def passed(self, now: float) -> bool:
        """Take in an answer that does not throttle; return whether the pace is another one now."""
        self._passed += 1
        self._in_vain = 0
        if self._passed == 1 and self._figure < inf:
            self._set(
                max(self.share, min(self._figure_at(now), self._too_fast * 0.95)), now
            )  # the wait was all of it
        if (
            self.share >= self.top
            or now - self._since < max(self.quiet_s, self._longest_s)
            or now < self._seldom_until
        ):
            return False
        self._held = max(self._held, self.share)
        faster = self._too_fast
        if faster == inf:
            share = 2 * self.share
        elif self.share * _CLOSE >= faster:
            share, self._too_fast = self.share * _CLOSE, inf
        else:
            share = self.share + max(_STEP * (faster - self.share), self.share * (_CLOSE - 1))
        self._set(min(share, self.top), now)
        return True

    def _set(self, share: float, now: float) -> None:
        self.share, self._since = share, now
