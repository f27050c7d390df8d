"""A whole run: its state, how many rows are in each state, how many requests they cost, and of what it is."""

from dataclasses import dataclass
from enum import StrEnum

from bulkscim.model.row import RowState


class RunState(StrEnum):
    """A run as its journal and its lock tell it; all but `finished` and `running` can be resumed."""

    RUNNING = "running"  # a process holds its lock
    INTERRUPTED = "interrupted"  # ended by a signal, or its process died
    STOPPED = "stopped"  # ended itself early: breaker, deadline, outage, disk
    FINISHED = "finished"  # went through all its rows


@dataclass(frozen=True, slots=True)
class Totals:
    """Row counts by state and request counters; the counters are a lower bound after a crash.

    `rows` is always the sum of the seven states.
    """

    rows: int = 0
    done: int = 0
    adopted: int = 0
    noop: int = 0
    failed: int = 0
    skipped: int = 0
    in_doubt: int = 0
    pending: int = 0
    requests: int = 0
    retries: int = 0
    throttled: int = 0

    def of(self, state: RowState) -> int:
        """Return the count of rows in one state."""
        return int(getattr(self, state.value))


@dataclass(frozen=True, slots=True)
class Counters:
    """Requests of one stretch of a row's work: all sent, of these repeats, and answers that throttle."""

    requests: int = 0
    retries: int = 0
    throttled: int = 0

    def __add__(self, other: "Counters") -> "Counters":
        return Counters(
            self.requests + other.requests, self.retries + other.retries, self.throttled + other.throttled
        )


@dataclass(frozen=True, slots=True)
class RecordedJob:
    """The job file of a run as it was at the beginning. `spooled`: it was put into the run's folder."""

    path: str = ""
    size: int | None = None
    sha256: str = ""
    format: str = ""
    spooled: bool = False
    header_line: int = 0

    @property
    def is_named(self) -> bool:
        """Whether all is known by which the file is found again."""
        return bool(self.path and self.sha256 and self.format) and self.size is not None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells a tenant and a token: `token` is its hash, keyed with the `salt`."""

    base_url: str = ""
    profile: str = ""
    token: str = ""
    salt: str = ""


@dataclass(frozen=True, slots=True)
class RecordedTenant(Fingerprint):
    """The tenant of a run, with the name that it had."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class OwnProfile:
    """A profile of the user's own: its file, and the text that holds for a run whatever becomes of the file."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class RecordedParent:
    """The run that a rollback undoes: its id, and the chain value of its last line then."""

    run: str = ""
    chain: str = ""


@dataclass(frozen=True, slots=True)
class RecordedPlan:
    """The plan file that a run applies: its hash, when it was made (seconds since 1970), and its author."""

    sha256: str = ""
    made: float = 0.0
    by: str = ""
