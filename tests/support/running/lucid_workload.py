"""A job file that Lucid's rules allow, for people who are there and people who are new, and what it leads to."""

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]
NEW = 20
TEAMS = ("Compilers", "Payroll", "Orchard")


@dataclass(slots=True)
class Person:
    """What the tenant is to hold of a user: names instead of ids, one group or none."""

    title: str
    manager: str = ""
    group: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class LucidWorkload:
    """The lines, everybody who is to be there, who is gone, and the names that are made."""

    lines: list[Json]
    people: dict[str, Person]
    gone: list[str]
    made: list[str]

    def write(self, path: Path) -> Path:
        """Write the job file."""
        path.write_text("".join(json.dumps(line) + "\n" for line in self.lines), encoding="utf-8")
        return path


def lucid_workload(seed: int, there: dict[str, Person]) -> LucidWorkload:
    """Return a job for a tenant that holds these people, of which a dozen are in groups and manage no user."""
    return _Building(random.Random(seed), seed, dict(there)).build()


@dataclass(slots=True)
class _Building:
    """Makes the lines, each with its effect; a line stands anywhere behind the one that makes its target."""

    chance: random.Random
    seed: int
    people: dict[str, Person]
    placed: list[tuple[float, Json]] = field(default_factory=list)
    places: dict[str, float] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)

    def build(self) -> LucidWorkload:
        managers = {person.manager for person in self.people.values()}
        old = [name for name, person in self.people.items() if person.group and name not in managers]
        self.chance.shuffle(old)
        new = [f"new{number}.{self.seed}@example.com" for number in range(NEW)]
        self._teams()
        self._newcomers(new, old[11:] or sorted(managers - {""}))
        self._change_new(new)
        self._change_old(old)
        lines = [line for _, line in sorted(self.placed, key=lambda placed: placed[0])]
        return LucidWorkload(lines, self.people, self.gone, [*TEAMS, *new])

    def _place(self, line: Json, makes: str = "", after: Iterable[str] = ()) -> None:
        earliest = max((self.places.get(name, 0.0) for name in after), default=0.0)
        place = earliest + (1 - earliest) * self.chance.random()
        if makes:
            self.places[makes] = place
        self.placed.append((place, line))

    def _teams(self) -> None:
        for team in TEAMS:
            self._place({"op": "create", "type": "Group", "data": {"displayName": team}}, makes=team)

    def _newcomers(self, new: list[str], staying: list[str]) -> None:
        """Make people: a manager each, new or old, before or behind; a team for three of four."""
        for number, name in enumerate(new):
            data: Json = {"userName": name, "emails": [{"value": name, "type": "work", "primary": True}]}
            person = Person(title="Analyst")
            data["title"] = person.title
            if number % 3:
                boss = (number + 1 + self.chance.randrange(NEW - 1)) % NEW
                data["manager"], person.manager = {"ref": f"r{boss}"}, new[boss]
            else:
                person.manager = self.chance.choice(staying)
                data["manager"] = {"userName": person.manager}
            if number % 2:
                person.group = self.chance.choice(TEAMS)
                data["groups"] = [person.group]
            self.people[name] = person
            self._place({"op": "create", "type": "User", "ref": f"r{number}", "data": data}, makes=name)

    def _change_new(self, new: list[str]) -> None:
        for name in new[0:3]:
            self._retitle(name, {"op": "patch", "match": {"userName": name}})
        for name in new[3:6]:
            self._deactivate(name)
        for number in range(6, NEW, 4):
            self._join(new[number], {"ref": f"r{number}"})

    def _change_old(self, old: list[str]) -> None:
        for name in old[0:2]:
            self._place({"op": "delete", "match": {"userName": name}})
            del self.people[name]
            self.gone.append(name)
        for name in old[2:4]:
            self._deactivate(name)
        for name in old[4:6]:
            self._retitle(name, {"op": "patch", "match": {"userName": name}})
        for name in old[6:8]:
            self._join(name, {"userName": name})
        self._leave(old[8])
        self._upsert(old[9])
        self._replace(old[10])

    def _retitle(self, name: str, line: Json) -> None:
        self.people[name].title = "Promoted"
        patch = [{"op": "replace", "path": "title", "value": "Promoted"}]
        self._place(line | {"patch": patch}, after=[name])

    def _deactivate(self, name: str) -> None:
        self.people[name].active = False
        self._place({"op": "deactivate", "match": {"userName": name}}, after=[name])

    def _join(self, name: str, member: Json) -> None:
        """Into a new team; with organizational groups that is out of the one before."""
        team = self.people[name].group = self.chance.choice(TEAMS)
        line = {"op": "add_member", "type": "Group", "match": {"displayName": team}, "member": member}
        self._place(line, after=[name, team])

    def _leave(self, name: str) -> None:
        group, self.people[name].group = self.people[name].group, ""
        line = {"op": "remove_member", "type": "Group", "match": {"displayName": group}}
        self._place(line | {"member": {"userName": name}})

    def _upsert(self, name: str) -> None:
        self.people[name].title = "Upserted"
        data = {"userName": name, "title": "Upserted", "emails": [{"value": name, "type": "work"}]}
        self._place({"op": "upsert", "data": data})

    def _replace(self, name: str) -> None:
        self.people[name] = Person("Replaced", group=self.people[name].group)
        data = {"userName": name, "title": "Replaced", "emails": [{"value": name}], "active": True}
        self._place({"op": "replace", "match": {"userName": name}, "data": data})
