"""Run one small job at the sandbox of each profile, and keep how many requests it took, for docs/providers.md.

`python -m tests.support.making.provider_runs` writes the numbers, and then the page.
"""

import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bulkscim.model.operation import GROUP, USER, Verb
from bulkscim.model.request import Response
from bulkscim.providers.reversal import Grade
from bulkscim.runs import api
from bulkscim.sandbox.faults import ProviderLimits
from bulkscim.sandbox.store import Database
from bulkscim.sandbox.tenant import PEOPLE
from bulkscim.tenants.profiles import built_in, provider_named
from tests.support.making import providers_page
from tests.support.making.records import create, deactivate, delete, group, join

sys.path.insert(0, str(Path(__file__).parents[3] / "scripts" / "bench"))
from request_jobs import MANY
from virtual import ANSWER_S, Bench, Kind

NAMES = ("ada", "bob", "eve", "joe")
PEOPLE_ASKED = [
    create(one, emails=[{"value": f"{one}@x.test", "primary": True}], active=True) for one in NAMES
]
ALL, SALES = set(NAMES), {"Sales": {"ada", "eve"}}
BAD_REQUEST = 400
AGAIN = "python -m tests.support.making.provider_runs"


class Served(Bench):
    """The sandbox of a profile, with its limits."""

    def __init__(self, folder, name, **quirks):
        provider = provider_named(name)
        groups = provider.quirks.integrations["sandbox"].groups if provider.quirks.integrations else PEOPLE
        kind = Kind(name, name, replace(provider.quirks, **quirks), groups=groups)
        super().__init__(folder, kind, (), ())
        self.refused = []
        self.requests = 0  # of the commands since it was last looked at
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

        assert self._counted(work) == 0
        return reports[0]

    def back(self, run):
        """Take a run back; return how many rows could not be."""
        work = partial(api.rollback, run, self.tenant, max_delete="100%", runs_dir=self.folder / "runs")
        return self._counted(work)

    def _counted(self, work):
        """Carry a command out; return how many rows did not end as wanted."""
        came = self.carry_out(work)
        self.requests += came.requests.total()
        return came.others

    def taken(self):
        """Return how many requests were sent since the last question."""
        taken, self.requests = self.requests, 0
        return taken

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


def scenario(served):
    """Import, join, import again, deprovision and roll back; return the requests of each stage.

    What is done is done once, and what a profile says can be undone is as before.
    """
    has_groups, taken = served.profile.groups, {}
    job, members = [*PEOPLE_ASKED, *([group("Sales")] if has_groups else [])], SALES if has_groups else {}

    imported = served.run(*job)
    taken["import"] = served.taken()
    joined = served.run(*joins()) if has_groups else None
    taken["membership"] = served.taken()
    assert served.held() == (ALL, members)

    again = served.run(*job)
    taken["again"] = served.taken()
    assert (again.totals.done, served.held()) == (0, (ALL, members))

    off = served.run(deactivate("ada"), deactivate("joe"))
    taken["deprovisioning"] = served.taken()
    assert served.held()[0] == {"bob", "eve"}
    comes_back = served.profile.reversal(Verb.DEACTIVATE, USER).grade is not Grade.IRREVERSIBLE
    assert served.back(off) == (0 if comes_back else 2)
    taken["rollback"] = served.taken()
    assert served.held() == ((ALL, members) if comes_back else ({"bob", "eve"}, members))

    gone = served.run(delete("eve"))
    taken["deprovisioning"] += served.taken()
    assert "eve" not in served.held()[0]
    assert served.back(gone) == 0
    assert ("eve" in served.held()[0], served.held()[1]) == (True, members)

    if joined:
        assert served.back(joined) == 0
        assert served.held()[1] == {"Sales": set()}
    assert served.back(imported) == 0
    assert served.held()[1] == {}
    taken["rollback"] += served.taken()
    return taken


def joins():
    """Return three users joining a group, and one that leaves it again."""
    return [
        *(join("Sales", {"userName": one}) for one in ("ada", "bob", "eve")),
        join("Sales", {"userName": "bob"}) | {"op": "remove_member"},
    ]


def write():
    """Write the numbers of all profiles, and the page."""
    found = {}
    for name in built_in():
        if provider_named(name).profile.refused:
            continue
        with TemporaryDirectory() as folder:
            served = Served(Path(folder), name)
            found[name] = scenario(served)
            served.close()
    providers_page.RUNS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    providers_page.write()


if __name__ == "__main__":
    write()
