"""A plan for users: a summary line, then rows by kind, by group and by department."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bulkscim.model.harmless import one_line, shown_value
from bulkscim.model.operation import GROUP
from bulkscim.model.plan import PlannedMember, PlannedRow, Will

_EXAMPLES = 3  # rows of each kind that are shown
_SHOWN_VALUES = 6
_SHOWN_NAMES = 10  # groups and departments
_MOST_NAMES = 10_000
_UNKNOWN = "unknown"
_ALWAYS = {
    Will.CREATE: "to create",
    Will.CHANGE: "to change",
    Will.DEACTIVATE: "to deactivate",
    Will.DELETE: "to delete",
    Will.UNCHANGED: "unchanged",
}
_TOLD = {
    Will.CREATE: "create",
    Will.CHANGE: "change",
    Will.ACTIVATE: "activate",
    Will.DEACTIVATE: "deactivate",
    Will.DELETE: "delete",
    Will.MEMBERS: "change memberships",
    Will.ADOPT: "adopt (exists already; only links are added)",
    Will.CONFLICT: "conflict: not carried out",
    Will.MISSING: "missing: nothing is there to change",
    Will.PROTECTED: "protected: not carried out",
    Will.DRIFT: "differs from what the row expects: not carried out",
    Will.WAITING: "needs a row that fails: not carried out",
    Will.UNKNOWN: "unknown: the tenant does not show enough",
}


@dataclass(slots=True)
class Overview:
    """What a plan would do, counted, with the first rows of each kind."""

    counts: Counter[Will] = field(default_factory=Counter)
    first: dict[Will, list[PlannedRow]] = field(default_factory=dict)
    groups: Counter[tuple[str, bool]] = field(default_factory=Counter)
    moved: Counter[str] = field(default_factory=Counter)  # members that may leave a group by joining another
    new_groups: dict[str, None] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)  # groups that rows create with members
    departments: dict[str, Counter[Will]] = field(default_factory=dict)
    problems: int = 0
    partly: list[PlannedRow] = field(
        default_factory=list
    )  # the first of these: rows of which a part is not carried out
    unsure: int = 0  # memberships that may be as wanted already
    known: int = 0  # changed users that have an externalId
    known_paths: Counter[str] = field(default_factory=Counter)  # what is changed of these

    @property
    def sends(self) -> bool:
        """Whether anything would be changed."""
        return bool(self.groups or self.new_groups or any(self.counts[will] for will in Will if will.sends))

    def add(self, row: PlannedRow) -> None:
        """Take in the next row."""
        self.counts[row.decision] += 1
        if row.problem and row.sends:
            self.problems += 1
            self.partly += [row] if len(self.partly) < _EXAMPLES else []
        if row.external_id and row.sends:
            self.known += 1
            self.known_paths.update({one.path for one in row.changes} or {row.decision.value})
        self.unsure += sum(one.was == _UNKNOWN for one in row.members)
        if len(first := self.first.setdefault(row.decision, [])) < _EXAMPLES:
            first.append(row)
        if len(self.groups) < _MOST_NAMES:
            self.groups.update((one.group, one.joins) for one in row.members)
            self.moved.update(left for one in row.members for left in one.leaves_named)
        self.new_groups |= dict.fromkeys(row.new_groups)
        if row.decision is Will.CREATE and row.type == GROUP and row.members:
            self.created.add(row.key)
        if row.decision.sends and row.department and len(self.departments) < _MOST_NAMES:
            self.departments.setdefault(row.department, Counter())[row.decision] += 1


def overview_of(rows: Iterable[PlannedRow]) -> Overview:
    """Count the rows of a plan."""
    found = Overview()
    for row in rows:
        found.add(row)
    return found


def summary_line(found: Overview) -> str:
    """Return the one line that says what a plan would do."""
    counts, problems = found.counts, found.problems
    always = [f"{counts[will]:,} {text}" for will, text in _ALWAYS.items()]
    joins = sum(count for (_, joins), count in found.groups.items() if joins)
    leaves = found.groups.total() - joins
    others = [
        (counts[Will.ACTIVATE], "to activate"),
        (joins, f"membership{_s(joins)} to add"),
        (leaves, f"membership{_s(leaves)} to remove"),
        (found.moved.total(), f"membership{_s(found.moved.total())} that this may end in other groups"),
        (found.unsure, "of these memberships perhaps in effect already"),
        (len(found.new_groups), f"group{_s(len(found.new_groups))} to create by name"),
        (counts[Will.ADOPT], "to adopt"),
        (counts[Will.CONFLICT], f"conflict{_s(counts[Will.CONFLICT])}"),
        (counts[Will.MISSING], "missing"),
        (counts[Will.PROTECTED], "protected"),
        (counts[Will.DRIFT], "with other values than expected"),
        (counts[Will.WAITING], "that need a row that fails"),
        (counts[Will.UNKNOWN], "unknown"),
        (problems, "of these not in all parts"),
    ]
    return ", ".join((*always, *(f"{count:,} {text}" for count, text in others if count)))


def overview_lines(found: Overview, *, examples: bool = True) -> Iterator[str]:
    """Say what a plan would do: the summary, examples of each kind, groups and departments."""
    yield f"plan: {summary_line(found)}"
    for will, title in _TOLD.items() if examples else ():
        if count := found.counts[will]:
            yield f"{title}: {count:,} row{_s(count)}"
            for row in found.first[will]:
                yield from row_lines(row)
            if count > _EXAMPLES:
                yield f"  … and {count - _EXAMPLES:,} more"
    if examples and found.partly:
        yield f"not carried out in all parts: {found.problems:,} of these rows"
        for row in found.partly:
            yield f"{_head(row)}: {one_line(row.problem)}"
        if found.problems > _EXAMPLES:
            yield f"  … and {found.problems - _EXAMPLES:,} more"
    yield from _known_elsewhere(found)
    yield from _named("by group", _group_texts(found))
    yield from _named("by department", _department_texts(found))


def _known_elsewhere(found: Overview) -> Iterator[str]:
    """Say which changes an identity provider may take back."""
    if found.known:
        named = [
            f"{one_line(path)} ({count:,})" for path, count in found.known_paths.most_common(_SHOWN_VALUES)
        ]
        more = ["…"] if len(found.known_paths) > _SHOWN_VALUES else []
        yield (
            f"externalId: {found.known:,} of the users that are changed ha{'s' if found.known == 1 else 've'} one. An identity provider that "
            f"manages them may set back: {', '.join(named + more)}"
        )


def row_lines(row: PlannedRow, *, titled: bool = False) -> Iterator[str]:
    """Say a row: what becomes of its resource (where `titled`), each value before and after, and its groups."""
    yield _head(row, titled=titled) + (f"  {row.id}" if row.id and row.id != row.key else "")
    for change in row.changes[:_SHOWN_VALUES]:
        yield f"      {one_line(change.path)}: {shown_value(change.before)} → {shown_value(change.after)}"
    if len(row.changes) > _SHOWN_VALUES:
        yield f"      … and {len(row.changes) - _SHOWN_VALUES:,} more values"
    if row.members:
        yield f"      {'members' if row.type == GROUP else 'groups'}: {_memberships(row)}"
    for text in (row.detail, row.problem):
        if text:
            yield f"      {one_line(text)}"


def _head(row: PlannedRow, *, titled: bool = False) -> str:
    """Name a row, its decision (where `titled`) and its resource."""
    named = " ".join(text for text in (row.type, row.key) if text)
    return "  " + "  ".join([f"row {row.row}", *([row.decision.value] if titled else []), one_line(named)])


def _memberships(row: PlannedRow) -> str:
    """Say which groups a user joins and leaves, or which members a group gets and loses."""
    members = row.members
    shown = [
        f"{'+' if one.joins else '-'} {one_line(one.member if row.type == GROUP else one.group)}{_moved(one)}"
        for one in members[:_SHOWN_VALUES]
    ]
    more = [f"{len(members) - _SHOWN_VALUES:,} more"] if len(members) > _SHOWN_VALUES else []
    unsure = " (unknown whether in effect already)" if any(one.was == _UNKNOWN for one in members) else ""
    return ", ".join(shown + more) + unsure


def _moved(member: PlannedMember) -> str:
    """Say which groups a member may leave by joining another one."""
    return f" (may leave {one_line(', '.join(member.leaves_named))})" if member.leaves_named else ""


def _group_texts(found: Overview) -> Iterator[str]:
    """Yield each group with what becomes of its members, the largest change first."""
    sums = Counter(found.moved)
    for (group, _), count in found.groups.items():
        sums[group] += count
    for group, _ in sums.most_common():
        parts = (
            (found.groups[group, True], "to add"),
            (found.groups[group, False], "to remove"),
            (found.moved[group], "may leave for another group"),
        )
        told = ", ".join(f"{count:,} {text}" for count, text in parts if count)
        made = " (to be created)" if group in found.new_groups or group in found.created else ""
        yield f"{one_line(group)}{made}: {told}"


def _department_texts(found: Overview) -> Iterator[str]:
    for department, counts in sorted(found.departments.items(), key=lambda item: -item[1].total()):
        told = ", ".join(f"{count:,} {_plain(will)}" for will, count in counts.most_common())
        yield f"{one_line(department)}: {told}"


def _plain(will: Will) -> str:
    return "with memberships to change" if will is Will.MEMBERS else f"to {will.value}"


def _named(title: str, texts: Iterator[str]) -> Iterator[str]:
    """Yield a titled list of which only the first entries are shown."""
    found = list(texts)
    if found:
        yield f"{title}:"
        yield from (f"  {text}" for text in found[:_SHOWN_NAMES])
        if len(found) > _SHOWN_NAMES:
            yield f"  … and {len(found) - _SHOWN_NAMES:,} more"


def _s(count: int) -> str:
    return "s" * (count != 1)
