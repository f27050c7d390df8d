"""Write a tenant's entry into `bulkscim.toml`; the rest of the file, comments too, stays as it is."""

import json
import re
from typing import Any

from bulkscim.errors import UsageError
from bulkscim.model import bounded_toml
from bulkscim.model.guard_table import IN_FILES
from bulkscim.model.limits import Limit
from bulkscim.outputs import text_file
from bulkscim.private_files import make_folders
from bulkscim.tenants.config_file import text_of
from bulkscim.tenants.entries import TenantEntry, tables_of

Value = str | bool | int | list[str]
_TABLE = re.compile(r"\s*\[")
_NO_KEY = re.compile(r"\s*(#|$)")


def write_entry(entry: TenantEntry) -> None:
    """Add an entry to its file, or put it in the place of the one of its name."""
    file = entry.file.resolve()
    try:
        if file.exists() and not file.is_file():
            raise UsageError(f"{entry.file} leads to {file}, which can keep nothing; make it a file")
        after = with_entry(text_of(file) or "", entry)
        make_folders(file.parent)
        with text_file(file, replace=True) as stream:
            stream.write(after)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{entry.file} cannot be written: {error}") from None


def with_entry(text: str, entry: TenantEntry) -> str:
    """Return the text of a file with the entry in it; UsageError where it cannot be placed safely."""
    before = tables_of(text, entry.file)
    lines = text.splitlines()
    first, end = _place(lines, entry.name) if entry.name in before else (len(lines), len(lines))
    gap = [""] if first == len(lines) and lines and lines[-1].strip() else []
    after = "\n".join([*lines[:first], *gap, *_lines(entry), *lines[end:]]) + "\n"
    if not _says(after, before | {entry.name: _values(entry)}):
        table = "\n".join(_lines(entry))
        raise UsageError(
            f"{entry.file} is written in a way that cannot be changed here; put this there by hand:\n{table}"
        )
    return after


def _says(text: str, wanted: dict[str, Any]) -> bool:
    """Return whether a file's text means these tenants and nothing else."""
    try:
        return bounded_toml.loads(text) == {"tenant": wanted}
    except ValueError:
        return False


def _place(lines: list[str], name: str) -> tuple[int, int]:
    """Return where the lines of a table begin and end; none: an empty place at the end."""
    head = re.compile(rf"\s*\[\s*tenant\s*\.\s*[\"']?{re.escape(name)}[\"']?\s*\]\s*(#.*)?")
    first = next((at for at, line in enumerate(lines) if head.fullmatch(line)), len(lines))
    end = first
    for at in range(first, len(lines)):
        if at > first and _TABLE.match(lines[at]):
            break
        if not _NO_KEY.match(lines[at]):
            end = at + 1
    return first, end


def _values(entry: TenantEntry) -> dict[str, Value]:
    """Return the keys as they stand in the file; what is at its default is omitted."""
    values: dict[str, Value] = {"base_url": entry.base_url, "profile": entry.profile}
    others: dict[str, Value | None] = {
        "production": entry.production,
        "token_file": str(entry.token_file) if entry.token_file else None,
        "token_command": entry.token_command,
        "keyring": entry.keyring,
        "rate": entry.rate,
        "budget_share": entry.budget_share,
        "probe": entry.probe or None,
        "proxy": entry.proxy,
        "ca_bundle": str(entry.ca_bundle) if entry.ca_bundle else None,
        **{name: _limit(getattr(entry, name)) for name in IN_FILES},
        "seats": entry.seats,
        "protect": list(entry.protect),
    }
    return values | {key: value for key, value in others.items() if value or type(value) is int}


def _limit(limit: Limit | None) -> Value | None:
    if limit is None or limit.percent:
        return str(limit) if limit else None
    return int(limit.number)


def _lines(entry: TenantEntry) -> list[str]:
    """Write the table; JSON's values are TOML's, except for the delete character."""
    return [
        f"[tenant.{entry.name}]",
        *(f"{key} = {_written(value)}" for key, value in _values(entry).items()),
    ]


def _written(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
