"""Errors that end a run, or keep it from starting. Errors of one record are values, not these.

BulkScimError
├── UsageError              the command cannot be carried out as typed
├── JobFileInvalid          the job file has problems; nothing was sent
├── Refused                 a guard, or want of approval
├── Stopped                 stopped early, resumable
│   ├── GuardReached        the next step would exceed a guard
│   ├── CanaryFailed        a row that was tried first did not end as wanted
│   ├── FirstRowsFailed     the first rows failed for one reason
│   ├── NoPatch             the tenant does not take PATCH
│   ├── ReferencesUnknown   what refers to a resource that is to be deleted cannot be read
│   ├── MembersLost         a change of some members took others out of their group
│   ├── DeadlineReached     the time until which the run was to work is over
│   ├── Outage              the tenant does not answer, or answers with faults
│   ├── JobFileChanged      what the run reads is not what was checked
│   ├── JournalDead         a write or sync of the journal failed; nothing after it was acknowledged
│   └── Interrupted         a person or the system asked it to stop
├── CredentialError         missing or rejected
├── NoSuchRun
├── Locked                  another process holds the run or the tenant
├── Mismatch                the run belongs to another tenant or job file
├── PlanStale               what a plan depends on is not as it was, or the plan was edited
└── JournalDamaged          an acknowledged part of the journal cannot be read

`cli.py` holds the only map from these to exit codes. Every message says what, where, and what to do next.
"""


class BulkScimError(Exception):
    """The root: its text is for users and is printed without a traceback."""


class UsageError(BulkScimError):
    """The command cannot be carried out as typed."""


class JobFileInvalid(BulkScimError):
    """The job file has problems; its text lists them, one a line. Nothing was sent."""


class Refused(BulkScimError):
    """A guard refused, or approval is missing."""


class Stopped(BulkScimError):
    """The run stopped early (breaker, deadline, outage, disk) and can be resumed.

    `cause` is a word for programs, kept in the journal; empty where only users need the reason.
    """

    cause = ""


class GuardReached(Stopped):
    """A step would exceed a guard; what was done before it stays, and the run goes on with a higher limit."""

    cause = "guard"


class CanaryFailed(Stopped):
    """A row that was tried first did not end as wanted; the others wait until it does, or until they are approved."""

    cause = "canary"


class ReferencesUnknown(Stopped):
    """What refers to a resource that a row deletes cannot be read; a session that goes on deletes all the same."""

    cause = "references unknown"


class MembersLost(Stopped):
    """The tenant takes members out of a group whose other members are changed; a session that goes on may lose more."""

    cause = "members lost"

    def __init__(self, told: str, members: tuple[str, ...] = ()) -> None:
        super().__init__(told)
        self.members = members


class FirstRowsFailed(Stopped):
    """The first rows of the run all failed for one reason; it does not stop for that again."""

    cause = "first rows failed"


class NoPatch(Stopped):
    """The first PATCH of a type shows that the tenant takes none; the run does not stop for that again."""

    cause = "no PATCH"


class DeadlineReached(Stopped):
    """The time until which the run was to work is over."""

    cause = "deadline"


class Outage(Stopped):
    """The tenant does not answer, or answers with faults: no record is to blame."""

    cause = "outage"


class JobFileChanged(Stopped):
    """What is read from the job file is not what was checked; none of that is sent.

    `name` is what messages call the file, `how` says what is different.
    """

    cause = "job file changed"

    def __init__(self, name: str, how: str = "") -> None:
        super().__init__(f"{name} changed after it was checked: {how}; none of what changed was sent")
        self.name, self.how = name, how


class JournalDead(Stopped):
    """A write or sync of the journal failed: nothing after it is acknowledged or sent."""


class Interrupted(Stopped):
    """A person or the system asked the run to stop."""


class CredentialError(BulkScimError):
    """The credential is missing, or the tenant rejects it."""


class NoSuchRun(BulkScimError):
    """No run folder by that name."""


class Locked(BulkScimError):
    """Another process holds the run or the tenant."""


class Mismatch(BulkScimError):
    """The run belongs to another tenant or another job file."""


class PlanStale(BulkScimError):
    """A plan cannot be applied: it was edited, or what it depends on is not as it was. Nothing was sent."""


class JournalDamaged(BulkScimError):
    """An acknowledged part of the journal cannot be read; the text names the offset."""
