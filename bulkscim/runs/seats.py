"""Seats: how many users of a tenant are active, against how many it has been given."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bulkscim.model.active import stated
from bulkscim.model.guard_table import Effect
from bulkscim.model.operation import JsonObject
from bulkscim.planning.guards import Bounds, SeatChange, seats_told


@dataclass(frozen=True, slots=True)
class Seats:
    """How many seats there are, and how many of them active users had at the start; `unknown` says why that is not known.

    The `unsaid` users, which do not show `active`, are counted as active.
    """

    number: int
    used: int = 0
    unsaid: int = 0
    unknown: str = ""

    @property
    def fact(self) -> str:
        """Say it, for approval."""
        if self.unknown:
            return f"seats     unknown, since {self.unknown}; so the limit of {self.number:,} is not held"
        unsaid = f"; {_unsaid(self.unsaid)} as active" if self.unsaid else ""
        return f"seats     {self.used:,} of {self.number:,} are used{unsaid}"

    def with_user(self, user: JsonObject) -> "Seats":
        """Return them with one more user of the tenant."""
        active = stated(user)
        return replace(self, used=self.used + (active is not False), unsaid=self.unsaid + (active is None))

    def bound(self, bounds: Bounds) -> Bounds:
        """Return the guards of a run with these seats; none where it is not known how many are used."""
        return bounds if self.unknown else replace(bounds, seats=self.number, seats_used=self.used)

    def told(self, done: Mapping[Effect, int]) -> str:
        """Say how many seats are used after what a plan does."""
        return f"seats: {seats_told(self.used, SeatChange.of(done), self.number)}"


def _unsaid(count: int) -> str:
    return (
        "1 user does not show `active`, and counts"
        if count == 1
        else f"{count:,} users do not show `active`, and count"
    )
