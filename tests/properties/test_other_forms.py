"""Tenants that show values in other forms: what is there already is not sent, and undo after do is nothing."""

import pytest

from bulkscim.model.operation import ENTERPRISE
from tests.support.making.few import few
from tests.support.simulation.disk import FOLDER
from tests.support.simulation.other_forms import FORMS, showing, texts_for_objects
from tests.support.simulation.undoing import Story, job

pytestmark = pytest.mark.anyio
CHILD = FOLDER / "rollback-1"
KINDS = [*((form,) for form in FORMS), (FORMS[0], FORMS[2], FORMS[5], FORMS[7]), (FORMS[3], FORMS[6])]
NAMES = ["+".join(form.__name__ for form in forms) for forms in KINDS]


def story(tmp_path, forms, seed=0):
    """Return a story over a tenant that shows resources in some forms."""
    told = Story(tmp_path, seed)
    told.tenant.__class__ = showing(*forms)
    return told


@pytest.mark.parametrize("forms", KINDS, ids=NAMES)
async def test_what_the_tenant_shows_in_another_form_is_not_sent(tmp_path, forms):
    """An upsert of what is there already sent a write each time, since the manager came as text."""
    told = story(tmp_path, forms)
    held = [one for one in told.tenant.held["Users"].values() if one["active"]]
    wanted = [{name: value for name, value in one.items() if name not in {"id", "meta"}} for one in held]
    for one in wanted:
        if ENTERPRISE in one:
            one["manager"] = {"id": one[ENTERPRISE]["manager"]["value"]}
            one[ENTERPRISE] = {"department": "Sales"}
    seen = []
    told.tenant.witness = seen.append
    report = await told.run([{"op": "upsert", "data": one} for one in wanted])

    assert (report.totals.noop, seen) == (len(wanted), []), told.ended(FOLDER)


@pytest.mark.parametrize("seed", few(range(2), 1))
@pytest.mark.parametrize("forms", KINDS, ids=NAMES)
async def test_run_then_rollback_leaves_the_tenant_as_it_was(tmp_path, forms, seed):
    """A rollback was skipped as drift, and would have sent a manager in a form that the schema does not have."""
    told = story(tmp_path, forms, seed)
    before = shown(told.state(), forms)
    ran = await told.run(job(told, seed, 40))
    report = await told.back()

    assert ran.totals.in_doubt == 0
    assert report.totals.failed + report.totals.skipped == 0, told.ended(CHILD)
    assert shown(told.state(), forms) == before, told.ended(CHILD)


def shown(state, forms):
    """Return a tenant's state as far as it can be seen: a bare address does not show its type."""
    if texts_for_objects not in forms:
        return state
    emails = {key: [each["value"] for each in one.get("emails", ())] for key, one in state.items()}
    return {key: one | {"emails": emails[key]} for key, one in state.items()}


async def test_undo_of_an_address_leaves_the_others_as_they_were(tmp_path):
    """The whole list was put back as it was seen, and the types of the other addresses were lost."""
    told = story(tmp_path, (texts_for_objects,))
    before = told.state()
    added = [{"op": "add", "path": "emails", "value": [{"value": "new@example.com", "type": "home"}]}]
    await told.run([{"op": "patch", "match": {"userName": "p1@example.com"}, "patch": added}])
    after = told.state()
    report = await told.back()

    assert report.totals.done == 1, told.ended(CHILD)
    assert (after != before, told.state()) == (True, before)
