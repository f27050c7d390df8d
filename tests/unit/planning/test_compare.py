"""The one comparison."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkscim.model.operation import ENTERPRISE, PatchOperation
from bulkscim.model.step import Change
from bulkscim.planning.compare import differences, drifted, equal, operations_for, redact

LIVE = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "id": "1",
    "userName": "Ada@Example.com",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "active": "True",
    "title": "Lead",
    "emails": [
        {"value": "ada@example.com", "type": "work", "primary": True},
        {"value": "ada@home.example", "type": "home"},
    ],
    "addresses": [{"locality": "London", "type": "work"}],
    "tags": ["a", "b"],
    "groups": [{"value": "g1", "display": "Engines"}],
    "meta": {"version": "1"},
    ENTERPRISE: {"department": "Engines", "manager": {"value": "7", "displayName": "Boss"}},
}


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"userName": "ada@example.COM"},
        {"username": "ada@example.com"},
        {"active": True},
        {"active": "true"},
        {"name": {"givenName": "Ada"}},
        {"emails": [{"value": "ADA@example.com"}]},
        {"emails": [{"value": "ada@home.example", "type": "Home"}]},
        {"addresses": [{"locality": "London"}]},
        {"tags": ["b"]},
        {"nickName": None},
        {"nickName": ""},
        {"phoneNumbers": []},
        {"groups": [{"value": "other"}]},
        {"password": "hunter2"},
        {"schemas": ["x"], "id": "9", "meta": {"version": "2"}},
        {ENTERPRISE: {"department": "Engines"}},
        {ENTERPRISE.upper(): {"Department": "Engines"}},
        {ENTERPRISE: {"manager": {"value": "7", "displayName": "Someone", "$ref": "../Users/7"}}},
    ],
)
def test_what_live_already_has_is_satisfied(wanted):
    """A subset, in the schema's case, without what no client can set or see."""
    assert differences(wanted, LIVE) == ()
    assert differences(wanted, LIVE) == ()


@pytest.mark.parametrize(
    ("wanted", "changes"),
    [
        ({"title": "lead"}, [Change("title", "Lead", "lead")]),
        ({"TITLE": None}, [Change("title", "Lead", None)]),
        ({"nickName": "A"}, [Change("nickName", None, "A")]),
        ({"active": False}, [Change("active", "True", False)]),
        ({"name": {"middlename": "K"}}, [Change("name.middleName", None, "K")]),
        (
            {"emails": [{"value": "new@example.com", "type": "work"}]},
            [Change('emails[type eq "work"].value', "ada@example.com", "new@example.com")],
        ),
        (
            {"emails": [{"value": "ada@home.example", "primary": True}]},
            [Change('emails[type eq "home"].primary', None, True)],
        ),
        (
            {"emails": [{"value": "x@example.com", "type": "other"}]},
            [Change('emails[value eq "x@example.com"]', None, {"value": "x@example.com", "type": "other"})],
        ),
        ({"emails": [{"value": "x@a"}]}, [Change('emails[value eq "x@a"]', None, {"value": "x@a"})]),
        (
            {"addresses": [{"type": "work", "locality": "Paris"}]},
            [Change('addresses[type eq "work"].locality', "London", "Paris")],
        ),
        ({"tags": ["c"]}, [Change("tags", ["a", "b"], ["a", "b", "c"])]),
        ({ENTERPRISE: {"department": "X"}}, [Change(f"{ENTERPRISE}:department", "Engines", "X")]),
        ({ENTERPRISE: {"manager": {"value": "8"}}}, [Change(f"{ENTERPRISE}:manager.value", "7", "8")]),
        (
            {"urn:x:custom:1.0:User": {"a": {"b": 1}}},
            [Change("urn:x:custom:1.0:User:a.b", None, 1)],
        ),
        ({"urn:x:custom:1.0:User": {"id": 5}}, [Change("urn:x:custom:1.0:User:id", None, 5)]),
    ],
)
def test_each_difference_is_named_by_a_path_that_a_patch_can_use(wanted, changes):
    """Before is what is there, after what is wanted."""
    assert differences(wanted, LIVE) == tuple(changes)
    assert differences(wanted, LIVE)


@pytest.mark.parametrize("live", [{}, {"active": None}, {"active": "yes"}, {"active": True}])
def test_missing_is_not_false(live):
    """A user whose `active` is not shown is not known to be inactive."""
    assert differences({"active": False}, live)


def test_members_are_never_taken_for_one_another():
    """Two members of the same type are two: a wanted one that is missing is an addition."""
    live = {"members": [{"value": "1", "type": "User"}]}
    wanted = {"members": [{"value": "2", "type": "User"}]}
    assert differences(wanted, live) == (
        Change('members[value eq "2"]', None, {"value": "2", "type": "User"}),
    )
    assert differences({"members": [{"value": "A"}]}, {"members": [{"value": "a"}]})


def test_two_wanted_elements_are_not_satisfied_by_one():
    """Each live element answers for one wanted element."""
    live = {"phoneNumbers": [{"value": "1", "type": "work"}]}
    wanted = {"phoneNumbers": [{"value": "1", "type": "work"}, {"value": "2", "type": "work"}]}
    assert [change.after for change in differences(wanted, live)] == [{"value": "2", "type": "work"}]


def test_changes_become_the_simplest_patch():
    """A new element is added to its list, what stands is replaced, what is to go is removed."""
    wanted = {"title": None, "nickName": "A", "emails": [{"value": "x@a", "type": "other"}], "active": False}
    assert operations_for(differences(wanted, LIVE)) == (
        PatchOperation("remove", "title"),
        PatchOperation("replace", "nickName", "A"),
        PatchOperation("add", "emails", [{"value": "x@a", "type": "other"}]),
        PatchOperation("replace", "active", False),
    )


@pytest.mark.parametrize(
    ("path", "wanted", "live", "same"),
    [
        ("title", None, None, True),
        ("title", None, "x", False),
        ("title", "x", None, False),
        ("active", False, "False", True),
        ("active", False, None, False),
        ("userName", "A@x", "a@X", True),
        ('emails[type eq "work"].value', "A@x", "a@X", True),
        (f"{ENTERPRISE}:department", "a", "A", False),
        (f"{ENTERPRISE}:manager", {"value": "7"}, {"value": "7", "displayName": "B"}, True),
        ('members[value eq "1"]', {"value": "1"}, None, False),
        ("emails", [{"value": "a@x"}], [{"value": "A@x", "type": "work"}], True),
    ],
)
def test_one_path_compares_by_the_same_rules(path, wanted, live, same):
    """A path alone follows the rules of the whole."""
    assert equal(wanted, live, path) is same


MANAGER = f"{ENTERPRISE}:manager"


@pytest.mark.parametrize(
    ("path", "wanted", "live", "same"),
    [
        (MANAGER, {"value": "7"}, "7", True),
        (MANAGER, {"value": "7", "displayName": "Boss"}, "7", True),
        (MANAGER, {"value": "7"}, 7, True),
        (MANAGER, {"value": "7"}, [{"value": "7"}], True),
        (MANAGER, {"value": "7"}, "8", False),
        (MANAGER, {"value": "7"}, "", False),
        (MANAGER, "7", {"value": "7", "displayName": "Boss"}, True),
        (MANAGER, "7", {"value": "8"}, False),
        (f"{MANAGER}.value", "7", "7", True),
        (f"{MANAGER}.value", "7", 7, True),
        (f"{MANAGER}.value", None, None, True),
        ("emails", [{"value": "a@x", "type": "work"}], {"value": "A@x", "type": "work"}, True),
        ("emails", [{"value": "a@x", "type": "work"}], {"value": "a@x", "type": "home"}, False),
        ("emails", {"value": "a@x"}, [{"value": "b@x"}, {"value": "a@x", "type": "work"}], True),
        ("emails", [{"value": "a@x", "type": "work", "primary": True}], ["A@x"], True),
        ("emails", [{"value": "a@x", "type": "work"}], "a@x", True),
        ("emails", [{"value": "a@x"}, {"value": "b@x"}], ["a@x"], False),
        ("emails", ["a@x"], [{"value": "a@x", "type": "work"}], True),
        ("emails", ["a@x"], ["b@x"], False),
        ("emails", [{"type": "work"}], ["a@x"], False),
        ("emails", [{"value": "a@x"}], "", False),
        ("phoneNumbers", [{"value": "491234", "type": "work"}], [491234], True),
        ('emails[value eq "a@x"]', {"value": "a@x", "type": "work"}, "a@x", True),
        ("name", {"givenName": "Ada"}, [{"givenName": "Ada"}], True),
        ("title", "Lead", ["Lead"], True),
        ("title", "Lead", ["Lead", "Boss"], False),
        (f"{ENTERPRISE}:employeeNumber", "42", 42, True),
        (f"{ENTERPRISE}:employeeNumber", "42", 42.0, True),
        (f"{ENTERPRISE}:employeeNumber", 42, "42", True),
        (f"{ENTERPRISE}:employeeNumber", "042", 42, False),
        ("active", True, 1, True),
        ("active", False, "0", True),
        ("active", "FALSE", False, True),
        ("active", False, {}, False),
        ('emails[type eq "work"].primary', True, "True", True),
        ("title", "1", True, False),
    ],
)
@pytest.mark.parametrize("exact", [False, True])
def test_same_value_in_another_form_is_equal(path, wanted, live, same, exact):
    """A manager as text, one object for a list, addresses without objects, numbers and booleans as text were changes."""
    exact_too = exact and not (same and "A@x" in str(live))
    assert equal(wanted, live, path, exact=exact_too) is same


def test_an_expectation_that_does_not_hold_is_drift():
    """None expects that nothing is there."""
    assert drifted({"title": "Lead", "nickName": None}, LIVE) == ()
    assert drifted({"title": "Engineer", "userName": None}, LIVE) == (
        Change("title", "Lead", "Engineer"),
        Change("userName", "Ada@Example.com", None),
    )


def test_secrets_are_masked_at_any_depth():
    """The resource itself is not touched."""
    resource = {"userName": "a", "Password": "x", "urn:x": {"password": "y"}, "list": [{"password": "z"}, 1]}
    kept = copy.deepcopy(resource)
    assert redact(resource) == {
        "userName": "a",
        "Password": "[secret]",
        "urn:x": {"password": "[secret]"},
        "list": [{"password": "[secret]"}, 1],
    }
    assert resource == kept


simple = st.one_of(st.text(max_size=4), st.booleans(), st.integers(0, 3), st.none())
named = st.sampled_from(["userName", "title", "active", "nickName"])
elements = st.lists(
    st.fixed_dictionaries({"value": st.sampled_from("abc"), "type": st.sampled_from(["work", "home"])}),
    max_size=3,
    unique_by=lambda element: element["value"],
)
resources = st.builds(
    lambda plain, emails: plain | {"emails": emails}, st.dictionaries(named, simple), elements
)


@given(resources)
def test_a_resource_satisfies_itself(resource):
    """Whatever it holds."""
    assert differences(resource, resource) == ()


@given(resources, resources)
def test_comparing_changes_nothing(wanted, live):
    """What is compared is as it was."""
    before = copy.deepcopy((wanted, live))
    differences(wanted, live)
    assert (wanted, live) == before


def test_a_manager_is_set_as_a_whole():
    """Servers take the manager as an object, not its value alone."""
    changes = differences({ENTERPRISE: {"manager": {"value": "8"}}}, LIVE)
    assert operations_for(changes) == (PatchOperation("replace", f"{ENTERPRISE}:manager", {"value": "8"}),)


def test_members_are_found_by_their_ids_whatever_the_order():
    """Each was compared with each: a group of 200 members took 11 s of the processor."""
    shown = [{"value": f"u{number}", "display": "x"} for number in range(500)]
    wanted = [{"value": f"u{number}"} for number in (499, 0, 250, 501)]

    [change] = differences({"members": wanted}, {"members": shown})
    assert (change.path, change.before, change.after) == ('members[value eq "u501"]', None, {"value": "u501"})
    assert differences({"members": wanted[:3]}, {"members": shown}) == ()
