"""Records of a JSONL file: one JSON object a line, blank lines not counted."""

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import orjson

from bulkscim.jobfile.exact_json import faults_of, faults_of_text
from bulkscim.jobfile.lines import RECORD_LIMIT, BadLine, lines
from bulkscim.jobfile.records import Fault, Problem, Record, shown
from bulkscim.scim import protocol


def read(
    stream: BinaryIO,
    start: int = 1,
    wanted: Callable[[int], bool] | None = None,
    most: int = RECORD_LIMIT,
) -> Iterator[Record | Problem]:
    """Read records of at most so many bytes from number `start` on, those that are wanted; the others are not parsed."""
    number = 0
    for line, text in enumerate(lines(stream, most), 1):
        if isinstance(text, str) and text.isspace():
            continue
        number += 1
        if number < start or (wanted is not None and not wanted(number)):
            continue
        yield record_of(number, line, text)


def _numbers_too_large(text: str) -> list[Fault]:
    """Return the numbers that no float can hold; none where the line is no JSON for another reason as well."""
    try:
        return faults_of_text(text)
    except (ValueError, RecursionError):
        return []


def record_of(number: int, line: int, text: str | BadLine) -> Record | Problem:
    """Parse the text of one record, which begins on a line."""
    if isinstance(text, BadLine):
        return Problem(line, number, Fault("", text.message))
    try:
        body: Any = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        wrong = _numbers_too_large(text) if "infinity" in error.msg else []
        wrong.append(Fault(f"column {error.colno}", f"is not JSON: {error.msg}"))
        return Problem(line, number, wrong[0])
    if text.count("[") + text.count("{") > protocol.MOST_DEPTH and protocol.is_too_deep(body):
        return Problem(
            line, number, Fault("", f"is nested deeper than {protocol.MOST_DEPTH} levels; no resource is")
        )
    lost = faults_of(text, body)
    if lost:
        return Problem(line, number, lost[0])
    if isinstance(body, dict):
        return Record(number, line, (), body, text.rstrip("\r\n"))
    return Problem(line, number, Fault("", f"{shown(body)} is not an object {{…}}; write one record a line"))
