"""Users who are in groups through other groups: a rollback returns them only to those that they were in directly."""

import pytest

from tests.support.simulation.disk import FOLDER
from tests.support.simulation.tenant import SimulatedTenant
from tests.support.simulation.undoing import Story

pytestmark = pytest.mark.anyio
CHILD = FOLDER / "rollback-1"
USER = {"id": "u1", "userName": "ada@example.com", "active": True}
NESTED = {"inner": ["u1"], "middle": ["inner"], "outer": ["middle", "u2"], "own": ["u1", "u2"]}


class Nesting(SimulatedTenant):
    """A user shows all of its groups, those too that it is in through others; a deleted user leaves its groups."""

    labels = False

    def _one(self, method, collection, resource_id, body):
        if method == "DELETE" and collection == "Users":
            for group in self.held["Groups"].values():
                group["members"] = [one for one in group["members"] if one["value"] != resource_id]
        return super()._one(method, collection, resource_id, body)

    def _answer(self, status, body, headers=()):
        if isinstance(body, dict) and "userName" in body:
            body = body | {"groups": self._groups_of(body["id"])}
        return super()._answer(status, body, headers)

    def _groups_of(self, user):
        direct, found = self._holding({user}), set()
        level = direct
        while level - found:
            found |= level
            level = self._holding(level)
        kinds = {group: "direct" if group in direct else "indirect" for group in sorted(found)}
        return [{"value": group} | ({"type": kind} if self.labels else {}) for group, kind in kinds.items()]

    def _holding(self, members):
        groups = self.held["Groups"].items()
        return {key for key, group in groups if members & {one["value"] for one in group["members"]}}


class Labelling(Nesting):
    """Says of each group whether the user is in it directly."""

    labels = True


@pytest.mark.parametrize("kind", [Nesting, Labelling])
@pytest.mark.parametrize("also", [(), ("inner",)], ids=["user", "user and group"])
async def test_deleted_user_returns_to_its_own_groups_alone(tmp_path, kind, also):
    """The user was made a direct member of each group that it had been in through another one."""
    story = Story(tmp_path, 1)
    story.tenant = kind(story.clock, story.random)
    for user in (USER, USER | {"id": "u2", "userName": "bob@example.com"}):
        story.tenant.hold("Users", user)
    for group, members in NESTED.items():
        listed = [{"value": one} for one in members]
        story.tenant.hold("Groups", {"id": group, "displayName": group, "members": listed})
    before = story.state()
    rows = [{"op": "delete", "id": "u1"}, *({"op": "delete", "type": "Group", "id": group} for group in also)]
    await story.run(rows)

    report = await story.back()

    assert report.totals.failed + report.totals.skipped == 0, story.ended(CHILD)
    assert story.state() == before, story.ended(CHILD)
