"""When many answers say the same, the fault is not the records': stop before thousands are marked failed."""

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

FIRST_ROWS = 20
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_PARTICULAR = re.compile(r"\S*[\d@]\S*")  # ids, addresses, numbers and times


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """When the breaker opens: so many in a row, or this share of the last so many steps."""

    in_a_row: int = 20
    share: float = 0.5
    window: int = 100
    gone_in_a_row: int = 20


class Breaker:
    """Told of each step's end; `reason` says why nothing more should be sent, None while all is well.

    A fault is what no record is to blame for: a 5xx, a timeout, a cut connection, a budget of 429s spent.
    """

    def __init__(self, limits: BreakerLimits = BreakerLimits()) -> None:
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


class Reason(NamedTuple):
    """Why a row failed, without what is only that row's: equal for rows that failed for the same cause."""

    status: int | None
    scim_type: str
    detail: str


def reason_of(status: int | None, scim_type: str | None, detail: str, own: Iterable[str] = ()) -> Reason:
    """Return the reason in an answer. `own` are the row's names, which its detail may repeat."""
    text = detail.casefold()
    for name in sorted((name.casefold() for name in own if name.strip()), key=len, reverse=True):
        text = text.replace(name, "…")
    text = _PARTICULAR.sub("…", _QUOTED.sub("…", text))
    return Reason(status, scim_type or "", " ".join(text.split()))


class FirstRows:
    """Told of each row's end; says once when the first rows of a run have all failed for one reason.

    It is over as soon as a row ends well, or for another reason, or for one that rows may well share (`None`).
    """

    def __init__(self, count: int = FIRST_ROWS) -> None:
        self._left = count
        self._count = count
        self._reason: Reason | None = None

    def failed(self, reason: Reason | None, detail: str) -> str | None:
        """Count a row that failed and return why the run should stop, if it should."""
        if self._left == 0 or reason is None or self._reason not in {None, reason}:
            self.over()
            return None
        self._reason = reason
        self._left -= 1
        if self._left:
            return None
        return f"the first {self._count} rows failed for one reason: {detail}"

    def over(self) -> None:
        """Stop counting: the run is not one that only fails."""
        self._left = 0
