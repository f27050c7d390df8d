"""The errors file of a run: its failed and skipped records, written as a job file that users can correct."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from bulkscim.jobfile.csv_reader import DELIMITERS
from bulkscim.jobfile.csv_writer import CsvWriter
from bulkscim.jobfile.reading import header_of, raw_records
from bulkscim.jobfile.records import Problem, Record
from bulkscim.jobfile.source import JobSource
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.harmless import escaped
from bulkscim.model.row import RowState
from bulkscim.model.secret import MASK
from bulkscim.outputs import run_file
from bulkscim.planning.compare import redact
from bulkscim.reporting.derived_file import free_place, remember
from bulkscim.reporting.hints import hint_of
from bulkscim.reporting.results import Result, result_of
from bulkscim.scim.schemas import SECRETS

_WRITTEN = frozenset({RowState.FAILED, RowState.SKIPPED})


@dataclass(frozen=True, slots=True)
class Failure:
    """What is written with a failed record, in this order, each name with `_` before it."""

    run: str
    row: int
    op: str
    status: int | None
    code: str | None
    message: str
    hint: str
    attempts: int


def write_errors(recorded: RecordedRun, source: JobSource, run: str) -> Path | None:
    """Write the records that failed or were skipped; return the file's path, None where there are none.

    Secrets are masked: a corrected file must bring its own. Rows in doubt are left out, since sending them
    again could do them twice.
    """
    totals = recorded.ledger.totals()
    if not totals.failed and not totals.skipped:
        free_place(recorded.folder / f"errors.{source.format}").unlink(missing_ok=True)
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
        return ledger.takes(row) and ledger.state(row) in _WRITTEN

    yield from raw_records(source, wanted=wanted)


def _failure(result: Result, recorded: RecordedRun, run: str) -> Failure:
    return Failure(
        run=recorded.header.run or recorded.folder.name,
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


NAMES = tuple(f"_{each.name}" for each in fields(Failure))


class ErrorsFile:
    """Writes `errors.csv` or `errors.jsonl` into a folder, whichever the job is; private to this user.

    One that a user has changed stays, and this one gets a number. A context manager: the file is there when the block has ended without an error, and whole.
    """

    def __init__(self, folder: Path, source: JobSource) -> None:
        self.path = free_place(folder / f"errors.{source.format}")
        self.count = 0
        self._source = source
        self._kept: list[int] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self._file = opening.enter_context(run_file(self.path))
            if self._source.format == "csv":
                self._begin(self._source)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)
        if error is None:
            remember(self.path)

    def add(self, record: Record, failure: Failure) -> None:
        """Write one record with its failure."""
        self.count += 1
        if record.text:
            self._file.write(jsonl_line(record, failure))
        else:
            cells = [record.cells[index] for index in self._kept]
            self._rows.row((*cells, *_told(failure)))

    def _begin(self, source: JobSource) -> None:
        """Write the header: the job's own columns, but not those of an earlier errors file."""
        header = header_of(source)
        if isinstance(header, Problem):
            raise TypeError(header.text(source.name))
        self._kept = [index for index, name in enumerate(header.names) if name not in NAMES]
        delimiter = header.delimiter if header.delimiter in DELIMITERS else ","
        self._rows = CsvWriter(self._file, delimiter, "\r\n")
        self._rows.row([*(header.names[index] for index in self._kept), *NAMES])


def jsonl_line(record: Record, failure: Failure) -> str:
    """Return the original line with the failure's keys before its last brace."""
    told = orjson.dumps(dict(zip(NAMES, _told(failure), strict=True))).decode()
    text = record.text.strip()
    if any(name in record.body for name in NAMES):
        body = {name: value for name, value in record.body.items() if name not in NAMES}
        text = orjson.dumps(body).decode()
    head = text[:-1].rstrip()
    return f"{head}{'' if head == '{' else ','}{told[1:]}\n"


def _told(failure: Failure) -> list[object]:
    """Return what is written of a failure, its texts harmless for a terminal; the record itself stays as it is."""
    return [escaped(value) if isinstance(value, str) else value for value in astuple(failure)]
