"""What a verified journal proves, what is kept of a purged one, and what reading the tenant back adds: as a statement."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from bulkscim import __version__
from bulkscim.journal.audit import Audited, AuditedSession, ChainMark
from bulkscim.journal.tombstone import Tombstone, readable
from bulkscim.model.run import RunState
from bulkscim.reporting.durations import moment
from bulkscim.reporting.statement import (
    Difference,
    StatedHead,
    StatedJob,
    StatedJournal,
    StatedLive,
    StatedPurge,
    StatedSession,
    StatedTenant,
    Statement,
    read,
)

_PROVES = (
    "every line of the journal follows from the line before by its hash, from byte 0 to the end that is named here",
    "every row is in exactly one state, and the states add up to the rows of the job file",
    "nothing ended that was not begun: each answer has an intent of its own, in a commit before that of the answer",
    "no step was begun or ended twice, and every row's story is linked without a gap",
)
_NO_HEAD = (
    "that no user with write access to the folder rewrote the journal, hashes included: no chain head from outside"
    " was given (--head)"
)
_ROWS_GONE = "what became of a single row: the journal is gone"
_NOT_REWRITTEN = "that no user with write access to the folder rewrote purged.json: its checksum is no secret"
_AFTER_HEAD = "that the lines after the given chain head were not rewritten, hashes included"
_TENANT = "that the tenant did what it answered, or that it was not changed since (--live reads it back)"
_NOT_PROVED = (
    "that the clocks of the machines were right: times are as they were told",
    _TENANT,
)


@dataclass(frozen=True, slots=True)
class JobFile:
    """The job file of a run as it is now: where it was found, None where it is not there, and what is wrong with it."""

    found: Path | None
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """A run whose journal held; `running`: a process was at work on it meanwhile. `at` is the time of the check.

    `parent` is the line of the parent run's journal at which this run began, where that journal is there.
    """

    folder: Path
    audited: Audited
    job: JobFile
    at: float
    running: bool = False
    parent: ChainMark | None = None


@dataclass(slots=True)
class Live:
    """What reading back has shown so far. `children` are rollbacks of the run, which had the last word on what they undid."""

    at: float
    resources: int = 0
    children: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


def statement_of(verified: Verified) -> Statement:
    """Return the statement on a run."""
    audited, header = verified.audited, verified.audited.header
    job, tenant, found = header.job, header.tenant, verified.job.found
    state = RunState.RUNNING if verified.running else audited.state
    return Statement(
        run=header.run or verified.folder.name,
        verified_at=moment(verified.at),
        verified_with=__version__,
        folder=str(verified.folder),
        command=header.command or None,
        note=header.note or None,
        parent=header.parent,
        tenant=StatedTenant(tenant.base_url, tenant.profile, tenant.name),
        job=StatedJob(
            job.path, job.size, job.sha256, str(found) if found else None, verified.job.wrong or None
        ),
        state=state,
        why=(audited.ending.why or None) if audited.ending else None,
        begun=moment(audited.begun),
        ended=moment(audited.last) if state is not RunState.RUNNING else None,
        sessions=tuple(map(_session, audited.sessions)),
        totals=audited.ledger.totals(),
        journal=_journal(audited),
        chain=audited.chain,
        head=_head(audited.head, audited.end.lines) if audited.head else None,
        proves=tuple(_proves(verified)),
        does_not_prove=tuple(_does_not_prove(verified)),
    )


def purged_statement(kept: Tombstone, folder: Path, at: float, head: ChainMark | None) -> Statement:
    """Return the statement on what is kept of a purged run: what was verified then, and what can be now."""
    then = moment(kept.purged.at)
    proves = [
        "line 1 of the journal, the header, is as it was written: its own hash fits",
        f"purged.json is as it was written: its checksum fits; what it says was verified at {then}, before the rest went",
    ]
    if head:
        proves.append(f"the chain head that was given was that of line {head.line:,} of the journal then")
    with readable(folder):
        statement = read(kept.statement)
    return replace(
        statement,
        verified_at=moment(at),
        verified_with=__version__,
        folder=str(folder),
        purged=StatedPurge(then, kept.purged.by),
        head=_head(head, statement.journal.lines) if head else None,
        proves=tuple(proves),
        does_not_prove=(_ROWS_GONE, _NOT_REWRITTEN, _NOT_PROVED[0]),
    )


def with_live(statement: Statement, live: Live) -> Statement:
    """Return the statement with what reading the tenant back has shown."""
    then, alike = moment(live.at), live.resources - len({(one.type, one.id) for one in live.differences})
    shown = f"{alike:,} of the {live.resources:,} resources that the run changed were as recorded when read at {then}"
    doubts = (text for text in statement.does_not_prove if text != _TENANT)
    return replace(
        statement,
        live=StatedLive(then, alike, live.resources, tuple(live.children), tuple(live.differences)),
        proves=(*statement.proves, shown),
        does_not_prove=(*doubts, "that what the tenant holds was put there by this run alone"),
    )


def _session(session: AuditedSession) -> StatedSession:
    opened, ended = session.opened, session.ended
    return StatedSession(
        *(opened.command, opened.user, opened.host, opened.pid, opened.version),
        begun=moment(session.begun),
        ended=moment(ended.time) if ended else None,
        how=ended.kind if ended else None,
        why=session.why or None,
        chain=ended.chain if ended else None,
    )


def _journal(audited: Audited) -> StatedJournal:
    end = audited.end
    return StatedJournal(
        end.lines, audited.commits, end.offset, audited.torn, audited.closed, audited.repaired
    )


def _head(head: ChainMark, lines: int) -> StatedHead:
    return StatedHead(head.line, head.offset, moment(head.time), head.kind, head.chain, lines - head.line)


def _proves(verified: Verified) -> Iterator[str]:
    audited = verified.audited
    yield from _PROVES
    if audited.closed:
        entries = "1 closed entry states" if audited.closed == 1 else f"{audited.closed} closed entries state"
        yield f"the totals and chain head that {entries} are those of the lines before"
    if verified.job.found:
        yield "the job file is the one that the run began with: its size and SHA-256 are those of line 1"
    if verified.parent:
        yield f"lines 1 to {verified.parent.line:,} of the parent run's journal are as they were when this run began"
    if audited.head:
        yield (
            f"lines 1 to {audited.head.line:,}, all that came before the chain head that was given, are as they were"
            f" when it was printed ({moment(audited.head.time)} by the journal's clock)"
        )


def _does_not_prove(verified: Verified) -> Iterator[str]:
    audited = verified.audited
    if audited.head is None:
        yield _NO_HEAD
    elif audited.head.line < audited.end.lines:
        yield _AFTER_HEAD
    if verified.job.found is None:
        yield "what the job file asked: it is not there to be compared"
    yield from _NOT_PROVED
