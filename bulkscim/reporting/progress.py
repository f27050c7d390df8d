"""Watchers: how a run looks while it goes on."""

import os
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from tqdm import tqdm

from bulkscim.model.clock import Clock
from bulkscim.model.events import Watcher
from bulkscim.model.harmless import estimated_duration, one_line
from bulkscim.model.row import RowState
from bulkscim.model.run import Counters, Totals
from bulkscim.reporting.console import Console, Volume

_LINE_EVERY_S = 5.0
_REDRAW_EVERY_S = 0.2
_USUAL_WIDTH = 120
_NARROW = 80
# A short bar, or none, so that the end of the line can say what failed and why nothing is sent.
_WIDE_COUNT = "{percentage:3.0f}% |{bar:16}| {n_fmt}/{total_fmt} "
_NARROW_COUNT = "{percentage:3.0f}% {n_fmt}/{total_fmt} "
_BEGUN = "[no row has ended yet{postfix}]"  # there is no rate yet
_FORMAT = "[{remaining} left, {rate_noinv_fmt}{postfix}]"


class Progress(Watcher, Protocol):
    """A watcher that tidies up after itself."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def progress(people: Console, clock: Clock) -> Progress:
    """Return the watcher that suits them: a bar on a terminal, lines in a log, nothing when quiet."""
    if people.volume is Volume.QUIET:
        return Silent(people)
    return Bar(people) if people.live else Lines(people, clock)


class Silent:
    """Shows nothing but what must not be missed."""

    def __init__(self, people: Console) -> None:
        self._people = people

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to tidy up."""

    def opened(self, totals: Totals) -> None:
        """Rows as they stand."""

    def settled(self, row: int, state: RowState) -> None:
        """Note that a row has ended."""

    def sent(self, counters: Counters) -> None:
        """Count requests."""

    def waiting(self, why: str | None) -> None:
        """Say why nothing is sent."""

    def note(self, text: str) -> None:
        """Pass on to the user, who may want quiet."""
        self._people.note(text)


class _Tally:
    """What both faces show, counted from the events of this process."""

    def __init__(self) -> None:
        self.rows = 0
        self.before = 0
        self.ended = 0
        self.failed = 0
        self.skipped = 0
        self.doubtful = 0
        self.throttled = 0

    def open(self, totals: Totals) -> None:
        self.rows = totals.rows
        self.before = self.ended = totals.rows - totals.pending - totals.in_doubt
        self.failed = totals.failed
        self.skipped = totals.skipped

    def settle(self, state: RowState) -> None:
        self.ended = min(self.ended + 1, self.rows)
        self.failed += state is RowState.FAILED
        self.skipped += state is RowState.SKIPPED
        self.doubtful += state is RowState.IN_DOUBT

    def troubles(self) -> str:
        counts = (
            (self.failed, "failed"),
            (self.skipped, "skipped"),
            (self.doubtful, "in doubt"),
            (self.throttled, "throttled"),
        )
        return ", ".join(f"{count:,} {name}" for count, name in counts if count)


class Bar(Silent):
    """One live line: rate, done, failed, time left, and why nothing is sent."""

    def __init__(self, people: Console) -> None:
        super().__init__(people)
        self._tally = _Tally()
        self._why: str | None = None
        self._bar: tqdm[Any] | None = None
        self._count = _WIDE_COUNT

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last state of the line standing."""
        if self._bar is not None:
            self._bar.close()

    def opened(self, totals: Totals) -> None:
        """Draw the line."""
        tqdm.monitor_interval = 0  # no thread of its own: events come often enough
        self._tally.open(totals)
        if self._tally.ended == totals.rows:
            return
        own, usual = _width(self._people.stream), _USUAL_WIDTH
        self._count = _NARROW_COUNT if (own or usual) < _NARROW else _WIDE_COUNT
        self._bar = tqdm(
            total=totals.rows,
            initial=self._tally.before,
            file=self._people.stream,
            unit=" rows",
            mininterval=_REDRAW_EVERY_S,
            miniters=1,
            bar_format=self._count + _BEGUN,
            ncols=None if own else usual,
            dynamic_ncols=own is not None,
        )

    def settled(self, row: int, state: RowState) -> None:  # noqa: ARG002 - the protocol's
        """Move on by one."""
        before = self._tally.ended
        self._tally.settle(state)
        if self._bar is not None:
            self._bar.set_postfix_str(self._state(), refresh=False)
            self._bar.bar_format = self._count + _FORMAT
            self._bar.update(self._tally.ended - before)

    def sent(self, counters: Counters) -> None:
        """Count answers that throttle."""
        self._tally.throttled += counters.throttled

    def waiting(self, why: str | None) -> None:
        """Show it at the end of the line."""
        if why != self._why and self._bar is not None:
            self._why = why
            self._bar.set_postfix_str(self._state())

    def _state(self) -> str:
        why = f"waiting: {one_line(self._why)}" if self._why else ""
        return "; ".join(part for part in (self._tally.troubles(), why) if part)


def _width(stream: TextIO) -> int | None:
    """Return the width of a terminal; None where it does not tell its own."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None


class Lines(Silent):
    """A line of text every few seconds, for logs."""

    def __init__(self, people: Console, clock: Clock) -> None:
        super().__init__(people)
        self._clock = clock
        self._tally = _Tally()
        self._opened_at = self._said_at = clock.monotonic()
        self._waited_at = float("-inf")

    def opened(self, totals: Totals) -> None:
        """Say where it begins."""
        self._tally.open(totals)
        self._opened_at = self._said_at = self._clock.monotonic()
        before = f", {self._tally.before:,} of them ended before" if self._tally.before else ""
        self._people.note(f"{totals.rows:,} row{'s' * (totals.rows != 1)}{before}")

    def settled(self, row: int, state: RowState) -> None:  # noqa: ARG002 - the protocol's
        """Count, and speak when it is time."""
        self._tally.settle(state)
        now = self._clock.monotonic()
        if now - self._said_at >= _LINE_EVERY_S:
            self._said_at = now
            self._people.note(self._line(now - self._opened_at))

    def sent(self, counters: Counters) -> None:
        """Count answers that throttle."""
        self._tally.throttled += counters.throttled

    def waiting(self, why: str | None) -> None:
        """Say it, but not more often than progress."""
        now = self._clock.monotonic()
        if why and now - self._waited_at >= _LINE_EVERY_S:
            self._waited_at = now
            self._people.note(f"waiting: {one_line(why)}")

    def _line(self, elapsed_s: float) -> str:
        tally = self._tally
        rate = (tally.ended - tally.before) / elapsed_s if elapsed_s > 0 else 0.0
        left = (tally.rows - tally.ended) / rate if rate > 0 else None
        parts = [f"{tally.ended:,} of {tally.rows:,} rows", f"{rate:.1f}/s", tally.troubles()]
        if left is not None:
            parts.append(f"about {estimated_duration(left)} left")
        return ", ".join(part for part in parts if part)
