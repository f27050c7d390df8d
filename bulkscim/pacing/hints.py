"""What an answer's headers say about when to come back, and what the server's clock shows."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from bulkscim.model.request import Response

MOST_S = 300.0


def retry_after(response: Response, *, most: float = MOST_S) -> float | None:
    """Return the seconds that Retry-After asks for, None where it asks for nothing that can be read.

    Seconds may have a fraction; a date of any form counts from the answer's own Date, so that a clock that is
    wrong here does no harm. What has passed is 0, what is huge is cut to `most`.
    """
    text = response.headers.get("retry-after", "").strip()
    seconds = _number(text)
    if seconds is None:
        then = _seconds_of(text)
        seconds = None if then is None else then - server_time(response)
    return None if seconds is None else min(max(seconds, 0.0), most)


def server_time(response: Response) -> float:
    """Return the server's clock as its Date header shows it, else when the answer came; seconds since 1970."""
    shown = stated_time(response.headers)
    return response.received_at if shown is None else shown


def stated_time(headers: Mapping[str, str]) -> float | None:
    """Return what the Date header says, None where it says nothing that can be read."""
    return _seconds_of(headers.get("date", "").strip())


def _number(text: str) -> float | None:
    """Return a number of seconds; inf and nan are none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _seconds_of(text: str) -> float | None:
    """Return the seconds since 1970 of a date: the three HTTP forms (RFC 9110 §5.6.7) or ISO 8601."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, IndexError, TypeError, OverflowError):
            continue
    return None
