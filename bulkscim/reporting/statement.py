"""What a verified journal proves, as a statement that an auditor can file: one object, and the same for people."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bulkscim import __version__
from bulkscim.journal.audit import Audited, ChainMark, Session
from bulkscim.model.operation import JsonObject
from bulkscim.model.run import RunState
from bulkscim.reporting.summary import moment

Statement = dict[str, Any]

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


def statement_of(verified: Verified) -> Statement:
    """Return the statement as data."""
    audited, header = verified.audited, verified.audited.header
    job, tenant = header.job, header.tenant
    state = RunState.RUNNING if verified.running else audited.state
    return {
        "run": header.run or verified.folder.name,
        "verified_at": moment(verified.at),
        "verified_with": __version__,
        "folder": str(verified.folder),
        "command": header.command or None,
        "note": header.note or None,
        "parent": asdict(header.parent) if header.parent else None,
        "tenant": {name: getattr(tenant, name) for name in ("base_url", "profile", "name")},
        "job": {"path": job.path, "size": job.size, "sha256": job.sha256} | _job(verified.job),
        "state": state.value,
        "why": audited.ending.why or None if audited.ending else None,
        "begun": moment(audited.begun),
        "ended": moment(audited.last) if state is not RunState.RUNNING else None,
        "sessions": [_session(each) for each in audited.sessions],
        **asdict(audited.ledger.totals()),
        "journal": {
            "lines": audited.end.lines,
            "commits": audited.commits,
            "bytes": audited.end.offset,
            "torn_bytes": audited.torn,
            "closed": audited.closed,
            "repaired": audited.repaired,
        },
        "chain": audited.chain,
        "head": _head(audited, audited.head) if audited.head else None,
        "proves": list(_proves(verified)),
        "does_not_prove": list(_does_not_prove(verified)),
    }


def purged_statement(kept: JsonObject, folder: Path, at: float, head: JsonObject | None) -> Statement:
    """Return the statement on what is kept of a purged run: what was verified then, and what can be now."""
    gone, then = kept["purged"], moment(kept["purged"]["at"])
    proves = [
        "line 1 of the journal, the header, is as it was written: its own hash fits",
        f"purged.json is as it was written: its checksum fits; what it says was verified at {then}, before the rest went",
    ]
    if head:
        proves.append(f"the chain head that was given was that of line {head['line']:,} of the journal then")
    statement: Statement = kept["statement"]
    lines = statement["journal"]["lines"]
    return statement | {
        "verified_at": moment(at),
        "verified_with": __version__,
        "folder": str(folder),
        "purged": gone | {"at": then},
        "head": head and head | {"time": moment(head["time"]), "lines_after": lines - head["line"]},
        "proves": proves,
        "does_not_prove": [_ROWS_GONE, _NOT_REWRITTEN, _NOT_PROVED[0]],
    }


def with_live(statement: Statement, at: float, live: Statement) -> Statement:
    """Return the statement with what reading the tenant back has shown: `resources`, `children`, `differences`."""
    unlike = {(one["type"], one["id"]) for one in live["differences"]}
    alike = live["resources"] - len(unlike)
    shown = f"{alike:,} of the {live['resources']:,} resources that the run changed were as recorded when read at {moment(at)}"
    doubts = [text for text in statement["does_not_prove"] if text != _TENANT]
    return statement | {
        "live": {"at": moment(at), "as_recorded": alike, **live},
        "proves": [*statement["proves"], shown],
        "does_not_prove": [
            *doubts,
            "that what the tenant holds was put there by this run alone",
        ],
    }


def _job(job: JobFile) -> Statement:
    return {"found": str(job.found) if job.found else None, "wrong": job.wrong or None}


def _session(session: Session) -> Statement:
    ended = session.ended
    return {
        **{name: getattr(session.opened, name) for name in ("command", "user", "host", "pid", "version")},
        "begun": moment(session.begun),
        "ended": moment(ended.time) if ended else None,
        "how": ended.kind if ended else None,
        "why": session.why or None,
        "chain": ended.chain if ended else None,
    }


def _head(audited: Audited, head: ChainMark) -> Statement:
    return asdict(head) | {"time": moment(head.time), "lines_after": audited.end.lines - head.line}


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
