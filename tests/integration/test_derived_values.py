"""Tenants that write values of their own into what a run creates: no change by others."""

import pytest

from tests.support.making.records import create, group
from tests.support.running.command import FAST
from tests.support.servers.small_tenant import SmallTenant, scim

NAMES = [f"new{number}@example.com" for number in range(3)]
USERS = [create(name, title="Analyst", emails=[{"value": name}]) for name in NAMES]


class Deriving(SmallTenant):
    """Shows more to a read than it answers to a create."""

    async def one(self, request, collection, resource_id, body):
        if request.method != "GET":
            return await super().one(request, collection, resource_id, body)
        shown = self.held[collection][resource_id]
        if collection == "Groups":
            return scim(200, {**shown, "description": "made by SCIM"})
        derived = {
            "displayName": shown["userName"].partition("@")[0],
            "roles": [{"value": "Internal/everyone", "type": "default"}],
            "emails": [{**one, "type": "work", "primary": True} for one in shown["emails"]],
            "locale": "en",
            "title": shown.get("title", "").upper(),
        }
        return scim(200, {**derived, **{name: value for name, value in shown.items() if name not in derived}})


def undone(bulkscim, tenant, path):
    """Run a job and take it back."""
    ran = bulkscim("run", path, "--base-url", tenant.base_url, "--yes", *FAST)
    assert ran.code == 0, ran.text
    return bulkscim("rollback", "last", "--yes", *FAST)


def test_what_the_service_derives_is_no_drift(bulkscim, job):
    """Each created user was left: displayName is 'new2', this run had set None."""
    with Deriving("ada@example.com").serving() as tenant:
        outcome = undone(bulkscim, tenant, job(*USERS, group("Team A"), group("Team B")))

    assert outcome.code == 0, outcome.text
    assert (len(tenant.held["Users"]), len(tenant.held["Groups"])) == (1, 0)


def test_what_the_run_itself_has_changed_since_hides_nothing(bulkscim, job):
    """Two users of which the run changed both later proved nothing, and were left."""
    nick = [{"op": "replace", "path": "nickName", "value": "Ada"}]
    named = [{"op": "patch", "match": {"userName": name}, "patch": nick} for name in NAMES[:2]]
    with Deriving("ada@example.com").serving() as tenant:
        outcome = undone(bulkscim, tenant, job(*USERS[:2], *named))

    assert outcome.code == 0, outcome.text
    assert len(tenant.held["Users"]) == 1


class Naming(SmallTenant):
    """Derives the displayName of users that have none."""

    async def one(self, request, collection, resource_id, body):
        if request.method != "GET" or collection == "Groups":
            return await super().one(request, collection, resource_id, body)
        shown = self.held[collection][resource_id]
        return scim(200, {"displayName": shown["userName"].partition("@")[0], **shown})


def test_first_user_without_derived_values_hides_nothing(bulkscim, job):
    """It was the only one that was read: the others were left, displayName is 'new1', this run had set None."""
    named = create(NAMES[0], title="Analyst", emails=[{"value": NAMES[0]}], displayName="Ada")
    with Naming("ada@example.com").serving() as tenant:
        outcome = undone(bulkscim, tenant, job(named, *USERS[1:]))

    assert outcome.code == 0, outcome.text
    assert len(tenant.held["Users"]) == 1


@pytest.mark.parametrize(
    "records", [USERS[:1], [*USERS[:1], group("Team A")]], ids=["alone", "of another type"]
)
def test_one_resource_proves_nothing(bulkscim, job, records):
    """A single user may have been changed by others."""
    with Deriving("ada@example.com").serving() as tenant:
        outcome = undone(bulkscim, tenant, job(*records))

    assert outcome.code == 3, outcome.text
    assert tenant.named(NAMES[0]) == 1
    assert "--on-drift force" in outcome.text


@pytest.mark.parametrize("change", [{"title": "Boss"}, {"nickName": "Ada"}])
def test_changes_by_others_are_left_all_the_same(bulkscim, job, change):
    """One user has a value that another person has set; the two others go."""
    with Deriving("ada@example.com").serving() as tenant:
        path = job(*USERS)
        bulkscim("run", path, "--base-url", tenant.base_url, "--yes", *FAST)
        tenant.user(NAMES[1]).update(change)
        outcome = bulkscim("rollback", "last", "--yes", *FAST)

    assert outcome.code == 3, outcome.text
    assert [tenant.named(name) for name in NAMES] == [0, 1, 0]
