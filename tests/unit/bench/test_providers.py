"""Each provider's profile at the sandbox that wears it, in virtual time and within its limits: whole runs, and back."""

from dataclasses import replace
from functools import partial

import pytest
from request_jobs import MANY
from virtual import ANSWER_S, Bench, Kind

from bulkscim.errors import UsageError
from bulkscim.model.operation import GROUP, USER, Verb
from bulkscim.model.request import Response
from bulkscim.providers.reversal import Grade
from bulkscim.runs import api
from bulkscim.sandbox.faults import ProviderLimits
from bulkscim.sandbox.store import Database
from bulkscim.sandbox.tenant import PEOPLE
from bulkscim.tenants.profiles import built_in, provider_named
from tests.support.making.records import create, deactivate, delete, group, join, retitle

NAMES = ("ada", "bob", "eve", "joe")
PEOPLE_ASKED = [
    create(one, emails=[{"value": f"{one}@x.test", "primary": True}], active=True) for one in NAMES
]
ALL, SALES = set(NAMES), {"Sales": {"ada", "eve"}}
QUICK = {"aws-identity-center", "github-organization", "google-cloud-identity", "lucid", "miro", "slack"}
BAD_REQUEST = 400
REFUSED = {"entra-inbound"}


class Served(Bench):
    """The sandbox of a profile, with its limits."""

    def __init__(self, folder, name, **quirks):
        provider = provider_named(name)
        groups = provider.quirks.integrations["sandbox"].groups if provider.quirks.integrations else PEOPLE
        kind = Kind(name, name, replace(provider.quirks, **quirks), groups=groups)
        super().__init__(folder, kind, (), ())
        self.refused = []
        self.profile = provider.profile
        self._limits = ProviderLimits(self.profile.buckets if provider.quirks.is_limited else (), 1.0)
        self._agent = {"User-Agent": "bulkscim", **self.profile.headers}

    async def send(self, request, headers):
        """Answer, unless it is one request too many."""
        size = len(request.body or b"")
        if self._limits.admits(self.clock.monotonic(), request.method, request.path, size):
            answer = await super().send(request, {**self._agent, **headers})
            self.refused += [request.method] * (answer.status == BAD_REQUEST)
            return answer
        await self.clock.sleep(ANSWER_S)
        return Response(429, {}, b"", self.clock.now())

    def run(self, *records):
        """Carry a job out, of which all rows are to end as wanted; return the run."""
        reports = []

        async def work():
            reports.append(await api.run(list(records), self.tenant, **MANY, runs_dir=self.folder / "runs"))
            return reports[0]

        assert self.carry_out(work).others == 0
        return reports[0]

    def back(self, run):
        """Take a run back; return how many rows could not be."""
        work = partial(api.rollback, run, self.tenant, max_delete="100%", runs_dir=self.folder / "runs")
        return self.carry_out(work).others

    def held(self):
        """Return the users that are active, and the members of each group, by name."""
        database = Database(self.folder / "tenant.sqlite")
        users = {body["id"]: body for kind, body in database.all(PEOPLE) if kind == USER}
        groups = [body for kind, body in database.all(self.kind.groups) if kind == GROUP]
        database.close()
        names = {key: body["userName"] for key, body in users.items()}
        members = {
            one["displayName"]: {names[member["value"]] for member in one.get("members") or []}
            for one in groups
        }
        return {names[key] for key, body in users.items() if body.get("active", True)} & ALL, members


@pytest.fixture
def served(tmp_path, request):
    """The sandbox of a profile; what it holds is closed afterwards."""
    found = Served(tmp_path, request.param)
    yield found
    found.close()


@pytest.mark.parametrize(
    "served",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in built_in()
        if name not in REFUSED
    ],
    indirect=True,
)
def test_import_membership_deprovisioning_again_and_rollback(served):
    """What is done is done once, and what a profile says can be undone is as before."""
    job = [*PEOPLE_ASKED, *([group("Sales")] if served.profile.groups else [])]
    members = SALES if served.profile.groups else {}

    imported = served.run(*job)
    joined = served.run(*joins()) if served.profile.groups else None
    assert served.held() == (ALL, members)

    again = served.run(*job)
    assert (again.totals.done, served.held()) == (0, (ALL, members))

    off = served.run(deactivate("ada"), deactivate("joe"))
    assert served.held()[0] == {"bob", "eve"}
    comes_back = served.profile.reversal(Verb.DEACTIVATE, USER).grade is not Grade.IRREVERSIBLE
    assert served.back(off) == (0 if comes_back else 2)
    assert served.held() == ((ALL, members) if comes_back else ({"bob", "eve"}, members))

    gone = served.run(delete("eve"))
    assert "eve" not in served.held()[0]
    assert served.back(gone) == 0
    assert ("eve" in served.held()[0], served.held()[1]) == (True, members)

    if joined:
        assert served.back(joined) == 0
        assert served.held()[1] == {"Sales": set()}
    assert served.back(imported) == 0
    assert served.held()[1] == {}


@pytest.mark.parametrize(("takes", "refused"), [(True, []), (False, ["PATCH"])])
def test_members_have_no_quotes_at_slack_unless_it_refuses_that_once(tmp_path, takes, refused):
    """What is documented is tried first; a user's PATCH has no member, and tells nothing of it."""
    served = Served(tmp_path, "slack", bare_members=takes)
    served.run(*PEOPLE_ASKED, group("Sales"))
    served.run(*joins())
    served.run(
        retitle("bob"),
        *(join("Sales", {"userName": one}) | {"op": "remove_member"} for one in ("ada", "eve")),
    )

    assert (served.held()[1], served.refused) == ({"Sales": set()}, refused * 2)
    served.close()


def joins():
    """Return three users joining a group, and one that leaves it again."""
    return [
        *(join("Sales", {"userName": one}) for one in ("ada", "bob", "eve")),
        join("Sales", {"userName": "bob"}) | {"op": "remove_member"},
    ]


@pytest.mark.parametrize("served", sorted(REFUSED), indirect=True)
def test_no_run_where_none_can_be_proved(served):
    """It says why, and sends nothing."""
    with pytest.raises(UsageError, match="no run can be made"):
        served.run(*PEOPLE_ASKED)
