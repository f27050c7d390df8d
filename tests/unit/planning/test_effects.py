"""What is recorded of a step before it is sent."""

import pytest

from bulkscim.model.live import Found
from bulkscim.model.operation import ENTERPRISE, GROUP, PatchOperation, Verb
from bulkscim.model.secret import MASK
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.before_image import before_image
from bulkscim.planning.compare import operation_for
from bulkscim.planning.decision import Policy
from bulkscim.planning.effects import as_found, as_made, is_thin, of_patch, of_put
from bulkscim.planning.next_step import next_step
from bulkscim.planning.recover import Evidence, NotApplied, Ours, recover
from tests.support.making.rows import ADA, changes, done, user

WORK = {"value": "ada@example.com", "type": "work"}
HOME = {"value": "ada@home.example", "type": "home"}
NEW = {"value": "ada@new.example", "type": "work"}


@pytest.mark.parametrize(
    ("before", "operation", "expected"),
    [
        ({"title": "Lead"}, ("replace", "title", "CTO"), [("title", "Lead", "CTO")]),
        ({"title": "Lead"}, ("remove", "title"), [("title", "Lead", None)]),
        ({}, ("add", "emails", [WORK]), [('emails[value eq "ada@example.com"]', None, WORK)]),
        (
            {"emails": [WORK, HOME]},
            ("remove", 'emails[type eq "home"]'),
            [('emails[value eq "ada@home.example"]', HOME, None)],
        ),
        (
            {"emails": [WORK, HOME]},
            ("replace", "emails", [NEW]),
            [
                ('emails[type eq "work"].value', "ada@example.com", "ada@new.example"),
                ('emails[value eq "ada@home.example"]', HOME, None),
            ],
        ),
        (
            {"members": [{"value": "u1", "display": "Ada"}, {"value": "u2"}]},
            ("remove", "members", [{"value": "u1"}]),
            [('members[value eq "u1"]', {"value": "u1"}, None)],
        ),
        (
            {ENTERPRISE: {"manager": {"value": "u1", "displayName": "Ada"}}},
            ("replace", f"{ENTERPRISE}:manager", {"value": "u2"}),
            [(f"{ENTERPRISE}:manager.value", "u1", "u2")],
        ),
        ({"name": {"givenName": "Ada"}}, ("replace", None, {"name": {"givenName": "Ada"}}), []),
        ({}, ("replace", "password", "hunter2"), [("password", MASK, MASK)]),
        (
            {},
            ("replace", None, {"password": "hunter2", "title": "A"}),
            [("title", None, "A"), ("password", MASK, MASK)],
        ),
    ],
)
def test_a_patch_is_recorded_as_what_it_does(before, operation, expected):
    """Element by element, and never a secret."""
    assert of_patch(before, (PatchOperation(*operation),), ()) == tuple(Change(*one) for one in expected)


def test_two_elements_that_cannot_be_told_apart_are_recorded_as_a_whole_list():
    """A filter that picks both would change both on the way back."""
    before = [{"value": "1", "type": "work"}, {"value": "1", "type": "home"}]
    after = [{"value": "1", "type": "work"}]

    assert of_put({"phoneNumbers": before}, {"phoneNumbers": after}) == (
        Change("phoneNumbers", before, after),
    )


def test_what_cannot_be_told_beforehand_is_recorded_as_asked():
    """A path that only the tenant understands is looked at afterwards as it was sent."""
    asked = (Change("title", "Lead", "CTO"),)

    assert of_patch({}, (PatchOperation("replace", "emails[not (a eq 1)]", "x"),), asked) == asked


def test_what_a_put_leaves_out_is_recorded_as_gone():
    """Except what a client cannot write."""
    live = {
        "id": "u1",
        "meta": {},
        "groups": [{"value": "g1"}],
        "title": "Lead",
        "userName": "ada@example.com",
    }
    row = changes(Verb.REPLACE, data={"userName": "ada@example.com", "nickName": "Countess"})

    step = next_step(row, done(), {ADA: Found(live)}, Policy())

    assert set(step.changes) == {Change("title", "Lead", None), Change("nickName", None, "Countess")}


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (user(nickName="Countess", title="Lead"), Ours("u1")),
        (user(nickName="Countess"), Ours("u1")),
        (user(), NotApplied()),
    ],
)
def test_a_put_took_effect_though_the_tenant_kept_what_it_left_out(live, expected):
    """Some servers clear it, some do not."""
    found = (Change("title", "Lead", None), Change("nickName", None, "Countess"))

    assert (
        recover(Step("replace", Action.REPLACE, "User", id="u1", changes=found), live, Evidence()) == expected
    )


def test_a_lost_change_of_a_secret_is_made_again():
    """Nothing shows whether it took effect, and sending it again does no harm."""
    step = Step("patch", Action.MODIFY, "User", id="u1", changes=(Change("password", MASK, MASK),))

    assert recover(step, user(), Evidence()) == NotApplied()


def test_of_a_patched_group_only_the_members_that_change_are_kept():
    """Its other members stand in no step, however often it is patched."""
    members = [{"value": str(number)} for number in range(1000)]
    before = {"id": "g1", "displayName": "Sales", "members": members}
    operations = (
        PatchOperation("remove", 'members[value eq "7"]'),
        PatchOperation("add", "members", [{"value": "x"}]),
    )
    found = of_patch(before, operations, ())
    step = Step("patch", Action.MODIFY, GROUP, id="g1", changes=found, before=before)

    assert before_image(step) == {"id": "g1", "displayName": "Sales", "members": [{"value": "7"}]}
    assert before_image(Step("delete", Action.DELETE, GROUP, id="g1", before=before)) == before


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({"id": "u1", "userName": "ada"}, {"id": "u1", "userName": "ada", "title": "Lead"}),
        ({"id": "u1"}, {"id": "u1", "userName": "Ada", "title": "Lead"}),
        (None, {"userName": "Ada", "title": "Lead"}),
    ],
)
def test_a_new_resource_is_as_the_tenant_shows_it(shown, expected):
    """Or as it was sent, where the answer shows next to nothing."""
    assert as_made({"userName": "Ada", "title": "Lead"}, shown) == expected


def test_answer_too_large_to_be_kept_leaves_what_was_sent():
    """An answer of 63 MB was written into the journal whole."""
    sent = {"userName": "Ada", "title": "Lead"}
    assert as_made(sent, {**sent, "id": "1", "nickName": "x" * 300_000}) == sent


@pytest.mark.parametrize(
    ("body", "shown", "expected"),
    [
        ({"userName": "Ada", "title": "Lead"}, {"id": "u1", "userName": "Ada"}, True),
        ({"userName": "Ada", "title": "Lead"}, {"id": "u1", "title": "Lead"}, False),
        ({"userName": "Ada", "title": "Lead", "nickName": "A"}, {"id": "u1", "title": "Lead"}, False),
        ({"userName": "Ada"}, {"id": "u1", "userName": "Ada"}, True),
        ({"userName": "Ada"}, {"id": "u1", "userName": "Ada", "meta": {}}, False),
        ({"userName": "Ada", "password": "x"}, {"id": "u1", "userName": "Ada", "meta": {}}, False),
        ({"userName": "Ada"}, None, True),
    ],
)
def test_an_answer_is_thin_where_it_shows_nothing_but_names(body, shown, expected):
    """What some tenants ignore of a record makes the rest of their answer no less whole."""
    assert is_thin(body, shown) is expected


def test_a_manager_that_goes_goes_whole():
    """What is left of it without its id is nothing that a server could keep."""
    operation = operation_for(Change(f"{ENTERPRISE}:manager.value", "u1", None))

    assert operation == PatchOperation("remove", f"{ENTERPRISE}:manager")


def test_the_manager_of_what_is_too_large_to_be_kept_is_known():
    """A later session does not know which id it sent: a rollback took the manager for a change by others."""
    extension = {ENTERPRISE: {"manager": {"value": "u1"}}}
    shown = {"userName": "ada", **extension, "nickName": "x" * 300_000}

    assert as_made({"userName": "ada"}, shown) == {"userName": "ada", **extension}
    sent = {"userName": "ada", ENTERPRISE: {"manager": {"value": "u2"}}}
    assert as_made(sent, shown) == sent


@pytest.mark.parametrize(
    ("sent", "covers", "kept"),
    [
        ({}, (), []),
        ({"members": [{"value": "u1"}]}, (), ["u1"]),
        ({"members": [{"value": "bulkId:ada"}]}, (), ["u1", "u2"]),
        ({}, ("member:Ada",), ["u1", "u2"]),
    ],
    ids=[
        "a group of no members",
        "one of one",
        "one that was named by its record",
        "one that was found by its name",
    ],
)
def test_members_that_others_added_to_a_new_group_are_not_ours(sent, covers, kept):
    """A create whose answer was lost was found with a member that it had not sent; the rollback took that user out."""
    shown = {"id": "g1", "displayName": "Sales", "members": [{"value": "u1"}, {"value": "u2"}]}
    step = Step("create", Action.CREATE, GROUP, body={"displayName": "Sales", **sent}, covers=covers)

    assert [one["value"] for one in as_found(step, shown).get("members", ())] == kept
    assert as_found(step, None) is None
