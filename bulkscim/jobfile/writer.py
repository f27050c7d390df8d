"""The errors file: the failed records as they were written, each with what went wrong.

An edited errors file is a job file again: its columns or keys that begin with `_` are passed over on input.
"""

from contextlib import ExitStack
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from bulkscim.jobfile.csv_reader import DELIMITERS
from bulkscim.jobfile.csv_writer import CsvWriter
from bulkscim.jobfile.reading import header_of
from bulkscim.jobfile.records import Problem, Record
from bulkscim.jobfile.source import JobSource
from bulkscim.model.harmless import escaped
from bulkscim.outputs import run_file


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


NAMES = tuple(f"_{each.name}" for each in fields(Failure))


class ErrorsFile:
    """Writes `errors.csv` or `errors.jsonl` into a folder, whichever the job is; private to this user.

    A context manager: the file is there when the block has ended without an error, and whole.
    """

    def __init__(self, folder: Path, source: JobSource) -> None:
        self.path = folder / f"errors.{source.format}"
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
