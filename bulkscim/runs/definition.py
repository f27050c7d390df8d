"""Job definitions: a TOML file that names a job file and says how it is read, done and guarded.

```toml
[job]
file = "../samples/onboarding.csv"      # relative to this file
op = "create"                           # also: type, match, on_exists, create_groups, encoding, header_line

[map]                                   # see jobfile/rules.py
userName = "Email"

[guard]
max_delete = "5%"                       # also the other guards, see docs/guards.md
protect = ["owner@example.com"]         # never deleted nor deactivated

[then]                                  # of a job that deactivates
op = "delete"                           # the run writes the job file for it
after = "30d"
```

A definition is named as the job itself, or by `--map` for another job file; either way all of it applies. A flag, or
an argument of a program, replaces what the definition says. Guards of the tenant's entry hold as well: the strictest
limit decides unless a flag sets it, and protected names add up.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from bulkscim.errors import UsageError
from bulkscim.jobfile.encoding import FileForm
from bulkscim.jobfile.exact_json import IN_QUOTES, exact_float, is_exact_integer
from bulkscim.jobfile.references import key_attribute
from bulkscim.jobfile.rules import flattened
from bulkscim.model import bounded_toml
from bulkscim.model.grace import Grace
from bulkscim.model.guard_table import IN_DEFINITIONS
from bulkscim.model.limits import GuardLimits, Limit
from bulkscim.model.operation import GROUP, USER, Defaults, JsonObject, Verb
from bulkscim.model.row import RowRules
from bulkscim.runs.options import RecordDefaults, built, filled

_TABLES = {
    "job": ("file", "op", "type", "match", "on_exists", "create_groups", "encoding", "header_line"),
    "then": ("op", "after"),
    "guard": (*IN_DEFINITIONS, "protect"),
}
_CHOICES = {"op": tuple(Verb), "type": (USER, GROUP), "on_exists": ("adopt", "update", "skip", "fail")}


@dataclass(frozen=True, slots=True)
class Definition:
    """What a job definition says, and what flags say in its place. `job` is the path of the job file.

    `columns` is the [map]. `paths` are the files that were read, `notes` what the user should know of them.
    """

    job: str = ""
    records: RecordDefaults = RecordDefaults()
    rules: RowRules = RowRules()
    limits: GuardLimits = GuardLimits()
    columns: JsonObject | None = None
    grace: Grace | None = None
    paths: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def defaults(self) -> Defaults:
        """How records are understood that do not say everything."""
        return Defaults(self.records.op, self.records.type or USER, self.records.match, self.columns)

    @property
    def form(self) -> FileForm:
        """What is said of the job file's form."""
        return FileForm(self.records.encoding, self.records.header_line)


def said_of(job: str, records: RecordDefaults) -> Definition:
    """Return all that a job, its `--map` and the flags of its records say together; the flags replace the rest.

    UsageError names what does not fit: nothing that a definition says is left out in silence.
    """
    if not is_definition(job):
        found = Definition(job) if records.map is None else _for_job(records.map, job)
    else:
        found = load(Path(job))
        if records.map is not None:
            columns = _columns_alone(records.map, job)
            found = replace(found, columns=columns, paths=(*found.paths, str(records.map)))
    if found.grace is not None and records.op not in {None, Verb.DEACTIVATE}:
        raise UsageError(
            f"{found.paths[0]}: [then] is for a job that deactivates, and --op says {records.op}; leave one of them out"
        )
    return replace(found, records=filled(records, found.records))


def is_definition(job: str) -> bool:
    """Return whether a file is a job definition, by its name."""
    return Path(job).suffix.lower() == ".toml"


def load(path: Path) -> Definition:
    """Read a job definition that names its job file; UsageError says what is wrong in it."""
    found = _read(path, _document(path))
    if not found.job:
        raise UsageError(f'{path}: [job] names no file; write file = "people.csv" (relative to this file)')
    return found


def _for_job(path: Path, job: str) -> Definition:
    """Read the definition that `--map` names for a job file; the file that it names itself is not read."""
    document = _document(path)
    if not document:
        raise UsageError(f'{path}: is empty; write a [map], such as [map] and below it userName = "E-mail"')
    found = _read(path, document)
    other = found.job and os.path.realpath(found.job) != os.path.realpath(job)
    notes = (f"{path} names {found.job}; {job} is read instead, all else in {path} applies",) if other else ()
    return replace(found, job=job, notes=notes)


def _columns_alone(path: Path, job: str) -> JsonObject:
    """Read the [map] that replaces that of a definition; there cannot be two definitions."""
    document = _document(path)
    others = [f"[{name}]" for name in document if name != "map"]
    if others:
        raise UsageError(
            f"{path}: {' and '.join(others)} cannot apply, since {job} is a job definition already; give the job file "
            f"with --map {path}, or a file that has nothing but a [map]"
        )
    if "map" not in document:
        raise UsageError(f'{path}: has no [map]; write one, such as [map] and below it userName = "E-mail"')
    return _map(path, document)


def _read(path: Path, document: JsonObject) -> Definition:
    """Read the tables of a definition."""
    job, guard = _table(path, document, "job"), _table(path, document, "guard")
    file = job.get("file", "")
    if not isinstance(file, str):
        raise UsageError(f'{path}: [job] file = {file!r} is not a path; write file = "people.csv"')
    records = _records(path, job)
    return Definition(
        os.path.normpath(path.parent / file) if file else "",
        records,
        RowRules(_choice(path, job, "on_exists"), _switch(path, job, "create_groups")),
        _limits(path, guard),
        _map(path, document) if "map" in document else None,
        _grace(path, document, records.op),
        (str(path),),
    )


def _records(path: Path, job: JsonObject) -> RecordDefaults:
    """Read how records are read."""
    op, form = _choice(path, job, "op"), _form(path, job)
    verb = Verb(op) if op else None
    return RecordDefaults(
        verb,
        _choice(path, job, "type"),
        _match(path, job),
        encoding=form.encoding,
        header_line=form.header_line,
    )


def _document(path: Path) -> JsonObject:
    """Read a TOML file whose tables are all known."""
    try:
        document = bounded_toml.loads(path.read_text(encoding="utf-8-sig"), parse_float=exact_float)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except ValueError as error:  # TOML, UTF-8, or a number of thousands of digits
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
    try:
        _refuse_long_integers(table)
        return flattened(table)
    except ValueError as error:
        raise UsageError(f"{path}: [map] {error}") from error


def _refuse_long_integers(value: Any) -> None:
    """Refuse an integer that neither JSON nor the journal can carry."""
    if isinstance(value, int) and not is_exact_integer(value):
        raise ValueError(f"{value} {IN_QUOTES}")
    nested = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for each in nested:
        _refuse_long_integers(each)


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


def _grace(path: Path, document: JsonObject, op: Verb | None) -> Grace | None:
    """Read when the users that the job deactivates are to be deleted."""
    if "then" not in document:
        return None
    said = _table(path, document, "then")
    if said.get("op") != Verb.DELETE or op not in {None, Verb.DEACTIVATE}:
        raise UsageError(f'{path}: [then] is for a job that deactivates: write op = "delete" there')
    try:
        return Grace.parse(str(said.get("after", "")))
    except ValueError as error:
        raise UsageError(f"{path}: [then] after: {error}") from error


def _form(path: Path, table: JsonObject) -> FileForm:
    """Read what is said of the job file's form."""
    encoding, line = table.get("encoding", ""), table.get("header_line", 0)
    if not isinstance(encoding, str):
        raise UsageError(f'{path}: [job] encoding = {encoding!r} is not a name; write encoding = "cp1250"')
    if not isinstance(line, int) or isinstance(line, bool) or line < ("header_line" in table):
        raise UsageError(f"{path}: [job] header_line = {line!r} is not a line; write header_line = 3")
    return FileForm(encoding, line)


def _match(path: Path, table: JsonObject) -> str | None:
    """Read by what a change finds its resource."""
    value = table.get("match")
    if value is None or (isinstance(value, str) and key_attribute(value)):
        return value
    raise UsageError(f"{path}: match = {value!r} cannot be used to match; use userName, externalId, id, …")


def _switch(path: Path, table: JsonObject, name: str) -> bool:
    """Read true or false."""
    value = table.get(name, False)
    if not isinstance(value, bool):
        raise UsageError(f"{path}: {name} = {value!r} is not true or false")
    return value


def _limits(path: Path, table: JsonObject) -> GuardLimits:
    """Read the guards."""
    limits = {name: _limit(path, table, name) for name in IN_DEFINITIONS}
    return built(GuardLimits, {**limits, "protect": _names(path, table)})


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
