"""Watchers: how a run looks while it goes on."""

from types import TracebackType
from typing import Any, Protocol, Self

from tqdm import tqdm

from bulkscim.model.events import Watcher
from bulkscim.model.progress import RunProgress
from bulkscim.model.row import RowState
from bulkscim.model.run import Counters, Totals
from bulkscim.reporting.console import Console, Volume
from bulkscim.reporting.progress_text import bar_line, line
from bulkscim.reporting.wrapping import width_of

_USUAL_WIDTH = 80
_SOON = (60.0, 5.0)  # up to so many seconds a line comes every so many
_LATER = (600.0, 30.0)
_LATE_S = 60.0


class Progress(Watcher, Protocol):
    """A watcher that tidies up after itself."""

    def leave(self) -> None:
        """Leave the terminal to what is printed next."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def progress(people: Console) -> Progress:
    """Return the watcher that suits them: a bar on a terminal, lines in a log, nothing when quiet."""
    if people.volume is Volume.QUIET:
        return Silent(people)
    return Bar(people) if people.live else Lines(people)


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

    def leave(self) -> None:
        """Nothing stands on a line of its own."""

    def opened(self, totals: Totals) -> None:
        """Rows as they stand."""

    def settled(self, row: int, state: RowState) -> None:
        """Note that a row has ended."""

    def sent(self, counters: Counters) -> None:
        """Count requests."""

    def moved(self, progress: RunProgress) -> None:
        """Show how far it is."""

    def note(self, text: str) -> None:
        """Pass on to the user, who may want quiet."""
        self._people.note(text)


class Bar(Silent):
    """One live line, drawn again each time."""

    def __init__(self, people: Console) -> None:
        super().__init__(people)
        self._bar: tqdm[Any] | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last state of the line standing."""
        self.leave()

    def leave(self) -> None:
        """End the line, so that what is printed next begins another."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def moved(self, progress: RunProgress) -> None:
        """Draw the line."""
        tqdm.monitor_interval = 0  # no thread of its own: it is drawn often enough
        if self._bar is None:
            if progress.ended == progress.totals.rows:
                return
            self._bar = tqdm(total=1, file=self._people.stream, bar_format="{desc}", dynamic_ncols=True)
        width = width_of(self._people.stream) or _USUAL_WIDTH
        self._bar.set_description_str(bar_line(progress, width - 1))


class Lines(Silent):
    """A line of text every few seconds, for logs: more seldom as a run gets longer."""

    def __init__(self, people: Console) -> None:
        super().__init__(people)
        self._said_at = 0.0

    def opened(self, totals: Totals) -> None:
        """Say where it begins."""
        ended = totals.rows - totals.pending - totals.in_doubt
        before = f", {ended:,} of them ended before" if ended else ""
        self._people.note(f"{totals.rows:,} row{'s' * (totals.rows != 1)}{before}")

    def moved(self, progress: RunProgress) -> None:
        """Speak when it is time."""
        elapsed_s = progress.elapsed_s
        every_s = next((every for until, every in (_SOON, _LATER) if elapsed_s <= until), _LATE_S)
        if elapsed_s - self._said_at >= every_s and progress.ended < progress.totals.rows:
            self._said_at = elapsed_s
            self._people.note(line(progress))
