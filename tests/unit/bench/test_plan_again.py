"""Plan, run, plan: the second plan has nothing to do. Sample jobs at the sandbox of each profile, in virtual time."""

import csv
from pathlib import Path

import pytest
from request_jobs import MANY

from bulkscim.model.plan import Will
from bulkscim.runs import api
from bulkscim.tenants.profiles import built_in
from tests.support.making.records import create
from tests.unit.bench.test_providers import REFUSED, Served

ROOT = Path(__file__).parents[3]
FEW = {"limit": 12, "with_needed": True}
LEAVERS = "userName = " + " or userName = ".join(
    f'"{line["userName"]}"'
    for line in csv.DictReader((ROOT / "samples/leavers.csv").read_text().splitlines())
)
QUICK = {
    ("generic", "an export"),
    ("slack", "onboarding"),
    ("github-organization", "people"),
}
PEOPLE = [create(f"person{number}@example.com", title="Clerk", active=True) for number in range(5)]
AGAIN = {  # what is planned each time
    ("lucid", "upserts"),  # a user leaves one group for the other, and the file names both
    ("aws-identity-center", "upserts"),  # groups do not show their members
    ("slack", "leavers"),  # a user that is deleted stays, deactivated
    ("salesforce", "leavers"),  # so too
}
JOBS = {
    "people": ((PEOPLE, {}),),
    "onboarding": (("samples/onboarding.csv", {"op": "create", "create_groups": True, **FEW}),),
    "upserts": (("samples/onboarding.csv", {"op": "upsert", "create_groups": True, **FEW}),),
    "an export": (("jobs/onboarding.toml", FEW),),
    "teams": (("samples/teams.jsonl", {"limit": 5}),),
    "leavers": (
        (
            "samples/onboarding.csv",
            {"op": "create", "create_groups": True, "where": LEAVERS, "with_needed": True},
        ),
        ("samples/leavers.csv", {}),
    ),
}


class Planned(Served):
    """The sandbox of a profile, with plans."""

    def plan(self, job, **options):
        """Return the plan of a job."""
        found = []

        async def work():
            found.append(await api.plan(job, self.tenant, **options, **MANY, runs_dir=self.folder / "runs"))
            return found[0].report

        before = self.writes
        self.carry_out(work)
        assert self.writes == before
        return found[0]

    def carried(self, job, **options):
        """Carry a job out; return its totals."""
        reports = []

        async def work():
            reports.append(await api.run(job, self.tenant, **options, **MANY, runs_dir=self.folder / "runs"))
            return reports[0]

        self.carry_out(work)
        return reports[0].totals

    writes = 0

    async def send(self, request, headers):
        """Answer, and count writes."""
        self.writes += request.method != "GET"
        return await super().send(request, headers)


@pytest.fixture
def served(tmp_path, request):
    """The sandbox of a profile; what it holds is closed afterwards."""
    found = Planned(tmp_path, request.param)
    yield found
    found.close()


def _cases():
    for name in built_in():
        if name not in REFUSED:
            for job in JOBS:
                yield pytest.param(name, job, marks=() if (name, job) in QUICK else pytest.mark.slow)


@pytest.mark.parametrize(("served", "job"), [*_cases()], indirect=["served"])
def test_what_was_done_is_not_planned_again(served, job):
    """For each sample job and each profile; plans send nothing but reads."""
    if (job == "people") == served.profile.groups:
        pytest.skip("for providers without groups there is a job of its own")
    if not served.profile.lists_all:
        pytest.skip("nothing proves there that a group is missing, so rows of users create none")
    for file, options in JOBS[job]:
        named = str(ROOT / file) if isinstance(file, str) else file
        first = served.plan(named, **options)
        done = served.carried(named, **options)
        again = served.plan(named, **options)

        assert first.sends
        assert done.done
        left = [(row.key, row.decision, row.members) for row in again.rows if row.sends]
        if (served.kind.name, job) in AGAIN:
            assert {row.decision for row in again.rows} <= {Will.MEMBERS, Will.DELETE, Will.UNCHANGED}
        else:
            assert (again.sends, left) == (False, []), again.summary
