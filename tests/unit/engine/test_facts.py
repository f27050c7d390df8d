"""Which rows of an earlier session can still be read back."""

from bulkscim.engine.facts import unproved
from bulkscim.journal.entries import Kind
from tests.support.making.journals import begin, done, entry_of, opened
from tests.support.simulation.disk import SimulatedDisk


class Run:
    """A journal that steps are written into."""

    def __init__(self):
        self.journal = begin(SimulatedDisk(), rows=5)

    async def step(self, row, part, resource_id=None, member=None, made=None, kind=Kind.APPLIED):
        """Begin a step and end it."""
        step = self.journal.next_step()
        body = {"part": part, "id": resource_id, "member": member}
        await self.journal.append(entry_of(Kind.STARTED, ((row, part),), step, body=body))
        end = {"part": part, "id": made or resource_id}
        await self.journal.append(entry_of(kind, ((row, part),), step, body=end))

    @property
    def rows(self):
        """Return what can be read back."""
        return unproved(self.journal)


async def test_what_no_other_row_has_touched_can_be_read_back():
    """The row's own later steps do not count; rows that ended, or wrote nothing, are not asked."""
    run = Run()
    await run.journal.append(opened())
    await run.step(1, "create", made="u1")
    await run.step(1, "manager", "u1")
    await run.step(2, "patch", "u2")
    await run.journal.append(done(2))
    await run.step(3, "patch", "u3", kind=Kind.REFUSED)

    assert run.rows == {1}


async def test_what_a_later_step_of_another_row_is_about_cannot():
    """It may show what that one wrote."""
    run = Run()
    await run.step(1, "patch", "u1")
    await run.step(2, "patch", "u1")

    assert run.rows == {2}


async def test_a_membership_is_touched_by_its_group_or_its_member_alone():
    """Other members of the group come and go; a change of the group or of the member itself may touch it."""
    run = Run()
    await run.step(1, "member:Sales", "g1", member="u1")
    await run.step(2, "member:Sales", "g1", member="u2")
    assert run.rows == {1, 2}

    await run.step(3, "delete", "u1")
    assert run.rows == {2, 3}
    await run.step(4, "patch", "g1")
    assert run.rows == {3, 4}
