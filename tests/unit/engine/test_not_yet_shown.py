"""What the run has just created may not be shown for a while: a 404 is then "not yet", never "gone"."""

import json
import re

import pytest

from bulkscim.model.operation import ENTERPRISE, GROUP, USER
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.named_resources import may_miss, refers_to
from tests.support.making.records import create, delete, group, join
from tests.support.running.virtual_loop import running_time
from tests.support.simulation.tenant import SimulatedTenant

ADA, BOB = "ada@example.com", "bob@example.com"
LAG_S = 30.0


class Late(SimulatedTenant):
    """Knows a new resource by its id after `late_s` only, also as a member or manager: then it answers `refusal`.

    `shows`: reads show it at once, writes to it are refused all the same. `bare`: a 201 tells nothing but the id.
    """

    late_s = 1.0
    refusal = (400, {"detail": "Member could not be found"})
    shows = False
    forever = False
    bare = False

    def __init__(self, *more):
        super().__init__(*more)
        self.born = {}
        self.refused = 0

    def _is_late(self, resource_id):
        late_s = 10**9 if self.forever else self.late_s
        return self.clock.monotonic() - self.born.get(resource_id, -(10**9)) < late_s

    def _apply(self, request):
        ids = re.findall(r'"value":\s*"([^"]+)"', (request.body or b"").decode())
        if any(map(self._is_late, ids)):
            self.refused += 1
            return self._answer(*self.refusal)
        return super()._apply(request)

    def _create(self, collection, body):
        reply = super()._create(collection, body)
        if reply.status != 201:
            return reply
        made = json.loads(reply.body)["id"]
        self.born[made] = self.clock.monotonic()
        return (
            self._answer(201, None, {"location": f"https://t.example/{collection}/{made}"})
            if self.bare
            else reply
        )

    def _one(self, method, collection, resource_id, body):
        if self._is_late(resource_id) and not (self.shows and method == "GET"):
            return self._answer(404, {"detail": "not here"})
        return super()._one(method, collection, resource_id, body)

    def members(self, name):
        """Return the ids of a group's members."""
        found = next(one for one in self.held["Groups"].values() if one["displayName"] == name)
        return {one["value"] for one in found.get("members", ())}


def late(**how):
    """Return a kind of tenant that shows new resources late."""
    return type("Late", (Late,), how)


REFUSALS = [
    (400, {"detail": "Member could not be found"}),
    (400, {"scimType": "invalidValue"}),
    (404, {}),
    (422, {"detail": "U1, U2 or U3: no such user"}),
]


@pytest.mark.parametrize("how", [{}, {"shows": True}, {"bare": True}])
@pytest.mark.parametrize("refusal", REFUSALS)
async def test_rows_wait_until_groups_members_and_managers_are_shown(carried, how, refusal):
    """They failed: "group g4 is gone"."""
    rows = [
        create(ADA, groups=["Sales"]),
        create(BOB, groups=["Sales", "Team"], manager={"userName": ADA}),
        group("Team"),
        join("Team", {"userName": ADA}),
    ]
    report = await carried(rows, kind=late(refusal=refusal, **how), create_groups=True)

    assert report.totals.done == 4
    by_name = {one["userName"]: one for one in carried.tenant.held["Users"].values()}
    both = {one["id"] for one in by_name.values()}
    assert (carried.tenant.members("Sales"), carried.tenant.members("Team")) == (both, both)
    assert by_name[BOB][ENTERPRISE]["manager"]["value"] == by_name[ADA]["id"]


@pytest.mark.parametrize("how", [{}, {"shows": True}])
async def test_a_delete_of_what_is_not_shown_yet_is_not_done(carried, how):
    """A 404 to the DELETE counted as deleted, and the user appeared a moment later."""
    report = await carried([create(ADA), delete(ADA)], kind=late(**how))

    assert report.totals.done == 2
    assert carried.tenant.held["Users"] == {}


async def test_what_stays_away_is_gone_when_the_lag_is_over(carried):
    """The row then fails with the reason; it does not wait for ever."""
    begun = running_time().monotonic()
    report = await carried([create(ADA, groups=["Sales"])], kind=late(forever=True), create_groups=True)

    assert report.totals.failed == 1
    assert carried.record.last(1).body.detail.startswith("created; member:Sales not set: ")
    assert running_time().monotonic() - begun < 1.5 * LAG_S


async def test_rows_that_wait_do_not_keep_others_back(carried):
    """One worker had waited for each row in turn."""
    rows = [create(f"u{number}@example.com", groups=[f"Team {number}"]) for number in range(20)]
    begun = running_time().monotonic()
    report = await carried(rows, kind=late(late_s=1.9), create_groups=True, concurrency=1)

    assert report.totals.done == 20
    assert running_time().monotonic() - begun < 20 * 1.9


async def test_a_member_that_is_refused_for_another_reason_is_not_waited_for_by_every_row(carried):
    """Each row would send its change again and again until the lag is over; some are sent by halves before."""
    rows = [create(f"u{number}@example.com", groups=["Sales"]) for number in range(12)]
    report = await carried(
        rows, kind=late(forever=True, shows=True), held=[], create_groups=True, concurrency=1
    )

    assert report.totals.failed == 12
    assert carried.tenant.refused < 60


@pytest.mark.parametrize("refused", range(3, 12, 2))
async def test_a_later_session_waits_too(carried, refused):
    """It had not sent the create itself, and took the 404 for gone."""

    class Stopping(Late):
        stops_at = refused

        async def send(self, request):
            return self._answer(401, {}) if self.requests >= self.stops_at else await super().send(request)

    await carried([create(ADA, groups=["Sales"])], kind=Stopping, create_groups=True)
    carried.tenant.stops_at = 10**9
    report = await carried.on()

    assert report.totals.done == 1
    assert len(carried.tenant.members("Sales")) == 1


MODIFY = Step(
    "manager", Action.MODIFY, USER, id="u1", changes=(Change(f"{ENTERPRISE}:manager.value", None, "u2"),)
)
JOIN = Step("m", Action.ADD_MEMBER, GROUP, id="g1", member="u2")
MAKE = Step("create", Action.CREATE, USER, body={ENTERPRISE: {"manager": {"value": "u2"}}})
HOLD = Step("create", Action.CREATE, GROUP, body={"members": [{"value": "u2"}, {"value": "u3"}]})


def test_a_step_refers_to_its_members_and_its_manager():
    """Not to the resource that it changes."""
    named = [refers_to(step) for step in (MODIFY, JOIN, MAKE, HOLD, Step("x", Action.DELETE, USER, id="u1"))]
    assert named == [("u2",), ("u2",), ("u2",), ("u2", "u3"), ()]


@pytest.mark.parametrize(
    ("status", "scim_type", "detail", "may"),
    [
        (404, None, "", True),
        (400, "invalidValue", "", True),
        (400, None, "u2 is wrong", True),
        (422, None, "Manager does not exist", True),
        (400, "mutability", "the group is read-only", False),
        (403, None, "not found", False),
        (None, None, "not found", False),
    ],
)
def test_which_refusals_may_mean_that_a_member_is_not_known(status, scim_type, detail, may):
    """Any other refusal of a change is final at once."""
    assert may_miss(JOIN, status, scim_type, detail) is may
