"""How old what a row read may be when its step is sent."""

from math import inf

import pytest

from bulkscim.model.operation import USER, Key, Operation, PatchOperation, Verb
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.before_image import FRESH_S, LONGEST_S, ImageAges
from bulkscim.planning.lookup_costs import served

ADA = Key(USER, "userName", "ada@example.com")
TITLE = Change("title", "Engineer", "Lead")
EMAILS = Change("emails", [{"value": "a@x.test"}], [{"value": "b@x.test"}])


ONE = Change('emails[value eq "b@x.test"]', None, {"value": "b@x.test"})


def patches(sent):
    """Return a PATCH that is known to change one of the user's addresses."""
    before = {"id": "u1", "emails": [{"value": "a@x.test", "type": "work"}]}
    return Step("patch", Action.MODIFY, USER, operations=(sent,), changes=(ONE,), before=before)


def operation(verb=Verb.PATCH, **more):
    return Operation(verb, USER, ADA, **more)


@pytest.mark.parametrize(
    ("step", "row", "age_s"),
    [
        (Step("patch", Action.MODIFY, USER, changes=(TITLE,)), operation(), LONGEST_S),
        (Step("patch", Action.MODIFY, USER, changes=(EMAILS,)), operation(), FRESH_S),
        (patches(PatchOperation("replace", "emails", [{"value": "b@x.test"}])), operation(), FRESH_S),
        (patches(PatchOperation("replace", None, {"emails": [{"value": "b@x.test"}]})), operation(), FRESH_S),
        (patches(PatchOperation("remove", "emails")), operation(), FRESH_S),
        (patches(PatchOperation("add", "emails", [{"value": "b@x.test"}])), operation(), LONGEST_S),
        (
            patches(PatchOperation("replace", 'emails[type eq "work"].value', "b@x.test")),
            operation(),
            LONGEST_S,
        ),
        (
            Step("patch", Action.MODIFY, USER, changes=(TITLE,)),
            operation(expect={"title": "Engineer"}),
            FRESH_S,
        ),
        (Step("delete", Action.DELETE, USER), operation(Verb.DELETE), FRESH_S),
        (Step("replace", Action.REPLACE, USER), operation(Verb.REPLACE), FRESH_S),
        (Step("member", Action.ADD_MEMBER, "Group", member="u1"), operation(Verb.ADD_MEMBER), FRESH_S),
    ],
    ids=[
        "one value",
        "a whole list",
        "all its values",
        "all its values, in an object",
        "no value of it",
        "one more value",
        "one of its values",
        "with expectations",
        "delete",
        "replace",
        "membership",
    ],
)
def test_what_overwrites_more_than_the_row_names_wants_a_fresh_image(step, row, age_s):
    """A change by others in between would be lost from the tenant, not from the undo alone."""
    assert ImageAges().step(step, row) == age_s


def test_a_rollback_wants_fresh_images_for_each_step():
    """It must not take back what others have changed since."""
    step = Step("patch", Action.MODIFY, USER, changes=(TITLE,))

    assert ImageAges(undoes=True).step(step, operation()) == FRESH_S


@pytest.mark.parametrize(
    ("verb", "interval_s", "age_s"),
    [
        (Verb.DEACTIVATE, 0.6, LONGEST_S),
        (Verb.DELETE, 0.6, FRESH_S),
        (Verb.DELETE, 36.0, 72.0),
        (Verb.DEACTIVATE, 36.0, 72.0),
    ],
)
def test_at_a_slow_pace_an_image_lasts_for_two_requests(verb, interval_s, age_s):
    """At 100 requests an hour nothing is younger than that."""
    assert ImageAges(interval_s).lookup(operation(verb)) == age_s


@pytest.mark.parametrize("undoes", [False, True])
def test_in_a_dry_run_an_image_of_any_age_will_do(undoes):
    """No write follows that could overwrite what others have changed since."""
    ages, step = ImageAges(0.6, plans=True, undoes=undoes), Step("delete", Action.DELETE, USER)

    assert ages.lookup(operation(Verb.DELETE)) == ages.step(step, operation(Verb.DELETE)) == inf
    assert served(inf, 0.6, 500) == 500


def test_rows_of_a_rollback_are_looked_up_for_as_long_as_their_steps_may_rely_on_it():
    """Groups were read together a minute ahead, and each again before its change."""
    assert ImageAges(0.6, undoes=True).lookup(operation(Verb.PATCH)) == 5.0
