"""The first rows of a run, watched while they end: where all of them fail for one reason, the run stops once."""

from http import HTTPStatus

from bulkscim.engine.work import Work
from bulkscim.errors import FirstRowsFailed
from bulkscim.journal.entries import Kind
from bulkscim.journal.journal import Journal
from bulkscim.model.names import NAMES
from bulkscim.model.row import RowState
from bulkscim.pacing.breaker import FIRST_ROWS, FirstRows, Reason, reason_of
from bulkscim.planning.decision import Settle

_NEXT = "Correct the cause and retry the run; resume goes on with the other rows all the same"


def watching(journal: Journal) -> FirstRows:
    """Return the watch over a session's rows; it is over where the run has come past its first rows, or its stop."""
    first, totals = FirstRows(), journal.ledger.totals()
    if (
        totals.done
        or totals.adopted
        or totals.noop
        or totals.failed >= FIRST_ROWS
        or has_stopped(journal, FirstRowsFailed.cause)
    ):
        first.over()
    return first


def has_stopped(journal: Journal, cause: str) -> bool:
    """Return whether an earlier session has stopped for a cause."""
    return journal.timeline.sessions > 1 and any(
        entry.body.get("cause") == cause for entry in journal.entries(Kind.STOPPED)
    )


def take(first: FirstRows, work: Work, decision: Settle) -> FirstRowsFailed | None:
    """Count a row's end; return why the run is to stop, if it is."""
    if decision.state is RowState.FAILED:
        why = first.failed(_reason(work, decision), decision.detail)
        return FirstRowsFailed(f"{why}. {_NEXT}") if why else None
    if decision.state is not RowState.SKIPPED:  # it may wait for a row that failed
        first.over()
    return None


def _reason(work: Work, decision: Settle) -> Reason | None:
    """Return why a row failed; None for conflicts and missing references, which many rows may have in common."""
    facts, status = work.facts, decision.status
    named = status == HTTPStatus.NOT_FOUND and all(each.status != status for each in facts.refused.values())
    if named or facts.taken or status == HTTPStatus.CONFLICT or decision.scim_type == "uniqueness":
        return None
    operation = work.row.operation
    own = [operation.target.value, decision.id or "", *(str(operation.data.get(name, "")) for name in NAMES)]
    return reason_of(status, decision.scim_type, decision.detail, own)
