"""When many answers say the same, the fault is not the records': stop before thousands are marked failed."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """When the breaker opens: so many in a row, or this share of the last so many steps."""

    in_a_row: int = 20
    share: float = 0.5
    window: int = 100
    gone_in_a_row: int = 20


class Breaker:
    """Told of each step's end; `reason` says why nothing more should be sent, None while all is well.

    A fault is what no record is to blame for: a 5xx, a timeout, a cut connection, a budget of 429s spent.
    """

    def __init__(self, limits: Limits = Limits()) -> None:
        self._limits = limits
        self._recent: deque[bool] = deque(maxlen=limits.window)
        self._in_a_row = 0
        self._gone = 0
        self.reason: str | None = None

    def ended(self, *, fault: bool, detail: str = "") -> str | None:
        """Count the end of a step and return the reason to stop, if there is one by now."""
        self._recent.append(fault)
        self._in_a_row = self._in_a_row + 1 if fault else 0
        if not fault or self.reason:
            return self.reason
        if self._in_a_row >= self._limits.in_a_row:
            self.reason = f"{self._in_a_row} answers in a row were faults of the tenant{_last(detail)}"
        elif len(self._recent) == self._limits.window:
            self._judge_window(detail)
        return self.reason

    def deleted(self, *, gone: bool) -> str | None:
        """Count the end of a delete: a burst of 404s means a wrong id form, tenant or token."""
        self._gone = self._gone + 1 if gone else 0
        if self._gone >= self._limits.gone_in_a_row and not self.reason:
            self.reason = f"{self._gone} deletes in a row met a 404: are these ids of this tenant?"
        return self.reason

    def _judge_window(self, detail: str) -> None:
        """Open when too many of the last steps were faults."""
        faults = sum(self._recent)
        if faults >= self._limits.share * self._limits.window:
            last = _last(detail)
            self.reason = (
                f"{faults} of the last {self._limits.window} answers were faults of the tenant{last}"
            )


def _last(detail: str) -> str:
    """Return what the last one said, as the end of a sentence."""
    return f"; the last: {detail}" if detail else ""
