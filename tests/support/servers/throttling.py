"""Servers with a limit, and a client with requests in flight that learns its pace; on virtual time."""

from collections import deque
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from math import ceil, inf
from random import Random

from bulkscim.pacing.learned_pace import LearnedPace

LASTS_S = 600.0


class Server:
    """Answers how long to wait, None where a request passes; `states`: it sends Retry-After, in whole seconds."""

    def __init__(self, kind, limit, window_s, *, states, begun=0.0):
        self.kind, self.limit, self.window_s, self.states = kind, limit, window_s, states
        self.times, self.tokens, self.at, self.begun = deque(), float(limit), 0.0, begun

    @property
    def per_second(self):
        """Return what the limit lets through in a second."""
        return self.limit / self.window_s

    def ask(self, now):
        """Take a request."""
        takes = {"fixed": self.fixed, "sliding": self.sliding, "tokens": self.bucket}[self.kind]
        wait = takes(now + self.begun)
        return None if wait is None else (ceil(wait) if self.states else 0.0)

    def fixed(self, now):
        """Count in windows that follow one another."""
        number = now // self.window_s
        while self.times and self.times[0] // self.window_s < number:
            self.times.popleft()
        return self.takes(now, (number + 1) * self.window_s - now)

    def sliding(self, now):
        """Count in the window that ends now."""
        while self.times and self.times[0] <= now - self.window_s:
            self.times.popleft()
        return self.takes(now, self.times[0] + self.window_s - now if self.times else 0.0)

    def takes(self, now, wait):
        """Take it where there is room."""
        if len(self.times) < self.limit:
            self.times.append(now)
            return None
        return wait

    def bucket(self, now):
        """Take a token, of which one comes at each part of the window."""
        self.tokens = min(self.limit, self.tokens + (now - self.at) * self.limit / self.window_s)
        self.at = now
        if self.tokens < 1:
            return (1 - self.tokens) * self.window_s / self.limit
        self.tokens -= 1
        return None


@dataclass
class Seen:
    """What became of some minutes: what passed, the moments of each 429, and how many of them were under way with none before."""

    lasts_s: float
    passed: int = 0
    throttled: list = field(default_factory=list)
    apart: int = 0

    def share(self, server):
        """Return the share of the limit that was used."""
        return self.passed / (server.per_second * self.lasts_s)


@dataclass
class Client:
    """Sends as fast as a pace says, with so many in flight; a way there and a way back take `latency_s`, and a little more."""

    server: Server
    pace: LearnedPace
    assumed: float
    in_flight: int = 8
    latency_s: float = 0.1
    varies: float = 0.1
    seed: int = 0
    _events: list = field(default_factory=list)
    _under_way: int = 0
    _closed_until: float = 0.0
    _next_at: float = 0.0
    _alone: bool = False  # the next request goes ahead of the others
    _ahead: float | None = None  # when it was sent

    def __post_init__(self):
        self._random, self._number = Random(self.seed), count()

    def runs(self, lasts_s=LASTS_S):
        """Send for so long."""
        seen, now = Seen(lasts_s), 0.0
        while now <= lasts_s:
            may_send = self._under_way < self.in_flight and self._ahead is None
            send_at = max(self._next_at, self._closed_until, now) if may_send else inf
            if self._events and self._events[0][0] <= send_at:
                now, _, happens, sent_at, wait = heappop(self._events)
                happens(now, sent_at, wait, seen)
            else:
                now = send_at
                self._send(now)
        return seen

    def _after(self, now, happens, sent_at, wait=None):
        way_s = self.latency_s / 2 * (1 + self.varies * self._random.random())
        heappush(self._events, (now + way_s, next(self._number), happens, sent_at, wait))

    def _send(self, now):
        self._under_way += 1
        if self._alone:
            self._ahead, self._alone = now, False
        self._after(now, self._arrives, now)
        self._next_at = now + 1 / (0.99 * self.pace.share * self.assumed)

    def _arrives(self, now, sent_at, _, seen):
        wait = self.server.ask(now)
        seen.passed += wait is None
        self._after(now, self._answered, sent_at, wait)

    def _answered(self, now, sent_at, wait, seen):
        self._under_way -= 1
        if sent_at == self._ahead:
            self._ahead = None
        if wait is None:
            self.pace.passed(sent_at, now)
            return
        if not seen.throttled or sent_at > seen.throttled[-1]:
            seen.apart += 1
            self._alone = not wait
        seen.throttled.append(now)
        wait = wait or self.pace.unasked_s(sent_at)
        self.pace.throttled(sent_at, now, wait)
        self._closed_until = max(self._closed_until, now + wait)
