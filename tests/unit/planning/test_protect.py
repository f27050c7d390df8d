"""What harms a protected account: by the record, and by the resource before a step."""

import pytest

from bulkscim.model.operation import GROUP, USER, Key, Operation, PatchOperation, Reference, Role, Verb
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.protect import folded, harmed, harmful_record, names_of, protected, takes_away

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
        (Operation(Verb.DELETE, USER, OWNER), "owner@example.COM"),
        (Operation(Verb.DELETE, USER, Key(USER, "id", "id-1")), "id-1"),
        (Operation(Verb.REPLACE, USER, Key(USER, "id", "id-9"), {"userName": "OWNER@example.com", "active": False}),
         "owner@example.COM"),
        (Operation(Verb.PATCH, USER, OWNER, changes=(PatchOperation("replace", "password", "x"),)), "owner@example.COM"),
        (Operation(Verb.PATCH, USER, OWNER, changes=(PatchOperation("replace", "title", "x"),)), None),
        (Operation(Verb.PATCH, USER, OWNER, changes=(PatchOperation("replace", "userName", "x"),)), "owner@example.COM"),
        (Operation(Verb.PATCH, USER, OWNER, changes=(PatchOperation("replace", None, {"userName": "x"}),)),
         "owner@example.COM"),
        (Operation(Verb.REPLACE, USER, Key(USER, "id", "id-1"), {"userName": "x"}), "id-1"),
        (Operation(Verb.REPLACE, USER, OWNER, {"userName": "OWNER@example.com", "title": "x"}), None),
        (Operation(Verb.UPSERT, USER, OWNER, {"userName": "Owner@example.com"}), None),
        (Operation(Verb.REMOVE_MEMBER, GROUP, Key(GROUP, "displayName", "x"), references=(Reference(Role.MEMBER, OWNER),)),
         "owner@example.COM"),
        (Operation(Verb.ADD_MEMBER, GROUP, Key(GROUP, "displayName", "x"), references=(Reference(Role.MEMBER, OWNER),)),
         None),
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

    assert names_of(resource) == ["1", "u", "e", "a", "b", "odd"]
    assert names_of({"emails": "plain"}) == ["plain"]


WHOLE = {"id": "id-1", "userName": "boss", "emails": ["owner@example.com"]}


def changing(path, before, after, kind=USER, **more):
    """Return a step with one change."""
    given = {"id": "id-1", "before": WHOLE} if kind == USER else {"id": "g"}
    return Step("patch", Action.MODIFY, kind, changes=(Change(path, before, after),), **(given | more))


@pytest.mark.parametrize(
    ("step", "harms"),
    [
        (Step("delete", Action.DELETE, USER, id="7", before={"id": "7", "userName": "b", "emails": ["Owner@example.com"]}), True),
        (Step("delete", Action.DELETE, USER, id="7", before={"id": "7", "userName": "b"}), False),
        (Step("delete", Action.DELETE, GROUP, id="g", before={"id": "g", "members": [{"value": "id-1"}]}), True),
        (changing("active", True, False), True),
        (changing("active", "True", "False"), True),
        (changing("active", False, True), False),
        (changing("active", True, None), True),
        (changing("userName", "boss", "chief"), True),
        (changing("userName", "boss", "Boss"), False),
        (changing("password", "[secret]", "[secret]"), True),
        (changing("title", "a", "b"), False),
        (changing('emails[type eq "work"].value', "Owner@example.com", "other@example.com"), True),
        (changing("externalId", "e-1", "e-2"), False),
        (changing("roles", [{"value": "admin"}, {"value": "user"}], [{"value": "user"}]), True),
        (changing("roles", [{"value": "user"}], [{"value": "user"}, {"value": "admin"}]), False),
        (changing('roles[value eq "admin"]', {"value": "admin"}, None), True),
        (changing(f"{CORE}:entitlements", ["a"], None), True),
        (changing('members[value eq "id-1"]', {"value": "id-1"}, None, GROUP), True),
        (changing('members[value eq "id-2"]', {"value": "id-2"}, None, GROUP), False),
        (changing("members", [{"value": "ID-1"}], [], GROUP), True),
        (changing("members", None, [{"value": "id-1"}], GROUP), False),
        (Step("member:g", Action.REMOVE_MEMBER, GROUP, id="g", member="id-1"), True),
        (Step("member:g", Action.ADD_MEMBER, GROUP, id="g", member="id-1"), False),
        (changing("groups", [{"value": "h"}], [{"value": "g"}], GROUP, member="id-1"), True),
        (Step("create", Action.CREATE, USER, body={"userName": "owner@example.com", "password": "x"}), False),
    ],
)  # fmt: skip
def test_steps_that_harm_a_protected_account(step, harms):
    """Only names in the record were compared, and only for delete and deactivate."""
    assert (harmed(step, NAMES) is not None) is harms
    assert harmed(step, {}) is None


@pytest.mark.parametrize(
    ("record", "harms"),
    [
        ({"op": "delete", "type": "User", "id": "id-1"}, True),
        ({"op": "delete", "type": "User", "id": "id-2", "_key": "Owner@example.com"}, True),
        ({"op": "remove_member", "type": "Group", "id": "g", "member": {"id": "id-1"}}, True),
        ({"op": "add_member", "type": "Group", "id": "g", "member": {"id": "id-1"}}, False),
        ({"op": "patch", "type": "User", "id": "id-1", "patch": [{"op": "replace", "path": "userName", "value": "x"}]}, True),
        ({"op": "patch", "type": "User", "id": "id-1", "patch": [{"op": "replace", "path": "active", "value": False}]}, True),
        ({"op": "patch", "type": "User", "id": "id-1", "patch": [{"op": "remove", "path": "title"}]}, False),
    ],
)  # fmt: skip
def test_records_of_an_inverse_that_harm_a_protected_account(record, harms):
    """A rollback omits them."""
    assert (harmful_record(record, NAMES) is not None) is harms
