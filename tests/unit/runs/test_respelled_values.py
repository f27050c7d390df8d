"""Services that spell a value in their own way: a rollback knows it by the answer to the change."""

import pytest

from bulkscim.journal import journal
from bulkscim.runs.derived_values import derived_by_service
from tests.support.simulation.disk import FOLDER
from tests.support.simulation.tenant import SimulatedTenant
from tests.support.simulation.undoing import Story

pytestmark = pytest.mark.anyio
CHILD = FOLDER / "rollback-1"
PHONE = 'phoneNumbers[type eq "work"].value'


class Respelling(SimulatedTenant):
    """Keeps phone numbers as digits, and titles in capitals; a user without a nickName has one of its own."""

    def _one(self, method, collection, resource_id, body):
        if method in {"PATCH", "PUT"}:
            super()._one(method, collection, resource_id, body)
            user = self.held[collection][resource_id]
            user["title"] = str(user.get("title", "")).upper()
            user["nickName"] = user.get("nickName") or "(none)"
            for one in user.get("phoneNumbers", ()):
                one["value"] = "+" + "".join(filter(str.isdigit, one["value"]))
        return super()._one("GET" if method in {"PATCH", "PUT"} else method, collection, resource_id, body)


@pytest.mark.parametrize("theirs", [None, "BOSS"])
async def test_value_in_the_spelling_of_the_service_is_undone(tmp_path, theirs):
    """It was left as drift: phoneNumbers is '+4912', this run had set '+49 12'. A later change by others still is."""
    story = Story(tmp_path, 1)
    story.tenant = Respelling(story.clock, story.random)
    held = {"title": "OLD", "nickName": "Ada", "phoneNumbers": [{"value": "+1", "type": "work"}]}
    story.tenant.hold("Users", {"id": "u1", "userName": "ada@example.com", "active": True, **held})
    sets = [("title", "Lead"), (PHONE, "+49 (12) 34")]
    patch = [{"op": "replace", "path": path, "value": value} for path, value in sets]
    await story.run([{"op": "patch", "id": "u1", "patch": [*patch, {"op": "remove", "path": "nickName"}]}])
    user = story.tenant.held["Users"]["u1"]
    assert (user["title"], user["nickName"]) == ("LEAD", "(none)")
    user["title"] = theirs or user["title"]

    report = await story.back()

    user = story.tenant.held["Users"]["u1"]
    assert (report.totals.done, report.totals.skipped) == (int(not theirs), int(bool(theirs))), story.ended(
        CHILD
    )
    assert {name: user[name] for name in held} == held | ({"title": theirs} if theirs else {})


def phone(number):
    return {"value": f"(030) 12-{number}", "type": "work"}


class Silent(Respelling):
    """Answers a change with nothing: each, or those of some users."""

    of = ("u0", "u1")

    def _one(self, method, collection, resource_id, body):
        answer = super()._one(method, collection, resource_id, body)
        is_silent = method in {"PATCH", "PUT"} and resource_id in self.of
        return self._answer(204, None) if is_silent else answer


class SilentForTwo(Silent):
    of = ("u0", "u4")


@pytest.mark.parametrize(
    ("kind", "users", "done"),
    [(Respelling, 1, True), (Silent, 2, True), (SilentForTwo, 5, True), (Silent, 1, False)],
    ids=["shown", "by two", "by two far apart", "by one alone"],
)
async def test_element_in_the_spelling_of_the_service_is_removed(tmp_path, kind, users, done):
    """The row ended as a noop, and the new number stayed."""
    story = Story(tmp_path, 1)
    story.tenant = kind(story.clock, story.random)
    for number in range(users):
        shown = {"id": f"u{number}", "userName": f"u{number}@example.com", "active": True, "nickName": "Ada"}
        story.tenant.hold("Users", shown | {"title": "LEAD"})
    adds = [{"op": "add", "path": "phoneNumbers", "value": [phone(number)]} for number in range(users)]
    await story.run([{"op": "patch", "id": f"u{number}", "patch": [one]} for number, one in enumerate(adds)])
    with journal.read(FOLDER, story.disk) as recorded:
        derived = await derived_by_service(recorded, story.tenant, story.profile, story.clock, story.disk)

    report = await story.back(derived=derived)

    numbers = [one.get("phoneNumbers") or [] for one in story.tenant.held["Users"].values()]
    assert (report.totals.done, any(numbers)) == (users if done else 0, not done), story.ended(CHILD)
    assert report.totals.skipped == (0 if done else 1)
