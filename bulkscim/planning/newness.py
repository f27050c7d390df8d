"""Distinguish a create that made something new from one that was answered with a resource that existed (pure).

Rules
1. A resource that was created more than 26 hours before the create was begun existed: no time zone that an answer
   omits makes up for more.
2. Where an earlier create of the run has shown a time of creation within 5 s of the server's own clock, times can be
   compared exactly: a resource that is older than the create existed.
3. Otherwise a resource that seems older than the create may have existed before; it did, where an earlier run made it.
4. Where no time of creation is shown, or the server's time is not known, nothing is proved.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto

from bulkscim.model.operation import JsonObject

CLOCK_TOLERANCE_S = 5.0
ZONES_S = 26 * 3600.0
PLACEHOLDERS_UNTIL = 631_152_000.0  # 1990: some services write the year 1 or 1970 where they know no time


class Age(Enum):
    """What the time of creation says of a resource that a create was answered with."""

    NEW = auto()
    UNSURE = auto()
    OLD = auto()


@dataclass(frozen=True, slots=True)
class CreationTime:
    """`meta.created` as seconds since 1970, read as UTC where it names no zone."""

    at: float
    zoned: bool = True


def created_of(resource: JsonObject) -> CreationTime | None:
    """Return when a resource was created, None where it does not say so in a form that can be read."""
    meta = resource.get("meta")
    return time_of(meta.get("created") if isinstance(meta, dict) else None)


def time_of(text: object) -> CreationTime | None:
    """Return a time that a resource states, None where it cannot be read or stands for no time."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return CreationTime(at, zoned=moment.tzinfo is not None) if at > PLACEHOLDERS_UNTIL else None


def age_of(created: CreationTime | None, begun: float | None, *, exact: bool) -> Age:
    """Return how old a resource is by the rules above; `begun`: the earliest server time of the create's first intent."""
    if created is None or begun is None or created.at >= begun - CLOCK_TOLERANCE_S:
        return Age.NEW
    return Age.OLD if exact or created.at < begun - ZONES_S else Age.UNSURE


def is_exact(created: CreationTime | None, stated: float | None) -> bool:
    """Return whether a new resource's time of creation agrees with the Date of the answer that showed it."""
    return created is not None and stated is not None and abs(created.at - stated) <= CLOCK_TOLERANCE_S
