"""What a plan says of its rows."""

from bulkscim.model.plan import PlannedChange, PlannedRow, Will
from bulkscim.reporting.plan_text import overview_lines, overview_of

GOOD = [
    PlannedRow(row, Will.CREATE, key=f"u{row}@example.com", type="User", parts=("create",))
    for row in range(1, 9)
]


def told(rows):
    """Return what is said of a plan."""
    return list(overview_lines(overview_of(rows)))


def test_rows_that_are_not_carried_out_in_all_parts_are_named():
    """They were counted, and shown only where they were among the first rows of their kind."""
    bad = [
        PlannedRow(
            row,
            Will.CREATE,
            key=f"u{row}@example.com",
            type="User",
            parts=("create",),
            problem="no group Law",
        )
        for row in range(9, 14)
    ]

    lines = told([*GOOD, *bad])

    at = lines.index("not carried out in all parts: 5 of these rows")
    assert lines[at + 1 : at + 5] == [
        "  row 9  User u9@example.com: no group Law",
        "  row 10  User u10@example.com: no group Law",
        "  row 11  User u11@example.com: no group Law",
        "  … and 2 more",
    ]


def test_nothing_is_said_where_all_parts_are_carried_out():
    assert not any("parts" in line for line in told(GOOD))


def test_what_an_identity_provider_may_set_back_is_named():
    """It knows its users by their externalId; what is changed of others stays."""
    title, active = (
        PlannedChange("patch", "title", "Old", "Lead"),
        PlannedChange("deactivate", "active", True, False),
    )
    common = {"type": "User", "parts": ("patch",)}
    rows = [
        PlannedRow(1, Will.CHANGE, changes=(title,), external_id="E1", **common),
        PlannedRow(2, Will.DEACTIVATE, changes=(active, title), external_id="E2", **common),
        PlannedRow(3, Will.DELETE, external_id="E3", **common),
        PlannedRow(4, Will.CHANGE, changes=(title,), **common),
        PlannedRow(5, Will.UNCHANGED, type="User", external_id="E5"),
    ]

    assert (
        "externalId: 3 of the users that are changed have one. An identity provider that manages them may set back: "
        "title (2), active (1), delete (1)"
    ) in told(rows)
    assert not any("externalId" in line for line in told(rows[3:]))
