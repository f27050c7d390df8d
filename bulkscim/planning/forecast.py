"""About how many requests a job takes, before it begins and as it goes on (pure).

Two sorts of requests are counted apart, as they come at different times: those of a row up to its own change, lookups
included, and those that bring members into groups or take them out, which many rows share.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from bulkscim.model.operation import GROUP, USER, VERBS, Verb
from bulkscim.model.request import Sort
from bulkscim.planning.before_image import LONGEST_S
from bulkscim.scim.protocol import collection

# What was forecast counts as much as what so many rows took: of changes, and of reads, some of which serve many rows.
_FEW, _SOME = 5, 50
FIRST = 8  # rows of a kind: what is read before they have made their change also shows what lookups prove, for all rows
_READS, _SHARED = Sort("GET", collection(USER)), Sort("PATCH", f"{collection(GROUP)}/")
_BEGIN, _SHARE = 0.05, 0.1  # of memberships: up to where groups are looked up and created; and as `_SOME`


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

    Of the rows' own requests, `reads` are counted apart from `writes`; `first_reads` is how many there were when the `FIRST`
    rows of a kind had come past their change. `marks` are numbers of links, each twice the one before or more, with the
    shared requests that they had taken. `ended` rows need nothing more. `repeats` are requests that were sent again.
    """

    begun: Counter[str] = field(default_factory=Counter)
    past: Counter[str] = field(default_factory=Counter)
    reads: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    links: int = 0
    shared: int = 0
    first_reads: dict[str, int] = field(default_factory=dict)
    marks: list[tuple[int, int]] = field(default_factory=list)
    repeats: int = 0
    ended: int = 0

    def passes(self, kind: str) -> None:
        """Count a row that has made its own change, or needs none."""
        self.past[kind] += 1
        if self.past[kind] == FIRST:
            self.first_reads[kind] = self.reads[kind]

    def link(self) -> None:
        """Count a membership that is there now."""
        self.links += 1
        if not self.marks or self.links >= 2 * self.marks[-1][0]:
            self.marks.append((self.links, self.shared))

    @property
    def total(self) -> int:
        """All requests that were sent."""
        return self.reads.total() + self.writes.total() + self.pages + self.shared + self.repeats


def requests_left(forecast: Forecast, taken: Taken) -> dict[Sort, float]:
    """Return about how many requests of each sort are still to be sent: as forecast, and more and more as the rows so far took."""
    rows = sum(forecast.rows.values())
    still = max(0, rows - taken.ended)
    if not still:
        return {}
    left: defaultdict[Sort, float] = defaultdict(float)
    begun = min(1.0, taken.begun.total() / rows)
    left[_READS] = max(0.0, forecast.pages * (1 - begun) - max(0.0, taken.pages - forecast.pages * begun))
    left[_SHARED] = _shared_left(forecast, taken, still / rows)
    for kind in forecast.rows:
        left[_READS] += _reads_left(forecast, taken, kind)
        left[_change(kind)] += _writes_left(forecast, taken, kind)
    left[_READS] += max(0.0, 1 - sum(left.values()))  # rows are left, so something is
    again = taken.repeats / (taken.total + _FEW)
    return {sort: count * (1 + again) for sort, count in left.items()}


def _change(kind: str) -> Sort:
    """Return the sort of the changes of one kind of rows."""
    verb, _, resource = kind.partition(" ")
    method = VERBS[Verb(verb)].method
    return Sort(method, collection(resource) if method == "POST" else f"{collection(resource)}/")


def _writes_left(forecast: Forecast, taken: Taken, kind: str) -> float:
    """Return the changes that rows of one kind have not made yet. Those under way make one: others end as soon as they begin."""
    rows, past, begun = forecast.rows[kind], taken.past[kind], taken.begun[kind]
    each = forecast.writes.get(kind, 0.0) / max(1, rows)
    under_way = max(0, begun - past)
    seen = (taken.writes[kind] + under_way * each + _FEW * each) / (max(begun, past) + _FEW)
    return under_way * each + max(0, rows - past - under_way) * seen


def _reads_left(forecast: Forecast, taken: Taken, kind: str) -> float:
    """Return what the rows of one kind will read: as forecast, and more and more as the rows after the first ones have."""
    rows, read, past = forecast.rows[kind], taken.reads[kind], taken.past[kind]
    expected = forecast.reads.get(kind, 0.0)
    begun = max(
        past, taken.begun[kind]
    )  # a row reads when it begins, and before its change where that was long ago
    left = max(0.0, min(expected - read, expected * (1 - (begun + past) / 2 / max(1, rows))))
    if past <= FIRST:
        return left
    seen = past - FIRST
    each = max(0, read - taken.first_reads.get(kind, 0) - 1) / seen  # a single one is no pace
    return _blended(left, max(0, rows - past) * each, seen / (seen + _SOME))


def _shared_left(forecast: Forecast, taken: Taken, still: float) -> float:
    """Return the requests of the memberships that are left; `still`: the share of the rows that have not ended."""
    links = min(forecast.links - taken.links, forecast.links * still)
    if links <= 0:
        return 0.0
    left = max(0.0, forecast.shared - taken.shared)
    begun = next((mark for mark in taken.marks if mark[0] >= _BEGIN * forecast.links), None)
    if begun is None or taken.links == begun[0]:
        return max(1.0, left)
    seen = taken.links - begun[0]
    trust = seen / (seen + _SHARE * forecast.links)
    return max(1.0, _blended(left, links * (taken.shared - begun[1]) / seen, trust))


def _blended(forecast: float, seen: float, trust: float) -> float:
    """Return what lies between a forecast and what was seen, by how far the second is trusted."""
    return (1 - trust) * forecast + trust * seen


def shared_requests(
    groups: Sequence[int], most: int, *, creates: bool, batches: int, seconds: float = 0.0
) -> float:
    """Return about how many requests memberships of groups take, given the number of each: in requests of `most` members.

    `creates`: the groups are created, as far as they are missing. Rows are worked on in so many `batches`, one after the
    other, in so many `seconds`, and a request holds members of one of them.
    """
    found = float(sum(min(members, max(ceil(members / most), batches)) for members in groups))
    if not creates:
        return found
    again = seconds / LONGEST_S  # those that are not created yet are looked up again, together
    return found + len(groups) + min(2.0 * len(groups), 2 + again)
