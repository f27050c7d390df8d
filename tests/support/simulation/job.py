"""A job of all nine operations, drawn by chance; `simulated_plan` works out what the tenant must look like at its end."""

import json
from dataclasses import dataclass

from bulkscim.jobfile.source import open_source
from bulkscim.jobfile.validate import Chosen, check
from bulkscim.model.operation import Defaults
from bulkscim.model.selection import TakenRows
from bulkscim.runs.assembly import Job
from tests.support.simulation.plan import Plan, worked_out

HELD = 8


def address(name):
    """Return a user's userName."""
    return f"{name}@example.com"


class Drawing:
    """Draws the lines of a job of so many operations, and what is there before."""

    def __init__(self, random, operations):
        self.random, self.held, self.lines = random, [], []
        self.people = [address(f"n{number}") for number in range(max(2, operations // 3))]
        self.waiting = list(self.people)
        self.named_groups = [f"New {number}" for number in range(1 + operations // 15)]
        self.groups_waiting = list(self.named_groups)
        self.upserted = set()
        self.used = 0
        self._hold()
        while len(self.lines) < operations:
            self._draw(operations - len(self.lines))

    def _hold(self):
        for number in range(HELD):
            name = address(f"p{number}")
            self._held_user(f"u{number}", name, number)
        for number in range(3):
            self._held_group(
                f"g{number}", f"Old {number}", [f"u{one}" for one in range(HELD) if one % 3 == number]
            )

    def _held_group(self, resource_id, name, members=()):
        entries = [{"value": member} for member in members]
        self.held.append(("Groups", {"id": resource_id, "displayName": name, "members": entries}))

    def _held_user(self, resource_id, name, number, **more):
        emails = [{"value": f"mail-{name}", "type": "work"}]
        shown = {"externalId": f"E-{name}", "title": f"Old {number}", **more}
        self.held.append(
            ("Users", {"id": resource_id, "userName": name, "emails": emails, "active": True, **shown})
        )

    def hold_user(self, resource_id):
        """Hold a user that no drawn row is about; return its name."""
        self._held_user(resource_id, address(resource_id), 0)
        return address(resource_id)

    def hold_group(self, resource_id, name, members):
        """Hold a group with some members."""
        self._held_group(resource_id, name, members)

    def _held_for(self, prefix, **more):
        """Hold one more user, for one row alone."""
        self.used += 1
        name = address(f"{prefix}{self.used}")
        self._held_user(f"{prefix}{self.used}", name, self.used, **more)
        return name, f"{prefix}{self.used}"

    def _draw(self, room):
        if len(self.waiting) + len(self.groups_waiting) >= room:
            return self._create() if self.waiting else self._create_group()
        return self.random.choice(self._draws())()

    def _draws(self):
        """Return what is drawn from: the same in all seeds below 1,000,000."""
        return (
            self._create, self._create, self._create, self._create, self._create_group, self._adopt, self._upsert,
            self._patch, self._patch, self._replace, self._switch, self._delete, self._join, self._join, self._leave,
            self._foreign,
        )  # fmt: skip

    def _anybody(self):
        """Return somebody who is there when the row comes."""
        made = [name for name in self.people if name not in self.waiting]
        return self.random.choice([address(f"p{number}") for number in range(HELD)] + made)

    def _named(self, name):
        """Name a person who is there, in one of several ways."""
        held = name.startswith("p")
        ways = [{"userName": name}, {"userName": name.upper()}, {"externalId": f"E-{name}"}]
        if held:
            ways += [{"id": f"u{name[1:].partition('@')[0]}"}, {"emails.value": f"mail-{name}"}]
        return self.random.choice(ways)

    def _create(self):
        if not self.waiting:
            return
        name, chance = self.waiting.pop(0), self.random
        data = {"userName": name, "externalId": f"E-{name}", "title": "New"}
        if chance.random() < 0.5:
            manager = chance.choice([*self.people, address(f"p{chance.randrange(HELD)}")])
            data["manager"] = {"userName": manager}
        teams = ["Old 0", "Old 1", "Team 0", "Team 1", *self.named_groups]
        for group in chance.sample(teams, chance.choice((0, 0, 1, 2))):
            data.setdefault("groups", []).append(group)
        self.lines.append({"op": chance.choice(("create", "create", "upsert")), "type": "User", "data": data})

    def _create_group(self):
        if self.groups_waiting:
            group = self.groups_waiting.pop(0)
            self.lines.append({"op": "create", "type": "Group", "data": {"displayName": group}})

    def _adopt(self):
        name, _ = self._held_for("a")
        data = {"userName": name, "externalId": f"E-{name}", "title": "ignored"}
        self.lines.append({"op": "create", "type": "User", "data": data})

    def _foreign(self):
        if self.random.random() < 0.7:
            return
        name, _ = self._held_for("f")
        data = {"userName": name, "externalId": f"other-{name}", "title": "ignored"}
        self.lines.append({"op": "create", "type": "User", "data": data})

    def _upsert(self):
        name, title = address(f"p{self.random.randrange(HELD)}"), f"upserted {len(self.lines)}"
        if name in self.upserted:
            return
        self.upserted.add(name)
        data = {"userName": name, "title": title}
        self.lines.append({"op": "upsert", "type": "User", "data": data})

    def _patch(self):
        name, attribute = self._anybody(), self.random.choice(("title", "nickName"))
        value = f"patched {len(self.lines)}"
        operations = [{"op": "replace", "path": attribute, "value": value}]
        line = {"op": "patch", "type": "User", "patch": operations}
        self.lines.append(line | self._target(name))

    def _target(self, name):
        named = self._named(name)
        return named if "id" in named else {"match": named}

    def _replace(self):
        name, resource_id = self._held_for("r")
        data = {"userName": name, "externalId": f"E-{name}", "title": f"replaced {len(self.lines)}"}
        match = self.random.choice(({"match": {"userName": name}}, {"id": resource_id}))
        self.lines.append({"op": "replace", "type": "User", "data": data} | match)

    def _switch(self):
        off = self.random.random() < 0.6
        name, resource_id = self._held_for("s", active=off)
        verb = "deactivate" if off else "activate"
        target = {"match": {"userName": name}} if off and self.random.random() < 0.5 else {"id": resource_id}
        self.lines.append({"op": verb, "type": "User"} | target)

    def _delete(self):
        name, resource_id = self._held_for("d")
        match = self.random.choice(({"match": {"userName": name}}, {"id": resource_id}))
        self.lines.append({"op": "delete", "type": "User"} | match)

    def _join(self):
        there = [group for group in self.named_groups if group not in self.groups_waiting]
        group = self.random.choice(["Old 0", "Old 1", "Old 2", "Team 0", "Team 2", *there])
        name = self.random.choice([self._anybody(), *self.people])
        member = self._named(name) if name not in self.waiting else {"userName": name}
        line = {"op": "add_member", "type": "Group", "match": {"displayName": group}, "member": member}
        self.lines.append(line)

    def _leave(self):
        number = self.random.randrange(3)
        group, name = f"Old {number}", self._anybody()
        line = {"op": "remove_member", "type": "Group", "match": {"displayName": group}}
        self.lines.append(line | {"member": self._named(name)})


def draw(random, operations):
    """Return a plan by chance."""
    drawn = Drawing(random, operations)
    return worked_out(drawn.held, drawn.lines)


@dataclass(frozen=True, slots=True)
class Ready:
    """A plan whose job file is written, checked and indexed; `counts` are what a run's header says of it."""

    plan: Plan
    job: Job
    counts: dict


def ready(plan, folder, limit=None):
    """Write a plan's job file and check it as the command does, with a limit only the first lines."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "job.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in plan.lines))
    source = open_source(str(path))
    taken = None if limit is None else TakenRows.first(limit)
    checked = check(source, Defaults(), folder / "index", Chosen(taken))
    verbs = {f"{verb} {kind}": count for (verb, kind), count in checked.verbs.items()}
    counts = {"verbs": verbs, "removals": checked.removals}
    return Ready(plan, Job(source, Defaults(), checked.sound_index(), checked.rows), counts)
