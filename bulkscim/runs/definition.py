"""Job definitions: a TOML file that names a job file and says how it is read, done and guarded.

```toml
[job]
file = "../samples/onboarding.csv"      # relative to this file
op = "create"                           # also: type, match, on_exists, create_groups

[map]                                   # see jobfile/rules.py
userName = "Email"

[guard]
max_delete = "5%"                       # also: max_create, max_errors
protect = ["owner@example.com"]         # never deleted nor deactivated

[then]                                  # of a job that deactivates
op = "delete"                           # the run writes the job file for it
after = "30d"
```

What is said beside a definition, by a flag or by a program, stands in for what it says; protected names add up.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from bulkscim.errors import UsageError
from bulkscim.jobfile.operations import Defaults
from bulkscim.jobfile.references import key_attribute
from bulkscim.jobfile.rules import flattened
from bulkscim.model.grace import Grace
from bulkscim.model.limits import Limit
from bulkscim.model.operation import GROUP, USER, JsonObject, Verb
from bulkscim.runs.request import RunRequest

_TABLES = {
    "job": ("file", "op", "type", "match", "on_exists", "create_groups"),
    "then": ("op", "after"),
    "guard": ("max_create", "max_delete", "max_errors", "protect"),
}
_CHOICES = {"op": tuple(Verb), "type": (USER, GROUP), "on_exists": ("adopt", "update", "fail")}


@dataclass(frozen=True, slots=True)
class Definition:
    """What a job definition says; None where it leaves a thing open. `job` is the path of the job file."""

    job: str
    op: Verb | None = None
    type: str | None = None
    match: str | None = None
    on_exists: str | None = None
    create_groups: bool = False
    map: JsonObject | None = None
    max_create: Limit | None = None
    max_delete: Limit | None = None
    max_errors: Limit | None = None
    protect: tuple[str, ...] = ()
    grace: Grace | None = None


def defined(request: RunRequest) -> RunRequest:
    """Return a request for a job file: what a job definition says stands where nothing else was said."""
    if not isinstance(request.job, str) or not is_definition(request.job):
        return request
    said = load(Path(request.job))
    return replace(
        request,
        job=said.job,
        op=request.op or said.op,
        type=request.type or said.type,
        match=request.match or said.match,
        map=said.map if request.map is None else request.map,
        on_exists=request.on_exists or said.on_exists,
        create_groups=request.create_groups or said.create_groups,
        max_create=request.max_create or said.max_create,
        max_delete=request.max_delete or said.max_delete,
        max_errors=request.max_errors or said.max_errors,
        protect=tuple(dict.fromkeys((*said.protect, *request.protect))),
        grace=said.grace,
    )


def job_and_defaults(
    job: str,
    op: Verb | None = None,
    type: str | None = None,  # noqa: A002 - the word of the flag and of SCIM
    match: str | None = None,
    map: JsonObject | None = None,  # noqa: A002 - likewise
) -> tuple[str, Defaults]:
    """Return the job file that is meant, and how its records are read; for looking at it without a tenant."""
    said = load(Path(job)) if is_definition(job) else Definition(job)
    return said.job, Defaults(
        op or said.op, type or said.type or USER, match or said.match, said.map if map is None else map
    )


def is_definition(job: str) -> bool:
    """Tell a job definition from a job file by its name."""
    return Path(job).suffix.lower() == ".toml"


def load(path: Path) -> Definition:
    """Read a job definition; UsageError says what is wrong in it."""
    document = _document(path)
    job, guard = _table(path, document, "job"), _table(path, document, "guard")
    file = job.get("file")
    if not isinstance(file, str) or not file:
        raise UsageError(f'{path}: [job] names no file; write file = "people.csv" (relative to this file)')
    op = _choice(path, job, "op")
    return Definition(
        os.path.normpath(path.parent / file),
        Verb(op) if op else None,
        _choice(path, job, "type"),
        _match(path, job),
        _choice(path, job, "on_exists"),
        _switch(path, job, "create_groups"),
        _map(path, document) if "map" in document else None,
        _limit(path, guard, "max_create"),
        _limit(path, guard, "max_delete"),
        _limit(path, guard, "max_errors"),
        _names(path, guard),
        _grace(path, document, op),
    )


def load_map(path: Path) -> JsonObject:
    """Read the [map] of a TOML file, which may be a whole job definition."""
    document = _document(path)
    if "map" not in document:
        raise UsageError(f'{path}: has no [map]; write one, such as [map] and below it userName = "E-mail"')
    return _map(path, document)


def _document(path: Path) -> JsonObject:
    """Read a TOML file whose tables are all known."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: is not TOML: {error}") from error
    for name in document.keys() - {"job", "map", "guard", "then"}:
        raise UsageError(
            f"{path}: [{name}] means nothing here; a job definition has [job], [map], [guard] and [then]"
        )
    return document


def _table(path: Path, document: JsonObject, name: str) -> JsonObject:
    """Return one table; its keys must all be known."""
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise UsageError(f"{path}: {name} is not a table; write [{name}] on a line of its own")
    for key in table.keys() - set(_TABLES[name]):
        near = get_close_matches(key, _TABLES[name], 1)
        hint = f"did you mean {near[0]}?" if near else f"it knows {', '.join(_TABLES[name])}"
        raise UsageError(f"{path}: [{name}] {key} means nothing here; {hint}")
    return table


def _map(path: Path, document: JsonObject) -> JsonObject:
    """Return the map with one entry a column; what its rules say is judged with the file's header."""
    table = document["map"]
    if not isinstance(table, Mapping):
        raise UsageError(f"{path}: map is not a table; write [map] on a line of its own")
    return flattened(table)


def _choice(path: Path, table: JsonObject, name: str) -> str | None:
    """Read one of a few words; case, `-` and `_` do not matter."""
    value = table.get(name)
    if value is None:
        return None
    spelled = {each.lower(): str(each) for each in _CHOICES[name]}
    found = spelled.get(value.strip().lower().replace("-", "_")) if isinstance(value, str) else None
    if found is None:
        raise UsageError(f"{path}: {name} = {value!r} is none of {', '.join(_CHOICES[name])}")
    return found


def _grace(path: Path, document: JsonObject, op: str | None) -> Grace | None:
    """Read when those whom the job deactivates are to be deleted."""
    if "then" not in document:
        return None
    said = _table(path, document, "then")
    if said.get("op") != Verb.DELETE or op not in {None, Verb.DEACTIVATE.value}:
        raise UsageError(f'{path}: [then] is for a job that deactivates: write op = "delete" there')
    try:
        return Grace.parse(str(said.get("after", "")))
    except ValueError as error:
        raise UsageError(f"{path}: [then] after: {error}") from error


def _match(path: Path, table: JsonObject) -> str | None:
    """Read by what a change finds its resource."""
    value = table.get("match")
    if value is None or (isinstance(value, str) and key_attribute(value)):
        return value
    raise UsageError(f"{path}: match = {value!r} is nothing to match by; use userName, externalId, id, …")


def _switch(path: Path, table: JsonObject, name: str) -> bool:
    """Read true or false."""
    value = table.get(name, False)
    if not isinstance(value, bool):
        raise UsageError(f"{path}: {name} = {value!r} is not true or false")
    return value


def _limit(path: Path, table: JsonObject, name: str) -> Limit | None:
    """Read a number or a percentage."""
    value: Any = table.get(name)
    if value is None:
        return None
    try:
        return Limit.parse(str(value))
    except ValueError as error:
        raise UsageError(f"{path}: [guard] {name}: {error}") from error


def _names(path: Path, table: JsonObject) -> tuple[str, ...]:
    """Read a list of names."""
    value = table.get("protect", [])
    if not isinstance(value, list) or not all(isinstance(name, str) and name.strip() for name in value):
        raise UsageError(f'{path}: [guard] protect is not a list of names ["owner@example.com"]')
    return tuple(value)
