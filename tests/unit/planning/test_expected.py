"""What a resource is to show by all that was recorded of it."""

import pytest

from bulkscim.model.operation import ENTERPRISE
from bulkscim.model.secret import MASK
from bulkscim.model.step import Change
from bulkscim.planning.expected import change, made, unlike

WORK, HOME = {"type": "work", "value": "a@x"}, {"type": "home", "value": "h@x"}
ADA = {
    "id": "u1",
    "userName": "ada",
    "title": "Dev",
    "emails": [WORK, HOME],
    "meta": {"version": "1"},
    ENTERPRISE: {"department": "R&D", "manager": {"value": "u9", "displayName": "Bo"}},
}


def recorded(*changes, resource=None):
    """Return what is recorded after a create and changes, each by a row of its own."""
    state = made(resource, 1) if resource else {}
    for row, (path, before, after) in enumerate(changes, 2):
        change(state, Change(path, before, after), row)
    return state


def wrong(state, live):
    """Return the paths that are not as recorded."""
    return [found.path for found in unlike(state, live)]


def test_a_new_resource_is_to_show_what_the_tenant_answered():
    """Down to the attributes of extensions; what the server writes itself is not looked at."""
    state = recorded(resource=ADA)

    assert wrong(state, {**ADA, "meta": {"version": "2"}, "nickName": "Countess"}) == []
    assert wrong(state, {**ADA, "title": "Lead", ENTERPRISE: {"department": "R&D"}}) == [
        "title",
        f"{ENTERPRISE}:manager.value",
    ]


@pytest.mark.parametrize(
    ("changes", "live", "found"),
    [
        ([("title", "Dev", "Lead"), ("title", "Lead", "CTO")], {"title": "CTO"}, []),
        ([("title", "Dev", "Lead"), ("title", "Lead", "CTO")], {"title": "Lead"}, ["title"]),
        ([("title", "Dev", None)], {}, []),
        ([("title", "Dev", None)], {"title": "Dev"}, ["title"]),
        (
            [("name.givenName", None, "Ada"), ("name", {}, {"givenName": "Eve"})],
            {"name": {"givenName": "Eve"}},
            [],
        ),
        ([('emails[value eq "a@x"]', None, WORK)], {"emails": [HOME, WORK]}, []),
        ([('emails[value eq "a@x"]', WORK, None)], {"emails": [HOME]}, []),
        ([('emails[value eq "a@x"]', WORK, None)], {"emails": [WORK]}, ['emails[value eq "a@x"]']),
        (
            [('emails[value eq "a@x"]', None, WORK), ('emails[value eq "h@x"]', None, HOME)],
            {"emails": [HOME]},
            ['emails[value eq "a@x"]'],
        ),
        (
            [('emails[type eq "work"].value', "o@x", "a@x"), ('emails[value eq "a@x"]', WORK, None)],
            {"emails": []},
            [],
        ),
        ([("password", MASK, MASK)], {}, []),
    ],
)
def test_the_last_word_on_a_path_counts(changes, live, found):
    """Whatever was recorded there before."""
    assert wrong(recorded(*changes), live) == found


def test_a_change_is_taken_into_the_list_that_was_recorded_whole():
    """A resource as it was made, and what the run did to it afterwards, are one expectation."""
    state = recorded(
        ('emails[type eq "work"].value', "a@x", "b@x"),
        ('emails[value eq "h@x"]', HOME, None),
        ('emails[value eq "c@x"]', None, {"type": "other", "value": "c@x"}),
        (f"{ENTERPRISE}:manager.value", "u9", "u8"),
        resource=ADA,
    )
    now = [{"type": "work", "value": "b@x"}, {"type": "other", "value": "c@x"}]
    extension = {"department": "R&D", "manager": {"value": "u8"}}

    assert wrong(state, {**ADA, "emails": now, ENTERPRISE: extension}) == []
    assert state["emails"].row == 4
    assert wrong(state, {**ADA, ENTERPRISE: extension}) == [
        'emails[type eq "work"].value',
        'emails[value eq "c@x"]',
    ]


def test_a_path_that_is_not_understood_is_no_difference():
    """It is left out."""
    assert wrong(recorded(("emails[type", None, "x")), {}) == []
