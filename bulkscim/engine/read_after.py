"""Read a resource after a success that does not show what its steps did: a tenant may take a change and not make it."""

from dataclasses import replace

from bulkscim.engine.asking import Asking
from bulkscim.engine.dispatch import Outcome
from bulkscim.engine.reads import Reads
from bulkscim.engine.rows import Rows
from bulkscim.model.active import is_inactive
from bulkscim.model.live import Found, Unreadable
from bulkscim.model.operation import identities
from bulkscim.model.step import Action, Step
from bulkscim.pacing.retry import Verdict
from bulkscim.planning.derived import doubted
from bulkscim.planning.unshown import Kind, unshown

MOST_UNREAD = 3  # reads that may fail before no more are tried


class ReadAfter:
    """Completes answers that show nothing, until one change of each kind was there; one for all workers."""

    def __init__(self, rows: Rows, asking: Asking) -> None:
        self._rows = rows
        self._asking = asking
        self._unread = 0

    async def completed(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Return the outcomes of one request, with its resource as it is read where the answer does not show enough.

        Where it cannot be read, or is gone, nothing is proved, and changes of these kinds are not looked at again.
        """
        first, kinds = outcomes[0], {kind for one in outcomes for kind in self._unseen(one)}
        step, reads = first.sent.step, self._asking.reads(first.sent.work)
        if not kinds or step.id is None:
            return outcomes
        for one in outcomes:
            self._rows.answered(one.sent.work, one.sent.step)
        read = await reads.by_id(step.type, step.id)
        self._unread += isinstance(read, Unreadable)
        if isinstance(read, Unreadable) and read.may_pass and self._unread < MOST_UNREAD:
            return outcomes
        if not isinstance(read, Found) or await self._is_deleted(step, read, reads):
            self._rows.seen_kinds |= kinds
            return outcomes
        for one in outcomes:
            one.sent.work.unshown |= kinds
        if not any(doubted(one.sent.step, read.resource, is_read=True) for one in outcomes):
            self._rows.seen_kinds |= kinds
        return [replace(one, read=read.resource) for one in outcomes]

    def _unseen(self, outcome: Outcome) -> frozenset[Kind]:
        if outcome.judgement.verdict is not Verdict.APPLIED:
            return frozenset()
        return unshown(outcome.sent.step, outcome.judgement.resource) - self._rows.seen_kinds

    async def _is_deleted(self, step: Step, read: Found, reads: Reads) -> bool:
        """Return whether what is read by its id is deleted all the same: it is deactivated, or a filter by its name omits it."""
        if step.action is not Action.DELETE:
            return False
        names = identities(step.type, read.resource)
        shown = await reads.filtered(names[0]) if names else None
        is_omitted = isinstance(shown, list) and all(one["id"] != step.id for one in shown)
        return is_inactive(read.resource) or is_omitted
