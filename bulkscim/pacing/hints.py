"""What an answer's headers say about when to come back, and what the server's clock shows."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus

from bulkscim.model.request import Response
from bulkscim.pacing.rate import Rate

MOST_S = 300.0
_NEAR_S = 400 * 86400.0  # a number that is a moment so near to the server's clock is one
_POLICIES = frozenset({"ratelimit-policy", "x-ratelimit-policy", "ratelimit-limit"})
_WINDOW_S = 60.0  # of a limit that is a pace
_UNITS = (1.0, 1e3, 1e6)  # of a moment: seconds, milliseconds, microseconds
_PAIR = re.compile(r"\b(remaining|reset|[rt])\s*=\s*\"?([\d.]+)", re.IGNORECASE)
_LIMITS = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(slots=True)
class _StatedLimit:
    """One limit as an answer states it: the requests that are left, and the seconds until it is whole again."""

    left: float | None = None
    reset_s: float | None = None


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


def asked_wait(response: Response, *, most: float = MOST_S) -> float | None:
    """Return the seconds that an answer asks to wait: by Retry-After, else by the reset of a limit.

    A reset counts with a 429, and with a 403 or 503 where nothing states that requests are left. Of several limits
    the spent ones count; where none is stated as spent, the first to be whole again.
    """
    asked = retry_after(response, most=most)
    if asked is not None or response.status not in _LIMITS:
        return asked
    limits = [one for one in _limits(response) if one.reset_s is not None]
    spent = [one.reset_s or 0.0 for one in limits if one.left is not None and one.left <= 0]
    if response.status != HTTPStatus.TOO_MANY_REQUESTS:
        limits = [one for one in limits if one.left is None]
    others = [one.reset_s or 0.0 for one in limits]
    seconds = max(spent) if spent else min(others, default=None)
    return None if seconds is None else min(seconds, most)


def is_limited(response: Response) -> bool:
    """Return whether an answer has a Retry-After, or states that a limit is spent."""
    if response.headers.get("retry-after", "").strip():
        return True
    return any(one.left is not None and one.left <= 0 for one in _limits(response))


def _limits(response: Response) -> Iterator[_StatedLimit]:
    """Yield the limits in an answer's headers.

    Read are RateLimit in both of its forms, and pairs of headers such as X-RateLimit-Remaining and X-RateLimit-Reset.
    """
    pairs: dict[str, _StatedLimit] = {}
    now = server_time(response)
    for name, value in response.headers.items():
        kind = name.lower().replace("-", "")
        if "ratelimit" not in kind or kind.endswith("policy"):
            continue
        if "remaining" in kind:
            pairs.setdefault(kind.replace("remaining", ""), _StatedLimit()).left = _number(value.strip())
        elif "reset" in kind:
            pairs.setdefault(kind.replace("reset", "", 1), _StatedLimit()).reset_s = _until(
                value.strip(), now
            )
        elif "=" in value:
            yield from _in_one_header(value)
    yield from pairs.values()


def stated_rate(response: Response) -> Rate | None:
    """Return the slowest rate that an answer states, by RateLimit-Policy or the limits with windows of RateLimit-Limit.

    A limit of more than a minute is none: what is left of it may be used at once.
    """
    values = (value for name, value in response.headers.items() if name.lower() in _POLICIES)
    stated = [rate for value in values for part in value.split(",") if (rate := _policy(part)) is not None]
    return min(stated, key=lambda rate: rate.per_second, default=None)


def _policy(text: str) -> Rate | None:
    """Read `"name";q=100;w=60`, or `100;w=60` as it was before; None for what counts something else than requests."""
    first, *more = (part.strip() for part in text.split(";"))
    said = dict(part.split("=", 1) for part in more if "=" in part)
    quota, window_s = _number(said.get("q", first)), _number(said.get("w", ""))
    counts_others = said.get("qu", '"requests"').strip('"') != "requests"
    if counts_others or quota is None or window_s is None or quota < 1 or not 0 < window_s <= _WINDOW_S:
        return None
    return Rate(int(quota), window_s)


def _in_one_header(value: str) -> Iterator[_StatedLimit]:
    """Yield what RateLimit holds: `limit=9, remaining=0, reset=5`, or `"name";r=0;t=5` for each limit."""
    is_one = "remaining" in value.lower() or "reset" in value.lower()
    for part in (value,) if is_one else value.split(","):
        found = {name.lower()[:3]: _number(text) for name, text in _PAIR.findall(part)}
        yield _StatedLimit(found.get("rem", found.get("r")), found.get("res", found.get("t")))


def _until(text: str, now: float) -> float | None:
    """Return the seconds until a reset: a moment in seconds or smaller units, seconds to go, or a date."""
    number = _number(text)
    if number is None:
        moment = _seconds_of(text)
        return None if moment is None else max(moment - now, 0.0)
    moments = (number / unit for unit in _UNITS)
    near = next((moment for moment in moments if abs(moment - now) < _NEAR_S), None)
    if near is not None:
        return max(near - now, 0.0)
    return max(number, 0.0) if number < _NEAR_S else None


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


@lru_cache(maxsize=64)  # the Date of an answer is asked for several times
def _seconds_of(text: str) -> float | None:
    """Return the seconds since 1970 of a date: the three HTTP forms (RFC 9110 §5.6.7) or ISO 8601."""
    if not text:
        return None
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, IndexError, TypeError, OverflowError):
            continue
    return None
