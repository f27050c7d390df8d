"""Services that give a created user a value which the answer to the create does not show yet."""

import pytest

from bulkscim.errors import CredentialError, Outage
from bulkscim.journal import journal
from bulkscim.model.operation import ENTERPRISE
from bulkscim.model.request import Loss, NoAnswer, Response
from bulkscim.runs.derived_values import derived_by_service
from tests.support.simulation.disk import FOLDER
from tests.support.simulation.tenant import SimulatedTenant
from tests.support.simulation.undoing import Story

pytestmark = pytest.mark.anyio
CHILD = FOLDER / "rollback-1"


class Naming(SimulatedTenant):
    """Gives some users a displayName and an organization just after they were created."""

    of = ("ada", "bob")

    def _create(self, collection, body):
        answer = super()._create(collection, body)
        own = next(reversed(self.held[collection]))
        if body["userName"] in self.of:
            more = {"displayName": body["userName"], ENTERPRISE: {"organization": "Acme"}}
            self.held[collection][own] = more | self.held[collection][own]
        return answer


class NamingOne(Naming):
    of = ("ada",)


def patched(name, path, value):
    one = {"op": "replace", "path": path, "value": value}
    return {"op": "patch", "match": {"userName": name}, "patch": [one]}


@pytest.mark.parametrize(
    ("kind", "changed", "left"),
    [
        (Naming, {"ada": "displayName"}, []),
        (Naming, {"ada": "displayName", "bob": "displayName"}, []),
        (Naming, {"ada": f"{ENTERPRISE}:organization"}, []),
        (Naming, {"ada": "displayName", "bob": f"{ENTERPRISE}:organization"}, []),
        (NamingOne, {"ada": "displayName"}, ["ada"]),
        (NamingOne, {"ada": "displayName", "bob": "displayName"}, ["ada"]),
    ],
    ids=["one", "both", "one, in an extension", "each another", "derived in one", "derived in one, both"],
)
async def test_what_the_run_changed_later_shows_what_was_there_before(tmp_path, kind, changed, left):
    """Both users were left: displayName is 'ada', this run had set None; only the image before its own change shows it."""
    story = Story(tmp_path, 1)
    story.tenant = kind(story.clock, story.random)
    rows = [{"op": "create", "data": {"userName": name}} for name in ("ada", "bob")]
    rows += [patched(name, path, "Other") for name, path in changed.items()]
    report = await story.run(rows)
    assert report.totals.done == len(rows), story.ended(FOLDER)
    with journal.read(FOLDER, story.disk) as recorded:
        derived = await derived_by_service(recorded, story.tenant, story.profile, story.clock, story.disk)

    await story.back(derived=derived)

    found = [one["userName"] for one in story.tenant.held["Users"].values()]
    assert found == left, (derived, story.ended(CHILD))


class Once:
    """Answers one read of a tenant, and from then on as it is told."""

    def __init__(self, tenant, then):
        self.tenant, self.then, self.reads = tenant, then, 0

    async def send(self, request):
        self.reads += 1
        return await self.tenant.send(request) if self.reads == 1 else self.then


@pytest.mark.parametrize(
    ("then", "error"),
    [
        (Response(403, {}, b"{}"), CredentialError),
        (Response(401, {}, b"{}"), CredentialError),
        (NoAnswer(Loss.NEVER_SENT, "no connection"), Outage),
    ],
)
async def test_what_cannot_be_read_any_more_proves_nothing(tmp_path, then, error):
    """Three users were left since a token was revoked just then: values of the service seemed to be changes by others."""
    story = Story(tmp_path, 1)
    story.tenant = Naming(story.clock, story.random)
    await story.run([{"op": "create", "data": {"userName": name}} for name in ("ada", "bob")])

    with journal.read(FOLDER, story.disk) as recorded, pytest.raises(error):
        await derived_by_service(recorded, Once(story.tenant, then), story.profile, story.clock, story.disk)
