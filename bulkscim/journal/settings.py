"""Under which settings a run sends: its journal's header keeps them, so that resume goes on under the same terms."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypedDict

from bulkscim.errors import UsageError
from bulkscim.journal.typed_json import FLAT, OMITTED
from bulkscim.model.row import RowRules
from bulkscim.pacing.concurrency import Concurrency
from bulkscim.pacing.rate import Rate, StatedRate, parse_all, parse_share
from bulkscim.planning.decision import Policy
from bulkscim.providers.profile import QUIET_S, Bucket, Profile

TIMEOUT_S = 30.0
MOST_TRIED = 4.0  # times the rate that is known, where a faster one may be tried
SOON_S = 5.0  # without a 429 are the evidence for that, where it is asked for


@dataclass(frozen=True, slots=True)
class Connection:
    """How and when requests reach a tenant; None leaves it to the tenant's entry, to the profile, or to the usual.

    `rate` is as written (`100/min`), several with commas between them. A `concurrency` of 0 follows the tenant's latency. An
    empty `proxy` is none, whatever was used before. As written too: `between` which hours of the day requests are sent
    (`22:00-06:00`), until which `deadline` (`06:00`), and for how long an outage is waited out (`15m`); `none` lifts what
    was said before. `budget_share` is the share of each limit that is used (`60%`),
    and `burst` how many requests may go at once under each.
    """

    rate: str | None = None
    concurrency: int | None = None
    timeout_s: float | None = None
    proxy: str | None = None
    ca_bundle: Path | None = None
    between: str | None = field(default=None, metadata=OMITTED)
    deadline: str | None = field(default=None, metadata=OMITTED)
    wait_out: str | None = field(default=None, metadata=OMITTED)
    budget_share: str | None = field(default=None, metadata=OMITTED)
    burst: int | None = field(default=None, metadata=OMITTED)


class ConnectionOptions(TypedDict, total=False):
    """The same as a program's keywords."""

    rate: str
    concurrency: int
    timeout_s: float
    proxy: str
    ca_bundle: str | Path
    between: str
    deadline: str
    wait_out: str
    budget_share: str
    burst: int


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run sends, and what its rows do; what is left open is the profile's, or the usual.

    `on_drift` says what becomes of a record whose resource is not as it expects. `image_age` is how many seconds old a
    before-image may be, where the usual 60 is not wanted.
    """

    rules: RowRules = field(default=RowRules(), metadata=FLAT)
    connection: Connection = field(default=Connection(), metadata=FLAT)
    limit: int | None = None
    on_drift: str = "row"
    image_age: float | None = field(default=None, metadata=OMITTED)

    @property
    def timeout_s(self) -> float:
        """How long an answer is waited for."""
        return self.connection.timeout_s or TIMEOUT_S

    def policy(self, profile: Profile, run: str = "") -> Policy:
        """Return what the pure heart must know of these; `run` is the run's id."""
        return Policy(self.rules, profile, run=run, on_drift=self.on_drift)

    def buckets(self, profile: Profile) -> tuple[Bucket, ...]:
        """Return the buckets in force: a rate for all requests stands in for the profile's own, one for some is added."""
        stated = rates_of(self.connection.rate) if self.connection.rate else ()
        quiet_s = max((bucket.quiet_s for bucket in profile.buckets), default=QUIET_S)
        asked = [(one.is_general, _bucket(one, one.rate, quiet_s)) for one in stated if one.rate is not None]
        general = [bucket for is_general, bucket in asked if is_general] or profile.buckets
        if any(one.rate is None for one in stated):
            general = [
                replace(one, most=MOST_TRIED, quiet_s=min(SOON_S, one.quiet_s), assumed=False)
                for one in general
            ]
        some = (bucket for is_general, bucket in asked if not is_general)
        share, burst = share_of(self.connection.budget_share), self.connection.burst
        return tuple(
            replace(bucket, share=share, burst=burst or bucket.burst) for bucket in (*general, *some)
        )

    def concurrency(self, profile: Profile) -> Concurrency:
        """Return how many requests may be in flight."""
        asked = self.connection.concurrency
        return Concurrency(asked or profile.concurrency, asked or profile.most_concurrency)


def _bucket(stated: StatedRate, rate: Rate, quiet_s: float) -> Bucket:
    methods = frozenset({stated.method} if stated.method else ())
    name = f"{stated.method} {stated.path}".strip() or "--rate"
    return Bucket(rate.limit, rate.window_s, name, methods, stated.path, quiet_s=quiet_s)


def share_of(text: str | None) -> float:
    """Read a share of the limits as users write it; without one, all of each is used."""
    try:
        return 1.0 if text is None else parse_share(text)
    except ValueError as error:
        raise UsageError(f"--budget-share: {error}") from error


def rates_of(text: str) -> tuple[StatedRate, ...]:
    """Read rates as users write them."""
    try:
        return parse_all(text)
    except ValueError as error:
        raise UsageError(f"--rate: {error}") from error
