"""What a plan says of its rows."""

from bulkscim.model.plan import PlannedRow, Will
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
