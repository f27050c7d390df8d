"""When a run was worked on, by the journal's own times."""

from dataclasses import dataclass

from bulkscim.journal.entries import RUN_KINDS, Kind


@dataclass(slots=True)
class Timeline:
    """Sessions of a run: from each `opened` to the last entry before the next.

    `last` is the kind of the last entry of the run itself (`repaired` does not count): `stopped` or `closed`
    when the last session ended in order. `final` tells whether it is also the last line.
    """

    started_at: float = 0.0
    ended_at: float = 0.0
    sessions: int = 0
    last: Kind = Kind.HEADER
    final: bool = True
    opened_at: float = 0.0
    earlier_s: float = 0.0

    def note(self, kind: Kind, time: float) -> None:
        """Take in the next entry."""
        if kind is Kind.HEADER:
            self.started_at = time
        elif kind is Kind.OPENED:
            self.earlier_s = self.elapsed_s
            self.opened_at = time
            self.sessions += 1
        self.ended_at = time
        self.final = kind in RUN_KINDS and kind is not Kind.REPAIRED
        if self.final:
            self.last = kind

    @property
    def elapsed_s(self) -> float:
        """Seconds of all sessions; a clock that was set back counts as none."""
        this = self.ended_at - self.opened_at if self.sessions else 0.0
        return self.earlier_s + max(0.0, this)

    @property
    def ended_in_order(self) -> bool:
        """Whether nothing was written after a `stopped` or `closed`."""
        return self.final and self.last in {Kind.STOPPED, Kind.CLOSED}
