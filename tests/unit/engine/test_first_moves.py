"""Where it is not known whether a user leaves its first group by joining a second one, two rows tell it for the others."""

import pytest

from tests.unit.engine.test_joint_additions import MAY, PEOPLE, Counted, states
from tests.unit.engine.test_one_group import Organization, members, membership, with_members


@pytest.mark.parametrize("concurrency", [2, 8])
async def test_further_rows_wait_for_the_first_two(carried, concurrency):
    """Each worker sent members of a group of its own alone, until it was known."""
    some = [PEOPLE[number : number + 10] for number in (0, 10, 20, 30)]
    rows = [with_members(f"{kind}{number}", *few) for kind in "AB" for number, few in enumerate(some)]
    await carried(rows, kind=Counted, profile=MAY, concurrency=concurrency)

    assert states(carried) == ["done"] * 8
    assert [len(members(carried.tenant, f"B{number}")) for number in range(4)] == [10] * 4
    assert carried.tenant.sizes.count(1) <= 4
    assert len(carried.tenant.sizes) <= 6


@pytest.mark.parametrize("kind", [Counted, Organization])
async def test_rows_that_wait_for_each_other_end(carried, kind):
    """The first rows wait for groups that later ones create."""
    rows = [membership(one, "A") for one in PEOPLE[:6]]
    rows += [membership(one, "B") for one in PEOPLE[:6]]
    rows += [with_members("A", *PEOPLE[6:12]), with_members("B", *PEOPLE[6:12])]
    await carried(rows, kind=kind, profile=MAY, concurrency=4, create_groups=True)

    assert not {"pending", "in_doubt"} & set(states(carried))
