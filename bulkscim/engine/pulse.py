"""What a session has sent and how far its rows are, counted as it happens."""

from collections import Counter
from dataclasses import dataclass, field

from bulkscim.engine.work import Work
from bulkscim.model.request import Request, Sort
from bulkscim.model.run import Counters
from bulkscim.model.step import Step
from bulkscim.planning.forecast import Taken


@dataclass(slots=True)
class Pulse:
    """The counts of one session."""

    taken: Taken = field(default_factory=Taken)
    _past: set[int] = field(default_factory=set)  # rows under way that have made their own change
    counters: Counters = field(default_factory=Counters)
    sorts: Counter[Sort] = field(default_factory=Counter)

    def sent(self, request: Request, work: Work | None, *, again: bool, throttled: bool) -> None:
        """Count a request that left."""
        self.counters += Counters(1, int(again), int(throttled))
        self.sorts[_sort(request)] += 1
        if again:
            self.taken.repeats += 1
        elif work is None or is_page(request):
            self.taken.pages += 1
        elif self._is_shared(work, request):
            self.taken.shared += 1
        elif request.method == "GET":
            self.taken.reads[kind_of(work)] += 1
        else:
            self.taken.writes[kind_of(work)] += 1

    def _is_shared(self, work: Work, request: Request) -> bool:
        membership = work.row.operation.spec.is_membership and request.method != "GET"
        return membership or work.number in self._past

    def takes_up(self, work: Work) -> None:
        """Count a row that begins."""
        if work.is_new:
            self.taken.begun[kind_of(work)] += 1

    def applied(self, work: Work, step: Step) -> None:
        """Count a step that took effect."""
        if step.member is not None:
            self.taken.link()
        self.answered(work, step)

    def answered(self, work: Work, step: Step) -> None:
        """Count a row that has made its own change, which may still be read back; may be called twice."""
        if step.member is None or work.row.operation.spec.is_membership:
            self._passes(work)

    def ended(self, work: Work) -> None:
        """Count a row that has ended."""
        self._passes(work)
        self._past.discard(work.number)
        self.taken.ended += 1

    def _passes(self, work: Work) -> None:
        if work.number not in self._past:
            self._past.add(work.number)
            self.taken.passes(kind_of(work))

    @property
    def begun(self) -> int:
        """How many rows have made their own change and wait for more."""
        return len(self._past)


def _sort(request: Request) -> Sort:
    """Return how a request counts against limits."""
    collection, one, _ = request.path.removeprefix("/").partition("/")
    return Sort(request.method, f"/{collection.partition('?')[0]}{one}")


def kind_of(work: Work) -> str:
    """Return the kind of a row, as a journal's header counts them."""
    operation = work.row.operation
    return f"{operation.verb.value} {operation.type}"


def is_page(request: Request) -> bool:
    """Return whether a request reads a page of a listing."""
    return request.method == "GET" and "?" in request.path and "filter=" not in request.path
