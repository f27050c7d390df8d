"""What a run tells those who watch it."""

from typing import Protocol

from bulkscim.model.row import RowState
from bulkscim.model.totals import Counters, Totals


class Watcher(Protocol):
    """Told what happens while a run goes on; must return at once."""

    def opened(self, totals: Totals) -> None:
        """Rows as they stand when this process begins."""

    def settled(self, row: int, state: RowState) -> None:
        """Note that a row has ended (`in_doubt`: left so by this process)."""

    def sent(self, counters: Counters) -> None:
        """Count requests, repeats and answers of 429."""

    def waiting(self, why: str | None) -> None:
        """Say why nothing is sent for now; None when sending goes on."""

    def note(self, text: str) -> None:
        """Say something once that people should know."""
