"""Why no request leaves for now, as users read it (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass

CONFIRMATION = "waiting for confirmation"  # that the tenant shows what was changed
ANSWER = "waiting for an answer"
LIMIT = "limit"
WORTH_SAYING_S = 2.0


@dataclass(frozen=True, slots=True)
class Quiet:
    """What is known while no request leaves: for how long that is so, and what is waited for.

    `closed_s`: the tenant asked to wait for so long. `asked_s`: the oldest request without an answer left so long ago;
    None where there is none. `next_s`: so long until the limit allows a request that is ready; None where none is.
    `pauses` are others, each with the seconds that are left of it. `held`: nothing may be sent, and why.
    """

    idle_s: float = 0.0
    closed_s: float = 0.0
    asked_s: float | None = None
    next_s: float | None = None
    pauses: tuple[tuple[str, float], ...] = ()
    held: str | None = None


def retry_of(row: int) -> str:
    """Return the reason of a wait before a request of a row is sent again."""
    return f"retry of row {row}"


def reason(quiet: Quiet) -> str | None:
    """Return why nothing is sent, with the seconds left; None where requests leave, or where it is not worth saying."""
    if quiet.held is not None:
        return quiet.held
    if quiet.closed_s >= 1:
        return _for(LIMIT, quiet.closed_s)
    if quiet.idle_s < WORTH_SAYING_S:
        return None
    if quiet.asked_s is not None and quiet.asked_s >= WORTH_SAYING_S:
        return f"{ANSWER} since {quiet.asked_s:.0f} s"
    if quiet.next_s is not None and quiet.next_s >= 1:
        return _for(LIMIT, quiet.next_s)
    return _first(quiet.pauses)


def _first(pauses: Iterable[tuple[str, float]]) -> str | None:
    """Return the pause that ends first."""
    first = min(((seconds, why) for why, seconds in pauses if seconds >= 0), default=None)
    if first is None:
        return None
    seconds, why = first
    return f"{why} in {seconds:.0f} s" if why.startswith("retry") else _for(why, seconds)


def _for(why: str, seconds: float) -> str:
    return f"{why}, {seconds:.0f} s"
