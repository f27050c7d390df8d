"""Answer what another row has made: from the rows under way, else from the journal."""

from collections.abc import Callable, Mapping

from bulkscim.engine.facts import facts_of, made_by
from bulkscim.engine.work import Work
from bulkscim.journal.journal import Journal
from bulkscim.model.live import ParentAnswer, ParentFailed, ParentLater, ParentReady
from bulkscim.model.row import RowState

WINDOW = 1000


class Parents:
    """What rows of this run have made, for the rows that refer to them."""

    def __init__(
        self,
        journal: Journal,
        alive: Callable[[int], Work | None],
        fed: Callable[[], int],
        found: Mapping[int, str],
        updates: Mapping[int, tuple[str, int]],
    ) -> None:
        self._journal = journal
        self._alive = alive
        self._fed = fed  # the highest row that the feed has gone past in this pass
        self._found = found  # of rows that were left for later: the ids that they did not create themselves
        self._updates = updates  # of upserts that earlier rows hold back, also in earlier passes

    def answer(self, child: int, parent: int) -> ParentAnswer | None:
        """Return what the parent row made; None where it is worth waiting for."""
        work = self._alive(parent)
        if work is not None:
            made = made_by(work.facts) or work.found
            return ParentReady(made) if made else None
        ledger = self._journal.ledger
        made = made_by(facts_of(self._journal.history(parent))) if ledger.last_offset(parent) else None
        if made:
            return ParentReady(made)
        updated, first = self._updates.get(parent, ("", 0))
        if (
            child < first and ledger.state(parent) is RowState.PENDING
        ):  # nothing is left to change it before this child
            return ParentReady(updated)
        if parent > self._fed() and ledger.state(parent) is RowState.PENDING:
            return None if parent - child < WINDOW else ParentLater(parent)
        return self._ended(parent)

    def _ended(self, parent: int) -> ParentAnswer:
        """Return what a row found that is not under way and made nothing: it settled, or was left for later."""
        state = self._journal.ledger.state(parent)
        if state is RowState.PENDING and parent in self._found:
            return ParentReady(self._found[parent])
        if state in {RowState.PENDING, RowState.IN_DOUBT}:
            return ParentLater(parent)
        last = self._journal.last(parent)
        body = last.body if last else {}
        if state in {RowState.FAILED, RowState.SKIPPED} and not body.get("found"):
            return ParentFailed(parent, str(body.get("detail") or state.value))
        found = body.get("id")
        return ParentReady(found) if found else ParentFailed(parent, "its id is not known")
