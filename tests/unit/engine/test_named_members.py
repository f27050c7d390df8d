"""Members of groups that a run creates: looked up together, and no group is read that the run has just created."""

from tests.unit.engine.test_ids_together import HELD, Joining


class Groups(Joining):
    """Counts reads of groups by id."""

    def __init__(self, *given):
        super().__init__(*given)
        self.groups = 0

    async def send(self, request):
        self.groups += request.method == "GET" and "/Groups/" in request.path
        return await super().send(request)


def member(user):
    return {"userName": user["userName"]}


async def test_the_members_of_one_record_are_looked_up_together(carried):
    """A group of 100 members by name took 100 lookups."""
    data = {"displayName": "All", "members": list(map(member, HELD))}
    report = await carried([{"op": "create", "type": "Group", "data": data}], held=HELD, kind=Groups)

    assert report.totals.done == 1
    assert len(next(iter(carried.tenant.held["Groups"].values()))["members"]) == len(HELD)
    assert carried.tenant.together <= 6


async def test_a_group_that_the_run_created_is_not_read_before_members_are_added(carried):
    """Its members are those of its create."""
    group = {"op": "create", "type": "Group", "data": {"displayName": "All"}}
    adds = [
        {"op": "add_member", "type": "Group", "match": {"displayName": "All"}, "member": member(user)}
        for user in HELD[:5]
    ]
    report = await carried([group, *adds], held=HELD, kind=Groups)

    assert report.totals.done == 6
    assert carried.tenant.groups == 0
