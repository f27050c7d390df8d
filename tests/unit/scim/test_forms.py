"""The form of RFC 7643, made of other forms."""

import pytest

from bulkscim.model.operation import ENTERPRISE
from bulkscim.scim.forms import normal, to_send

CUSTOM = "urn:example:1.0:Badge"
PLAIN = {
    "id": "1",
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "ada",
    "active": True,
    "name": {"givenName": "Ada"},
    "emails": [{"value": "a@x", "primary": True}],
    "groups": [{"value": "g1", "type": "direct"}],
    "meta": {"Version": 1},
    "badge": 7,
    CUSTOM: {"Number": 7, "tags": "a", "manager": "x"},
    ENTERPRISE: {"employeeNumber": "7", "manager": {"value": "m"}},
}


def test_what_is_in_the_form_is_not_copied():
    """Each resource of a listing passes here."""
    assert normal(PLAIN) is PLAIN


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({"USERNAME": "ada", "Active": "True"}, {"userName": "ada", "active": True}),
        ({"userName": "ada", "username": "bob"}, {"userName": "ada", "username": "bob"}),
        ({"active": 0}, {"active": False}),
        ({"active": "maybe"}, {"active": "maybe"}),
        ({"name": "Ada L"}, {"name": {"formatted": "Ada L"}}),
        ({"name": [{"GivenName": "Ada"}]}, {"name": {"givenName": "Ada"}}),
        ({"title": ["Lead"]}, {"title": "Lead"}),
        ({"title": ["a", "b"]}, {"title": ["a", "b"]}),
        ({"externalId": 42}, {"externalId": "42"}),
        ({"externalId": 42.0}, {"externalId": "42"}),
        ({"emails": {"Value": "a@x", "PRIMARY": "true"}}, {"emails": [{"value": "a@x", "primary": True}]}),
        ({"emails": "a@x"}, {"emails": ["a@x"]}),
        ({"emails": ["a@x"]}, {"emails": ["a@x"]}),
        ({"emails": ""}, {"emails": ""}),
        ({"emails": None}, {"emails": None}),
        ({"phoneNumbers": [491], "title": 5}, {"phoneNumbers": [491], "title": 5}),
        ({"members": ["u1", 2]}, {"members": [{"value": "u1"}, {"value": "2"}]}),
        ({"members": {"value": 3, "display": "C"}}, {"members": [{"value": "3", "display": "C"}]}),
        (
            {"members": [{"$ref": "https://x.test/v2/Users/a%26b"}]},
            {"members": [{"$ref": "https://x.test/v2/Users/a%26b", "value": "a&b"}]},
        ),
        (
            {"members": [{"value": "", "$ref": "../users/7"}]},
            {"members": [{"value": "7", "$ref": "../users/7"}]},
        ),
        (
            {"members": [{"$ref": "https://x.test/people/7"}]},
            {"members": [{"$ref": "https://x.test/people/7"}]},
        ),
        ({"members": [{"$ref": 7}, {"$ref": "//["}]}, {"members": [{"$ref": 7}, {"$ref": "//["}]}),
        ({ENTERPRISE: {"manager": "m"}}, {ENTERPRISE: {"manager": {"value": "m"}}}),
        ({ENTERPRISE: {"manager": [{"value": 7}]}}, {ENTERPRISE: {"manager": {"value": "7"}}}),
        ({ENTERPRISE: {"Manager": ""}}, {ENTERPRISE: {"manager": ""}}),
        ({ENTERPRISE.upper(): {"EMPLOYEENUMBER": 7}}, {ENTERPRISE: {"employeeNumber": 7}}),
        ({"badge": 7, "tags": ["a"]}, {"badge": 7, "tags": ["a"]}),
        ({"emails": [None, [1]]}, {"emails": [None, [1]]}),
    ],
)
def test_other_forms_are_read(shown, expected):
    """Each is a form that servers in the field write."""
    assert normal(shown) == expected
    assert normal(normal(shown)) == normal(shown)


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        ("emails", ["a@x", {"value": "b@x"}], [{"value": "a@x"}, {"value": "b@x"}]),
        ("Emails", ["a@x"], [{"value": "a@x"}]),
        ("tags", ["a"], ["a"]),
        ("schemas", ["urn:x"], ["urn:x"]),
        ("title", "Lead", "Lead"),
    ],
)
def test_values_are_sent_in_the_form_of_the_schema(name, value, sent):
    """A bare address was sent back as it was shown, and refused."""
    assert to_send(name, value) == sent
