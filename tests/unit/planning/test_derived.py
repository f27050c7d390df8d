"""The service's own values in what was created, told from changes by others."""

import pytest

from bulkscim.model.operation import ENTERPRISE, GROUP, USER
from bulkscim.model.secret import MASK
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.compare import DERIVED, drifted
from bulkscim.planning.derived import (
    Sample,
    derived,
    doubted,
    is_settled,
    kind_of,
    unasked,
    written_otherwise,
)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("displayName", ":displayname"),
        ('emails[value eq "a@x"].type', ":emails.type"),
        ('emails[type eq "work" and value eq "a]x"].primary', ":emails.primary"),
        ('roles[value eq "r"]', ":roles"),
        ("name.formatted", ":name.formatted"),
        (f"{ENTERPRISE}:organization", f"{ENTERPRISE.lower()}:organization"),
        ("not a path", "not a path"),
    ],
)
def test_same_attribute_of_other_resources_has_one_kind(path, kind):
    """The address of each user is in the path of its type."""
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("live", "left", "counts"),
    [
        ("Ada", None, True),
        ([{"value": "r"}], [], True),
        (None, "Analyst", True),
        ("+491234", "+49 (12) 34", True),
        ("ADA LOVELACE", "Ada  Lovelace", True),
        ("Boss", "Analyst", False),
        (2, 1, False),
        ("!", "?", True),
    ],
)
def test_difference_that_a_service_makes_by_itself(live, left, counts):
    """Another value is a change by others, in however many resources."""
    assert unasked([Change("title", live, left)]) == ({":title"} if counts else set())


@pytest.mark.parametrize("path", ["active", "members", 'members[value eq "u1"]', "groups"])
def test_members_and_activity_are_never_derived(path):
    """Another who deactivated two created users, or put members into two groups, is no service."""
    assert unasked([Change(path, "x", None)]) == set()


def sample(after=None, **live):
    after = {"userName": "ada@x"} | (after or {})
    live = {"userName": "ada@x"} | live
    return Sample(after, live, frozenset(unasked(drifted({"*": after}, live, exact=True))))


NAMED, BARE, NICK = sample(displayName="Ada"), sample(), sample(nickName="A", displayName="Ada")
GIVEN = sample({"displayName": "Ada Lovelace"}, displayName="Ada Lovelace")
FORMATTED = sample(name={"formatted": "Ada"})
FORMATTED_ROLE = sample({"title": "Lead"}, title="Lead", name={"formatted": "Ada"})
ROLE = sample({"title": "Lead"}, title="Lead", displayName="Lead")


@pytest.mark.parametrize(
    ("shapes", "found"),
    [
        ([[NAMED]], ()),
        ([[NAMED, NAMED]], (":displayname",)),
        ([[GIVEN], [NAMED, NICK]], (":displayname",)),
        ([[NAMED, NAMED, BARE]], ()),
        ([[NAMED], [ROLE]], (":displayname",)),
        ([[NAMED], [ROLE], [GIVEN]], (":displayname",)),
        ([[NAMED], [ROLE], [BARE]], ()),
        ([[], [NAMED]], ()),
    ],
    ids=[
        "one",
        "two",
        "another shape has it set",
        "a third lacks it",
        "two shapes",
        "three",
        "one lacks it",
        "unread",
    ],
)
def test_second_resource_proves_that_the_service_derives(shapes, found):
    """One resource alone may have been changed by others, and so may two where a third like them shows nothing."""
    assert derived(shapes) == found


@pytest.mark.parametrize(
    ("meta", "settled"),
    [
        (None, True),
        ({"created": "2026-01-01T00:00:00Z"}, True),
        ({"created": "2026-01-01T00:00:00Z", "lastModified": "2026-01-01T00:00:30Z"}, True),
        ({"created": "2026-01-01T00:00:00Z", "lastModified": "2026-01-01T02:00:00Z"}, False),
        ({"created": "0001-01-01T00:00:00Z", "lastModified": "2026-01-01T02:00:00Z"}, True),
        ({"created": 5, "lastModified": []}, True),
    ],
)
def test_resource_that_was_modified_later_proves_nothing(meta, settled):
    """Values that an admin had added to all created users would have counted as the service's."""
    assert is_settled({"meta": meta}) is settled


WHOLE = {"userName": "ada@x", "title": "Analyst", "emails": [{"value": "ada@x"}]}
SHOWN = WHOLE | {"id": "1", "displayName": "ada", "emails": [{"value": "ada@x", "type": "work"}]}
OWN = [":displayname", ":emails.type"]


@pytest.mark.parametrize(
    ("live", "paths"),
    [
        (SHOWN, []),
        (SHOWN | {"title": "Boss"}, ["title"]),
        (SHOWN | {"nickName": "A"}, ["nickName"]),
        (SHOWN | {"emails": [*SHOWN["emails"], {"value": "b@x"}]}, ['emails[value eq "b@x"]']),
    ],
)
def test_expectation_leaves_out_what_the_service_derives(live, paths):
    """A rollback left each created user: displayName is 'ada', this run had set None."""
    assert [one.path for one in drifted({"*": WHOLE, DERIVED: OWN}, live, exact=True)] == paths


@pytest.mark.parametrize(
    ("before", "sent", "shown", "written"),
    [
        ("1", "+49 (12) 34", "+491234", "+491234"),
        ("1", "Lead", "LEAD", "LEAD"),
        ("1", "Lead", "Lead", None),
        ("Lead", None, "ada", "ada"),
        ("Lead", None, "Lead", None),
        ("1", "Lead", "1", None),
        ("1", "Lead", "Boss", None),
        ("1", "Lead", None, None),
        ("1", MASK, "x", None),
    ],
)
def test_answer_shows_how_the_service_wrote_a_value(before, sent, shown, written):
    """A number that the service had respelled was taken for a change by others, and not undone."""
    step = Step("patch", Action.MODIFY, USER, id="1", changes=(Change("title", before, sent),))
    found = written_otherwise(step, {"id": "1", "title": shown})

    assert [one.after for one in found] == ([] if written is None else [written])
    assert written_otherwise(step, None) == ()


@pytest.mark.parametrize(
    ("change", "shown", "found"),
    [
        (Change("title", "Old", "New"), {"title": "Old"}, ("title",)),
        (Change("title", "Old", "New"), {"title": "New"}, ()),
        (Change("title", "Old", "New"), {}, ()),
        (Change("locale", "de-DE", "de_DE"), {"locale": "de-DE"}, ()),  # the service's own spelling
        (Change("title", None, "New"), {}, ()),
        (Change("roles", [{"value": "a"}], []), {"roles": [{"value": "a"}]}, ()),  # a list may be old, or cut
    ],
)
def test_an_answer_is_doubted_where_it_shows_the_value_before(change, shown, found):
    """The service may have done nothing; a spelling of its own is no such thing."""
    step = Step("patch", Action.MODIFY, USER, id="u1", changes=(change,))

    assert doubted(step, shown) == found
    assert doubted(step, None) == ()


def test_a_user_that_was_to_be_inactive_and_is_shown_active_is_doubted():
    step = Step("create", Action.CREATE, USER, body={"userName": "ada", "active": False})

    assert doubted(step, {"active": True}) == ("active",)
    assert doubted(step, {"active": False}) == doubted(step, {}) == ()


JOINS = Change('members[value eq "u1"]', None, {"value": "u1"})
LEAVES = Change('members[value eq "u1"]', {"value": "u1"}, None)
MANY = Change("members", None, [{"value": "u1"}, {"value": "u2"}])


@pytest.mark.parametrize(
    ("action", "change", "members", "is_doubted"),
    [
        (Action.ADD_MEMBER, JOINS, ["u1"], False),
        (Action.ADD_MEMBER, JOINS, ["u2"], True),
        (Action.ADD_MEMBER, JOINS, [], True),
        (Action.ADD_MEMBER, JOINS, None, False),  # it shows no members
        (Action.REMOVE_MEMBER, LEAVES, ["u2"], False),
        (Action.REMOVE_MEMBER, LEAVES, ["u1"], True),
        (Action.REMOVE_MEMBER, LEAVES, None, False),
        (Action.MODIFY, MANY, ["u1", "u2"], False),
        (Action.MODIFY, MANY, ["u1"], True),
        (Action.MODIFY, LEAVES, ["u1"], True),
        (Action.MODIFY, MANY, None, False),
    ],
)
def test_an_answer_is_doubted_where_it_denies_a_membership(action, change, members, is_doubted):
    """The service may have done a part of what it was asked for."""
    step = Step("patch", action, GROUP, id="g1", changes=(change,))
    shown = {"id": "g1"} if members is None else {"id": "g1", "members": [{"value": one} for one in members]}

    assert doubted(step, shown) == ((change.path,) if is_doubted else ())
