"""Rollbacks of tenants whose resources have versions: what others change while it runs stays as they left it."""

from dataclasses import replace

import pytest

from bulkscim.engine.versions import Versions
from bulkscim.journal.settings import Connection
from bulkscim.planning.before_image import Heeded
from bulkscim.scim.filters import any_asked_for
from tests.support.making.few import few
from tests.support.running.virtual_loop import VirtualLoop, running_time
from tests.support.simulation.tenant import SimulatedTenant
from tests.support.simulation.undoing import BACK, PACE, Story
from tests.support.simulation.versions import FIXED, HEEDED, IGNORED, REFUSED, STRANGE
from tests.support.simulation.versions import Versions as ShownVersions

pytestmark = pytest.mark.anyio
USERS = 120
A_MINUTE = Connection("100/min", 1)
SOONER, LATER = f"u{USERS - 21}", f"u{USERS - 41}"
THEIRS = "Chosen by another administrator"


@pytest.fixture
def anyio_backend():
    """Run on virtual time."""
    return "asyncio", {"loop_factory": VirtualLoop}


class Versioned(SimulatedTenant):
    """Takes filters with several names, and lets another client change one user when a second one is changed."""

    def __init__(self, clock, random, way):
        super().__init__(clock, random)
        self.versions, self.meets, self.reads = ShownVersions(way), {}, 0

    async def send(self, request):
        self.reads += request.method == "GET"
        return await super().send(request)

    def _answer(self, status, body, headers=()):
        if status == 200 and "Resources" in body:
            body = body | {"Resources": [self.versions.shown(one, one) for one in body["Resources"]]}
        elif status < 300 and body:
            body = self.versions.shown(body, body)
        return super()._answer(status, body, headers)

    def _apply(self, request):
        path = request.path.partition("?")[0].strip("/").split("/")
        if len(path) > 1 and request.method == "PATCH":
            if other := self.meets.pop(path[1], None):
                self.held["Users"][other]["title"] = THEIRS
            refused = self.versions.refusal(self.held["Users"][path[1]], request.if_match)
            if refused:
                return self._answer(refused, {"detail": "another version"})
        return super()._apply(request)

    def _list(self, collection, path):
        asked = any_asked_for(path)
        if asked is None or collection != "Users":
            return super()._list(collection, path)
        found = [one for one in self.held["Users"].values() if one.get(asked[0]) in asked[1]]
        return self._answer(200, {"totalResults": len(found), "Resources": found})


async def taken_back(tmp_path, way):
    """Return a story whose run is taken back while another client changes the title of one user, and what came of it."""
    story = Story(tmp_path, 1)
    story.clock = running_time()
    story.tenant = Versioned(story.clock, story.random, way)
    story.profile = replace(story.profile, etag=True)
    for number in range(USERS):
        story.tenant.hold("Users", {"id": f"u{number}", "userName": f"u{number}", "title": f"Title {number}"})
    change = {"op": "replace", "path": "title", "value": "Other"}
    rows = [{"op": "patch", "id": f"u{number}", "patch": [change]} for number in range(USERS)]
    report = await story.run(rows, replace(PACE, connection=A_MINUTE))
    assert report.totals.done == USERS
    # The last goes first. At this pace 12 seconds lie between the two.
    story.tenant.meets, story.tenant.reads = {SOONER: LATER}, 0
    return story, await story.back(settings=replace(BACK, connection=A_MINUTE))


@pytest.mark.parametrize(
    ("way", "most_reads"), few([(HEEDED, 15), (STRANGE, 40), (IGNORED, 40), (FIXED, 40), (REFUSED, 40)], 3)
)
async def test_a_later_change_by_others_stays(tmp_path, way, most_reads):
    """Images are read long before their steps leave only where a change with an old version is proved to be refused."""
    story, report = await taken_back(tmp_path, way)

    titles = {one["id"]: one["title"] for one in story.tenant.held["Users"].values() if "u" in one["id"]}
    assert titles.pop(LATER) == THEIRS
    assert titles == {own: f"Title {own[1:]}" for own in titles}
    assert (report.totals.done, report.totals.skipped) == (USERS - 1, 1)
    assert story.tenant.reads <= most_reads


async def test_a_change_by_others_is_overwritten_where_versions_are_believed(tmp_path, monkeypatch):
    """So the test above can fail."""
    monkeypatch.setattr(Versions, "heeded", property(lambda self: Heeded(frozenset({"User"}))))
    story, _ = await taken_back(tmp_path, IGNORED)

    assert THEIRS not in [one["title"] for one in story.tenant.held["Users"].values() if "title" in one]
