"""Bounds that users set on a run: a number, or a share of something counted once."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from bulkscim.model.guard_table import IN_FILES

_WRITTEN = re.compile(r"(?P<number>\d+)|(?P<share>\d+(?:\.\d+)?)\s*%", re.ASCII)
_WHOLE = 100


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `number` of something, or `number` percent of a base when `percent` is set."""

    number: float
    percent: bool = False

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """Read `200` or `5%`; anything else is a ValueError that says what is wanted."""
        match = _WRITTEN.fullmatch(text.strip())
        if match is None:
            message = f"{text!r} is not a limit: write a whole number (200) or a percentage (5%)"
            raise ValueError(message)
        if match["number"] is not None:
            return cls(int(match["number"]))
        if float(match["share"]) > _WHOLE:
            message = f"{text!r} is more than 100%: write a percentage up to 100%, or a whole number"
            raise ValueError(message)
        return cls(float(match["share"]), percent=True)

    @property
    def needs_base(self) -> bool:
        """Whether the bound depends on a count; 100 % allows everything, so it needs none."""
        return self.percent and self.number < _WHOLE

    @property
    def allows_all(self) -> bool:
        """Whether it bounds nothing."""
        return self.percent and not self.needs_base

    def bound(self, base: int | None) -> int | None:
        """Return the highest allowed count; None: no bound. `base` may be unknown unless `needs_base`."""
        if not self.percent:
            return int(self.number)
        if not self.needs_base:
            return None
        if base is None:
            message = "a percentage needs the count that it is a share of"
            raise ValueError(message)
        # A float times a count is below the exact product now and then: 1.1 % of 1,000 must be 11.
        return int(base * Fraction(repr(self.number)) // _WHOLE)

    def __str__(self) -> str:
        if not self.percent:
            return str(int(self.number))
        return f"{Decimal(repr(self.number)).normalize():f}%"  # every digit, and no exponent


@dataclass(frozen=True, slots=True)
class StandingGuards:
    """Guards that stand in a file and hold for every run: in a tenant's entry, in a job definition.

    All of them hold at once: the strictest limit decides, and protected names add up. `seats` is how many users may be
    active.
    """

    max_delete: tuple[Limit, ...] = ()
    max_create: tuple[Limit, ...] = ()
    protect: tuple[str, ...] = ()
    max_removals: tuple[Limit, ...] = ()
    max_update: tuple[Limit, ...] = ()
    max_deactivate: tuple[Limit, ...] = ()
    max_admins: tuple[Limit, ...] = ()
    max_emptied: tuple[Limit, ...] = ()
    max_share: tuple[Limit, ...] = ()
    seats: int | None = None

    def __add__(self, other: "StandingGuards") -> "StandingGuards":
        """Return both together."""
        protect = tuple(dict.fromkeys(self.protect + other.protect))
        seats = min((one for one in (self.seats, other.seats) if one is not None), default=None)
        return replace(
            self, protect=protect, seats=seats, **{one: self.of(one) + other.of(one) for one in IN_FILES}
        )

    def of(self, name: str) -> tuple[Limit, ...]:
        """Return the limits of one guard."""
        found: tuple[Limit, ...] = getattr(self, name)
        return found


NO_GUARDS = StandingGuards()


def standing(limits: object, protect: tuple[str, ...], seats: int | None) -> StandingGuards:
    """Return what the fields of a value set as guards that hold besides others."""
    found = {one: (limit,) for one in IN_FILES if (limit := getattr(limits, one)) is not None}
    return replace(NO_GUARDS, protect=protect, seats=seats, **found)


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """The guards of one run, as a command line, a program or a job definition sets them; None where it does not.

    `seats` is how many users may be active. The run does no harm to accounts in `protect`. A job that removes is refused where the tenant may hide one of them,
    unless `protect_unknown` is `report`.
    """

    max_delete: Limit | None = None
    max_create: Limit | None = None
    max_removals: Limit | None = None
    max_errors: Limit | None = None
    max_adopt: Limit | None = None
    protect: tuple[str, ...] = ()
    protect_unknown: str = "refuse"
    max_update: Limit | None = None
    max_deactivate: Limit | None = None
    max_admins: Limit | None = None
    max_emptied: Limit | None = None
    max_share: Limit | None = None
    seats: int | None = None

    @property
    def standing(self) -> StandingGuards:
        """The same as guards that hold besides others."""
        return standing(self, self.protect, self.seats)

    def of(self, name: str) -> Limit | None:
        """Return the limit of one guard."""
        found: Limit | None = getattr(self, name)
        return found
