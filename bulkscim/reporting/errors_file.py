"""The errors file of a run: its failed and skipped records, written as a job file that users can correct."""

from collections.abc import Callable, Iterator
from pathlib import Path

import orjson

from bulkscim.jobfile.reading import header_of, raw_records
from bulkscim.jobfile.records import Problem, Record
from bulkscim.jobfile.source import JobSource
from bulkscim.jobfile.writer import ErrorsFile, Failure
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.row import RowState
from bulkscim.model.secret import MASK
from bulkscim.planning.compare import redact
from bulkscim.reporting.hints import hint_of
from bulkscim.reporting.results import Result, result_of
from bulkscim.scim.schemas import SECRETS

_WRITTEN = frozenset({RowState.FAILED, RowState.SKIPPED})


def write_errors(recorded: RecordedRun, source: JobSource, run: str) -> Path | None:
    """Write the records that failed or were skipped; return the file's path, None where there are none.

    Secrets are masked: a corrected file must bring its own. Rows in doubt are left out, since sending them
    again could do them twice.
    """
    totals = recorded.ledger.totals()
    if not totals.failed and not totals.skipped:
        (recorded.folder / f"errors.{source.format}").unlink(missing_ok=True)
        return None
    masked = _masker(source)
    with ErrorsFile(recorded.folder, source) as file:
        for record in _failed(recorded, source):
            result = result_of(recorded, record.number, None)
            file.add(masked(record), _failure(result, recorded, run))
    return file.path


def _failed(recorded: RecordedRun, source: JobSource) -> Iterator[Record]:
    ledger = recorded.ledger

    def wanted(row: int) -> bool:
        return row <= ledger.rows and ledger.state(row) in _WRITTEN

    yield from raw_records(source, wanted=wanted)


def _failure(result: Result, recorded: RecordedRun, run: str) -> Failure:
    return Failure(
        run=str(recorded.header.get("run", recorded.folder.name)),
        row=result.row,
        op=result.op,
        status=result.status,
        code=result.scim_type or None,
        message=result.detail,
        hint=str(hint_of(result, run)),
        attempts=result.attempts,
    )


def _masker(source: JobSource) -> Callable[[Record], Record]:
    """Return what takes the secrets out of this file's records."""
    if source.format != "csv":
        return _without_secrets
    header = header_of(source)
    names = () if isinstance(header, Problem) else header.names
    secret = [index for index, name in enumerate(names) if _names_a_secret(name)]

    def mask(record: Record) -> Record:
        if not any(record.cells[index] for index in secret):
            return record
        cells = [MASK if index in secret and cell else cell for index, cell in enumerate(record.cells)]
        return record._replace(cells=cells)

    return mask


def _without_secrets(record: Record) -> Record:
    """Mask a JSONL record: attributes by their name, and what a PATCH puts at a path that names a secret."""
    body = redact(record.body)
    changes = body.get("patch")
    if isinstance(changes, list):
        body["patch"] = [_masked_change(change) for change in changes]
    if body == record.body:
        return record
    return record._replace(body=body, text=orjson.dumps(body).decode())


def _masked_change(change: object) -> object:
    if isinstance(change, dict) and _names_a_secret(str(change.get("path") or "")):
        return change | {"value": MASK}
    return change


def _names_a_secret(path: str) -> bool:
    """Return whether a column or path is a secret, with or without its URN."""
    return path.strip().rpartition(":")[2].lower() in SECRETS
