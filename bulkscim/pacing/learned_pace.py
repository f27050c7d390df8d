"""How fast to send under one limit: as it is stated, until the tenant's answers show what really passes (pure).

What passed before a 429 says more than the limit that was assumed. With the wait after it, it is what the limit lets through,
if the wait is the rest of the limit's window. A wait may also be longer than that, so two such figures must agree before
less than half of the pace is believed. A single 429 where the pace had held is a stray one: others may use the
limit as well, or two requests came closer together than they left. It costs its wait alone.

1. Up to the first 429 the pace goes up by a quarter, each time when the last has held for a while.
2. After a 429 it is what passed, and from there it goes up in steps towards the pace that was too fast. Each 429 makes the
   steps rarer, and ends them at a larger distance: a limit is hit a few times, and then seldom.
3. A pace that was too fast at once leaves the one before as good. One that was too fast after a while leaves none: a limit
   that fills up let both through.
4. A 429 at a pace that has only just begun tells of what was sent before: a window of a minute is full. What passed in the
   longest stretch is then tried again first.
5. Where 429s have other causes (`other_causes`), each costs its wait alone.
"""

from dataclasses import dataclass, field
from math import inf

from bulkscim.pacing.known_limit import KnownLimit
from bulkscim.pacing.other_causes import AGREE, OtherCauses

SLOWEST_S = 60.0  # between two requests: less than an hourly limit of 100 allows
_MANY, _HELD_S = (
    20,
    5.0,
)  # requests, and seconds at the pace, without a 429 that let the next one be a stray one
_FASTER, _LITTLE = 1.25, 1.05
_STEP = 0.25  # of the way up to what was too fast
_CLOSE = (
    1.05,
    1.05,
    1.05,
    1.08,
    1.15,
    1.25,
)  # so near to what was too fast is near enough, after 0, 1, 2 … 429s
_WIDE_S, _CLOSE_IF_WIDE = 30.0, 1.2  # where the window is as wide, another 429 costs more
_SELDOM_S = 300.0
_NEAR = 1.2  # what had passed before is so near to what was too fast that nothing more is tried for long
_UNASKED_S, _LONGER, _MOST_UNASKED_S = 1.0, 4.0, 30.0
_RARER_S, _RAREST_S = 5.0, 60.0  # what a step waits for
_AT_ONCE = 0.15  # of the time that the pace before has held
_ENOUGH_S = 60.0  # of the last part of a stretch that tells what passes, where the pace went up in it


@dataclass(slots=True)
class _Stretch:
    """What passed from one opening of the way to the next; `faster`: how many had when the pace went up, and when."""

    begun: float
    passed: int = 0
    faster: list[tuple[int, float]] = field(default_factory=list)

    def per_second(self, until: float, least_s: float) -> float:
        """Return what passed in a second."""
        late = [(self.passed - count, until - since) for count, since in self.faster]
        counted = [each for each in late if each[1] >= _ENOUGH_S]
        whole = self.passed, max(until - self.begun, least_s)
        return max(count / seconds for count, seconds in (*counted, whole))


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
    share: float = field(default=1.0, init=False)
    _others: OtherCauses = field(default_factory=OtherCauses, init=False)
    _since: float = field(init=False)  # when the share was set
    _growth: float = field(default=_FASTER, init=False)  # where nothing was too fast yet
    _stretch: _Stretch = field(init=False)
    _before: _Stretch = field(init=False)  # the last that let anything pass, before the 429
    _throttled_at: float = field(default=-inf, init=False)
    _in_vain: int = field(default=0, init=False)  # 429s since anything passed
    _silent_since: float = field(default=0.0, init=False)  # the sending of the first of these
    _wait_s: float = field(default=0.0, init=False)  # after the last of them
    _waited_s: float = field(default=0.0, init=False)  # the last such wait that was long enough
    _too_fast: float = field(default=inf, init=False)  # the share at which the last 429 came that counted
    _refused: float = field(default=0.0, init=False)  # the share at which the last one came
    _held: float = field(default=0.0, init=False)  # the largest share that went through a whole stretch
    _good: float = field(default=0.0, init=False)  # the share that surely passes, 0 where that is not known
    _slower: tuple[float, float] = field(default=(0.0, 0.0), init=False)  # the share before; how long it held
    _is_late: bool = field(default=False, init=False)  # answers to what was under way may still come
    _is_new: bool = field(default=False, init=False)  # the share is what a 429 left
    _figure: float = field(
        default=inf, init=False
    )  # what passed before the last 429 that counted, as a share
    _figure_before: float = field(default=inf, init=False)
    _likely: float = field(default=0.0, init=False)  # what passed in the longest stretch
    _likely_s: float = field(default=0.0, init=False)
    _needed_s: float = field(default=0.0, init=False)  # as long as the window may be, by when 429s came
    _begins: bool = field(default=False, init=False)  # with what was known before
    _counted: int = field(default=0, init=False)  # 429s that told of the limit
    _seldom_until: float = field(default=-inf, init=False)

    def __post_init__(self) -> None:
        self._since = self.now
        self._stretch = self._before = _Stretch(self.now)

    def begin_with(self, known: KnownLimit) -> None:
        """Begin with what is known from before: what had passed is the first step, and the last for long."""
        self._likely, self._begins = known.per_second / self.per_second, True
        if known.too_fast is not None:
            self._too_fast, self._counted = known.too_fast / self.per_second, 1
        self._set(max(self.slowest, min(known.first / self.per_second, self.top)), self.now)

    def found(self) -> KnownLimit | None:
        """Return what is known of the limit now, None where that is no more than was assumed."""
        if self._others.is_found or not (self._counted or self._likely or self.share > 1.0):
            return None
        if self._refused == 0.0 and self.share < 0.9 * self._likely:
            return None  # what was known was not tried
        refused = self._refused or self._too_fast
        tries = self._refused > 0.0 and self._too_fast == inf and not self._is_new
        best = max(self._slower[0] if tries else self.share, min(self._likely, 0.95 * refused))
        best = min(best, 0.97 * refused, 1.02 * self._figure) * self.per_second
        return KnownLimit(best, None if refused == inf else max(refused * self.per_second, best))

    @property
    def was_throttled(self) -> bool:
        """Whether a 429 came that counted."""
        return self._refused > 0.0

    @property
    def slowest(self) -> float:
        """The least share to go on with."""
        return min(1.0, 1 / (SLOWEST_S * self.per_second))

    def unasked_s(self, sent_at: float) -> float:
        """Return how long to wait after a 429 that does not say so, to a request that was sent then.

        Each in a row makes it longer; those that were under way together are one.
        """
        earlier = self._in_vain - (sent_at <= self._throttled_at)
        seconds = _UNASKED_S * _LONGER**earlier
        return min(_MOST_UNASKED_S, max(seconds, self._waited_s) if earlier else seconds)

    def throttled(self, sent_at: float, now: float, wait_s: float) -> bool:
        """Take in a 429 to a request that was sent then; return whether the pace is another one now."""
        if sent_at <= self._throttled_at:
            return False  # it was under way when another one was throttled

        before, opened_at = self.share, now + wait_s
        was_alone = now - self._throttled_at > _SELDOM_S and self._stretch.passed >= _MANY
        held_s = sent_at - max(self._since, self._stretch.begun)
        self._throttled_at, self._wait_s = now, wait_s
        self._in_vain += 1
        if was_alone and sent_at - self._since >= max(2 * self.window_s, _HELD_S, self._needed_s):
            self._needed_s, self._since = max(self._needed_s, held_s), opened_at
            return False
        has_passed = self._stretch.passed > 0
        if has_passed:
            self._before = self._stretch
            self._others.count(self._before.passed)
        self._stretch = _Stretch(opened_at)
        if self._others.hold(now):
            return False
        if has_passed and self._has_other_causes(now):
            self._too_fast = self._figure = inf
            self._held, self._needed_s, self._counted = self._others.full, 0.0, 0
            self._set(self._others.full, opened_at)
            return self.share != before
        if has_passed or self._in_vain == 1:
            self._count(sent_at, held_s, wait_s)
        elif not self._before.passed:
            return False
        self._slow_down(opened_at)
        return self.share != before

    def _has_other_causes(self, now: float) -> bool:
        """Return whether the 429s are known not to come from the pace."""
        figure = self._before.per_second(self._stretch.begun, 1 / self.per_second)
        known = max(self._held, self._figure if self._figure < inf else 0.0)
        return self._others.are_found(self.share, known, self._before.passed, figure, now)

    def _count(self, sent_at: float, held_s: float, wait_s: float) -> None:
        """Take in a 429 that is the first since something passed, where the pace had held for so long."""
        self._figure_before, self._refused, self._silent_since = self._figure, self.share, sent_at
        self._good, self._is_late = 0.0, True
        if not self._is_new or 2 * held_s >= self._needed_s:
            slower, slower_s = self._slower
            self._good = 0.97 * slower if not self._is_new and held_s <= _AT_ONCE * slower_s else 0.0
            rarer_s = min(_RARER_S * 2.0**self._counted, _RAREST_S) if self._counted else 0.0
            self._needed_s = max(self._needed_s, held_s + wait_s, rarer_s)
            self._too_fast = self.share
            self._counted += 1
        if self._held >= self.share:
            self._held = 0.0

    def _slow_down(self, opened_at: float) -> None:
        """Go on with what passed in the last stretch that let anything pass, with the waits after it."""
        stretch_s = opened_at - self._before.begun
        self._figure = figure = self._before.per_second(opened_at, 1 / self.per_second) / self.per_second
        agrees = max(figure, self._figure_before) <= AGREE * min(figure, self._figure_before)
        is_told = agrees or (self._in_vain > 1 and self._before.passed >= _MANY)
        least = figure if is_told else max(figure, self._refused / 2)
        share = max(min(least, 0.95 * self._refused), self._good, self.slowest)
        is_refuted = self._refused == self._too_fast <= 1.1 * self._likely
        if stretch_s >= self._likely_s or 3 * figure < self._likely or is_refuted:
            self._likely, self._likely_s = figure, stretch_s
        self._seldom_until = opened_at + _SELDOM_S if self._is_close(share) else -inf
        self._set(min(share, self.top), opened_at)
        self._is_new = True

    def _is_close(self, share: float) -> bool:
        """Return whether a share is so near to what was too fast that a step costs more than it is worth."""
        close = max(
            _CLOSE[min(self._counted, len(_CLOSE) - 1)],
            _CLOSE_IF_WIDE if self._needed_s >= _WIDE_S else 1.0,
        )
        return share * close >= self._too_fast

    def passed(self, sent_at: float, now: float, *, may_grow: bool = True) -> bool:
        """Take in an answer that does not throttle, to a request that was sent then; return whether the pace is another one now.

        `may_grow`: nothing else speaks against a pace above the limit.
        """
        if sent_at <= self._throttled_at:
            self._before.passed += 1
            return False
        before = self.share
        self._stretch.passed += 1
        if self._is_late:
            self._take_up_again(sent_at)
        elif self._may_speed_up(sent_at, now) and (may_grow or self.share < 1.0):
            self._speed_up(now)
        self._in_vain = 0
        return self.share != before

    def _take_up_again(self, sent_at: float) -> None:
        """Count again what had passed: answers to what was under way came after the 429, and the wait is known now."""
        self._is_late = False
        longest_s = inf if self._in_vain > 1 else _RAREST_S
        silent_s = min(2 * (sent_at - self._silent_since), longest_s, sent_at - self._before.begun)
        self._needed_s = max(self._needed_s, silent_s)
        if self._in_vain > 1:
            self._waited_s = self._wait_s
        self._slow_down(sent_at)

    def _may_speed_up(self, sent_at: float, now: float) -> bool:
        """Return whether the pace has held for long enough."""
        waits_s = max(self.quiet_s, min(_RAREST_S, self._needed_s))
        return self.share < self.top and sent_at - self._since >= waits_s and now >= self._seldom_until

    def _speed_up(self, now: float) -> None:
        """Try a faster pace."""
        self._held = max(self._held, self.share)
        self._is_new, self._slower = False, (self.share, now - self._since)
        self._stretch.faster = [*self._stretch.faster[-15:], (self._stretch.passed, now)]
        if self._too_fast == inf:
            share, self._growth = self._growth * self.share, min(_FASTER, self._growth**2)
        elif self._is_close(self.share):
            share, self._too_fast, self._growth = _LITTLE * self.share, inf, _LITTLE
        else:
            way = min(_STEP * (self._too_fast - self.share), _STEP * self.share)
            share = max(self.share + way, _LITTLE * self.share, min(self._likely, 0.95 * self._too_fast))
            self._begins = self._begins and _NEAR * share >= self._too_fast
            if self._begins or self._is_close(share):
                self._seldom_until = now + _SELDOM_S * (1 + self._begins)
        self._begins = False
        self._set(min(share, self.top), now)

    def _set(self, share: float, now: float) -> None:
        self.share, self._since = share, now
