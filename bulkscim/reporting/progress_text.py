"""The progress of a run in words, and as a line that fits a terminal."""

from collections.abc import Iterable, Iterator
from math import ceil
from typing import Protocol

from bulkscim.model.harmless import estimated_duration, one_line
from bulkscim.model.progress import UNLIMITED, RunProgress
from bulkscim.pacing.rate import percent

NO_LIMIT = "no limit"
_MOST_BAR = 16
_LEAST_BAR = 8
_BLOCKS = " ▏▎▍▌▋▊▉█"
_SLOW = 10.0  # requests a minute, below which they are told by the hour
_FAST = 300.0  # above which they are told by the second


def line(progress: RunProgress, elapsed: str = "") -> str:
    """Return it as a line of a log."""
    rows = progress.totals.rows
    parts = [f"{progress.ended:,} of {rows:,} row{'s' * (rows != 1)}", *_under_way(progress)]
    if progress.left_s is not None:
        parts.append(f"about {_left(progress)}")
    elif progress.waiting:
        parts.append(one_line(progress.waiting))
    parts += [
        f"{elapsed or clock(progress.elapsed_s)} elapsed",
        f"{_requests(progress)}{_allowed(progress)}",
        *_troubles(progress),
    ]
    return ", ".join(parts)


def bar_line(progress: RunProgress, width: int) -> str:
    """Return it as a line of at most so many columns: a bar where there is room, and less of what matters less where not."""
    begin = f"{100 * progress.share:3.0f}% "
    parts = list(_parts(progress))
    text = _told(progress, parts)
    while len(begin + text) > width and len(parts) > 1:
        parts.pop()
        text = _told(progress, parts)
    room = min(_MOST_BAR, width - len(begin + text) - len("|| "))
    shown = f"|{bar(progress.share, room)}| " if room >= _LEAST_BAR else ""
    return f"{begin}{shown}{text}"[:width]


def _left(progress: RunProgress) -> str:
    """Return the time that is left, and why nothing is sent."""
    why = f" ({one_line(progress.waiting)})" if progress.waiting else ""
    return f"{left(progress.left_s or 0.0)} left{why}"


def _told(progress: RunProgress, parts: Iterable[str]) -> str:
    return f"{progress.ended:,}/{progress.totals.rows:,} [{', '.join(parts)}]"


def _parts(progress: RunProgress) -> Iterator[str]:
    """Yield what is told of a run, what matters most first."""
    is_over = progress.ended == progress.totals.rows
    if progress.left_s is not None and not is_over:
        yield _left(progress)
    elif progress.waiting and not is_over:
        yield one_line(progress.waiting)
    yield from _troubles(progress)
    yield clock(progress.elapsed_s)
    yield _requests(progress) if is_over else f"{progress.requests:,} sent, {rate_used(progress)}"
    yield from _under_way(progress)


def bar(share: float, width: int) -> str:
    """Return a bar of so many columns, filled by eighths of them."""
    eighths = int(share * width * 8)
    whole, part = divmod(eighths, 8)
    return (_BLOCKS[-1] * whole + (_BLOCKS[part] if part else "")).ljust(width)


def clock(seconds: float) -> str:
    """Return a time that has passed: `1:12`, `1:02:05`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def left(seconds: float) -> str:
    """Return a time that is left: never less than a second, since something is."""
    return estimated_duration(max(1.0, ceil(seconds)))


def rate(per_second: float) -> str:
    """Return how fast the limits allow requests: `100/min`."""
    if per_second >= UNLIMITED:
        return NO_LIMIT
    a_minute = 60 * per_second
    if a_minute > _FAST:
        return f"{a_minute / 60:,.0f}/s"
    return f"{a_minute:.0f}/min" if a_minute >= _SLOW else f"{60 * a_minute:.0f}/h"


class Limited(Protocol):
    """How fast the limits allow requests, and of what share they are used."""

    @property
    def per_second(self) -> float:
        """How many requests a second the limits allow."""

    @property
    def budget_share(self) -> float:
        """What share of them is used."""

    @property
    def whole_per_second(self) -> float:
        """What they allow in full."""


def rate_used(limited: Limited) -> str:
    """Return how fast the limits allow requests: `100/min`, or `60% of 100/min` where a share of them is used."""
    if limited.budget_share < 1.0:
        return f"{percent(limited.budget_share)} of {rate(limited.whole_per_second)}"
    return rate(limited.per_second)


def _allowed(progress: RunProgress) -> str:
    return f" at {rate_used(progress)}" if progress.per_second < UNLIMITED else ""


def _requests(progress: RunProgress) -> str:
    return f"{progress.requests:,} request{'s' * (progress.requests != 1)}"


def _under_way(progress: RunProgress) -> Iterator[str]:
    """Say how many rows have made their own change and wait for others, such as those of memberships."""
    if progress.begun:
        yield f"{progress.begun:,} under way"


def _troubles(progress: RunProgress) -> list[str]:
    """Return how many rows did not end as wanted, and how many answers throttled."""
    totals = progress.totals
    counts = (
        (totals.failed, "failed"),
        (totals.skipped, "skipped"),
        (progress.throttled, "throttled"),
    )
    return [f"{count:,} {name}" for count, name in counts if count]
