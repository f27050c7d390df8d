"""The one reading of `active`."""

import pytest

from bulkscim.model.active import is_active_path, is_inactive, last_set, stated, truth


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        (False, False),
        ("true", True),
        ("False", False),
        (" FALSE ", False),
        (1, True),
        (0, False),
        ("1", True),
        ("0", False),
        (None, None),
        ("", None),
        ("no longer", None),
        (2, None),
        ([], None),
        ({"value": False}, None),
    ],
)
def test_boolean_has_one_reading_in_each_form(value, expected):
    """Ten places read `active`: some took "False" or 0 for active, some for nothing."""
    assert truth(value) is expected
    assert stated({"userName": "ada", "Active": value}) is expected
    assert is_inactive({"active": value}) is (expected is False)


def test_user_that_says_nothing_is_active():
    """Missing is not false."""
    assert stated({}) is None
    assert not is_inactive({})


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("active", True),
        ("Active", True),
        ("urn:ietf:params:scim:schemas:core:2.0:User:active", True),
        ("urn:example:1.0:Badge:active", False),
        ("activeSince", False),
        ("", False),
        (None, False),
    ],
)
def test_path_names_active_of_the_core_schema_alone(path, named):
    """The full path was read as another attribute, so that a deactivation by it was no removal."""
    assert is_active_path(path) is named


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([("title", "x")], None),
        ([("active", False)], False),
        ([(None, {"ACTIVE": "False"})], False),
        ([("active", False), ("active", True)], True),
        ([(None, {"title": "x"}), ("active", 0)], False),
        ([("active", False), (None, {"title": "x"})], False),
        ([("active", False), ("active", None)], None),
    ],
)
def test_last_value_of_active_counts(values, expected):
    """Two changes of `active` in one step were read as none."""
    assert last_set(values) is expected
