"""Patches whose form follows what was read, and what a rollback makes of them: the old text, or nothing, is back."""

import copy

import pytest

from bulkscim.scim import paths
from tests.support.simulation.disk import FOLDER
from tests.support.simulation.tenant import SimulatedTenant
from tests.support.simulation.undoing import Story

pytestmark = pytest.mark.anyio
CHILD = FOLDER / "rollback-1"
WORK, PHONE = 'emails[type eq "work"]', 'phoneNumbers[type eq "work"]'
HOME = {"value": "Ada@Home.example", "type": "home"}


class Strict(SimulatedTenant):
    """Refuses to write to an element that a filter does not pick: noTarget (RFC 7644 §3.5.2.3)."""

    def _one(self, method, collection, resource_id, body):
        live = self.held[collection][resource_id]
        for one in body.get("Operations", ()):
            parsed = paths.parse(one["path"])
            elements = paths.find(live, parsed.attribute) or []
            if parsed.conditions and one["op"] != "remove" and not any(map(parsed.picks, elements)):
                return self._answer(400, {"scimType": "noTarget", "detail": "no target"})
        return super()._one(method, collection, resource_id, body)


class Thin(Strict):
    """A lookup leaves e-mails out."""

    def _list(self, collection, path):
        whole = self.held[collection]
        self.held[collection] = {
            key: {name: value for name, value in one.items() if name != "emails"}
            for key, one in whole.items()
        }
        try:
            return super()._list(collection, path)
        finally:
            self.held[collection] = whole


def story(tmp_path, kind=Strict, **user):
    """Return a story over a tenant with one user."""
    told = Story(tmp_path, 1)
    told.tenant = kind(told.clock, told.random)
    told.tenant.hold("Users", {"id": "u1", "userName": "Ada@Example.com", "active": True, **user})
    return told


def patched(*operations, match=None):
    """Return the record that sends operations, each given as (path, value)."""
    asked = [{"op": "replace", "path": path, "value": value} for path, value in operations]
    return {"op": "patch", "type": "User", "match": match or {"userName": "ada@example.com"}, "patch": asked}


@pytest.mark.parametrize(
    ("user", "operations", "after"),
    [
        ({}, [(f"{WORK}.value", "a@x")], {"emails": [{"type": "work", "value": "a@x"}]}),
        (
            {"emails": [HOME]},
            [(f"{WORK}.value", "a@x")],
            {"emails": [HOME, {"type": "work", "value": "a@x"}]},
        ),
        (
            {"emails": [{**HOME, "type": "work", "primary": True}]},
            [(f"{WORK}.value", "ada@home.example")],
            {"emails": [{"value": "ada@home.example", "type": "work", "primary": True}]},
        ),
        ({"emails": [{"value": "A@x"}]}, [("emails", [{"value": "a@x"}])], {"emails": [{"value": "a@x"}]}),
        (
            {},
            [(f"{PHONE}.value", "+47 1"), (f"{PHONE}.display", "desk"), (f"{WORK}.value", "a@x")],
            {
                "phoneNumbers": [{"type": "work", "value": "+47 1", "display": "desk"}],
                "emails": [{"type": "work", "value": "a@x"}],
            },
        ),
        ({}, [("userName", "ada@example.com")], {"userName": "ada@example.com"}),
        (
            {"title": "lead"},
            [("title", "Lead"), ("userName", "ADA@example.com")],
            {"userName": "ADA@example.com"},
        ),
    ],
)
async def test_patch_writes_the_text_and_its_rollback_brings_the_old_one_back(
    tmp_path, user, operations, after
):
    """An element that did not exist was refused as noTarget. Other capitals were taken for what is asked already."""
    told = story(tmp_path, **user)
    before = _shown(told.tenant.held)
    report = await told.run([patched(*operations)])

    assert report.totals.done == 1, told.ended(FOLDER)
    assert {name: told.tenant.held["Users"]["u1"][name] for name in after} == after
    undone = await told.back()
    assert undone.totals.done == 1, told.ended(CHILD)
    assert _shown(told.tenant.held) == before


async def test_element_that_only_a_lookup_leaves_out_is_changed_and_not_added(tmp_path):
    """What a lookup does not show may exist: the user is read by its id before anything is added."""
    told = story(tmp_path, kind=Thin, emails=[{**HOME, "type": "work"}])
    before = _shown(told.tenant.held)
    report = await told.run([patched((f"{WORK}.value", "a@x"))])

    assert report.totals.done == 1, told.ended(FOLDER)
    assert told.tenant.held["Users"]["u1"]["emails"] == [{"value": "a@x", "type": "work"}]
    await told.back()
    assert _shown(told.tenant.held) == before


async def test_replace_corrects_capitals_and_its_rollback_brings_them_back(tmp_path):
    """It ended as noop."""
    told = story(tmp_path, emails=[{"value": "Ada@x", "type": "work"}])
    before = _shown(told.tenant.held)
    data = {"userName": "ada@example.com", "active": True, "emails": [{"value": "ada@x", "type": "work"}]}
    report = await told.run(
        [{"op": "replace", "type": "User", "match": {"userName": "ADA@EXAMPLE.COM"}, "data": data}]
    )

    assert report.totals.done == 1, told.ended(FOLDER)
    assert _shown(told.tenant.held)["u1"] == {"id": "u1", **data}
    await told.back()
    assert _shown(told.tenant.held) == before


async def test_what_stands_in_these_capitals_is_not_sent_and_an_upsert_corrects_none(tmp_path):
    """Only a patch and a replace write other capitals; to find a user they mean nothing."""
    told = story(tmp_path)
    upsert = {"op": "upsert", "type": "User", "data": {"userName": "ADA@example.com"}}
    report = await told.run([patched(("userName", "Ada@Example.com")), upsert])

    assert report.totals.noop == 2, told.ended(FOLDER)


async def test_adding_an_address_in_other_capitals_adds_no_second_one(tmp_path):
    """An add corrects nothing: the list would hold the address twice."""
    told = story(tmp_path, emails=[HOME])
    record = patched(("emails", [{**HOME, "value": "ADA@home.example"}]))
    record["patch"][0]["op"] = "add"
    report = await told.run([record])

    assert report.totals.noop == 1, told.ended(FOLDER)


async def test_rollback_leaves_capitals_that_others_corrected_since(tmp_path):
    """They were written over: a difference in capitals was no drift."""
    told = story(tmp_path)
    await told.run([patched(("userName", "ada@example.com"))])
    told.tenant.held["Users"]["u1"]["userName"] = "ADA@example.com"
    report = await told.back()

    assert report.totals.skipped == 1, told.ended(CHILD)
    assert told.tenant.held["Users"]["u1"]["userName"] == "ADA@example.com"


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_correction_whose_answer_is_lost_is_there_in_the_end(tmp_path, fault):
    """One that was never applied was taken for done, since the old capitals counted as the new ones."""
    told = story(tmp_path)
    losses = iter([fault])
    told.tenant._fault = lambda: next(losses, None)
    report = await told.run([patched(("userName", "ada@example.com"))])

    assert report.totals.done == 1, told.ended(FOLDER)
    assert told.tenant.held["Users"]["u1"]["userName"] == "ada@example.com"


def _shown(held):
    """Return the users without what the tenant keeps for itself; an empty list is none."""
    return {
        key: {name: value for name, value in one.items() if name not in {"meta", "schemas"} and value != []}
        for key, one in copy.deepcopy(held["Users"]).items()
    }
