"""What a JSONL record means, and what is said of one that means nothing."""

import orjson
import pytest

from bulkscim.jobfile.operations import operation_of
from bulkscim.jobfile.records import Problem, Record
from bulkscim.model.operation import (
    ENTERPRISE,
    Defaults,
    Key,
    Operation,
    PatchOperation,
    Reference,
    Role,
    Verb,
)

ADA = Key("User", "ref", "ada")


def read(body, **defaults):
    """Read one record as the first line of a file."""
    text = orjson.dumps(body).decode()
    return operation_of(Record(1, 1, (), body, text), Defaults(**defaults))


def good(body, **defaults):
    """Read one record that must have no problem."""
    operation = read(body, **defaults)
    assert isinstance(operation, Operation), operation
    return operation


def faults(body, **defaults):
    """Return the problems of one record as text."""
    problems = read(body, **defaults)
    assert isinstance(problems, list), problems
    assert all(isinstance(problem, Problem) for problem in problems)
    return "\n".join(problem.text("job.jsonl") for problem in problems)


def user(**data):
    """Write a create of a user."""
    return {"op": "create", "data": {"userName": "ada@example.com", **data}}


def test_a_create_is_known_by_its_user_name():
    """The target of a create is the identity that its resource will have."""
    operation = good({**user(title="Lead"), "ref": "ada"})

    assert operation.verb == Verb.CREATE
    assert Key("User", "userName", "ada@example.com") == operation.target
    assert operation.data == {"userName": "ada@example.com", "title": "Lead"}
    assert operation.ref == "ada"


@pytest.mark.parametrize("written", ["add_member", "add-member", "Add_Member", " ADD-MEMBER "])
def test_an_operation_may_be_written_in_any_case_with_either_dash(written):
    """Case, `-` and `_` in an operation's name do not matter."""
    operation = good({"op": written, "match": {"displayName": "Eng"}, "member": "ada@example.com"})

    assert operation.verb == Verb.ADD_MEMBER
    assert operation.type == "Group"


@pytest.mark.parametrize(
    ("named", "target"),
    [
        ({"id": "2819c223"}, Key("User", "id", "2819c223")),
        ({"ref": "ada"}, ADA),
        ({"match": {"userName": "bob"}}, Key("User", "userName", "bob")),
        ({"match": {"externalId": "7"}}, Key("User", "externalId", "7")),
        ({"match": {"email": "b@x"}}, Key("User", "emails.value", "b@x")),
        ({"match": {"emails.value": "b@x"}}, Key("User", "emails.value", "b@x")),
        ({"match": {"USERNAME": "bob"}}, Key("User", "userName", "bob")),
        ({"type": "group", "match": {"displayName": "Eng"}}, Key("Group", "displayName", "Eng")),
    ],
)
def test_a_change_names_its_target_by_id_ref_or_match(named, target):
    """The target is what the record names."""
    operation = good({"op": "delete", **named})

    assert target == operation.target


def test_defaults_fill_what_a_record_leaves_out():
    """--op and --type stand where a record says nothing."""
    operation = good({"data": {"displayName": "Eng"}}, op=Verb.UPSERT, type="Group")

    assert (operation.verb, operation.type) == (Verb.UPSERT, "Group")


def test_attribute_names_are_spelled_as_the_rfc_does():
    """Names of attributes have no case (RFC 7643 §2.1)."""
    operation = good({"op": "create", "data": {"username": "ada", "Name": {"GIVENNAME": "Ada"}, "own": 1}})

    assert operation.data == {"userName": "ada", "name": {"givenName": "Ada"}, "own": 1}


@pytest.mark.parametrize(
    ("manager", "key"),
    [
        ({"ref": "ada"}, ADA),
        ({"userName": "bob"}, Key("User", "userName", "bob")),
        ({"email": "b@x"}, Key("User", "emails.value", "b@x")),
        ({"id": "77"}, Key("User", "id", "77")),
        ({"value": "77"}, Key("User", "id", "77")),
        ({"value": "bulkId:ada"}, ADA),
        ("bob", Key("User", "userName", "bob")),
        ("bulkId:ada", ADA),
    ],
)
def test_a_manager_is_a_reference(manager, key):
    """A top-level manager leaves the data, however it is written."""
    operation = good(user(manager=manager))

    assert (Reference(Role.MANAGER, key),) == operation.references
    assert "manager" not in operation.data


@pytest.mark.parametrize("manager", [{"ref": "ada"}, {"value": "bulkId:ada"}])
def test_an_enterprise_manager_made_by_the_file_is_a_reference(manager):
    """The extension keeps its other attributes, and goes when it has none."""
    both = good(user(**{ENTERPRISE: {"department": "Maths", "manager": manager}}))
    alone = good(user(**{ENTERPRISE: {"manager": manager}}))

    assert (Reference(Role.MANAGER, ADA),) == both.references == alone.references
    assert both.data[ENTERPRISE] == {"department": "Maths"}
    assert ENTERPRISE not in alone.data


def test_an_enterprise_manager_with_a_plain_id_stays_data():
    """What the tenant already knows by id needs no lookup."""
    extension = {"manager": {"value": "77"}}

    operation = good(user(**{ENTERPRISE: extension}))

    assert extension == operation.data[ENTERPRISE]
    assert operation.references == ()


def test_groups_are_references_by_display_name_once_each():
    """The same group twice is one membership; its name has no case."""
    operation = good(user(groups=["Eng", "eng ", {"id": "9"}]))

    assert [Key("Group", "displayName", "Eng"), Key("Group", "id", "9")] == [
        reference.key for reference in operation.references
    ]


def test_members_with_plain_ids_stay_in_the_group():
    """Members that the file makes, or names otherwise, become references."""
    members = [{"value": "1"}, {"ref": "ada"}, "bob", {"displayName": "Sub"}, {"value": "bulkId:ada"}]

    operation = good({"op": "create", "type": "Group", "data": {"displayName": "Eng", "members": members}})

    assert operation.data["members"] == [{"value": "1"}]
    assert [ADA, Key("User", "userName", "bob"), Key("Group", "displayName", "Sub")] == [
        reference.key for reference in operation.references
    ]


def test_a_patch_keeps_its_operations():
    """Names and `op` of a PATCH operation have no case; expect and version go along."""
    operation = good(
        {
            "op": "patch",
            "id": "7",
            "patch": [{"Op": "Replace", "path": "title", "value": "Lead"}, {"op": "remove", "path": "x"}],
            "expect": {"title": None},
            "version": 'W/"3"',
        }
    )

    assert (PatchOperation("replace", "title", "Lead"), PatchOperation("remove", "x")) == operation.changes
    assert operation.expect == {"title": None}
    assert operation.version == 'W/"3"'


def test_a_patch_with_data_replaces_each_value():
    """Plain data in a patch is one change per value; null removes."""
    data = {"title": None, "name": {"givenName": "A"}, ENTERPRISE: {"department": "D"}, "manager": "bob"}

    operation = good({"op": "patch", "match": {"userName": "ada"}, "data": data})

    assert (
        PatchOperation("remove", "title"),
        PatchOperation("replace", "name.givenName", "A"),
        PatchOperation("replace", f"{ENTERPRISE}:department", "D"),
    ) == operation.changes
    assert (Reference(Role.MANAGER, Key("User", "userName", "bob")),) == operation.references
    assert operation.data == {}


@pytest.mark.parametrize(
    ("line", "verb", "target"),
    [
        (
            {"method": "POST", "path": "/Users", "bulkId": "q", "data": {"userName": "eve"}},
            Verb.CREATE,
            Key("User", "userName", "eve"),
        ),
        (
            {"method": "PUT", "path": "/Users/a%40b", "data": {"userName": "eve"}},
            Verb.REPLACE,
            Key("User", "id", "a@b"),
        ),
        ({"method": "DELETE", "path": "/Groups/bulkId:q"}, Verb.DELETE, Key("Group", "ref", "q")),
        (
            {
                "method": "patch",
                "path": "/Users/7",
                "version": "v",
                "data": {
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                    "Operations": [{"op": "add", "value": {"title": "x"}}],
                },
            },
            Verb.PATCH,
            Key("User", "id", "7"),
        ),
    ],
)
def test_a_bulk_operation_line_means_what_rfc_7644_says(line, verb, target):
    """POST creates, PUT replaces, PATCH patches, DELETE deletes (RFC 7644 §3.7)."""
    operation = good(line, op=Verb.DEACTIVATE)

    assert (verb, target) == (operation.verb, operation.target)
    assert line.get("bulkId") == operation.ref
    assert line.get("version") == operation.version


def test_a_bulk_id_in_any_value_is_a_reference():
    """`bulkId:x` is replaced by the id wherever the values hold it."""
    operation = good(
        {
            "method": "PATCH",
            "path": "/Groups/7",
            "data": {"Operations": [{"op": "add", "path": "members", "value": [{"value": "bulkId:ada"}]}]},
        }
    )

    assert (Reference(Role.VALUE, ADA),) == operation.references


def test_names_with_an_underscore_are_passed_over():
    """An errors file is a job file."""
    operation = good({**user(), "_run": "r", "_row": 4})

    assert operation.verb == Verb.CREATE


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"op": "creat", "data": {}}, 'op: "creat" is not an operation; did you mean create?'),
        ({"data": {"userName": "x"}}, "has no operation"),
        ({"op": "create", "type": "Robot", "data": {}}, 'type: "Robot" is not a type'),
        ({"op": "create", "userName": "x"}, "userName: means nothing here"),
        ({"op": "create", "dta": {}}, 'did you mean "data"?'),
        ({"op": "create", "data": {"title": "x"}}, "create of a User needs its userName"),
        ({"op": "create", "data": {"userName": " "}}, "needs its userName"),
        ({"op": "create", "type": "Group", "data": {"userName": "x"}}, "needs its displayName"),
        ({"op": "create", "data": []}, "data:"),
        ({"op": "create", "id": "1", "data": {"userName": "x"}}, "create takes no id"),
        ({"op": "upsert", "id": "1", "data": {"userName": "x"}}, "upsert takes no id"),
        (user(active="maybe"), 'data.active: "maybe" is not true or false'),
        (user(active="true"), "data.active"),
        (user(name="Ada"), 'data.name: "Ada" is not an object'),
        (user(emails="a@b"), 'data.emails: "a@b" is not a list'),
        (user(emails=["a@b"]), 'write {"value": "a@b"}'),
        (user(emails=[{"value": 7}]), "data.emails.value"),
        (user(title=7), 'data.title: "7" is not text'),
        (user(username="bob"), "is given twice"),
        (user(**{ENTERPRISE: {"manager": "bob"}}), "manager"),
        (user(groups="Eng"), "data.groups"),
        (user(manager={"name": "bob"}), "names no resource"),
        (user(manager=7), "not a reference"),
        (user(password="[secret]"), 'data.password: "[secret]" is the mask of'),
        ({"op": "delete", "id": ""}, "an empty id names nothing"),
        ({"op": "delete", "id": " "}, "an empty id names nothing"),
        ({"op": "delete", "id": "."}, "is not an id"),
        ({"op": "delete", "id": ".."}, "is not an id"),
        ({"op": "delete", "id": 7}, "is not text"),
        ({"op": "delete"}, "does not identify the User"),
        ({"op": "delete", "id": "1", "match": {"userName": "x"}}, "keep one of them"),
        ({"op": "delete", "match": {"title": "x"}}, "cannot be used to match"),
        ({"op": "delete", "match": {"userName": "x", "id": "1"}}, "not one attribute"),
        ({"op": "delete", "id": "1", "data": {"title": "x"}}, "delete takes no data"),
        ({"op": "deactivate", "type": "Group", "id": "1"}, "only for users"),
        ({"op": "patch", "id": "1"}, "nothing to change"),
        ({"op": "patch", "id": "1", "patch": []}, "not a list of changes"),
        ({"op": "patch", "id": "1", "patch": [{"op": "move", "path": "x"}]}, "none of add, replace, remove"),
        ({"op": "patch", "id": "1", "patch": [{"op": "remove"}]}, "needs a path"),
        # Each of these ended the whole run with an exception.
        ({"op": "patch", "id": "1", "patch": [{"op": "remove", "path": "title["}]}, "is no path"),
        ({"op": "patch", "type": "User", "id": "1", "data": {"a b": 1}}, "is no path"),
        (
            {
                "op": "patch",
                "type": "User",
                "id": "1",
                "data": {"emails[type eq work].value": "x@example.com"},
            },
            'work must be in double quotes: "work"',
        ),
        ({"op": "delete", "id": "1", "expect": {"x..y": 1}}, "is no path"),
        (
            {"op": "patch", "id": "1", "patch": [{"op": "remove", "path": "emails[type eq work].value"}]},
            'work must be in double quotes: "work"',
        ),
        ({"op": "patch", "id": "1", "patch": [{"op": "add", "path": "x"}]}, "needs a value"),
        (
            {"op": "patch", "id": "1", "patch": [{"op": "replace", "path": "active", "value": "maybe"}]},
            "patch.0.value",
        ),
        ({"op": "patch", "id": "1", "patch": [{"op": "replace", "value": "x"}]}, "needs an object"),
        ({"op": "add_member", "match": {"displayName": "E"}}, "needs exactly one member"),
        ({"op": "add_member", "type": "User", "id": "1", "member": "x"}, "change of a Group"),
        ({"op": "activate", "id": "1", "member": "x"}, "takes no member"),
        ({"op": "delete", "id": "1", "version": 3}, "version"),
        ({"op": "delete", "id": "1", "expect": []}, "not an object"),
        ({"method": "GET", "path": "/Users/1"}, "none of POST"),
        ({"method": "POST", "path": "/Users/1", "data": {}}, "POST goes to /Users"),
        ({"method": "DELETE", "path": "/Users"}, "goes to /Users/<id>"),
        ({"method": "DELETE", "path": "/Robots/1"}, "is not /Users"),
        ({"method": "DELETE", "path": "/Users/%2E%2E"}, "is not an id"),
        ({"method": "POST", "path": "/Users"}, "data: is missing"),
    ],
)
def test_each_fault_names_its_place_and_how_to_fix_it(body, text):
    """A problem says the line, the place, what is wrong, and what to write."""
    said = faults(body)

    assert text in said
    assert said.startswith("job.jsonl:1 (row 1)")


def test_one_record_may_have_several_problems():
    """All faults that can be told apart are told at once."""
    said = faults(user(active="maybe", title=7))

    assert said.count("job.jsonl:1") == 2
