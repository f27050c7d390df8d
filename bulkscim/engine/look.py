"""A look at a session while it works: how far it is, and about how long it still takes."""

from collections.abc import Callable

from bulkscim.engine.permits import Permits
from bulkscim.engine.pulse import Pulse
from bulkscim.model.clock import Clock
from bulkscim.model.progress import RunProgress
from bulkscim.model.run import Totals
from bulkscim.pacing.time_left import Limits, Speed, seconds_for
from bulkscim.pacing.waiting import reason
from bulkscim.planning.forecast import Forecast, requests_left


class Look:
    """Looks at a session while it works."""

    def __init__(
        self,
        pulse: Pulse,
        permits: Permits,
        clock: Clock,
        totals: Callable[[], Totals],
        forecast: Forecast,
    ) -> None:
        self._pulse = pulse
        self._permits = permits
        self._clock = clock
        self._totals = totals
        before = totals()
        pending = (before.pending + before.in_doubt) / before.rows if before.rows else 0.0
        self._forecast = forecast.part(pending)
        self._began = self._looked = clock.monotonic()
        self._sent = pulse.sorts.copy()
        self._gates = permits.gates
        self._speed: Speed | None = None

    def __call__(self) -> RunProgress:
        """Return how far the session is."""
        now, pulse = self._clock.monotonic(), self._pulse
        left = requests_left(self._forecast, pulse.taken)
        limits = self._permits.limits(left)
        if self._speed is None or self._permits.gates is not self._gates:
            self._gates, self._speed = self._permits.gates, Speed.begun(limits.per_second)
        sent, hold = pulse.counters, self._permits.holding.first
        why = reason(self._permits.quiet())
        passed, new = now - self._looked, pulse.sorts - self._sent
        if passed > 0 and (why is None or new or self._permits.closed_s):
            worth = self._permits.worth(new, limits.per_second)
            self._speed = self._speed.after(passed, worth, limits.per_second)
        self._looked, self._sent = now, pulse.sorts.copy()
        requests, (whole, share) = sum(left.values()), self._permits.share
        return RunProgress(
            self._totals(),
            pulse.begun,
            now - self._began,
            sent.requests,
            sent.throttled,
            requests,
            self._seconds_for(limits, self._speed),
            self._permits.allowed_per_second,
            why,
            hold is not None and not hold.ends,
            share,
            whole,
        )

    def _seconds_for(self, limits: Limits, speed: Speed) -> float | None:
        """Return how long the requests that are left take from now on; None while it is not known when they may be sent."""
        hold = self._permits.holding.first
        if hold is not None and not hold.ends:
            return None
        return self._permits.holding.stretch(seconds_for(limits, speed))
