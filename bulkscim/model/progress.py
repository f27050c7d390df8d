"""How far a run is, for those who watch it: one look at it."""

from dataclasses import dataclass, field

from bulkscim.model.run import Totals

UNLIMITED = 1e6  # requests a second, where nothing limits them


@dataclass(frozen=True, slots=True)
class RunProgress:
    """A run as it is now. `totals` counts rows; of those pending, `begun` have made their own change and wait for more.

    `requests` and `throttled` count what this session has sent, `requests_left` what it is still to send, and `left_s` the
    time that this takes, None where that is not known. `per_second` is how fast the limits allow requests now. `waiting`
    says why nothing is sent; None while requests leave. `paused`: a user has paused it. `budget_share` of the limits is used, which is
    `whole_per_second` in full.
    """

    totals: Totals = field(default_factory=Totals)
    begun: int = 0
    elapsed_s: float = 0.0
    requests: int = 0
    throttled: int = 0
    requests_left: float = 0.0
    left_s: float | None = None
    per_second: float = 0.0
    waiting: str | None = None
    paused: bool = False
    budget_share: float = 1.0
    whole_per_second: float = 0.0

    @property
    def ended(self) -> int:
        """How many rows have ended."""
        return self.totals.rows - self.totals.pending - self.totals.in_doubt

    @property
    def share(self) -> float:
        """How much of the work is done: as many of the requests, all of it when no row is left."""
        if self.ended == self.totals.rows:
            return 1.0
        expected = self.requests + self.requests_left
        return min(0.99, self.requests / expected) if expected else 0.0
