"""The form of a patch: what is written to an element that does not exist adds that element."""

import pytest

from bulkscim.model.operation import ENTERPRISE, PatchOperation
from bulkscim.planning.sent_form import adds_elements, with_targets
from bulkscim.scim import patch

WORK = 'emails[type eq "work"]'
ADA = {"value": "ada@example.com", "type": "work"}
HOME = {"value": "ada@home.example", "type": "home"}


def changed(*operations):
    """Return operations, each given as (op, path, value)."""
    return tuple(PatchOperation(*one) for one in operations)


@pytest.mark.parametrize(
    ("resource", "asked", "sent"),
    [
        ({}, [("replace", f"{WORK}.value", "ada@example.com")], [("add", "emails", [ADA])]),
        ({}, [("add", f"{WORK}.value", "ada@example.com")], [("add", "emails", [ADA])]),
        ({"emails": []}, [("replace", WORK, {"value": "ada@example.com"})], [("add", "emails", [ADA])]),
        ({"emails": [HOME]}, [("replace", f"{WORK}.value", HOME["value"])], None),
        ({"emails": [HOME | {"type": "WORK"}]}, [("replace", f"{WORK}.value", "x")], "as asked"),
        ({}, [("replace", "emails.value", "x")], [("add", "emails", [{"value": "x"}])]),
        ({"emails": [HOME]}, [("replace", "emails.value", "x")], "as asked"),
        ({}, [("replace", 'emails[type ne "home"].value', "x")], "as asked"),
        ({}, [("remove", f"{WORK}.value", None)], "as asked"),
        ({}, [("replace", "name.givenName", "Ada"), ("replace", "title", "Lead")], "as asked"),
        (
            {},
            [
                ("replace", 'addresses[type eq "work"].locality', "Oslo"),
                ("replace", "title", "Lead"),
                ("replace", 'addresses[type eq "work"].country', "NO"),
                ("replace", 'addresses[type eq "home"].country', "SE"),
            ],
            [
                ("add", "addresses", [{"type": "work", "locality": "Oslo", "country": "NO"}]),
                ("replace", "title", "Lead"),
                ("add", "addresses", [{"type": "home", "country": "SE"}]),
            ],
        ),
        (
            {"emails": [ADA]},
            [("remove", WORK, None), ("replace", f"{WORK}.value", "x")],
            [("remove", WORK, None), ("add", "emails", [{"type": "work", "value": "x"}])],
        ),
        (
            {},
            [("replace", "emails", [ADA]), ("replace", f"{WORK}.value", "x")],
            "as asked",
        ),
        (
            {},
            [("replace", None, {"title": "Lead", f"{WORK}.value": "ada@example.com"})],
            [("replace", "title", "Lead"), ("add", "emails", [ADA])],
        ),
        (
            {},
            [("replace", f'{ENTERPRISE}:badges[kind eq "door" and primary eq true].value', "7")],
            [("add", f"{ENTERPRISE}:badges", [{"kind": "door", "primary": True, "value": "7"}])],
        ),
    ],
)
def test_what_is_written_to_a_missing_element_adds_it(resource, asked, sent):
    """A replace at a filter that picked nothing was sent as it was asked, and answered with noTarget."""
    operations = changed(*asked)
    expected = (
        operations
        if sent == "as asked"
        else changed(*(sent or [("add", "emails", [HOME | {"type": "work"}])]))
    )
    found = with_targets(operations, resource)

    assert found == expected
    if (
        sent is not None
    ):  # an add of the value that another element has is dropped where values are told apart
        assert patch.apply(found, resource) == patch.apply(operations, resource)


def test_a_missing_element_is_noticed_before_it_is_added():
    """The resource is then read by its id: a lookup may leave lists out."""
    assert adds_elements(changed(("replace", f"{WORK}.value", "x")), {"emails": [HOME]})
    assert not adds_elements(changed(("replace", f"{WORK}.value", "x")), {"emails": [ADA]})
