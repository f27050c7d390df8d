"""Operations that a program asks for, spooled as a job file of their own."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, TypedDict

import orjson

from bulkscim.errors import JobFileInvalid
from bulkscim.jobfile.content import content_of
from bulkscim.jobfile.source import JobSource

NAME = "operations"


class JobRecord(TypedDict, total=False):
    """One operation, with the keys that a line of a JSONL job file has.

    `op` is one of the nine; `type` is User unless it says Group. What is changed is named by `id`, `match` or
    the `ref` of another record.
    """

    op: str
    type: str
    ref: str
    id: str
    match: Mapping[str, str]
    data: Mapping[str, Any]
    patch: Sequence[Mapping[str, Any]]
    member: Mapping[str, str] | str
    expect: Mapping[str, Any]
    version: str
    not_before: str


def spooled(records: Iterable[Mapping[str, object]]) -> JobSource:
    """Write the records into a private temporary file, which the run's folder adopts."""
    handle, place = tempfile.mkstemp(prefix="bulkscim-", suffix=".jsonl")
    path = Path(place)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(_lines(records))
        content = content_of(path)
    except BaseException:
        path.unlink()
        raise
    return JobSource(NAME, path, "jsonl", content, spooled=True)


def _lines(records: Iterable[Mapping[str, object]]) -> Iterator[bytes]:
    """Write each record as one line; JobFileInvalid names the first that cannot be."""
    for number, record in enumerate(records, 1):
        try:
            line = orjson.dumps(dict(record), option=orjson.OPT_APPEND_NEWLINE)
            if b"null" in line:  # what an infinity becomes as well
                _refuse_infinity(record)
            yield line
        except (TypeError, ValueError) as error:
            raise JobFileInvalid(f"operation {number} cannot be written as JSON: {error}") from error


def _refuse_infinity(value: object) -> None:
    """Raise ValueError for a number that JSON has no form for; it would be written as null, which removes."""
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"{value} is not a number in JSON")
    nested = (
        value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    )
    for each in nested:
        _refuse_infinity(each)
