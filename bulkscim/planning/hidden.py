"""Take back a deactivation where the tenant does not show the user any more.

Some tenants answer 404 for a user that is deactivated, and still take a change of it by id. Others have deleted it.
So `active` alone is sent, unseen, and what the answer says decides. The rest of the record follows once the user is
shown again, under the usual rules.
"""

from bulkscim.model.active import ACTIVE, last_set, truth
from bulkscim.model.operation import USER, PatchOperation, Verb
from bulkscim.model.row import RowState
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.decision import Settle
from bulkscim.planning.parts import Subject
from bulkscim.planning.view import View

PART = Verb.ACTIVATE.value
HIDDEN = (
    "this tenant does not show the user since this run deactivated it: it hides or deletes deactivated users; "
    "create the user again to restore it"
)
_GONE = frozenset({404, 410})


def undoes_deactivation(view: View) -> bool:
    """Return whether a record takes back a deactivation of a user that it names by id."""
    operation = view.operation
    return (
        view.policy.takes_back
        and operation.type == USER
        and view.target_key().attribute == "id"
        and truth(operation.expect.get(ACTIVE)) is False
        and last_set((one.path, one.value) for one in operation.changes) is True
    )


def reactivated(view: View) -> Step | Subject | Settle:
    """Return the change that makes a user active again which is not shown; after it, what became of it."""
    own = view.target_key().value
    refusal = view.facts.refused.get(PART)
    if refusal is not None:
        told = HIDDEN if refusal.status in _GONE else f"{HIDDEN}; it refused to activate it: {refusal.told}"
        return Settle(RowState.SKIPPED, told, own, refusal.status)
    if PART not in view.facts.applied:
        change = Change(ACTIVE, before=False, after=True)
        sent = (PatchOperation("replace", ACTIVE, value=True),)
        left = {"id": own, ACTIVE: False}  # as the run that is taken back has left it
        return Step(PART, Action.MODIFY, USER, id=own, operations=sent, changes=(change,), before=left)
    if len(view.operation.changes) == 1:
        return Subject(own)
    return Settle(RowState.SKIPPED, f"active was set; the rest was not: {HIDDEN}", own)
