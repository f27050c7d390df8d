"""Days between the deactivation of users and their deletion."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_WRITTEN = re.compile(r"(?P<number>\d+)\s*(?P<unit>[dw])", re.ASCII | re.IGNORECASE)
_DAYS = {"d": 1, "w": 7}
MOST = 3650


@dataclass(frozen=True, slots=True)
class Grace:
    """So many days after a run began, the users that it deactivated may be deleted."""

    days: int

    @classmethod
    def parse(cls, text: str) -> "Grace":
        """Read `30d` or `4w`; anything else is a ValueError that says what is wanted."""
        found = _WRITTEN.fullmatch(text.strip())
        days = int(found["number"]) * _DAYS[found["unit"].lower()] if found else 0
        if not 0 < days <= MOST:
            message = f"{text!r} is not a time: write days (30d) or weeks (4w), ten years at most"
            raise ValueError(message)
        return cls(days)

    def ends(self, begun: float) -> date:
        """Return the first day on which the delete may go; `begun` is seconds since 1970."""
        return day_of(begun) + timedelta(days=self.days)


def day_of(seconds: float) -> date:
    """Return the day of a moment, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).date()
