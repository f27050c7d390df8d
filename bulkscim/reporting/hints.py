"""What to do about a row that did not end as wanted: a few words, and the command where one helps."""

from typing import NamedTuple

from bulkscim.journal.runfolder import CHILD
from bulkscim.model.row import RowState
from bulkscim.model.typed import NEXT, command
from bulkscim.planning.held_to_plan import BY_PLAN, LEFT_BY_PLAN
from bulkscim.planning.one_group import ONE_GROUP
from bulkscim.reporting.results import Result

_BY_TYPE = {
    "uniqueness": "the name is taken: change it",
    "mutability": "the attribute cannot be changed: remove it from the record",
    "invalidValue": "correct the value",
    "invalidPath": "this tenant does not know the attribute: remove it from the record",
    "noTarget": "the value to change does not exist",
    "tooMany": "more than one resource matches: name it by id",
}
_BY_STATUS = {
    400: "correct the record",
    403: "the token may not do this: ask for the right, or remove the record",
    404: "the resource does not exist: correct the id or the name",
    409: "the name is taken: change it",
    413: "the record is too large for the tenant",
    501: "the tenant cannot do this",
}
_KEPT = "the tenant refuses to delete it: the message says why"
_BY_OPERATION = {("delete", 400): _KEPT, ("delete", 409): _KEPT}
_CONFLICT = 409
LEFT = "; left as it is"  # of a rollback: it restores no value that was changed since
CREATE_GROUPS = "--create-groups"


class Hint(NamedTuple):
    """What to do: `text` in words, `words` the command, empty where the record must be corrected first."""

    text: str = ""
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = NEXT + command(*self.words) if self.words else ""
        return "; ".join(part for part in (self.text, said) if part)


def hint_of(result: Result, run: str) -> Hint:
    """Return what to do about a row of a run, which is named as commands take it; nothing for one that ended well."""
    match result.state:
        case RowState.DONE | RowState.ADOPTED | RowState.NOOP:
            return Hint()
        case RowState.PENDING:
            return Hint("", ("resume", run))
        case RowState.IN_DOUBT:
            return Hint(
                "`resume` looks it up again; if the row stays in doubt, decide it with `settle`",
                ("resume", run),
            )
        case RowState.SKIPPED:
            return _of_skipped(result, run)
        case RowState.FAILED:
            return _of_failure(result, run)


def _of_skipped(result: Result, run: str) -> Hint:
    drifted = result.detail.startswith("drift: ")
    if LEFT in result.detail:
        return Hint("the resource was changed since, by a later run or by others")
    if f"/{CHILD}" in run:
        return Hint("others have changed it since; `retry` compares it again", ("retry", run))
    if result.detail.startswith(LEFT_BY_PLAN):
        return Hint("correct the record, and plan again")
    if drifted and BY_PLAN in result.detail:
        return Hint("others have changed it since the plan: plan again, and check what it says now")
    if drifted:
        return Hint("the resource differs from the record; check which of them is right")
    return Hint("correct the row that it needs", ("retry", run))


def _of_failure(result: Result, run: str) -> Hint:
    if CREATE_GROUPS in result.detail:
        return Hint(
            "--create-groups creates missing groups, and then adds the members", ("retry", run, CREATE_GROUPS)
        )
    if ONE_GROUP in result.detail:
        return Hint("name one group for each user in the file")
    taken = result.status == _CONFLICT or result.scim_type == "uniqueness"
    if taken and result.id and result.op == "create":
        text = "the name is taken: change it, or use the resource that has it (adopt, update, skip)"
        return Hint(text, ("retry", run, "--on-exists", "adopt"))
    status = result.status or 0
    known = _BY_OPERATION.get((result.op, status)) or _BY_TYPE.get(result.scim_type) or _BY_STATUS.get(status)
    return Hint(known) if known else Hint("", ("retry", run))
