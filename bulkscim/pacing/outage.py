"""When a tenant that does not answer is asked again (pure)."""

_FIRST_S = 5.0
_MOST_S = 60.0


def next_wait(asked: int, waited_s: float, most_s: float) -> float | None:
    """Return the seconds until it is asked again: more each time; None where it was waited for as long as it may be."""
    left_s = most_s - waited_s
    return min(_FIRST_S * 2.0 ** min(asked, 10), _MOST_S, left_s) if left_s > 0 else None
