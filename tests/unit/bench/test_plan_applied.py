"""A plan that is applied after foreign changes skips the rows that these changed, with both values, and does the rest."""

import csv
import json
import os
from unittest import mock

import pytest
from scim2_server.requests import ScimRequest
from virtual import BASE_URL, ROOT, TOKEN

from bulkscim.cli import code_of
from bulkscim.commands import runtime
from bulkscim.model.operation import GROUP, USER
from bulkscim.sandbox.store import Database
from bulkscim.sandbox.tenant import PEOPLE
from bulkscim.scim.schemas import CORE
from tests.support.making.records import create, group, join
from tests.support.running.virtual_loop import VirtualLoop, live
from tests.unit.bench.test_providers import Served

SAMPLES, DEFINITIONS = ROOT / "samples", ROOT / "jobs"
FEW = ("--limit", "12", "--with-needed")
ONBOARDING = (SAMPLES / "onboarding.csv", "--op", "create", "--create-groups")
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Deaf(VirtualLoop):
    """A loop that no signal reaches."""

    def add_signal_handler(self, *_):
        """Take a handler, and forget it."""

    def remove_signal_handler(self, *_):
        """Say that there was one."""
        return True


class Typed(Served):
    """The sandbox of a profile; commands are typed, and others change it by hand. At Lucid the groups are teams."""

    def __init__(self, folder, name, token=2):
        super().__init__(folder, name)
        self._token = f"{TOKEN}-{token}" if name == "lucid" else self._token

    def __call__(self, *words):
        """Carry a command line out; return its exit code."""
        found = []

        def carried(work):
            async def main():
                found.append(await work())

            live(Deaf(self.clock), main())
            return found.pop()

        environment = {"BULKSCIM_TOKEN": self._token, "BULKSCIM_RUNS_DIR": str(self.folder / "runs")}
        at = ("--base-url", BASE_URL, "--profile", self.kind.name)
        with (
            self._replaced(),
            mock.patch.object(runtime, "carry_out", carried),
            mock.patch.dict(os.environ, environment),
        ):
            return code_of([*map(str, words), *at])

    def planned(self, *job):
        """Write a plan; return the rows that it changes, by their numbers."""
        assert self("plan", *job, "--max-delete", "100%", "-o", self.plan, "--force", "-q") == 0
        rows = [json.loads(line) for line in self.plan.read_text().splitlines()[1:]]
        return {row["row"]: row for row in rows if row.get("parts")}

    def applied(self):
        """Apply the plan; return the exit code, and the end of each row."""
        code = self("run", self.plan, "--yes", "--max-delete", "100%", "--max-removals", "100%", "-q")
        newest = max((self.folder / "runs").glob("*/results.csv"), key=lambda path: path.parent.name)
        with newest.open(encoding="utf-8", newline="") as file:
            return code, {int(line["row"]): (line["state"], line["detail"]) for line in csv.DictReader(file)}

    @property
    def plan(self):
        """Where the plan is."""
        return self.folder / "job.plan"

    def by_hand(self, method, path, body=None):
        """Change the sandbox as others do."""
        headers = {"Authorization": f"Bearer {self._token}", **self._agent}
        sent = b"" if body is None else json.dumps(body).encode()
        answer = self._site.answer(ScimRequest(method, BASE_URL, path, {}, headers, sent))
        assert int(answer.status) < 300, answer.body

    def retitled(self, resource_id, title):
        """Give a user another title by hand."""
        change = {"op": "replace", "path": "title", "value": title}
        self.by_hand("PATCH", f"/Users/{resource_id}", {"schemas": [PATCH], "Operations": [change]})

    def ids(self):
        """Return the ids of all users by their userNames."""
        return self._named(PEOPLE, USER, "userName")

    def groups(self):
        """Return the ids of all groups by their names."""
        return self._named(self.kind.groups, GROUP, "displayName")

    def _named(self, space, wanted, name):
        database = Database(self.folder / "tenant.sqlite")
        found = {body[name]: body["id"] for kind, body in database.all(space) if kind == wanted}
        database.close()
        return found


@pytest.fixture
def typed(tmp_path, request):
    """The sandbox of a profile; what it holds is closed afterwards."""
    found = Typed(tmp_path, getattr(request, "param", "generic"))
    yield found
    found.close()


def made(typed, row):
    """Create by hand what a row is to create."""
    own = {"displayName": row["key"]}
    if row["type"] == USER:
        name = {"givenName": "Eve", "familyName": "Other"}
        mail = [{"value": row["key"], "type": "work", "primary": True}]
        own = {
            "userName": row["key"],
            "name": name,
            "displayName": "Eve Other",
            "emails": mail,
            "title": "Other",
        }
    typed.by_hand("POST", f"/{row['type']}s", {"schemas": [CORE[row["type"]]], **own})


def profiles(*others):
    """Return several profiles; all but the first are slow."""
    names = ("generic", "aws-identity-center", "okta", "databricks", "oracle", *others)
    return [pytest.param(name, marks=() if name == names[0] else pytest.mark.slow) for name in names]


@pytest.mark.parametrize("typed", profiles("lucid"), indirect=True)
@pytest.mark.parametrize(
    "job",
    [
        (*ONBOARDING, "--limit", "6", "--with-needed"),
        pytest.param((DEFINITIONS / "onboarding.toml", *FEW), marks=pytest.mark.slow),
    ],
)
def test_users_that_others_created_since_are_skipped_and_the_rest_is_created(typed, job):
    """What exists by now is neither adopted nor changed, and rows that name it as their manager go on."""
    rows = typed.planned(*job)
    moved = [number for number, row in rows.items() if row["type"] == USER][:3]
    for number in moved:
        made(typed, rows[number])

    code, ends = typed.applied()

    assert code == 3
    assert [number for number, (state, _) in ends.items() if state == "skipped"] == moved, ends
    assert all("drift: it exists now as id" in ends[number][1] for number in moved)
    assert {state for number, (state, _) in ends.items() if number not in moved} == {"done"}


@pytest.mark.parametrize("typed", profiles("lucid"), indirect=True)
def test_users_that_others_changed_since_are_skipped_with_both_values(typed):
    job = (SAMPLES / "onboarding.csv", "--op", "upsert", "--create-groups", *FEW)
    assert typed("run", *ONBOARDING, *FEW, "--yes", "-q") == 0
    for resource_id in list(typed.ids().values())[-6:]:
        typed.retitled(resource_id, "Old")
    rows = {number: row for number, row in typed.planned(*job).items() if row["decision"] == "change"}
    moved, others = list(rows)[:2], list(rows)[2:]
    for number in moved:
        typed.retitled(rows[number]["id"], "Foreign")

    code, ends = typed.applied()

    assert code == 3
    assert {number for number, (state, _) in ends.items() if state == "skipped"} == set(moved)
    assert {ends[number][1] for number in moved} == {'drift: title is "Foreign"; the plan saw "Old"'}
    assert others
    assert {ends[number][0] for number in others} == {"done"}


def _first(sample, column, **layout):
    """Return the first names of a sample."""
    with (SAMPLES / sample).open(encoding="utf-8-sig", newline="") as file:
        return [line[column] for line in csv.DictReader(file, **layout)][:8]


@pytest.mark.parametrize("typed", profiles(), indirect=True)
@pytest.mark.parametrize(
    ("joined", "job", "leavers", "deletes"),
    [
        (ONBOARDING, SAMPLES / "leavers.csv", _first("leavers.csv", "userName"), [6]),
        pytest.param(
            (DEFINITIONS / "onboarding.toml",),
            DEFINITIONS / "leavers.toml",
            _first("hr-leavers.csv", "E-mail", delimiter=";"),
            [],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_leavers_that_others_deleted_since_are_skipped(typed, joined, job, leavers, deletes):
    """What is as the plan wants it is nothing to do."""
    wanted = " or userName = ".join(f'"{name}"' for name in leavers)
    assert typed("run", *joined, "--where", f"userName = {wanted}", "--with-needed", "--yes", "-q") == 0
    rows = typed.planned(job, "--limit", "8")
    ids, there = typed.ids(), {row["key"]: number for number, row in rows.items()}
    gone, off, *deleted = (there[leavers[place]] for place in (0, 1, *deletes))
    for place in (0, *deletes):
        typed.by_hand("DELETE", f"/Users/{ids[leavers[place]]}")
    change = {"op": "replace", "path": "active", "value": False}
    typed.by_hand("PATCH", f"/Users/{ids[leavers[1]]}", {"schemas": [PATCH], "Operations": [change]})

    code, ends = typed.applied()

    assert code == 3
    assert [number for number, (state, _) in ends.items() if state == "skipped"] == [gone]
    assert "it was there when the plan was made" in ends[gone][1]
    assert {ends[number][0] for number in (off, *deleted)} == {"noop"}
    assert {ends[number][0] for number in rows if number not in {gone, off, *deleted}} == {"done"}


@pytest.mark.parametrize("typed", profiles("lucid"), indirect=True)
def test_groups_that_others_created_since_are_skipped(typed):
    rows = typed.planned(SAMPLES / "teams.jsonl", "--limit", "5")
    moved = list(rows)[:2]
    for number in moved:
        made(typed, rows[number])

    _, ends = typed.applied()

    assert [number for number, (state, _) in ends.items() if state == "skipped"] == moved
    assert all("drift: it exists now as id" in ends[number][1] for number in moved)
    assert {ends[number][0] for number in rows if number not in moved} == {"done"}


def test_members_that_others_moved_since_are_skipped_where_a_user_is_in_one_group(tmp_path):
    """They were taken out of the group that another had put them into."""
    typed = Typed(tmp_path, "lucid", token=1)
    users = [create(f"{name}@x.test", emails=[{"value": f"{name}@x.test"}]) for name in ("ada", "bob", "eve")]
    joins = [join("Old", {"userName": one["data"]["userName"]}) for one in users]
    job = tmp_path / "job.jsonl"
    job.write_text(
        "".join(json.dumps(one) + "\n" for one in [*map(group, ("Old", "Other", "New")), *users, *joins])
    )
    assert typed("run", job, "--yes", "-q") == 0
    job.write_text("".join(json.dumps({**one, "match": {"displayName": "New"}}) + "\n" for one in joins))
    typed.planned(job)
    ids, groups = typed.ids(), typed.groups()
    for name, to in (("ada@x.test", "Other"), ("bob@x.test", "New")):
        change = {"op": "add", "path": "members", "value": [{"value": ids[name]}]}
        typed.by_hand("PATCH", f"/Groups/{groups[to]}", {"schemas": [PATCH], "Operations": [change]})

    _, ends = typed.applied()
    typed.close()

    assert [state for state, _ in ends.values()] == ["skipped", "noop", "done"]
    assert ends[1][1] == f"drift: it is in group {groups['Other']} now; the plan saw it in {groups['Old']}"


@pytest.mark.parametrize("job", ["bulk.jsonl", pytest.param("mixed.jsonl", marks=pytest.mark.slow)])
def test_a_plan_that_is_applied_twice_has_nothing_to_do(typed, job):
    """It ended with drift, since everything was as wanted already."""
    if job == "mixed.jsonl":
        assert typed("run", *ONBOARDING, "--yes", "-q", "--rate", "1000/s") == 0
    assert typed.planned(SAMPLES / job)

    assert typed.applied()[0] == 0
    code, ends = typed.applied()

    assert (code, {state for state, _ in ends.values()}) == (0, {"noop"})


@pytest.mark.parametrize(("name", "was"), [("aws-identity-center", "unknown"), ("generic", "no")])
def test_a_plan_says_which_memberships_it_cannot_know(tmp_path, name, was):
    """It said that no user was in a group whose members the tenant does not show."""
    typed = Typed(tmp_path, name)
    few = ("--limit", "2", "--with-needed")
    assert typed("run", *ONBOARDING, *few, "--yes", "-q") == 0
    change = (
        SAMPLES / "onboarding.csv",
        "--op",
        "upsert",
        "--create-groups",
        "--limit",
        "3",
        "--with-needed",
    )
    rows = typed.planned(*change)
    typed.close()

    known = {
        (one["group"], one["was"], row["decision"]) for row in rows.values() for one in row.get("members", ())
    }
    assert ("Engineering", "no", "create") in known
    assert ("Platform", was, "members") in known or was == "no"
