"""What is known of a limit from before a session: how fast requests passed, and how fast they did not (pure)."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from bulkscim.providers.profile import Bucket

LASTS_S = 7 * 86_400.0
_CAREFUL = 0.8  # of what was inferred


class Source(StrEnum):
    """How a limit is known."""

    HEADER = "header"
    INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class KnownLimit:
    """A limit of the requests that it names, all of them where it names none, in requests a second.

    So many passed; `too_fast` is the slowest pace that did not, None where none is known. `at`: when that was seen, in seconds
    since 1970.
    """

    per_second: float
    too_fast: float | None = None
    methods: tuple[str, ...] = ()
    prefix: str = ""
    body_over: int = 0
    source: Source = Source.INFERRED
    at: float = 0.0

    @property
    def first(self) -> float:
        """The pace to begin with."""
        return self.per_second * (1.0 if self.source is Source.HEADER else _CAREFUL)

    @property
    def is_limit(self) -> bool:
        """Whether more does not pass, as far as is known."""
        return self.source is Source.HEADER or self.too_fast is not None

    def shared(self, share: float) -> "KnownLimit":
        """Return a share of it."""
        too_fast = None if self.too_fast is None else share * self.too_fast
        return replace(self, per_second=share * self.per_second, too_fast=too_fast)

    @property
    def told(self) -> str:
        """What is known: `33/s of all requests passed on 2026-11-27 (inferred)`."""
        counted = " ".join((*self.methods, self.prefix)).strip() or "all requests"
        day = datetime.fromtimestamp(self.at, UTC).date().isoformat()
        known = "stated" if self.source is Source.HEADER else "passed"
        return f"{self.per_second:.3g}/s of {counted} {known} on {day} ({self.source})"

    def is_of(self, bucket: Bucket) -> bool:
        """Return whether it counts what a bucket counts."""
        counted = tuple(sorted(bucket.methods)), bucket.prefix, bucket.body_over
        return counted == (self.methods, self.prefix, self.body_over)

    def is_valid(self, now: float) -> bool:
        """Return whether it may still be relied upon."""
        return 0 <= now - self.at < LASTS_S and self.per_second > 0
