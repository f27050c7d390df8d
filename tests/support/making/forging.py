"""Journals altered by a person that knows the format: line by line, with hashes recomputed where asked."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from bulkscim.journal import entries, header_json
from bulkscim.journal.entries import Line
from bulkscim.journal.header import Header


def lines_of(data: bytes) -> list[bytes]:
    """Return a journal's lines with their newlines."""
    return data.splitlines(keepends=True)


def rehashed(lines: Iterable[bytes]) -> bytes:
    """Return a journal of these lines in which each follows from the one before."""
    chain, made = entries.FIRST_CHAIN, []
    for line in lines:
        text = line[:-1][entries.HASHED]
        chain = entries.link(chain, text)
        made.append(entries.seal(text, chain))
    return b"".join(made)


def rewritten(data: bytes, number: int, change: Callable[[Line], Line]) -> bytes:
    """Return a journal whose line of this number says something else, its hashes recomputed."""
    lines = lines_of(data)
    version = json.loads(lines[0])["body"]["format"]
    line = change(entries.decode(lines[number - 1][:-1]))
    text = entries.encode(line.entries, line.number, line.commit, line.entry.time, line.previous, version)
    return rehashed([*lines[: number - 1], entries.seal(text, entries.FIRST_CHAIN), *lines[number:]])


def saying(line: Line, **more: Any) -> Line:
    """Return a line whose first entry says something else."""
    first, *rest = line.entries
    body = first.body
    if isinstance(body, Header):
        said = header_json.read(header_json.write(body) | more)
    else:
        said = replace(body, **more)
    return replace(line, entries=(first._replace(body=said), *rest))
