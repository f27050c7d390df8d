"""Random jobs over a random tenant, carried out and taken back on a virtual clock."""

import json
from dataclasses import replace
from pathlib import Path
from random import Random

from bulkscim.jobfile.operations import Defaults
from bulkscim.jobfile.source import open_source
from bulkscim.jobfile.validate import check
from bulkscim.journal import journal
from bulkscim.model.operation import ENTERPRISE
from bulkscim.planning.guards import Bounds
from bulkscim.providers import profile_named
from bulkscim.runs.assembly import Around, Job, Terms, carry_out
from bulkscim.runs.rollback import undo
from bulkscim.runs.settings import Settings
from tests.support.fake_clock import VirtualClock
from tests.support.simulated_disk import FOLDER, SimulatedDisk
from tests.support.simulated_tenant import SimulatedTenant
from tests.support.watching import Silent

TITLES = ("Engineer", "Lead", "Boss", None)
BOSSES = 3  # the people whom jobs make managers; these are not deleted
PACE = Settings(rate="1000000/s", concurrency=3)
BACK = replace(PACE, on_exists="fail", on_drift="part")
NO_BOUNDS = Bounds(None, None, None)


def peopled(tenant, random, people=8, groups=3):
    """Fill a tenant: people with titles, mails and managers, groups with members."""
    for number in range(people):
        user = {
            "id": f"p{number}",
            "userName": f"p{number}@example.com",
            "active": random.random() < 0.8,
            "title": random.choice(TITLES[:3]),
            "emails": [{"value": f"p{number}@example.com", "type": "work"}],
        }
        if number and random.random() < 0.5:
            user[ENTERPRISE] = {"manager": {"value": f"p{random.randrange(number)}"}, "department": "Sales"}
        tenant.hold("Users", user)
    for number in range(groups):
        members = random.sample(range(people), random.randrange(people))
        listed = [{"value": f"p{member}"} for member in members]
        tenant.hold("Groups", {"id": f"g{number}", "displayName": f"Team {number}", "members": listed})


def job(random, rows=25, people=8, groups=3):
    """Return random records: all nine operations, many on the same few people and groups."""
    return [random.choice(_records(random, number, people, groups)) for number in range(rows)]


def _records(random, number, people, groups):
    """Return one record of each kind."""
    who, where = {"id": f"p{random.randrange(people)}"}, {"id": f"g{random.randrange(groups)}"}
    boss, mate = f"p{random.randrange(BOSSES)}", f"p{random.randrange(people)}"
    member = {"type": "Group", **where, "member": who}
    new = {"userName": f"n{number}@example.com", "title": "New", "groups": ["Team 0", "Team 1"]}
    put = {"userName": f"r{number}@example.com", "title": "Replaced"}
    mail = [{"value": f"m{number}@example.com", "type": "home"}]
    known = {"userName": f"p{random.randrange(people + 2)}@example.com", "title": "Up"}
    report = {"op": "add", "path": ENTERPRISE, "value": {"manager": {"value": boss}}}
    leaver = {"op": "delete", "id": f"p{random.randrange(BOSSES, people)}"}
    return [
        {"op": "create", "data": new | {"manager": {"id": boss}}},
        {
            "op": "create",
            "type": "Group",
            "data": {"displayName": f"N{number}", "members": [{"value": mate}]},
        },
        leaver,
        leaver,
        {"op": "delete", "type": "Group", **where},
        {"op": random.choice(("activate", "deactivate")), **who},
        {"op": "replace", **who, "data": put},
        {"op": "patch", **who, "patch": [report]},
        {"op": "patch", **who, "patch": [{"op": "add", "path": "emails", "value": mail}]},
        {"op": "patch", **who, "data": {"title": random.choice(TITLES), "nickName": "Nick"}},
        {"op": "patch", "type": "Group", **where, "data": {"displayName": f"R{number}"}},
        {"op": "add_member", **member},
        {"op": "remove_member", **member},
        {"op": "upsert", "data": known},
    ]


class Story:
    """A tenant, a run over it, and what comes after."""

    def __init__(self, folder: Path, seed: int, **quirks):
        self.folder, self.random, self.clock = folder, Random(seed), VirtualClock()
        self.disk = SimulatedDisk()
        self.tenant = SimulatedTenant(self.clock, self.random, **quirks)
        self.profile = profile_named("generic")
        peopled(self.tenant, self.random)

    @property
    def _around(self):
        return Around(Silent(), self.clock, self.random.random)

    async def run(self, records, settings=PACE):
        """Carry a job out in a run folder of its own."""
        path = self.folder / "job.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        source = open_source(str(path))
        checked = check(source, Defaults(), self.folder / "index", twins=True)
        self.disk.make_folder(FOLDER)
        header = {"run": FOLDER.name, "job": source.about(), "tenant": {"base_url": "https://t.example"}}
        record = journal.create(FOLDER, self.disk, header, checked.rows, self.clock)
        terms = Terms(self.profile, settings, NO_BOUNDS)
        with checked.sound_index() as index:
            work = Job(source, Defaults(), index, checked.rows)
            report = await carry_out(work, record, self.tenant, terms, self._around)
        await record.aclose()
        return report

    async def back(self, folder=FOLDER, settings=BACK):
        """Take the run in a folder back."""
        draft = self.folder / f"draft-{len(list(self.folder.iterdir()))}"
        draft.mkdir()
        terms = Terms(self.profile, settings, NO_BOUNDS)
        with journal.read(folder, self.disk) as recorded:
            return await undo(recorded, self.tenant, terms, self._around, self.disk, draft)

    def ended(self, folder):
        """Return how each row of a run ended, for messages."""
        with journal.read(folder, self.disk) as recorded:
            rows = range(1, recorded.ledger.rows + 1)
            lasts = [recorded.last(row) for row in rows]
            return [
                (row, last.state, last.body.get("detail"))
                for row, last in zip(rows, lasts, strict=True)
                if last
            ]

    def state(self):
        """Return the tenant by names; who says nothing of it is active."""
        found = self.tenant.state()
        return {
            key: one | ({"active": one.get("active") is not False} if key[0] == "Users" else {})
            for key, one in found.items()
        }


class Others:
    """Other people, who change the tenant after the run; each change is kept to be looked for later."""

    def __init__(self, story):
        self._held, self._random = story.tenant.held, story.random
        self._set, self._joined, self._gone = [], [], []

    def meddle(self, times=12):
        """Change random things of those who were there before the run."""
        for number in range(times):
            users, groups = (self._before(kind) for kind in ("Users", "Groups"))
            match self._random.randrange(4):
                case 0 | 1 if users:
                    self._write(
                        self._random.choice(users), self._random.choice(("title", "nickName")), number
                    )
                case 2 if users and groups:
                    self._join(self._random.choice(groups), self._random.choice(users))
                case 3 if users and number % 3 == 0:
                    self._gone.append(self._random.choice(users)["id"])
                    del self._held["Users"][self._gone[-1]]
                case _:
                    continue

    def _before(self, kind):
        return [one for key, one in self._held[kind].items() if key.startswith(("p", "g"))]

    def _write(self, user, name, number):
        user[name] = f"Theirs {number}"
        self._set = [one for one in self._set if one[:2] != (user["id"], name)]
        self._set.append((user["id"], name, user[name]))

    def _join(self, group, user):
        members = group.setdefault("members", [])
        if all(member["value"] != user["id"] for member in members):
            members.append({"value": user["id"]})
            self._joined.append((group["id"], user["id"]))

    def lost(self):
        """Return what they did and is there no more."""
        users, groups = self._held["Users"], self._held["Groups"]
        found = [one for one in self._set if one[0] not in self._gone and users[one[0]].get(one[1]) != one[2]]
        for group, user in self._joined:
            if user not in [member["value"] for member in groups[group].get("members", ())]:
                found.append((group, user))
        return found + [key for key in self._gone if key in users]
