"""Members that the create of a group leaves over are added together, once it is known that no user leaves a group by that."""

import json

import pytest

from bulkscim.errors import JournalDead
from bulkscim.model.step import Action
from bulkscim.planning.undo.memberships import touches
from bulkscim.runs.applied_steps import applied_steps
from tests.unit.engine.test_one_group import MAY, Staying, members, states, with_members

PEOPLE = [f"u{number}" for number in range(40)]
ROWS = [with_members(name, *some) for name, some in zip("ABCD", [PEOPLE[:20], PEOPLE[20:]] * 2, strict=True)]


class Counted(Staying):
    """Answers as `meet` says where it returns an answer to an addition of several members."""

    def _apply(self, request):
        if request.method == "PATCH":
            operations = json.loads(request.body)["Operations"]
            added = [one["value"] for each in operations for one in each["value"]]
            if len(added) > 1 and (answer := self.meet(request.path.rpartition("/")[2], added)):
                self.sizes.append(len(added))
                return answer
        return super()._apply(request)

    def meet(self, group, added):
        """Return an answer in place of the usual one."""


class Picky(Counted):
    """Refuses one member."""

    def _apply(self, request):
        if request.method == "PATCH" and b'"u7"' in request.body:
            return self._answer(400, {"detail": "u7 cannot be added"})
        return super()._apply(request)


class Halfway(Counted):
    """Adds the first of several members, and then refuses all of them, once for each group."""

    status = 400

    def __init__(self, *given):
        super().__init__(*given)
        self.met = set()

    def meet(self, group, added):
        if group in self.met:
            return None
        self.met.add(group)
        self.held["Groups"][group].setdefault("members", []).append({"value": added[0]})
        return self._answer(self.status, {"detail": "not so"})


class Broken(Halfway):
    """Answers with an error of its own."""

    status = 500


def recorded(carried):
    """Return the members that a rollback would take out of each group that has got them by changes."""
    found = {}
    for step in applied_steps(carried.record):
        for touch in touches(step) if step.action is not Action.CREATE else ():
            if touch.after and not touch.was:
                found.setdefault(touch.group, set()).add(touch.member)
    return found


def filled(tenant):
    return [members(tenant, name) for name in "CD"] == [sorted(PEOPLE[:20]), sorted(PEOPLE[20:])]


async def test_members_who_stay_in_their_first_group_are_added_together(carried):
    """Each of them had a request of its own."""
    await carried(ROWS, kind=Counted, profile=MAY)

    assert states(carried) == ["done"] * 4
    assert filled(carried.tenant)
    assert sum(carried.tenant.sizes) == len(PEOPLE)
    assert len(carried.tenant.sizes) <= 6


async def test_a_member_that_is_refused_keeps_no_other_one_out(carried):
    """The others are added by halves."""
    await carried(ROWS, kind=Picky, profile=MAY)

    assert states(carried) == ["done", "done", "failed", "done"]
    assert members(carried.tenant, "C") == sorted(set(PEOPLE[:20]) - {"u7"})
    assert carried.record.end_of(3).detail.count("not set") == 1
    assert len(carried.tenant.sizes) < 20


@pytest.mark.parametrize("kind", [Halfway, Broken])
async def test_what_a_refused_request_has_added_all_the_same_is_recorded(carried, kind):
    """A rollback would have left those members in the group."""
    await carried(ROWS, kind=kind, profile=MAY)

    assert states(carried) == ["done"] * 4
    assert filled(carried.tenant)
    groups = {one["displayName"]: one["id"] for one in carried.tenant.held["Groups"].values()}
    assert recorded(carried)[groups["C"]] == set(PEOPLE[:20])
    assert recorded(carried)[groups["D"]] == set(PEOPLE[20:])


@pytest.mark.parametrize("calls", range(20, 60, 4))
@pytest.mark.parametrize("kind", [Counted, Halfway])
async def test_after_a_crash_all_members_are_added_and_recorded(carried, calls, kind):
    """Wherever the process dies."""
    try:
        await carried(ROWS, kind=kind, profile=MAY, fail_at=(calls,))
    except* JournalDead:
        await carried.on()

    assert states(carried) == ["done"] * 4
    assert filled(carried.tenant)
    groups = {one["displayName"]: one["id"] for one in carried.tenant.held["Groups"].values()}
    assert recorded(carried)[groups["C"]] == set(PEOPLE[:20])
