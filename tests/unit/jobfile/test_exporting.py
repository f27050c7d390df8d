"""Resources as records of a job file."""

import pytest

from bulkscim.jobfile.exporting import cells_of, identity_of, in_order, record_of
from bulkscim.model.operation import ENTERPRISE

ADA = {
    "id": "1",
    "schemas": ["urn:x"],
    "meta": {"version": "7"},
    "userName": "ada@x",
    "password": "hunter2",
    "name": {"givenName": "Ada", "familyName": None},
    "active": True,
    "emails": [{"value": "ada@x", "type": "work", "primary": True}],
    "phoneNumbers": [{"value": "+1"}],
    "groups": [{"value": "9", "display": "Engineering"}],
    ENTERPRISE: {"department": "R&D", "manager": {"value": "2", "$ref": "../Users/2", "displayName": "Bob"}},
}
NAMES = {"1": "ada@x", "2": "bob@x", "3": "semi;colon"}


def test_a_record_holds_what_a_client_may_set_and_no_secret():
    """What the server writes, and what it should not have shown, is left out; the id is kept as a note."""
    record = record_of("User", ADA)
    assert record == {
        "op": "upsert",
        "type": "User",
        "_id": "1",
        "data": {
            "userName": "ada@x",
            "name": {"givenName": "Ada"},
            "active": True,
            "emails": [{"value": "ada@x", "type": "work", "primary": True}],
            "phoneNumbers": [{"value": "+1"}],
            ENTERPRISE: {"department": "R&D", "manager": {"value": "2"}},
        },
    }
    assert identity_of(record) == "ada@x"


def test_cells_name_people_and_say_what_they_cannot_hold():
    """A list's element without a type has no path."""
    cells, left_out = cells_of(record_of("User", ADA), NAMES.get)
    assert cells == {
        "op": "upsert",
        "type": "User",
        "_id": "1",
        "userName": "ada@x",
        "name.givenName": "Ada",
        "active": "true",
        'emails[type eq "work"].value': "ada@x",
        'emails[type eq "work"].primary': "true",
        f"{ENTERPRISE}:department": "R&D",
        "manager": "bob@x",
    }
    assert left_out == ["phoneNumbers"]


@pytest.mark.parametrize(
    ("ids", "cell"),
    [(["1", "2"], "ada@x;bob@x"), (["1", "8"], None), (["3"], None)],
    ids=["named", "unknown", ";"],
)
def test_members_are_a_cell_only_if_each_of_them_can_be_named(ids, cell):
    """Half of a group's members would be read as all of them."""
    group = {
        "id": "9",
        "displayName": "Engineering",
        "members": [{"value": one, "display": "x"} for one in ids],
    }
    cells, left_out = cells_of(record_of("Group", group), NAMES.get)
    assert cells.get("members") == cell
    assert left_out == ([] if cell else ["members"])


def test_columns_come_in_an_order_for_people():
    """Names first, the rest by the alphabet."""
    assert in_order(["title", "userName", "active"]) == [
        "op",
        "type",
        "_row",
        "_id",
        "userName",
        "active",
        "title",
    ]


@pytest.mark.parametrize(
    ("resource", "held", "left_out"),
    [
        ({"title": " Lead "}, {}, ["title"]),
        ({"title": "[secret]"}, {}, ["title"]),
        ({"department": "R&D", "email": "x", "level": 3}, {}, ["department", "email", "level"]),
        ({"emails": {"value": "x"}, "manager": "2", "type": "x"}, {}, ["emails.value", "manager", "type"]),
        ({"urn:a:1.0:B:C": {"x": "y"}}, {}, ["urn:a:1.0:B:C:x"]),
        ({"urn:a:1.0:B": {"x": "y", "n": 3}}, {"urn:a:1.0:B:x": "y"}, ["urn:a:1.0:B:n"]),
        (
            {"emails": [{"type": "work", "value": "a"}, {"type": "Work", "value": "b", "primary": True}]},
            {'emails[type eq "work"].value': "a"},
            ["emails"],
        ),
    ],
)
def test_a_cell_holds_only_what_is_read_from_it_again(resource, held, left_out):
    """Blanks around a value were lost, and attributes without a column, or with another one's name, were moved."""
    cells, found = cells_of(record_of("User", {"id": "1", "userName": "ada@x", **resource}), NAMES.get)

    assert {name: text for name, text in cells.items() if name in held} == held
    assert len(cells) == 4 + len(held)
    assert found == left_out
