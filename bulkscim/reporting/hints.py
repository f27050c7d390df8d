"""What to do about a row that did not end as wanted."""

from bulkscim.journal.runfolder import CHILD
from bulkscim.model.row import RowState

_UNIQUE = "the name is taken: change it here; where the message names an id, --on-exists adopt or update takes that one"
_BY_TYPE = {
    "uniqueness": _UNIQUE,
    "mutability": "the attribute cannot be changed: take it out",
    "invalidValue": "correct the value",
    "invalidPath": "this tenant does not know the attribute: take it out",
    "noTarget": "the value that was to be changed is not there",
    "tooMany": "more than one resource fits: name it by id",
}
_BY_STATUS = {
    400: "correct the record",
    403: "the token may not do this: ask for the right, or leave the record out",
    404: "it is not there: correct the id or the name",
    409: _UNIQUE,
    412: "somebody changed it meanwhile: try again",
    413: "the record is too large for the tenant",
    501: "the tenant cannot do this",
}
_KEPT = "the tenant keeps it: the message says why"
_BY_OPERATION = {("delete", 400): _KEPT, ("delete", 409): _KEPT}


def hint_of(state: RowState, status: int | None, scim_type: str, run: str, op: str = "") -> str:
    """Return the next thing to do, as a command where there is one; empty for a row that ended well."""
    match state:
        case RowState.DONE | RowState.ADOPTED | RowState.NOOP:
            return ""
        case RowState.PENDING:
            return f"bulkscim resume {run}"
        case RowState.IN_DOUBT:
            return f"bulkscim resume {run} looks it up again"
        case RowState.SKIPPED if f"/{CHILD}" in run:
            return f"others have changed it since; bulkscim retry {run} looks at it again"
        case RowState.SKIPPED:
            return f"mend what it waited for, then bulkscim retry {run}"
        case RowState.FAILED:
            known = (
                _BY_OPERATION.get((op, status or 0)) or _BY_TYPE.get(scim_type) or _BY_STATUS.get(status or 0)
            )
            return known or f"bulkscim retry {run}"
