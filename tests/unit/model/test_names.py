"""The names by which resources are known."""

import pytest

from bulkscim.model.names import is_name, name_attribute, names_in
from bulkscim.model.operation import GROUP, USER


@pytest.mark.parametrize(
    ("resource", "names"),
    [
        ({}, []),
        ({"userName": "ada", "externalId": "7"}, [("userName", "ada"), ("externalId", "7")]),
        ({"USERNAME": "ada", "displayname": "Ada"}, [("userName", "ada"), ("displayName", "Ada")]),
        ({"userName": "", "displayName": None, "externalId": 7}, []),
    ],
)
def test_names_are_found_in_any_capitals(resource, names):
    """A user whose userName came in other capitals could not be chosen by its name."""
    assert list(names_in(resource)) == names


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("userName", True),
        ("username", True),
        ('emails[type eq "work"].value', True),
        ("emails", True),
        ("urn:ietf:params:scim:schemas:core:2.0:User:externalId", True),
        ("title", False),
        ("name.givenName", False),
    ],
)
def test_path_of_a_name_is_known(path, named):
    """A rename by the full path left the old name in the listing."""
    assert is_name(path) is named


def test_each_type_has_a_name():
    """Users by userName, groups by displayName."""
    assert (name_attribute(USER), name_attribute(GROUP)) == ("userName", "displayName")
