"""Who would be taken away by a row, and under which names they are known."""

import pytest

from bulkscim.model.operation import GROUP, USER, Key, Operation, PatchOperation, Verb
from bulkscim.planning.protect import folded, names_of, protected, takes_away

OWNER = Key(USER, "userName", " Owner@Example.com")
NAMES = folded(["owner@example.COM", "id-1"])
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"


@pytest.mark.parametrize(
    ("operation", "away"),
    [
        (Operation(Verb.DELETE, USER, OWNER), True),
        (Operation(Verb.DELETE, GROUP, Key(GROUP, "displayName", "x")), True),
        (Operation(Verb.DEACTIVATE, USER, OWNER), True),
        (Operation(Verb.ACTIVATE, USER, OWNER), False),
        (Operation(Verb.UPSERT, USER, OWNER, {"active": False}), True),
        (Operation(Verb.REPLACE, USER, OWNER, {"Active": "False"}), True),
        (Operation(Verb.UPSERT, USER, OWNER, {"active": True}), False),
        (Operation(Verb.PATCH, USER, OWNER, changes=(PatchOperation("replace", "active", False),)), True),
        (Operation(Verb.PATCH, USER, OWNER, changes=(PatchOperation("replace", f"{CORE}:Active", "false"),)), True),
        (Operation(Verb.PATCH, USER, OWNER, changes=(PatchOperation("replace", None, {"active": False}),)), True),
        (Operation(Verb.PATCH, USER, OWNER, changes=(PatchOperation("remove", "active"),)), True),
        (Operation(Verb.PATCH, USER, OWNER, changes=(PatchOperation("replace", "title", False),)), False),
        (Operation(Verb.REMOVE_MEMBER, GROUP, Key(GROUP, "displayName", "x")), False),
    ],
)  # fmt: skip
def test_deleting_deactivating_and_setting_inactive_take_away(operation, away):
    """Whatever the verb: a delete, a deactivation, and each way to write `active` false."""
    assert takes_away(operation) is away


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (Operation(Verb.DELETE, USER, OWNER), " Owner@Example.com"),
        (Operation(Verb.DELETE, USER, Key(USER, "id", "id-1")), "id-1"),
        (Operation(Verb.REPLACE, USER, Key(USER, "id", "id-9"), {"userName": "OWNER@example.com", "active": False}),
         "OWNER@example.com"),
        (Operation(Verb.DELETE, USER, Key(USER, "userName", "bob@example.com")), None),
        (Operation(Verb.ACTIVATE, USER, OWNER), None),
    ],
)  # fmt: skip
def test_the_protected_are_known_by_any_name(operation, name):
    """The target and the record's own data are looked at, without case."""
    assert protected(operation, NAMES) == name


def test_a_resource_has_many_names():
    """Id, userName, externalId, displayName and every address."""
    resource = {
        "id": "1",
        "userName": "u",
        "externalId": "e",
        "emails": [{"value": "a"}, {"value": "b"}, "odd"],
    }

    assert names_of(resource) == ["1", "u", "e", "a", "b"]
