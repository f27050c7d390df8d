"""What a PATCH does."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkscim.model.operation import ENTERPRISE, PatchOperation
from bulkscim.scim.patch import apply, in_effect
from bulkscim.scim.paths import PathError

ADA = {
    "id": "1",
    "userName": "ada",
    "active": True,
    "name": {"givenName": "Ada"},
    "emails": [{"value": "a@work", "type": "work"}, {"value": "a@home", "type": "home"}],
    "members": [{"value": "m1"}, {"value": "m2"}],
    "password": "hidden",
    ENTERPRISE: {"department": "Engines"},
}


def op(name, path, value=None):
    """Return an operation."""
    return PatchOperation(name, path, value)


@pytest.mark.parametrize(
    ("operation", "changed"),
    [
        (op("replace", "active", False), {"active": False}),
        (op("add", "title", "Lead"), {"title": "Lead"}),
        (op("replace", "name", {"familyName": "L"}), {"name": {"givenName": "Ada", "familyName": "L"}}),
        (op("replace", "name.givenName", "A"), {"name": {"givenName": "A"}}),
        (op("replace", None, {"active": False, "title": "x"}), {"active": False, "title": "x"}),
        (op("replace", None, {"name.givenName": "A"}), {"name": {"givenName": "A"}}),
        (
            op("replace", 'emails[type eq "work"].value', "n@work"),
            {"emails": [{"value": "n@work", "type": "work"}, {"value": "a@home", "type": "home"}]},
        ),
        (
            op("add", "members", [{"value": "m2"}, {"value": "m3"}]),
            {"members": [{"value": f"m{n}"} for n in (1, 2, 3)]},
        ),
        (op("add", "members", {"value": "m3"}), {"members": [{"value": f"m{n}"} for n in (1, 2, 3)]}),
        (op("add", "roles", [{"value": "r"}]), {"roles": [{"value": "r"}]}),
        (op("replace", "members", [{"value": "m9"}]), {"members": [{"value": "m9"}]}),
        (op("remove", 'members[value eq "m1"]'), {"members": [{"value": "m2"}]}),
        (op("remove", "members", [{"value": "m1"}]), {"members": [{"value": "m2"}]}),
        (op("replace", f"{ENTERPRISE}:department", "X"), {ENTERPRISE: {"department": "X"}}),
        (
            op("replace", f"{ENTERPRISE}:manager", {"value": "7"}),
            {ENTERPRISE: {"department": "Engines", "manager": {"value": "7"}}},
        ),
        (op("add", ENTERPRISE, {"division": "D"}), {ENTERPRISE: {"department": "Engines", "division": "D"}}),
    ],
)
def test_an_operation_changes_what_it_names_and_is_then_in_effect(operation, changed):
    """The rest stays, the resource given is not touched, and doing it again would do nothing."""
    kept = copy.deepcopy(ADA)
    after = apply([operation], ADA)
    assert after == ADA | changed
    assert kept == ADA
    assert not in_effect(operation, ADA)
    assert in_effect(operation, after)


@pytest.mark.parametrize("path", ["title", "active", "name", "members", "name.givenName", ENTERPRISE])
def test_what_is_removed_is_gone(path):
    """Whole attributes, sub-attributes, lists and extensions."""
    assert in_effect(op("remove", path), apply([op("remove", path)], ADA))


@pytest.mark.parametrize(
    ("operation", "stands"),
    [
        (op("replace", "userName", "ADA"), True),
        (op("replace", "active", "true"), True),
        (op("remove", "title"), True),
        (op("replace", "title", None), True),
        (op("add", "members", [{"value": "m1"}]), True),
        (op("replace", "members", [{"value": "m1"}]), False),
        (op("replace", "members", [{"value": "m2"}, {"value": "m1"}]), True),
        (op("remove", "members", [{"value": "m9"}]), True),
        (op("remove", "members", [{"value": "m1"}]), False),
        (op("replace", "password", "hidden"), False),
        (op("replace", None, {"password": "hidden", "active": True}), False),
        (op("replace", "not a path", 1), False),
        (op("replace", None, {}), False),
    ],
)
def test_what_cannot_be_seen_is_not_in_effect(operation, stands):
    """Secrets and odd paths are sent; what the comparison finds equal is not."""
    assert in_effect(operation, ADA) is stands


def test_an_operation_that_says_nothing_clear_is_an_error():
    """A remove without a path would take everything."""
    with pytest.raises(PathError):
        apply([op("remove", None)], ADA)
    with pytest.raises(PathError):
        apply([op("replace", "a.b.c", 1)], ADA)


paths_known = st.sampled_from(
    ["title", "name.givenName", 'emails[type eq "work"].value', f"{ENTERPRISE}:department"]
)
operations = st.lists(
    st.builds(op, st.sampled_from(["add", "replace", "remove"]), paths_known, st.text("abc", min_size=1)),
    max_size=5,
)


@given(operations)
def test_a_patch_done_twice_is_a_patch_done_once(listed):
    """Setting operations are safe to repeat."""
    listed = [op(one.op, one.path) if one.op == "remove" else one for one in listed]
    once = apply(listed, ADA)
    assert apply(listed, once) == once
