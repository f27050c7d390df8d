"""The records of a canary as a table."""

import pytest

from bulkscim.model.operation import GROUP, USER, Key, Operation, Reference, Role, Verb
from bulkscim.planning.canary import cover, shape_of


def shapes(*texts):
    """Return rows with shapes, a letter for each thing that a row is an example of."""
    return [(row, frozenset((one, "") for one in text)) for row, text in enumerate(texts, 1)]


@pytest.mark.parametrize(
    ("texts", "most", "rows"),
    [
        ((), 3, []),
        (("a", "a", "a"), 1, [1]),
        (("a", "a", "a"), 2, [1, 2]),
        (("a", "b", "ab"), 1, [3]),
        (("a", "b", "ab"), 2, [1, 3]),
        (("a", "ab", "c", "abd"), 2, [3, 4]),
        (("ab", "bc", "cd"), 2, [1, 3]),
        (("a", "b", "c"), 2, [1, 2]),
        (("a",), 5, [1]),
    ],
)
def test_few_rows_cover_as_much_as_they_can(texts, most, rows):
    assert cover(shapes(*texts), most) == rows


def test_what_was_tried_is_covered_last():
    assert cover(shapes("a", "ab", "c"), 1, frozenset({("a", ""), ("b", "")})) == [3]
    assert cover(shapes("a", "ab"), 1, frozenset({("a", ""), ("b", "")})) == [1]


def test_a_shape_has_operation_groups_references_and_attributes():
    """Two users with the same attributes in the same groups are one example."""
    sales = Reference(Role.GROUP, Key(GROUP, "displayName", "Sales"))
    boss = Reference(Role.MANAGER, Key(USER, "userName", "boss"))

    def made(name, *references, **data):
        data = {"userName": name, "name": {"givenName": name}, **data}
        return shape_of(
            Operation(Verb.CREATE, USER, Key(USER, "userName", name), data=data, references=references)
        )

    assert made("ann", sales) == made("bob", sales)
    assert {("group", "sales"), ("reference", "manager"), ("attribute", "name.givenname")} <= made(
        "a", sales, boss
    )
    assert made("ann", title="x") != made("bob")
