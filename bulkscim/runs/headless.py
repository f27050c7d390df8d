"""No terminal: a program that starts runs has approved them by starting them."""

import logging
from collections.abc import Iterable

from bulkscim.errors import Refused
from bulkscim.model.progress import RunProgress
from bulkscim.model.row import RowState
from bulkscim.model.run import Counters, Totals

logger = logging.getLogger("bulkscim")


class Unattended:
    """Where a program's run writes its messages: the log `bulkscim`. A production tenant still wants its name."""

    def note(self, text: str) -> None:
        """Log it."""
        logger.info("%s", text)

    def warn(self, text: str) -> None:
        """Log it."""
        logger.warning("%s", text)

    def approve(self, question: str, facts: Iterable[str] = (), name: str = "") -> None:
        """Log the facts; Refused where a name is wanted, for that is an argument of its own."""
        for fact in facts:
            self.note(fact)
        if name:
            raise Refused(f'{question} {name} is a production tenant: pass yes_production="{name}".')


class Unwatched:
    """A watcher for those who look at the report alone; what users should know goes to the log."""

    def opened(self, totals: Totals) -> None:
        """Do nothing."""

    def settled(self, row: int, state: RowState) -> None:
        """Do nothing."""

    def sent(self, counters: Counters) -> None:
        """Do nothing."""

    def moved(self, progress: RunProgress) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Log it."""
        logger.info("%s", text)
