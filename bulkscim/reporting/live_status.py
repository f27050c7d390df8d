"""How far a run in another process is, by what it has left in its folder, and how old that is (pure)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo

from bulkscim.model.harmless import one_line, shown_duration
from bulkscim.reporting.durations import clock_time, moment
from bulkscim.reporting.progress_file import KeptProgress
from bulkscim.reporting.progress_text import NO_LIMIT, clock, left, rate_used

FRESH_S = 15.0  # a run that moves writes more often


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """A run that a process works on: `status --json` has it as `progress`.

    What it says is `age_s` seconds old; None where the process has written nothing yet. Where `is_current` is false, the
    process holds the run and no longer writes, so nothing is said of the time that is left. Requests and times are those of this
    session; `left_s` is counted from now. `budget_share` of the limits is used, which is `whole_per_second` in full. `rollback` is the name of the rollback that the process carries out.
    """

    is_current: bool = False
    age_s: float | None = None
    elapsed_s: float = 0.0
    requests: int = 0
    throttled: int = 0
    requests_left: float | None = None
    left_s: float | None = None
    ends_at: str | None = None
    per_second: float = 0.0
    begun: int = 0
    waiting: str | None = None
    paused: bool = False
    rollback: str | None = None
    budget_share: float = 1.0
    whole_per_second: float = 0.0


def live_status(kept: KeptProgress | None, now: float) -> LiveStatus:
    """Return what a kept progress says now."""
    if kept is None:
        return LiveStatus()
    age_s = max(0.0, now - kept.at)
    is_current = age_s <= FRESH_S
    left_s = None if kept.left_s is None or not is_current else max(0.0, kept.left_s - age_s)
    return LiveStatus(
        is_current,
        round(age_s, 1),
        round(kept.elapsed_s + age_s, 1) if is_current else kept.elapsed_s,
        kept.requests,
        kept.throttled,
        kept.requests_left,
        None if left_s is None else round(left_s, 1),
        None if left_s is None else moment(now + left_s),
        kept.per_second,
        kept.begun,
        kept.waiting if is_current else None,
        kept.paused and is_current,
        budget_share=kept.budget_share,
        whole_per_second=kept.whole_per_second,
    )


def live_lines(live: LiveStatus, now: float, zone: tzinfo | None = None) -> Iterator[str]:
    """Describe it, with times by the clock of a zone or this machine's."""
    if live.rollback is not None:
        yield _labelled("works on", live.rollback)
    if live.age_s is None:
        yield _labelled("left", "not known: the run has just begun, or is about to end")
        return
    if live.left_s is not None:
        until = clock_time(now + live.left_s, now, zone)
        yield _labelled("left", f"about {left(live.left_s)}, until {until}")
    elif not live.is_current:
        since = f"for {shown_duration(live.age_s)} its process has written nothing"
        yield _labelled("left", f"not known: {since}; it holds the run, and may be suspended")
    if live.waiting:
        yield _labelled("waits", one_line(live.waiting))
    yield _labelled("elapsed", clock(live.elapsed_s))
    yield _labelled("requests", _requests(live))


def _requests(live: LiveStatus) -> str:
    parts = [f"{live.requests:,} sent"]
    if live.throttled:
        parts.append(f"{live.throttled:,} throttled")
    if live.requests_left and live.is_current:
        parts.append(f"about {round(live.requests_left):,} left")
    limit = rate_used(live)
    return f"{', '.join(parts)}; {limit if limit == NO_LIMIT else f'the limit is {limit}'}"


def _labelled(label: str, text: str) -> str:
    return f"{label:<10}{text}"
