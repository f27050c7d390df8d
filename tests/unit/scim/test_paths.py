"""Paths on resources."""

import pytest

from bulkscim.model.operation import ENTERPRISE
from bulkscim.scim import paths

ADA = {
    "id": "1",
    "userName": "ada@example.com",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "emails": [
        {"value": "ada@example.com", "type": "work", "primary": True},
        {"value": "ada@home.example", "type": "home"},
    ],
    "tags": ["a", "b"],
    ENTERPRISE: {"department": "Engines", "manager": {"value": "7"}},
    "urn:example:custom:1.0:User": {"shoeSize": 40},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("userName", "ada@example.com"),
        ("USERNAME", "ada@example.com"),
        ("name.givenName", "Ada"),
        ("Name.GIVENNAME", "Ada"),
        ("title", None),
        ("name.middleName", None),
        ("title.nothing", None),
        ('emails[type eq "work"].value', "ada@example.com"),
        ('emails[TYPE EQ "Work"].value', "ada@example.com"),
        ("emails[type eq work].value", "ada@example.com"),
        ('emails[type eq "other"].value', None),
        ('emails[type eq "work" and primary eq true].value', "ada@example.com"),
        ("emails[primary pr].value", "ada@example.com"),
        ('emails[value co "@example"].type', "work"),
        ("emails.value", ["ada@example.com", "ada@home.example"]),
        ('emails[value sw "ada"].type', ["work", "home"]),
        ('tags[value eq "b"]', "b"),
        (f"{ENTERPRISE}:department", "Engines"),
        (f"{ENTERPRISE.upper()}:Department", "Engines"),
        (f"{ENTERPRISE}:manager.value", "7"),
        (ENTERPRISE, ADA[ENTERPRISE]),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName", "ada@example.com"),
        ("urn:example:custom:1.0:User:shoeSize", 40),
        ("urn:example:custom:1.0:User", {"shoeSize": 40}),
    ],
)
def test_get_finds_what_stands_at_a_path(path, value):
    """Names are found without case, through filters and extensions."""
    assert paths.get(ADA, path) == value


@pytest.mark.parametrize(
    ("path", "made"),
    [
        ("title", {"title": 1}),
        ("name.givenName", {"name": {"givenName": 1}}),
        ("NAME.givenname", {"name": {"givenName": 1}}),
        ('emails[type eq "work"].value', {"emails": [{"type": "work", "value": 1}]}),
        ("emails.value", {"emails": [{"value": 1}]}),
        (f"{ENTERPRISE}:department", {ENTERPRISE: {"department": 1}}),
        (f"{ENTERPRISE}:manager.value", {ENTERPRISE: {"manager": {"value": 1}}}),
        ("urn:x:y:custom:1.0:User:a.b", {"urn:x:y:custom:1.0:User": {"a": {"b": 1}}}),
    ],
)
def test_set_makes_what_is_missing_on_the_way(path, made):
    """A path written to an empty resource makes just what it names, and get finds it."""
    resource = {}
    paths.set(resource, path, 1)
    assert resource == made
    assert paths.get(resource, path) in (1, [1])


def test_set_changes_the_picked_element_alone():
    """Elements that the filter does not pick stay as they are."""
    resource = {"emails": [{"type": "home", "value": "h"}, {"type": "work", "value": "w"}]}
    paths.set(resource, 'emails[type eq "work"].value', "new")
    assert resource == {"emails": [{"type": "home", "value": "h"}, {"type": "work", "value": "new"}]}


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("title", {"members": [{"value": "1"}, {"value": "2"}], "name": {"givenName": "A"}}),
        ("members", {"title": "t", "name": {"givenName": "A"}}),
        ('members[value eq "1"]', {"title": "t", "members": [{"value": "2"}], "name": {"givenName": "A"}}),
        ("name.givenName", {"title": "t", "members": [{"value": "1"}, {"value": "2"}], "name": {}}),
        (
            "nothing.here",
            {"title": "t", "members": [{"value": "1"}, {"value": "2"}], "name": {"givenName": "A"}},
        ),
    ],
)
def test_delete_takes_away_only_what_the_path_names(path, left):
    """Nothing else is touched, and nothing there is fine."""
    resource = {"title": "t", "members": [{"value": "1"}, {"value": "2"}], "name": {"givenName": "A"}}
    paths.delete(resource, path)
    assert resource == left


@pytest.mark.parametrize(
    "text",
    ["", "a.b.c", "1a", "emails[type]", "emails[type eq]", 'a[b eq "x" or c eq "y"]', 'a[b eq "x', "a b"],
)
def test_a_text_that_is_no_path_is_said_to_be_none(text):
    """What cannot be understood is an error that quotes it."""
    with pytest.raises(paths.PathError):
        paths.parse(text)


def test_a_quoted_value_may_hold_anything():
    """Escapes and brackets inside a JSON string do not end the filter."""
    path = paths.parse('emails[value eq "a\\"]b and c"].type')
    assert path.conditions[0].value == 'a"]b and c'
    assert path.sub == "type"
