"""The jobs whose requests are counted: what the tenant holds, the job file, and what the job has to send."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from minimum import CAREFUL_S, Group, Job
from people import person
from virtual import ROOT, Kind

Write = Callable[[Path], Path]
MANY = {"max_delete": "100%", "max_create": "100%", "max_adopt": "100%"}
USER_ID, GROUP_ID = "lucid-{:07}", "lucid-group-{:05}"  # which no other service minds


@dataclass(frozen=True, slots=True)
class Trial:
    """A job against a tenant of so many people and groups.

    `write` makes the job file in a folder. `work` is what the job asks, `again` the same job a second time, `undo` its
    rollback; None where that is not counted. `dry`: its dry run is counted first.
    """

    name: str
    rows: int
    write: Write
    work: Job
    people: int = 0
    groups: tuple[tuple[int, ...], ...] = ()  # numbers of the members of each
    options: dict[str, Any] = field(default_factory=dict)
    again: Job | None = None
    undo: Job | None = None
    dry: bool = False

    def users(self) -> Iterator[dict[str, Any]]:
        """Return the users that the tenant holds before."""
        return ({"id": USER_ID.format(number), **person(number)} for number in range(self.people))

    def held_groups(self) -> Iterator[dict[str, Any]]:
        """Return the groups that the tenant holds before."""
        for number, members in enumerate(self.groups):
            held = [{"value": USER_ID.format(one)} for one in members]
            yield {
                "id": GROUP_ID.format(number),
                "displayName": group(number),
                **({"members": held} if held else {}),
            }


def group(number: int) -> str:
    """Return the name of a group."""
    return f"Group {number:04}"


def name(number: int) -> str:
    """Return the userName of a person."""
    return str(person(number)["userName"])


def trials(kind: Kind, times: int = 1) -> list[Trial]:
    """Return all jobs for one kind of server; all but the sample are `times` as large."""
    hides = kind.quirks.hides_inactive
    return [
        onboarding(),
        upsert(2_000 * times, 200 * times),
        upsert(2_000 * times, 0),
        deactivate(1_000 * times, hides=hides),
        memberships(1_000 * times, 20, each=5),
        memberships(1_000 * times, 20, each=5, by_id=True),
        memberships(1_000 * times, 50, each=20),
        memberships(1_000 * times, 50, each=20, by_id=True),
        delete(1_000 * times, 30),
        new_groups(20 * times, 100),
    ]


def grown(trial: Trial, users: int, groups: int) -> Trial:
    """Return a job in a tenant of so many users and groups at least; the further groups hold further users."""
    people, held = trial.people, len(trial.groups)
    users, groups = max(0, users - people), max(0, groups - held)
    each = range(min(20, users))
    more = tuple(tuple(people + (20 * number + one) % users for one in each) for number in range(groups))
    return replace(
        trial,
        people=people + users,
        groups=trial.groups + more,
        work=_more(trial.work, users, groups),
        again=trial.again and _more(trial.again, users, groups),
        undo=trial.undo and _more(trial.undo, users, groups),
    )


def _more(job: Job, users: int, groups: int) -> Job:
    return replace(job, users=job.users + users, groups=job.groups + groups)


def onboarding() -> Trial:
    """Bring the sample's people, with managers and groups, into an empty tenant."""
    with (ROOT / "samples" / "hr-export.csv").open(encoding="utf-8-sig", newline="") as file:
        people = [row for row in csv.DictReader(file, delimiter=";") if "@" in row["E-mail"]]
    teams = Counter(team.strip() for row in people for team in row["Teams"].split(",") if team.strip())
    count, sizes = len({row["E-mail"] for row in people}), tuple(teams.values())
    work = Job(posts=count, members=tuple(Group(size, new=True) for size in sizes), second=True)
    gone = Job(users=count, groups=len(sizes), managers=True, leave=True, deletes=count, group_deletes=sizes)
    undo = replace(gone, found=count, imaged=count, age_s=CAREFUL_S)
    return Trial(
        "onboarding (sample)",
        count,
        lambda _: ROOT / "jobs" / "onboarding.toml",
        work,
        again=replace(work, users=count, groups=len(sizes), found=count, second=False, dry=True),
        undo=undo,
        dry=True,
    )


def upsert(count: int, changed: int) -> Trial:
    """Upsert people who are there; some get another title, evenly spread over the file."""

    def records() -> Iterator[dict[str, Any]]:
        for number in range(count):
            data = person(number)
            if changed and number % (count // changed) == 0:
                data["title"] = "Lead"
            yield {"op": "upsert", "type": "User", "data": data}

    work = Job(users=count, found=count, imaged=changed, patches=changed)
    undo = replace(work, found=changed, age_s=CAREFUL_S)
    return Trial(
        f"upsert {count:,}, {changed or 'none'} changed",
        count,
        lambda folder: jsonl(folder, records()),
        work,
        people=count,
        undo=undo if changed else None,
        dry=True,
    )


def deactivate(count: int, *, hides: bool) -> Trial:
    """Deactivate all people by userName."""
    work = Job(users=count, found=count, imaged=count, patches=count, leave=hides)
    return Trial(
        f"deactivate {count:,} by userName",
        count,
        lambda folder: table(folder, ["userName"], ([name(one)] for one in range(count))),
        work,
        people=count,
        options={"op": "deactivate"},
        undo=replace(work, age_s=CAREFUL_S, hidden=hides, leave=False),
        dry=True,
    )


def memberships(people: int, groups: int, *, each: int, by_id: bool = False) -> Trial:
    """Add each of some people to some of the groups; the rows name the groups in turn."""
    pairs = [((number * each + one) % groups, number) for number in range(people) for one in range(each)]
    size = len(pairs) // groups

    def records() -> Iterator[dict[str, Any]]:
        for held, member in pairs:
            if by_id:
                target = {"id": GROUP_ID.format(held), "member": {"id": USER_ID.format(member)}}
            else:
                target = {"match": {"displayName": group(held)}, "member": {"userName": name(member)}}
            yield {"op": "add_member", "type": "Group", **target}

    work = Job(
        users=people,
        groups=groups,
        found=0 if by_id else people,
        members=(Group(size),) * groups,
        in_turn=True,
        second=each > 1,
    )
    return Trial(
        f"{len(pairs):,} memberships in {groups} groups by {'id' if by_id else 'userName'}",
        len(pairs),
        lambda folder: jsonl(folder, records()),
        work,
        people=people,
        groups=((),) * groups,
        again=replace(work, dry=True),
        undo=replace(work, found=0, in_turn=False, second=False, age_s=CAREFUL_S),
        dry=True,
    )


def delete(people: int, groups: int) -> Trial:
    """Delete all people by userName, each of them in three groups."""
    held = tuple(
        tuple(number for number in range(people) if (number - one) % groups < 3) for one in range(groups)
    )
    work = Job(
        users=people,
        groups=groups,
        found=people,
        imaged=people,
        age_s=CAREFUL_S,
        managers=True,
        leave=True,
        deletes=people,
    )
    undo = Job(groups=groups, posts=people, members=tuple(Group(len(one)) for one in held), age_s=CAREFUL_S)
    return Trial(
        f"delete {people:,} in groups by userName",
        people,
        lambda folder: table(folder, ["userName"], ([name(one)] for one in range(people))),
        work,
        people=people,
        groups=held,
        options={"op": "delete"},
        undo=undo,
        dry=True,
    )


def new_groups(groups: int, size: int) -> Trial:
    """Create groups with their members, who are there, by userName."""
    people = groups * size // 2

    def records() -> Iterator[dict[str, Any]]:
        for number in range(groups):
            members = [{"userName": name((number * size + one) % people)} for one in range(size)]
            yield {
                "op": "create",
                "type": "Group",
                "data": {"displayName": f"New {group(number)}", "members": members},
            }

    work = Job(users=people, found=people, members=(Group(size, new=True),) * groups, second=True)
    return Trial(
        f"{groups} groups of {size} members by userName",
        groups,
        lambda folder: jsonl(folder, records()),
        work,
        people=people,
        undo=Job(users=people, groups=groups, group_deletes=(size,) * groups, age_s=CAREFUL_S),
        dry=True,
    )


def jsonl(folder: Path, records: Iterable[dict[str, Any]]) -> Path:
    """Write a job file of records."""
    path = folder / "job.jsonl"
    with path.open("w") as file:
        file.writelines(json.dumps(record, separators=(",", ":")) + "\n" for record in records)
    return path


def table(folder: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    """Write a job file of columns."""
    path = folder / "job.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path
