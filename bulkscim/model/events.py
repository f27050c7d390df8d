"""What a run asks its user, and what it reports to its watchers."""

from collections.abc import Iterable
from typing import Protocol

from bulkscim.model.progress import RunProgress
from bulkscim.model.row import RowState
from bulkscim.model.run import Counters, Totals


class People(Protocol):
    """Who is spoken to, and asked, before anything is sent."""

    def note(self, text: str) -> None:
        """Say something."""

    def warn(self, text: str) -> None:
        """Say something that must not be missed."""

    def approve(self, question: str, facts: Iterable[str] = (), name: str = "") -> None:
        """Show the facts and want a yes, or the name where there is one; Refused unless it comes."""


class Watcher(Protocol):
    """Told what happens while a run goes on; must return at once."""

    def opened(self, totals: Totals) -> None:
        """Rows as they stand when this process begins."""

    def settled(self, row: int, state: RowState) -> None:
        """Note that a row has ended (`in_doubt`: left so by this process)."""

    def sent(self, counters: Counters) -> None:
        """Count requests, repeats and answers that throttle."""

    def moved(self, progress: RunProgress) -> None:
        """Show how far the run is: every second, also while nothing ends, and at the end."""

    def note(self, text: str) -> None:
        """Say something once that the user should know."""
