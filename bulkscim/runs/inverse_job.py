"""Write the inverse of a run as a job file: what leaves groups first, then step by step, then what returns to them."""

import os
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from bulkscim.errors import Refused, UsageError
from bulkscim.jobfile.content import content_of
from bulkscim.jobfile.source import JobSource
from bulkscim.journal import bodies
from bulkscim.journal.durable import Disk
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.names import names_in
from bulkscim.model.operation import USER, Defaults, JsonObject, folded_name
from bulkscim.model.typed import next_line
from bulkscim.planning.compare import DERIVED, WHOLE
from bulkscim.planning.protect import Protects, harmful_record
from bulkscim.planning.undo.inverse import TakenStep, inverse, known_by, verb_of
from bulkscim.planning.undo.memberships import Net, joinings, leavings, net, with_own_members
from bulkscim.private_files import create_file
from bulkscim.providers.profile import PLAIN
from bulkscim.reporting.next_commands import run_name
from bulkscim.runs.applied_steps import applied_steps, names_of
from bulkscim.runs.child_runs import Recreated, descendants, records, rollbacks_of_others, undone
from bulkscim.runs.spooled_steps import Picks, SpooledSteps, UndoCounts

SHOWN = 20
Derived = Mapping[str, tuple[str, ...]]
AS_SHOWN = Defaults(as_shown=True)  # how an inverse is read


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which steps to take back: those of some rows, of some users or groups, of some operations; empty: any.

    `soft`: users that the run created are deactivated instead of deleted. `protect` holds protected accounts by each
    of their folded names: what would harm them is omitted. `unsure`: what may have existed before goes as well.
    `derived` holds, by type, what the service derives by itself in what was created. So many members are changed in one
    request as `most_members`.
    """

    rows: frozenset[int] = frozenset()
    keys: frozenset[str] = frozenset()
    verbs: frozenset[str] = frozenset()
    soft: bool = False
    protect: Protects = field(default_factory=dict)
    unsure: bool = False
    derived: Derived = field(default_factory=dict)
    most_members: int = PLAIN.most_members

    @property
    def all_of_it(self) -> bool:
        """Whether nothing is left out."""
        return not (self.rows or self.keys or self.verbs)


@dataclass(frozen=True, slots=True)
class Inverse:
    """A written inverse: its job file, what it takes back, and what the user should know."""

    source: JobSource
    tally: UndoCounts
    notes: tuple[str, ...] = ()


def write_inverse(recorded: RecordedRun, chosen: Chosen, path: Path, disk: Disk) -> Inverse | None:
    """Write the inverse of what a run did and no rollback has undone; None where nothing is left to undo.

    UsageError for a row or a key that the run does not have; Refused where all that is left would take protected accounts away.
    """
    beyond = [row for row in sorted(chosen.rows) if row > recorded.ledger.rows]
    if beyond:
        raise UsageError(f"there is no row {beyond[0]}: the last row of the run is {recorded.ledger.rows:,}")
    if foreign := _foreign(recorded, chosen.keys):
        raise UsageError(
            f"--key {foreign}: no user or group of the run is recorded under this name or id; nothing was sent. "
            f"The results list its rows\n{next_line('results', run_name(recorded.folder))}"
        )
    folders = (*rollbacks_of_others(recorded, disk), *descendants(recorded.folder, disk))
    with closing(Recreated(folders, disk)) as recreated, closing(SpooledSteps(recreated)) as steps:
        picks = None if chosen.all_of_it else _picks(recorded, chosen)
        taken_back, kept = undone(recorded.folder, disk), NotUndone()
        own = applied_steps(recorded)
        steps.take(own if chosen.unsure else _certain(own, kept, taken_back, picks), taken_back, picks)
        if steps.touches_memberships:
            steps.learn(_known_names(recorded))
        omitted: list[str] = []
        lines = _write(_records(steps, chosen, omitted, kept), path)
        left = (*_protected(omitted), *kept.told(recorded.folder, steps.name_of))
        if not lines:
            path.unlink()
            if left:
                raise Refused("\n".join(("nothing else is left to undo, and nothing was sent", *left)))
            return None
        name = f"the inverse of {recorded.header.run or recorded.folder.name}"
        source = JobSource(name, path, "jsonl", content_of(path), spooled=True, is_inverse=True)
        return Inverse(
            source, steps.tally, (*steps.tally.notes(), *_left_behind(steps), *left, *_overwritten(recorded))
        )


def _known_names(recorded: RecordedRun) -> Iterator[tuple[str, str]]:
    """Yield ids with names that a run knows; of a rollback also those that its records have of the run before."""
    yield from names_of(recorded)
    for _, body in records(recorded) if recorded.header.parent else ():
        if body.get("id") and body.get("_key"):
            yield body["id"], body["_key"]
        yield from (body.get("_names") or {}).items()


@dataclass(slots=True)
class NotUndone:
    """What a rollback leaves as it is since it is not known what was before: created resources, and removed members.

    Names by how often, the rest under "". What was removed is (member, group), by their ids.
    """

    created: Counter[str] = field(default_factory=Counter)
    removed: Counter[tuple[str, str]] = field(default_factory=Counter)

    def take(self, step: TakenStep) -> None:
        """Take in a step that is left."""
        if step.member is not None:
            self.leave_out(step.member, step.id or "")
        else:
            self.created[known_by(step) if len(self.created) < SHOWN else ""] += 1

    def leave_out(self, member: str, group: str) -> None:
        """Take in a member that is not added to a group."""
        self.removed[(member, group) if len(self.removed) < SHOWN else ("", "")] += 1

    def told(self, folder: Path, name_of: Callable[[str], str]) -> tuple[str, ...]:
        """Say what is left, and how to take it back all the same."""
        removed = Counter[str]()
        for (member, group), count in self.removed.items():
            removed[f"{name_of(member)} in group {name_of(group)}" if member else ""] += count
        lines = (
            *_listed("left, since they may have existed before the run", self.created),
            *_listed("not added, since they were not seen in the group before the run", removed),
        )
        return (*lines, next_line("rollback", run_name(folder), "--on-drift", "force", "-n")) if lines else ()


def _listed(why: str, names: Counter[str]) -> Iterator[str]:
    if names:
        more = f" and {names['']:,} more" if names[""] else ""
        yield f"{why}: {', '.join(name for name in names if name)}{more}"


def _certain(
    steps: Iterable[TakenStep], kept: NotUndone, taken_back: Container[int], picks: Picks | None
) -> Iterator[TakenStep]:
    """Yield the steps without those of which it is not known what was before; `kept` takes the chosen ones."""
    for step in steps:
        if not step.unsure:
            yield step
        elif step.number not in taken_back and (picks is None or picks(step)):
            kept.take(step)


def _overwritten(recorded: RecordedRun) -> Iterator[str]:
    """Say in which rows the server may have overwritten what it answered a create with."""
    found = recorded.each(bodies.Refused, holding=b'"touched":true')
    rows = sorted({row for entry, refused in found if refused.touched for row, _ in entry.rows})
    if rows:
        more = f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
        named = ", ".join(map(str, rows[:SHOWN])) + more
        yield f"cannot be undone: the server may have overwritten what existed, in {'row' if len(rows) == 1 else 'rows'} {named}"


def _records(
    steps: SpooledSteps, chosen: Chosen, omitted: list[str], kept: NotUndone
) -> Iterator[JsonObject]:
    """Yield the records of an inverse.

    `omitted` takes the names of those that would harm a protected account, `kept` the members that are not added.
    """

    def goes(group: str) -> bool:
        """Return whether a group is deleted with the members that the run put into it."""
        record = {"op": "delete", "id": group, "_key": steps.name_of(group)}
        return steps.goes_with_members(group) and harmful_record(record, chosen.protect) is None

    leaving = (one for one in net(steps.touches(), steps) if not goes(one.group))
    yield from leavings(_unprotected(leaving, chosen.protect, omitted), steps, chosen.most_members)
    for step in steps.newest_first():
        for record in inverse(step, steps, soft=chosen.soft):
            name = harmful_record(record, chosen.protect)
            if name is not None:
                omitted.append(name)
                continue
            own = net(steps.touches(step.id), steps) if step.id and goes(step.id) else ()
            whole = with_own_members(record, _unprotected(own, chosen.protect, omitted), steps)
            yield _without_derived(whole, chosen.derived)
    returning = net(steps.touches(), steps)
    seen = returning if chosen.unsure else _seen_before(returning, steps, kept)
    yield from joinings(seen, steps, chosen.most_members, soft=chosen.soft)


def _seen_before(nets: Iterable[Net], steps: SpooledSteps, kept: NotUndone) -> Iterator[Net]:
    """Omit users that may have been in a group only through another one, which the run itself had put into it."""
    for one in nets:
        if one.joins and any(steps.put_in(one.group, other, one.steps[0]) for other in one.through):
            kept.leave_out(one.member, one.group)
        else:
            yield one


def _without_derived(record: JsonObject, derived: Derived) -> JsonObject:
    """Return a record whose expectation of a whole resource, or of a user's values, leaves out what the service derives."""
    kinds, expect = derived.get(record["type"]), record.get("expect") or {}
    concerned = WHOLE in expect or (record["type"] == USER and record["op"] == "patch" and expect)
    return record | {"expect": expect | {DERIVED: list(kinds)}} if kinds and concerned else record


def _unprotected(nets: Iterable[Net], protect: Protects, omitted: list[str]) -> Iterator[Net]:
    """Omit what would take a protected account out of a group."""
    for one in nets:
        name = None if one.joins else protect.get(one.member.casefold())
        if name is None:
            yield one
        else:
            omitted.append(name)


def _protected(omitted: list[str]) -> tuple[str, ...]:
    """Say which accounts stay as the run left them."""
    names = list(dict.fromkeys(omitted))
    if not names:
        return ()
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return (f"protected, so left as the run made them: {', '.join(names[:SHOWN])}{more}",)


def _write(records: Iterable[JsonObject], path: Path) -> int:
    """Write the records for the owner alone; return how many there are."""
    written = 0
    with os.fdopen(create_file(path), "wb") as file:
        for record in records:
            file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
            written += 1
    return written


def _picks(recorded: RecordedRun, chosen: Chosen) -> Callable[[TakenStep], bool]:
    """Return what tells whether a step is one of those chosen."""
    ids = _ids_of(recorded, chosen.keys) if chosen.keys else frozenset[str]()

    def picks(step: TakenStep) -> bool:
        if chosen.rows and step.row not in chosen.rows:
            return False
        if chosen.keys and not ({step.id, step.member} & ids):
            return False
        return not chosen.verbs or _verb_of(recorded, step) in chosen.verbs

    return picks


def _ids_of(recorded: RecordedRun, keys: frozenset[str]) -> frozenset[str]:
    """Return the ids that the run knew by one of these names."""
    wanted = {folded_name(key) for key in keys}
    found = {step.id for step in applied_steps(recorded) if step.id and wanted & set(_names(step))}
    found |= {own for own, name in _known_names(recorded) if folded_name(name) in wanted}
    return frozenset(found) | keys


def _foreign(recorded: RecordedRun, keys: frozenset[str]) -> str | None:
    """Return the first key by which the run knows nothing; a row that changed nothing has its key all the same."""
    unknown = {folded_name(key): key for key in sorted(keys)}
    for name in _all_names(recorded) if unknown else ():
        if unknown.pop(folded_name(name), None) is not None and not unknown:
            return None
    return next(iter(unknown.values()), None)


def _all_names(recorded: RecordedRun) -> Iterator[str]:
    """Yield the names and ids of all that the run has worked on; they may come more than once."""
    for _, end in recorded.ends():
        yield from filter(None, (end.key, end.id))
    for own, name in _known_names(recorded):
        yield from (own, name)
    for _, begun in recorded.each(bodies.Started):
        yield from (begun.id or "", *(key.value for key in begun.identity))
        for member in begun.members:
            yield from (member.id, member.name or "")
    for step in applied_steps(recorded):
        yield from (*_names(step), step.member or "")


def _names(step: TakenStep) -> Iterator[str]:
    yield str(step.id).casefold()
    yield from (folded_name(key.value) for key in step.identity)
    for resource in (step.before, step.after):
        yield from (folded_name(name) for _, name in names_in(resource or {}))


def _verb_of(recorded: RecordedRun, step: TakenStep) -> str:
    """Return the operation of a step's row; of a row that has not settled, what the step does."""
    end = recorded.end_of(step.row)
    return (end.op if end is not None else "") or verb_of(step)


def _left_behind(steps: SpooledSteps) -> Iterator[str]:
    """Name later changes of the same that are not taken along."""
    found = steps.later(SHOWN + 1)
    for row, path, name in found[:SHOWN]:
        own, member = steps.name_of(name), path.removeprefix("member ")
        changed = path if member == path else f"member {steps.name_of(member)}"
        what = "deleted" if path == "*" else f"changed {changed} of"
        yield f"row {row} {what} {own} later; add --row {row} to take it along"
    if len(found) > SHOWN:
        yield "… and more rows that changed the same later"
