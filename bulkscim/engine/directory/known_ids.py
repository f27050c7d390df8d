"""The ids of resources that a run has seen, and since when.

A create that is answered with one of them has made nothing new. The latest few thousand are kept on the heap, so that a
job of plain creates of this size opens no database; the others are in the store.
"""

from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable
from itertools import islice
from math import inf

from bulkscim.engine.directory.store import Store
from bulkscim.journal.bodies import Applied
from bulkscim.journal.journal import RecordedRun
from bulkscim.journal.reader import id_text
from bulkscim.model.clock import Clock
from bulkscim.model.operation import JsonObject
from bulkscim.model.step import Action

MARKS = 1 << 14  # sorted together
MOST_RECENT = 4096  # ids, before they are moved off the heap


class KnownIds:
    """Ids by type: of what was found or listed, and of what the run has created or changed."""

    def __init__(self, clock: Clock, store: Store, lag_s: float = 0.0) -> None:
        self._clock = clock
        self._lag_s = lag_s
        self._began = clock.monotonic()
        self._created: OrderedDict[tuple[str, str], float] = OrderedDict()  # within the visibility lag
        self._recent: dict[tuple[str, str], float] = {}
        self._known = store.table("type text, id text, at real", key="type, id")
        self._another_until = -inf  # until when what another run has just created need not be shown
        self._deleted: set[tuple[str, str]] = set()  # by this process, until then
        self._recorded: RecordedRun | None = None
        self._marks: list[array[int]] = []

    def saw(self, kind: str, resources: Iterable[JsonObject]) -> None:
        """Take in resources that were read or created just now; those that are known stay known since then."""
        now = self._clock.monotonic()
        for one in resources:
            if one.get("id"):
                self._recent.setdefault((kind, str(one["id"])), now)
        if len(self._recent) > MOST_RECENT:
            self._known.add(((*one, at) for one, at in self._recent.items()), otherwise="ignore")
            self._recent = {}

    def created(self, kind: str, resource_id: str) -> None:
        """Take in what the run has just created: within the visibility lag the tenant may not show it yet."""
        self.saw(kind, ({"id": resource_id},))
        now = self._clock.monotonic()
        self._created[kind, resource_id] = now
        self._deleted.discard((kind, resource_id))
        while self._created and next(iter(self._created.values())) + self._lag_s < now:
            self._created.popitem(last=False)

    def shown_by(self, kind: str, resource_id: str, asked_at: float) -> float | None:
        """Return by when the tenant must show a resource that the run created; None where it must have done so.

        `asked_at` is when the request left: the answer may show what was there then, however late it came. When an earlier
        session created it is not kept: it may have been just before this one began.
        """
        at = self._created.get((kind, resource_id))
        if at is None and self._may_be_recalled(resource_id):
            actions = self._recorded_actions(kind, resource_id)
            at = self._began if Action.CREATE in actions and actions[-1] != Action.DELETE else None
        until = self._another_until if at is None else at + self._lag_s
        return None if asked_at >= until or (kind, resource_id) in self._deleted else until

    def follows(self, left_s: float) -> None:
        """Take in that for so many seconds what the run that is taken back created last need not be shown yet."""
        self._another_until = self._clock.monotonic() + left_s

    def recall(self, recorded: RecordedRun) -> None:
        """Take in what earlier sessions of the run have created or changed, by the journal.

        Of each id only 8 bytes are kept; the entries that name it are read when an answer shows it.
        """
        self._recorded = recorded
        marks = map(hash, recorded.applied_ids())
        while some := array("q", sorted(islice(marks, MARKS))):
            self._marks.append(some)

    def any_of(self, kind: str) -> bool:
        """Return whether any resource of a type is known to this process."""
        return any(of == kind for of, _ in self._recent) or self._known.holds("type = ?", kind)

    def forget(self, kind: str, resource_id: str) -> None:
        """Drop what the run has deleted: a service may give its id again."""
        self._created.pop((kind, resource_id), None)
        if self._clock.monotonic() < self._another_until:
            self._deleted.add((kind, resource_id))
        self._recent.pop((kind, resource_id), None)
        self._known.delete("type = ? and id = ?", kind, resource_id)

    def before(self, kind: str, resource_id: str, moment: float) -> bool:
        """Return whether an id was known before a moment of the monotonic clock."""
        return (
            self._recent.get((kind, resource_id), inf) < moment
            or self._known.holds("type = ? and id = ? and at < ?", kind, resource_id, moment)
            or (self._may_be_recalled(resource_id) and self._is_recalled(kind, resource_id))
        )

    def _may_be_recalled(self, resource_id: str) -> bool:
        mark = hash(id_text(resource_id))
        places = ((marks, bisect_left(marks, mark)) for marks in self._marks)
        return any(place < len(marks) and marks[place] == mark for marks, place in places)

    def _is_recalled(self, kind: str, resource_id: str) -> bool:
        """Return whether the last step of the run that names an id has left it there."""
        actions = self._recorded_actions(kind, resource_id)
        return bool(actions) and actions[-1] is not Action.DELETE

    def _recorded_actions(self, kind: str, resource_id: str) -> list[Action]:
        """Return what earlier sessions of the run did to a resource, in order."""
        if self._recorded is None:
            return []
        applied = self._recorded.each(Applied, holding=id_text(resource_id))
        begun = [self._recorded.beginning_of(one) for one, how in applied if how.id == resource_id]
        return [one.action for one in begun if one and one.type == kind]
