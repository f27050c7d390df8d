"""The check of a whole job file before anything is sent: every problem is counted, the first ones are shown."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path

import orjson

from bulkscim.errors import JobFileInvalid
from bulkscim.jobfile.across import Across
from bulkscim.jobfile.index import Index, IndexBuilder, build, digest, made, open_index
from bulkscim.jobfile.reading import (
    Interpreter,
    count,
    interpreter,
    names_of,
    raw_records,
    rows,
    run_of,
    taken_records,
    taken_rows,
    told,
)
from bulkscim.jobfile.record_checks import RULES, Judge, Judged, Rules
from bulkscim.jobfile.records import SHOWN, Fault, Findings, Problem, Record
from bulkscim.jobfile.source import JobSource
from bulkscim.jobfile.ties_asked import TiesAsked
from bulkscim.model.operation import Content, Defaults, Key, Operation, Verb
from bulkscim.model.selection import TakenRows
from bulkscim.planning.guards import removal_of
from bulkscim.planning.protect import takes_away
from bulkscim.scim.schemas import is_secret

_SETS = frozenset({Content.CHANGES, Content.RESOURCE})
_RUNS = 20  # earlier runs whose errors one file may gather
_SPOOLED_SECRET = Fault(
    "",
    "holds a password, and what comes from stdin, is packed or is not UTF-8 would have to be copied to disk; name a"
    " plain UTF-8 file instead",
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rows that are taken, None for all; `after_others`: other runs took other rows, which may have made what they refer to."""

    taken: TakenRows | None = None
    after_others: bool = False


ALL = Chosen()


@dataclass(frozen=True, slots=True)
class Checked:
    """What a job file asks, or what is wrong with it. `removals` are the rows that end a user's access: deletes,
    deactivations, and changes that set `active` to false; `member_removals` those that take members out of a group; `secrets` the changes that set a password. `problems` are the first of `problem_count`, as text.

    `records` counts the whole file; `rows` those that count, which are all or those that are `taken`.
    `more` counts those that no text speaks of. `warnings` are what is hardly meant, one for each kind, as text; `warning_count` counts them all.
    `index` is there only where there are no problems; the caller closes it. `earlier` names the runs whose
    failed records these are. `not_before` is the latest day before which a record is not to be done, empty where
    none says so. `groups` has the number of memberships in each group that records name, `names` counts users that they
    only name.
    """

    rows: int
    verbs: Mapping[tuple[Verb, str], int]
    removals: int
    problems: tuple[str, ...]
    problem_count: int
    notes: tuple[str, ...]
    index: Index | None
    earlier: tuple[str, ...] = ()
    secrets: Mapping[tuple[Verb, str], int] = field(default_factory=dict)
    not_before: str = ""
    records: int = 0
    member_removals: int = 0
    warnings: tuple[str, ...] = ()
    warning_count: int = 0
    more: int = 0
    groups: tuple[int, ...] = ()
    names: int = 0
    taken: TakenRows | None = None

    @property
    def last(self) -> int:
        """The number of the last row."""
        return self.rows if self.taken is None else self.taken.last

    def takes(self, row: int) -> bool:
        """Return whether a row counts."""
        return self.taken is None or row in self.taken

    def count(self, *verbs: Verb) -> int:
        """Count the rows that ask one of these, of any type."""
        return sum(count for (verb, _), count in self.verbs.items() if verb in verbs)

    def sound_index(self) -> Index:
        """Return the index of a file without problems, or raise what is wrong, one problem a line."""
        if self.index is not None:
            return self.index
        rest = (f"… and {self.more:,} more",) if self.more else ()
        raise JobFileInvalid(
            "\n".join(
                (*self.problems, *rest, "Nothing was sent; correct the file or the flags, then run again.")
            )
        )


@dataclass(slots=True)
class _AskedCounts:
    """What is asked, counted as it comes."""

    verbs: Counter[tuple[Verb, str]] = field(default_factory=Counter)
    removals: int = 0
    member_removals: int = 0
    secrets: Counter[tuple[Verb, str]] = field(default_factory=Counter)
    not_before: str = ""
    earlier: dict[str, None] = field(default_factory=dict)
    ties: TiesAsked = field(default_factory=TiesAsked)

    def add(self, operation: Operation, run: str | None) -> None:
        """Count one record; a create ends no access, whatever it says of `active`."""
        if run and len(self.earlier) < _RUNS:
            self.earlier[run] = None
        self.verbs[operation.verb, operation.type] += 1
        spec = operation.spec
        if spec.finds and spec.content in _SETS and _holds_secret(operation):
            self.secrets[operation.verb, operation.type] += 1
        if spec.finds:
            self.removals += takes_away(operation)
            self.member_removals += removal_of(operation) is not None
        if operation.references or spec.is_membership:
            self.ties.add(operation)


def check(
    source: JobSource,
    defaults: Defaults,
    index_path: Path,
    chosen: Chosen = ALL,
    rules: Rules = RULES,
) -> Checked:
    """Stream the file once and judge every record, of the rows alone that are chosen."""
    findings = Findings()
    warnings = findings if rules.strict else Findings(1)
    interpret, notes = interpreter(source, defaults), told(source, defaults)
    if isinstance(interpret, list):
        for problem in interpret:
            findings.add(problem)
        return Checked(0, {}, 0, findings.texts(source.name), findings.count, notes, None)
    taken = chosen.taken
    builder = IndexBuilder(index_path, _stamp(source, defaults, taken))
    judge = None if defaults.as_shown else Judge(names_of(source), rules, is_mapped=defaults.map is not None)
    across = None if judge is None else Across(judge.place)
    one = _Pass(source, interpret, builder, _AskedCounts(), judge, across, findings, warnings)
    with nullcontext() if across is None else closing(across):
        number, index = one.indexed(defaults, chosen)
        if across is not None:
            one.take(across.judged(index.path, partial(_reread, source, interpret)))
    if number == 0:
        findings.add(Problem(0, 0, Fault("", "has no records; there is nothing to do")))
    if not rules.twins:
        _made_twice(source, interpret, index, findings)
    _refs_without_maker(source, index, findings, is_part=taken is not None)
    if findings.count:
        index.close()
        index_path.unlink()
    notes = (*notes, *source.short_rows.notes, *(judge.notes if judge is not None else ()))
    return one.told(number, None if findings.count else index, notes, taken)


def index_of(
    source: JobSource, defaults: Defaults, index_path: Path, taken: TakenRows | None = None
) -> Index:
    """Open the index that a check left, or make it again from the file."""
    stamp = _stamp(source, defaults, taken)
    return open_index(index_path, stamp) or build(
        index_path, stamp, lambda: taken_rows(source, defaults, taken)
    )


def _stamp(source: JobSource, defaults: Defaults, taken: TakenRows | None) -> str:
    """Name the file, the rows of it, and the way it is read."""
    chosen = None if taken is None else taken.text()
    mapped = orjson.dumps(defaults.map, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    return f"{source.sha256} {defaults.op} {defaults.type} {defaults.match} {chosen} {mapped}"


@dataclass(frozen=True, slots=True)
class _Pass:
    """One reading of the file; `judge` is None where the values are those that a tenant showed."""

    source: JobSource
    interpret: Interpreter
    builder: IndexBuilder
    tally: _AskedCounts
    judge: Judge | None
    across: Across | None
    findings: Findings
    warnings: Findings

    def indexed(self, defaults: Defaults, chosen: Chosen) -> tuple[int, Index]:
        """Return how many records there are, and the index of them."""
        try:
            number = self._read(chosen)
            if self.builder.names_by_mail and not self.findings.count:
                for row, operation in taken_rows(self.source, defaults, chosen.taken):
                    self.builder.add_mails(row, operation)
            return number, self.builder.finish()
        except BaseException:
            self.builder.abandon()
            raise

    def _read(self, chosen: Chosen) -> int:
        """Judge every record by itself; return how many there are."""
        number, run_named_by = 0, run_of(self.source)
        operation_of, count, index = self._operation_of, self.tally.add, self.builder.add
        compare = None if self.across is None else self.across.add
        for record in taken_records(self.source, chosen.taken):
            number += 1
            if isinstance(record, Problem):
                self.findings.add(record)
                continue
            operation = operation_of(record)
            if operation is None:
                continue
            run = run_named_by(record)
            count(operation, run)
            if record.body:
                self.tally.not_before = max(self.tally.not_before, record.body.get("not_before") or "")
            index(record.number, operation, refs_elsewhere=chosen.after_others or run is not None)
            if compare is not None:
                compare(record.number, operation)
        if self.judge is not None:
            self.take(self.judge.zeros_lost())
        return number

    def _operation_of(self, record: Record) -> Operation | None:
        """Return what a record asks; None where that cannot be told."""
        judge = self.judge
        if judge is not None and record.cells:
            if judge.passes(record):
                judge = None
            elif again := judge.header_again(record):
                self.take((again,))
                return None
        operation = self.interpret(record)
        if isinstance(operation, list):
            for problem in operation:
                self.findings.add(problem)
            return None
        if self.source.spooled and _holds_secret(operation):
            self.findings.add(Problem(record.line, record.number, _SPOOLED_SECRET))
        if judge is not None:
            self.take(judge.judge(record, operation))
        return operation

    def take(self, judged: Iterable[Judged]) -> None:
        """Add what was judged to the problems or the warnings."""
        for each in judged:
            (self.findings if each.refuses else self.warnings).add(each.problem, each.about)

    def told(
        self, number: int, index: Index | None, notes: Iterable[str], taken: TakenRows | None
    ) -> Checked:
        """Return what the file of so many records asks, or what is wrong with it."""
        tally, findings, name = self.tally, self.findings, self.source.name
        warnings = Findings() if self.warnings is findings else self.warnings
        return Checked(
            rows=number,
            verbs=tally.verbs,
            removals=tally.removals,
            problems=findings.texts(name),
            problem_count=findings.count,
            notes=tuple(notes),
            index=index,
            earlier=tuple(tally.earlier),
            secrets=tally.secrets,
            not_before=tally.not_before,
            records=number if taken is None else count(self.source),
            member_removals=tally.member_removals,
            warnings=warnings.texts(name),
            warning_count=warnings.count,
            more=findings.count - findings.told,
            groups=tally.ties.groups,
            names=tally.ties.names,
            taken=taken,
        )


def _holds_secret(operation: Operation) -> bool:
    """Return whether an operation carries a value that must not be written to disk."""
    values = [change.value for change in operation.changes if isinstance(change.value, dict)]
    paths = [change.path for change in operation.changes if change.path]
    return any(is_secret(name) for name in (*operation.data, *paths, *chain(*values)))


def _made_twice(source: JobSource, interpret: Interpreter, index: Index, findings: Findings) -> None:
    """Add a problem for each record that makes what an earlier one makes."""
    twins = list(islice(index.made_twice(), SHOWN))
    if not twins:
        return
    found = _reread(source, interpret, {number for _, *rows in twins for number in rows})
    for hashed, first, other in twins:
        record, operation = found[other]
        key = next(
            Key(operation.type, attribute, value)
            for attribute, value in made(operation)
            if digest(operation.type, attribute, value) == hashed
        )
        findings.add(Problem(record.line, other, Fault("", _twin(key, first, found[first][0].line))))
    findings.count += sum(1 for _ in index.made_twice()) - len(twins)


def _reread(source: JobSource, interpret: Interpreter, rows: set[int]) -> dict[int, tuple[Record, Operation]]:
    """Read some records again; return them by their numbers, each with its operation."""
    return {
        record.number: (record, operation)
        for record in (raw_records(source, wanted=rows.__contains__) if rows else ())
        if isinstance(operation := interpret(record), Operation)
    }


def _twin(key: Key, row: int, line: int) -> str:
    """Say which earlier record makes the same."""
    what = f'ref "{key.value}"' if key.attribute == "ref" else f'{key.type} {key.attribute} "{key.value}"'
    return f"makes {what}, as line {line} (row {row}) does; keep one of them"


def _refs_without_maker(source: JobSource, index: Index, findings: Findings, *, is_part: bool) -> None:
    """Add a problem for each record that needs a ref which no record makes."""
    numbers = set(islice(index.refs_without_maker(), SHOWN))
    if not numbers:
        return
    for record in raw_records(source, wanted=numbers.__contains__):
        text = "names a ref that no create or upsert of this file makes; correct the ref"
        if is_part:
            text = (
                "names a ref that no record makes which is taken; correct the ref, or where another record makes it, "
                "add --with-needed"
            )
        findings.add(Problem(record.line, record.number, Fault("", text)))
    findings.count += sum(1 for _ in index.refs_without_maker()) - len(numbers)


__all__ = ["SHOWN", "Checked", "check", "index_of", "raw_records", "rows"]
