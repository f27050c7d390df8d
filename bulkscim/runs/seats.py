"""Seats: how many users of a tenant are active, against how many it has been given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from bulkscim.errors import Refused, Stopped
from bulkscim.model.active import ACTIVE, stated
from bulkscim.model.guard_table import Effect
from bulkscim.model.operation import USER, JsonObject
from bulkscim.planning.guards import Bounds, SeatChange, seats_told
from bulkscim.runs.request import RunRequest
from bulkscim.runs.session import Visit
from bulkscim.runs.tenant_reader import Browser, reads_over
from bulkscim.scim import paths


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
        used = f"unknown, since {self.unknown}" if self.unknown else f"{self.used:,}"
        unsaid = f"; {_unsaid(self.unsaid)} as active" if self.unsaid and not self.unknown else ""
        return f"seats     {used} of {self.number:,} are used{unsaid}"

    def bound(self, bounds: Bounds) -> Bounds:
        """Return the guards of a run with these seats; none where it is not known how many are used."""
        return bounds if self.unknown else replace(bounds, seats=self.number, seats_used=self.used)

    def told(self, done: Mapping[Effect, int]) -> str:
        """Say how many seats are used after what a plan does."""
        return f"seats: {seats_told(self.used, SeatChange.of(done), self.number)}"


async def seats_of(request: RunRequest, visit: Visit, say: Callable[[str], None]) -> Seats | None:
    """Count the seats in use; None where no number of seats is set.

    Refused where --seats was given and the tenant does not show all of its users.
    """
    number = request.limits.seats if request.limits.seats is not None else request.standing.seats
    if number is None:
        return None
    browser = Browser(visit.seen.profile, (), reads_over(visit), say)
    used = unsaid = 0
    unknown = ""
    try:
        async for user in browser.resources(USER, partial(_only, ACTIVE)):
            used += stated(user) is not False
            unsaid += stated(user) is None
    except Stopped as error:
        unknown = str(error)
    unknown = unknown or "; ".join(browser.warnings)
    if unknown and request.limits.seats is not None:
        raise Refused(
            f"--seats {number}: how many seats are used is unknown: {unknown}. Nothing was sent; leave --seats out to go "
            "on without this guard"
        )
    return Seats(number, used, unsaid, unknown)


def _unsaid(count: int) -> str:
    return (
        "1 user does not show `active`, and counts"
        if count == 1
        else f"{count:,} users do not show `active`, and count"
    )


def _only(name: str, resource: JsonObject) -> JsonObject:
    return {name: paths.find(resource, name)}
