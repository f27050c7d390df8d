"""About how many requests a job takes, before it begins and as it goes on (pure).

Two sorts of requests are counted apart, as they come at different times: those of a row up to its own change, lookups
included, and those that bring members into groups or take them out, which many rows share.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil

# What was forecast counts as much as what so many rows took: of changes, and of reads, some of which serve many rows.
_FEW, _SOME = 5, 20
_FIRST = 15  # reads at the begin of a run, which show what its lookups prove


@dataclass(frozen=True, slots=True)
class Forecast:
    """The requests of a job. `rows` of each kind, as in `create User`, take so many `reads` and `writes`, apart from memberships.

    `pages` are those of listings, read once for many rows. `links` memberships take `shared` requests.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    reads: Mapping[str, float] = field(default_factory=dict)
    writes: Mapping[str, float] = field(default_factory=dict)
    pages: float = 0.0
    links: float = 0.0
    shared: float = 0.0

    @property
    def total(self) -> float:
        """All requests."""
        return sum((*self.reads.values(), *self.writes.values(), self.pages, self.shared))

    def part(self, share: float) -> "Forecast":
        """Return what is left of it where a share of the rows is left; of which kinds these are is not known."""
        rows = {kind: ceil(count * share) for kind, count in self.rows.items()}
        reads = {kind: count * share for kind, count in self.reads.items()}
        writes = {kind: count * share for kind, count in self.writes.items()}
        return Forecast(rows, reads, writes, self.pages * share, self.links * share, self.shared * share)


@dataclass(slots=True)
class Taken:
    """What was taken so far: rows of each kind that were begun, and that came past their own change; requests as in a forecast.

    Of the rows' own requests, `reads` are counted apart from `writes`. `ended` rows need nothing more. `repeats` are
    requests that were sent again.
    """

    begun: Counter[str] = field(default_factory=Counter)
    past: Counter[str] = field(default_factory=Counter)
    reads: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    links: int = 0
    shared: int = 0
    repeats: int = 0
    ended: int = 0

    @property
    def total(self) -> int:
        """All requests that were sent."""
        return self.reads.total() + self.writes.total() + self.pages + self.shared + self.repeats


def requests_left(forecast: Forecast, taken: Taken) -> float:
    """Return about how many requests are still to be sent: as forecast, and more and more as the rows so far have taken."""
    rows = sum(forecast.rows.values())
    still = max(0, rows - taken.ended)
    if not still:
        return 0.0
    own = sum(
        _writes_left(forecast, taken, kind) + _reads_left(forecast, taken, kind) for kind in forecast.rows
    )
    begun = min(1.0, taken.begun.total() / rows)
    pages = max(0.0, forecast.pages * (1 - begun) - max(0.0, taken.pages - forecast.pages * begun))
    left = own + pages + _shared_left(forecast, taken, still / rows)
    again = taken.repeats / (taken.total + _FEW)
    return max(1.0, left) * (1 + again)


def _writes_left(forecast: Forecast, taken: Taken, kind: str) -> float:
    """Return the changes of the rows of one kind that have not made theirs yet."""
    rows, past = forecast.rows[kind], taken.past[kind]
    each = forecast.writes.get(kind, 0.0) / max(1, rows)
    return max(0, rows - past) * (taken.writes[kind] + _FEW * each) / (past + _FEW)


def _reads_left(forecast: Forecast, taken: Taken, kind: str) -> float:
    """Return what the rows of one kind that were not begun yet will read; the first reads are for many rows."""
    rows, begun = forecast.rows[kind], taken.begun[kind]
    each = forecast.reads.get(kind, 0.0) / max(1, rows)
    read = max(0, taken.reads[kind] - _FIRST)
    return max(0, rows - begun) * (read + _SOME * each) / (begun + _SOME)


def _shared_left(forecast: Forecast, taken: Taken, still: float) -> float:
    """Return the requests of the memberships that are left; `still`: the share of the rows that have not ended."""
    links = min(forecast.links - taken.links, forecast.links * still)
    if links <= 0:
        return 0.0
    done = taken.links / forecast.links
    so_far = links * taken.shared / max(1, taken.links)
    return max(1.0, (1 - done) * max(0.0, forecast.shared - taken.shared) + done * so_far)


def shared_requests(groups: Iterable[int], most: int, *, creates: bool, batches: int) -> float:
    """Return about how many requests memberships of groups take, given the number of each: in requests of `most` members.

    `creates`: the groups are created, as far as they are missing. Rows are worked on in so many `batches`, one after the
    other, and a request holds members of one of them.
    """
    found = 0.0
    for members in groups:
        writes = min(members, max(ceil(members / most), batches))
        found += writes + 2 * creates + 2  # it is looked up and read before, and again as that gets old
    return found
