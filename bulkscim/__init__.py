"""Move, change and clean up thousands of identities in a SCIM 2.0 tenant from a file, or from a program.

This is the contents page. What stands in `__all__` is public; all else may change. A name is imported when it is
first used, so that the command line starts quickly.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bulkscim.errors import (
        BulkScimError,
        CanaryFailed,
        CredentialError,
        DeadlineReached,
        FirstRowsFailed,
        GuardReached,
        Interrupted,
        JobFileChanged,
        JobFileInvalid,
        JournalDamaged,
        JournalDead,
        Locked,
        MembersLost,
        Mismatch,
        NoPatch,
        NoSuchRun,
        Outage,
        PlanStale,
        ReferencesUnknown,
        Refused,
        Stopped,
        UsageError,
    )
    from bulkscim.jobfile.spool import JobRecord
    from bulkscim.model.events import Watcher
    from bulkscim.model.plan import PlannedChange, PlannedMember, PlannedRow, Will
    from bulkscim.model.row import RowState
    from bulkscim.model.run import Counters, RunState, Totals
    from bulkscim.model.secret import Secret
    from bulkscim.reporting.causes import Cause
    from bulkscim.reporting.results import Result
    from bulkscim.runs.api import plan, results, resume, retry, rollback, run
    from bulkscim.runs.options import ResumeOptions, RollbackOptions, RunOptions
    from bulkscim.runs.report import Plan, RunReport
    from bulkscim.runs.tenant_by_name import tenant
    from bulkscim.tenants.tenant import Tenant

__version__ = "0.1.0"

__all__ = [
    "BulkScimError",
    "CanaryFailed",
    "Cause",
    "Counters",
    "CredentialError",
    "DeadlineReached",
    "FirstRowsFailed",
    "GuardReached",
    "Interrupted",
    "JobFileChanged",
    "JobFileInvalid",
    "JobRecord",
    "JournalDamaged",
    "JournalDead",
    "Locked",
    "MembersLost",
    "Mismatch",
    "NoPatch",
    "NoSuchRun",
    "Outage",
    "Plan",
    "PlanStale",
    "PlannedChange",
    "PlannedMember",
    "PlannedRow",
    "ReferencesUnknown",
    "Refused",
    "Result",
    "ResumeOptions",
    "RollbackOptions",
    "RowState",
    "RunOptions",
    "RunReport",
    "RunState",
    "Secret",
    "Stopped",
    "Tenant",
    "Totals",
    "UsageError",
    "Watcher",
    "Will",
    "plan",
    "results",
    "resume",
    "retry",
    "rollback",
    "run",
    "tenant",
]

_ERRORS = "bulkscim.errors"
_WHERE = {
    "Cause": "bulkscim.reporting.causes",
    "Counters": "bulkscim.model.run",
    "JobRecord": "bulkscim.jobfile.spool",
    "Plan": "bulkscim.runs.report",
    "PlannedChange": "bulkscim.model.plan",
    "PlannedMember": "bulkscim.model.plan",
    "PlannedRow": "bulkscim.model.plan",
    "Result": "bulkscim.reporting.results",
    "ResumeOptions": "bulkscim.runs.options",
    "RollbackOptions": "bulkscim.runs.options",
    "RowState": "bulkscim.model.row",
    "RunOptions": "bulkscim.runs.options",
    "RunReport": "bulkscim.runs.report",
    "RunState": "bulkscim.model.run",
    "Secret": "bulkscim.model.secret",
    "Tenant": "bulkscim.tenants.tenant",
    "Totals": "bulkscim.model.run",
    "Watcher": "bulkscim.model.events",
    "Will": "bulkscim.model.plan",
    "plan": "bulkscim.runs.api",
    "results": "bulkscim.runs.api",
    "resume": "bulkscim.runs.api",
    "retry": "bulkscim.runs.api",
    "rollback": "bulkscim.runs.api",
    "run": "bulkscim.runs.api",
    "tenant": "bulkscim.runs.tenant_by_name",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_WHERE.get(name, _ERRORS)), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return [*__all__, "__version__"]
