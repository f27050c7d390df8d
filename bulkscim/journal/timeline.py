"""When a run was worked on, by the journal's own times."""

from dataclasses import dataclass, field
from math import inf

from bulkscim.journal.bodies import Approved, Body, Closed, Stopped
from bulkscim.journal.entries import RUN_KINDS, Kind
from bulkscim.model.operation import JsonObject

ENDINGS = frozenset({Kind.STOPPED, Kind.CLOSED})
WITH_BODY = ENDINGS | {Kind.APPROVED}  # what a timeline must know of more than its kind and time


@dataclass(slots=True)
class Timeline:
    """Sessions of a run: from each `opened` to the last entry before the next.

    `last` is the kind of the last entry of the run itself (`repaired` does not count): `stopped` or `closed`
    when the last session ended in order. `final` tells whether it is also the last line. `uptime` is what the
    machine's other clock showed at that end, which cannot be set; None where the journal does not have it. `changed`
    are the `settings` and `guards` that later sessions changed: they hold in place of the header's.
    """

    started_at: float = 0.0
    ended_at: float = 0.0
    sessions: int = 0
    last: Kind = Kind.HEADER
    final: bool = True
    opened_at: float = 0.0
    earlier_s: float = 0.0
    uptime: float | None = None
    changed: dict[str, JsonObject] = field(default_factory=dict)

    def note(self, kind: Kind, time: float, body: Body | None = None) -> None:
        """Take in the next entry; of those `WITH_BODY` the body as well."""
        if kind is Kind.HEADER:
            self.started_at = time
        elif kind is Kind.OPENED:
            self.earlier_s = self.elapsed_s
            self.opened_at = time
            self.sessions += 1
        elif isinstance(body, Approved):
            for name, values in body.changed.items():
                self.changed[name] = self.changed.get(name, {}) | values
        self.ended_at = time
        self.uptime = body.uptime if isinstance(body, Stopped | Closed) else None
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
        return self.final and self.last in ENDINGS

    def passed_s(self, now: float, uptime: float) -> float:
        """Return how many seconds have passed at least since the last session ended, 0 where it did not end in order.

        Either clock may be wrong: `now` may have been set, `uptime` may be another machine's, or not count on while
        the machine sleeps or from before it was started.
        """
        if not self.ended_in_order:
            return 0.0
        return max(0.0, min(now - self.ended_at, inf if self.uptime is None else uptime - self.uptime))
