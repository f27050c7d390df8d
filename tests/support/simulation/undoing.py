"""Random jobs over a random tenant, carried out and taken back on a virtual clock."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from bulkscim.errors import NoSuchRun
from bulkscim.jobfile.record_checks import Rules
from bulkscim.jobfile.source import open_source
from bulkscim.jobfile.validate import check, index_of
from bulkscim.journal import journal, runfolder
from bulkscim.journal.header import Header, RecordedGuards
from bulkscim.journal.settings import Connection, Settings
from bulkscim.model.operation import ENTERPRISE, Defaults
from bulkscim.model.row import RowRules
from bulkscim.model.run import RecordedParent, RecordedTenant
from bulkscim.planning.guards import Bounds
from bulkscim.reporting.source import find_source
from bulkscim.runs.assembly import Around, Job, Session, Terms
from bulkscim.runs.attempts import carry_out
from bulkscim.runs.inverse_job import AS_SHOWN, Chosen, Derived, write_inverse
from bulkscim.runs.open_job import INDEX
from bulkscim.runs.settings import kept
from bulkscim.tenants.profiles import profile_named
from tests.support.running.fake_clock import VirtualClock
from tests.support.running.watching import Silent
from tests.support.servers.sandbox_transport import SandboxTransport
from tests.support.simulation.disk import FOLDER, SimulatedDisk
from tests.support.simulation.tenant import Crash, SimulatedTenant

TITLES = ("Engineer", "Lead", "Boss", None)
PEOPLE, GROUPS = 8, 3
BOSSES = 3  # the users that jobs make managers; these are not deleted
PACE = Settings(connection=Connection("1000000/s", 3))
BACK = replace(PACE, rules=RowRules("fail"), on_drift="part")
NO_BOUNDS = Bounds(None, None, None)


@dataclass(frozen=True, slots=True)
class Draft:
    """The folder for the job file of an inverse and its index, which must outlast the child run; `derived` as in `Chosen`."""

    folder: Path
    derived: Derived = field(default_factory=dict)


async def undo(recorded, transport, terms, around, disk, draft):
    """Take a recorded run back over a transport; None where nothing is left to undo."""
    chosen = Chosen(derived=draft.derived, most_members=terms.profile.most_members)
    found = write_inverse(recorded, chosen, draft.folder / "job.jsonl", disk)
    if found is None:
        return None
    checked = check(found.source, AS_SHOWN, draft.folder / INDEX, rules=Rules(twins=True))
    with runfolder.create_within(recorded.folder, disk, around.clock) as held:
        header = Header(
            run=held.path.name,
            command="rollback",
            job=found.source.about(),
            tenant=recorded.header.tenant,
            parent=RecordedParent(recorded.header.run, recorded.chain),
            settings=kept(terms.settings),
            defaults=AS_SHOWN,
            guards=RecordedGuards(terms.bounds),
            rows=checked.rows,
        )
        record = journal.create(held.path, disk, header, around.clock)
        try:
            with checked.sound_index() as index:
                job = Job(found.source, AS_SHOWN, index, checked.rows)
                return await carry_out(Session(job, record, transport, terms, around))
        finally:
            await record.aclose()


def person(random, number, bosses=()):
    """Return a user as it is before a run; `bosses` are ids."""
    name = f"p{number}@example.com"
    user = {
        "userName": name,
        "name": {"givenName": f"P{number}", "familyName": "Person"},
        "active": random.random() < 0.8,
        "title": random.choice(TITLES[:3]),
        "emails": [{"value": name, "type": "work", "primary": True}],
    }
    if bosses and random.random() < 0.5:
        user[ENTERPRISE] = {"manager": {"value": random.choice(bosses)}, "department": "Sales"}
    return user


def peopled(tenant, random):
    """Fill a simulated tenant: people with titles, mails and managers, groups with members."""
    people, groups = (
        [f"{kind}{number}" for number in range(count)] for kind, count in (("p", PEOPLE), ("g", GROUPS))
    )
    for number, own in enumerate(people):
        tenant.hold("Users", {"id": own, **person(random, number, people[:number])})
    for number, own in enumerate(groups):
        members = [{"value": one} for one in random.sample(people, random.randrange(PEOPLE))]
        tenant.hold("Groups", {"id": own, "displayName": f"Team {number}", "members": members})
    return people, groups


def settled(sandbox, random, *, one_group=False):
    """Fill a sandbox the same way; with `one_group` no user is in two."""
    people: list[str] = []
    for number in range(PEOPLE):
        user = person(random, number, people) | {"active": True}
        people.append(sandbox.make("User", user))
    groups, free = [], list(people)
    for number in range(GROUPS):
        members = random.sample(free, min(len(free), random.randrange(PEOPLE)))
        free = [one for one in free if one not in members] if one_group else free
        listed = [{"value": one} for one in members]
        groups.append(sandbox.make("Group", {"displayName": f"Team {number}", "members": listed}))
    return people, groups


def job(story, seed, rows=25):
    """Return random records: all nine operations, many on the same few people and groups."""
    random = Random(seed)
    made = [_records(random, number, story.people, story.groups) for number in range(rows)]
    for one in made if story.profile.one_group else ():
        one[1]["data"].pop("members")  # which users that takes out of their groups is not recorded
    return [random.choice(one) for one in made]


def _records(random, number, people, groups):
    """Return one record of each kind; of what is required everything is given."""
    who, where = {"id": random.choice(people)}, {"id": random.choice(groups)}
    boss, mate = random.choice(people[:BOSSES]), random.choice(people)
    member = {"type": "Group", **where, "member": who}
    new = _named(f"n{number}@example.com") | {"title": "New", "groups": ["Team 0", "Team 1"]}
    put = _named(f"r{number}@example.com") | {"title": "Replaced"}
    mail = [{"value": f"m{number}@example.com", "type": "home"}]
    known = _named(f"p{random.randrange(len(people) + 2)}@example.com") | {"title": "Up"}
    report = {"op": "add", "path": ENTERPRISE, "value": {"manager": {"value": boss}}}
    leaver = {"op": "delete", "id": random.choice(people[BOSSES:])}
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


def _named(name):
    mail = {"value": name, "type": "work", "primary": True}
    return {"userName": name, "name": {"givenName": "New", "familyName": "Person"}, "emails": [mail]}


class Story:
    """A tenant, a run over it, and what comes after."""

    def __init__(self, folder: Path, seed: int, **quirks):
        self.folder, self.random, self.clock = folder, Random(seed), VirtualClock()
        self.disk = SimulatedDisk()
        self.tenant, self.profile = (
            SimulatedTenant(self.clock, self.random, **quirks),
            profile_named("generic"),
        )
        self.people, self.groups = peopled(self.tenant, self.random)

    @property
    def _around(self):
        return Around(Silent(), self.clock, self.random.random, heed_signals=False)

    async def run(self, records, settings=PACE):
        """Carry a job out in a run folder of its own."""
        path = self.folder / "job.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        source = open_source(str(path))
        checked = check(source, Defaults(), self.folder / "index", rules=Rules(twins=True))
        self.disk.make_folder(FOLDER)
        tenant = RecordedTenant("https://t.example")
        header = Header(run=FOLDER.name, job=source.about(), tenant=tenant, rows=checked.rows)
        record = journal.create(FOLDER, self.disk, header, self.clock)
        terms = Terms(self.profile, settings, NO_BOUNDS)
        with checked.sound_index() as index:
            work = Job(source, Defaults(), index, checked.rows)
            report = await carry_out(Session(work, record, self.tenant, terms, self._around))
        await record.aclose()
        return report

    async def back(self, folder=FOLDER, settings=BACK, derived=None):
        """Take the run in a folder back; `derived` is what is known of the service's own values."""
        draft = self.folder / f"draft-{len(list(self.folder.iterdir()))}"
        draft.mkdir()
        terms = Terms(self.profile, settings, NO_BOUNDS)
        with journal.read(folder, self.disk) as recorded:
            return await undo(
                recorded, self.tenant, terms, self._around, self.disk, Draft(draft, derived or {})
            )

    async def crashing(self, work, most):
        """Let the machine lose its power at one of the next requests of some work; the disk keeps what chance keeps."""
        self.tenant.crash_at = self.tenant.requests + 1 + self.random.randrange(most)
        self.tenant.on_crash = lambda: self.disk.crash(lambda: self.random.random() < 0.5)
        try:
            await work
        except BaseException as error:
            if not _holds_crash(error):
                raise
        self.tenant.crash_at = 0

    async def go_on(self, folder, settings=PACE, work=carry_out):
        """Go on with a run that crashed, if it got so far that there is one; return whether."""
        try:
            record = journal.open_for_append(folder, self.disk, self.clock)
        except NoSuchRun:
            return False
        source = find_source(record.header, folder)
        terms = Terms(self.profile, settings, NO_BOUNDS)
        try:
            with index_of(source, Defaults(), self.folder / "index-again") as index:
                due = Job(source, Defaults(), index, record.ledger.rows)
                await work(Session(due, record, self.tenant, terms, self._around))
        finally:
            await record.aclose()
        return True

    def ended(self, folder):
        """Return how each row of a run ended, for messages."""
        with journal.read(folder, self.disk) as recorded:
            rows = range(1, recorded.ledger.rows + 1)
            lasts = [recorded.last(row) for row in rows]
            return [
                (row, last.state, getattr(last.body, "detail", None))
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


def _holds_crash(error):
    """Tell whether an error is the crash, or a group of nothing else."""
    if isinstance(error, BaseExceptionGroup):
        return all(_holds_crash(one) for one in error.exceptions)
    return isinstance(error, Crash)


class SandboxStory(Story):
    """The same over the sandbox, which keeps to RFC 7644 and plays providers."""

    def __init__(self, folder: Path, seed: int, profile: str, quirks):
        super().__init__(folder, seed)
        self.profile = profile_named(profile)
        self.tenant = SandboxTransport(folder / "tenant.sqlite", quirks, self.clock, self.random)
        one_group = self.profile.one_group
        self.people, self.groups = settled(self.tenant, self.random, one_group=one_group)

    def state(self):
        """Return the tenant by names, hidden people too."""
        return self.tenant.state()


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
