"""Why rows did not end as wanted, grouped: one line tells of 98 rows that failed alike.

A row that lacks several parts (three groups that do not exist) counts for the cause of each part.

Four kinds of rows that ended well are listed too: those that did not find what they name, which may be misspelled,
those whose member was not in the group, those whose resource existed and got links, and those that removed a member that
the tenant had not shown. So are the groups that rows created by name: a misspelled name creates one.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from itertools import chain, zip_longest

from bulkscim.journal.bodies import Settled, Started, WasMember
from bulkscim.journal.entries import Kind
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.harmless import one_line
from bulkscim.model.operation import MAKES
from bulkscim.model.row import RowState
from bulkscim.model.step import Action
from bulkscim.model.typed import command
from bulkscim.reporting.hints import CREATE_GROUPS, hint_of
from bulkscim.reporting.near_names import missing_group, near_names
from bulkscim.reporting.results import Result, result_of


@dataclass(frozen=True, slots=True)
class Cause:
    """Why rows ended so: how many did, the first of them, what to do about it, and the command for that.

    `status` and `scim_type` are those of the tenant's answer.
    """

    state: RowState
    status: int | None
    scim_type: str
    detail: str
    count: int
    rows: tuple[int, ...]
    hint: str = ""
    command: str | None = None


_BAD = (RowState.FAILED, RowState.SKIPPED, RowState.IN_DOUBT)
_EXISTED = (RowState.NOOP, RowState.ADOPTED)
_ORDER = (*_BAD, RowState.DONE, *_EXISTED)
_LINKED = "existed, and got a group, a member or a manager that it did not have"
_NOT_FOUND = b": nothing to "
_NOT_IN = " was not in the group"
_UNSEEN = b'unknown"'
_GROUP = "group:"
_BY_NAME = b',"group:'
_KEPT_ROWS = 10
_SHOWN_ROWS = 3
_SHOWN_CAUSES = 10
_MOST = 1_000  # kinds of causes: a server may word each answer in its own way
_OTHER = "other answers"
# What differs from row to row: an address, and a name or number of five characters or more that has a digit.
_OWN = re.compile(r"[^\s\"'(),;:<>\[\]]+@[^\s\"'(),;:<>\[\]]+|\b(?=[\w-]*\d)[\w-]{5,}")
_ROW = re.compile(r"\brow \d+")
_PART = re.compile(r"; (?=(?:group|member):.+? not set: |(?:manager|members) not set: )")
_NOT_SET = " not set: "
_MADE = "created; "
_ANY = "…"
_LONGEST = 400  # characters of a detail that are shown; `explain` has all of it
_MANY = re.compile(rf"{_ANY}(?:, {_ANY})+")


def causes_of(recorded: RecordedRun, run: str, *, in_doubt: bool = True) -> list[Cause]:
    """Return the causes, failed rows first, each with `count` and the first `rows`; `run` names the run in commands.

    Not `in_doubt`: the run is at work, and its open rows are under way.
    """
    bad = _BAD if in_doubt else _BAD[:-1]
    ledger, totals = recorded.ledger, recorded.ledger.totals()
    rows: Iterable[int] = ()
    if totals.failed or totals.skipped or totals.in_doubt:
        rows = (row for row in ledger.numbers() if ledger.state(row) in bad)
    failures = (part for row in rows for part in _parts(result_of(recorded, row, None)))
    told = (result_of(recorded, row, None) for row in chain(_unseen(recorded), _not_found(recorded)))
    existed = (result_of(recorded, row, None) for row in _linked(recorded))
    linked = (replace(result, detail=_LINKED) for result in existed if result.op in MAKES)
    found = grouped(chain(failures, told, _not_in_group(recorded), _creating(recorded), linked), run)
    near = near_names([cause.detail for cause in found], recorded)
    return [_meaning(cause, names) for cause, names in zip(found, near, strict=True)]


def _meaning(cause: Cause, names: str) -> Cause:
    """Return a cause whose hint also says which group may be meant; `names` is empty where none is close."""
    told = f"did you mean {names}?" if names else ""
    return replace(cause, hint="; ".join(text for text in (cause.hint, told) if text))


def _parts(result: Result) -> Iterator[Result]:
    """Yield a row that did not end as wanted for each of its parts that was not set.

    The status is that of the first part. A group that does not exist is 404 wherever it is named.
    """
    first, *others = _PART.split(result.detail)
    done = ""
    if others and _NOT_SET not in first:  # what was done for the row before: "created"
        done = first.partition("; ")[0] + "; "
        first, *others = others
    yield replace(result, detail=done + first)
    for other in others:
        status = HTTPStatus.NOT_FOUND if CREATE_GROUPS in other else None
        yield replace(result, detail=done + other, status=status, scim_type="")


def _not_in_group(recorded: RecordedRun) -> Iterator[Result]:
    """Yield the rows that ended as a noop since the member that they remove was not in the group."""
    ends: Iterable[tuple[int, Settled]] = ()
    if recorded.ledger.totals().noop:
        ends = recorded.ends(RowState.NOOP, holding=_NOT_IN.encode())
    for row, _ in ends:
        result = result_of(recorded, row, None)
        if result.state is RowState.NOOP and result.detail.endswith(_NOT_IN):
            yield replace(result, key=result.detail.removesuffix(_NOT_IN), id="")


def _not_found(recorded: RecordedRun) -> Iterator[int]:
    """Yield the rows that ended as a noop since what they name was not found."""
    marks = bytearray(recorded.ledger.rows + 1)
    for row, end in recorded.ends(RowState.NOOP, holding=_NOT_FOUND) if recorded.ledger.totals().noop else ():
        marks[row] = not end.id
    return (row for row, mark in enumerate(marks) if mark)


def _unseen(recorded: RecordedRun) -> Iterator[int]:
    """Yield the rows that are done and removed a member that the tenant had not shown."""
    marks = bytearray(recorded.ledger.rows + 1)
    for entry, begun in recorded.each(Started, _UNSEEN) if recorded.ledger.totals().done else ():
        for (row, _), member in zip(entry.rows, begun.members, strict=False):
            if member.was is WasMember.UNKNOWN and begun.action is Action.REMOVE_MEMBER:
                marks[row] = recorded.ledger.state(row) is RowState.DONE
    return (row for row, mark in enumerate(marks) if mark)


def _creating(recorded: RecordedRun) -> Iterator[Result]:
    """Yield the rows that created a group by the name that they gave, each with all these names."""
    made = [entry.rows[0] for entry in recorded.entries(Kind.APPLIED, holding=_BY_NAME)]
    made = [(row, part.removeprefix(_GROUP)) for row, part in made if part.startswith(_GROUP)]
    names = list(dict.fromkeys(name for _, name in made))
    shown = ", ".join(f'"{name}"' for name in names[:_SHOWN_ROWS])
    more = f" and {len(names) - _SHOWN_ROWS:,} more" if len(names) > _SHOWN_ROWS else ""
    told = f"creates group{'s' * (len(names) > 1)} {shown}{more}"
    return (Result(row, RowState.DONE, detail=told) for row in sorted({row for row, _ in made}))


def _linked(recorded: RecordedRun) -> Iterator[int]:
    """Yield the rows that changed something though their own resource existed already."""
    ledger, totals = recorded.ledger, recorded.ledger.totals()
    marks = bytearray(ledger.rows + 1)
    for entry in recorded.entries(Kind.APPLIED) if totals.noop or totals.adopted else ():
        for row, _ in entry.rows:
            marks[row] = ledger.state(row) in _EXISTED
    return (row for row, mark in enumerate(marks) if mark)


def grouped(results: Iterable[Result], run: str) -> list[Cause]:
    """Group results that differ only in what is their own."""
    found: dict[tuple[object, ...], _Group] = {}
    for result in results:
        text = _in_common(result)
        kind = (result.state, result.status, result.scim_type, text)
        if kind not in found and len(found) >= _MOST:
            text = _OTHER
            kind = (result.state, None, "", text)
        found.setdefault(kind, _Group(result, text)).add(result.row)
    causes = (group.cause(run) for group in found.values())
    return sorted(causes, key=lambda cause: (_ORDER.index(cause.state), -cause.count))


@dataclass(slots=True)
class _Group:
    """Results that differ only in what is their own: the first, and the text that they have in common."""

    first: Result
    text: str
    count: int = 0
    rows: list[int] = field(default_factory=list)
    last: int = 0

    def add(self, row: int) -> None:
        """Take in the next row, once for all of its parts that follow each other."""
        if row == self.last:
            return
        self.count, self.last = self.count + 1, row
        if len(self.rows) < _KEPT_ROWS:
            self.rows.append(row)

    def cause(self, run: str) -> Cause:
        """Return what is to be said of them; `run` as for `causes_of`."""
        first, hint = self.first, hint_of(self.first, run)
        detail = first.detail if self.count == 1 and self.text != _OTHER else self.text
        line = command(*hint.words) if hint.words else None
        answer = (first.state, first.status, first.scim_type)
        return Cause(*answer, detail, self.count, tuple(sorted(self.rows)), hint.text, line)


def state_words(state: RowState, *, dry_run: bool) -> str:
    """Return what became of a row, or in a dry run what would become of it."""
    word = state.value.replace("_", " ")
    if not dry_run or state is RowState.PENDING:
        return word
    return "would fail" if state is RowState.FAILED else f"would be {word}"


def cause_lines(causes: Sequence[Cause], *, dry_run: bool = False) -> Iterator[str]:
    """Say each cause in a line, and what to do about it in another: once for causes that follow each other."""
    shown = causes[:_SHOWN_CAUSES]
    for cause, after in zip_longest(shown, shown[1:]):
        rows = ", ".join(map(str, cause.rows[:_SHOWN_ROWS]))
        more = f", {_ANY}" if cause.count > _SHOWN_ROWS else ""
        yield f"  {_shown(cause, dry_run=dry_run)}: {cause.count:,} row{'s' * (cause.count != 1)} ({rows}{more})"
        if cause.hint and (after is None or after.hint != cause.hint):
            yield f"    {cause.hint}"
    rest = causes[_SHOWN_CAUSES:]
    if rest:
        count = sum(cause.count for cause in rest)
        yield f"  {len(rest):,} other cause{'s' * (len(rest) != 1)}: {count:,} row{'s' * (count != 1)}"


def _in_common(result: Result) -> str:
    """Return a row's detail without what is its own."""
    text = result.detail
    if missing_group(text):  # rows are grouped by the group that they miss, also where it is their own
        return text
    for own in (result.key, result.id):
        text = _omitted(text, own)
    return _MANY.sub(_ANY, _OWN.sub(_ANY, _ROW.sub(f"row {_ANY}", text)))


def _omitted(text: str, own: str) -> str:
    """Return a text without a word of the row's own, whatever its capitals. A pattern for each row would be slow."""
    folded, wanted = text.lower(), own.lower()
    if len(folded) != len(text):  # a letter whose small form is longer
        return text.replace(own, _ANY) if own else text
    pieces, done, at = [], 0, folded.find(wanted) if wanted else -1
    while at >= 0:
        end = at + len(wanted)
        if not (folded[at - 1 : at].isalnum() or folded[end : end + 1].isalnum()):
            pieces += [text[done:at], _ANY]
            done = end
        at = folded.find(wanted, end)
    return "".join((*pieces, text[done:]))


def _shown(cause: Cause, *, dry_run: bool) -> str:
    is_silent = cause.state is RowState.FAILED and not dry_run
    state = "" if is_silent else f"{state_words(cause.state, dry_run=dry_run)}: "
    what = cause.detail or cause.scim_type or "no reason was given"
    if dry_run:
        what = what.removeprefix(_MADE)
    if len(what) > _LONGEST:
        what = f"{what[:_LONGEST].rpartition(' ')[0]} {_ANY}"
    answered = cause.status if cause.state in (RowState.FAILED, RowState.IN_DOUBT) else None
    is_told = what.startswith((str(answered), _MADE))  # the create was answered with another status
    status = f"{answered} " if answered and not is_told else ""
    return one_line(f"{state}{status}{what}")
