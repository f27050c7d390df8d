"""Failures are grouped by what they have in common."""

import pytest

from bulkscim.journal import journal
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.entries import Kind
from bulkscim.model.row import RowState
from bulkscim.reporting.causes import cause_lines, causes_of, grouped
from bulkscim.reporting.results import Result
from tests.support.making.journals import entry_of, header_of
from tests.support.making.recorded_runs import CSV, START, header, settled
from tests.support.running.fake_clock import VirtualClock


def failed(row, detail, **more):
    """Return a failed row."""
    return Result(row, RowState.FAILED, op="create", key=f"u{row}@example.com", detail=detail, **more)


def lines(*results):
    """Return the causes as the closing screen has them."""
    return list(cause_lines(grouped(results, "last")))


def test_rows_that_failed_alike_are_one_line():
    """`98 failed` was all that the screen said: no cause, no row."""
    rows = [
        failed(row, f"exists already as id id-{row}", status=409, id=f"id-{row}") for row in range(3, 101)
    ]

    first, hint = lines(*rows)

    assert first == "  409 exists already as id …: 98 rows (3, 4, 5, …)"
    assert "name is taken" in hint
    [cause] = grouped(rows, "last")
    assert (cause.count, cause.rows) == (98, tuple(range(3, 13)))
    assert cause.command == "bulkscim retry last --on-exists adopt"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("no User with userName a@x.example", "no User with userName b@y.example"),
        ("row 12 failed: no", "row 5 failed: no"),
        (
            "request 2819c223-7f76-453a-919d-413861904646 failed",
            "request 902c246b-6245-4190-8e05-00816be7344a failed",
        ),
        ("u1@example.com is taken", "U2@example.com is taken"),
    ],
)
def test_what_is_a_rows_own_tells_no_causes_apart(one, other):
    """Addresses, ids and numbers of rows differ, the cause does not."""
    [line] = [text for text in lines(failed(1, one), failed(2, other)) if "row" in text.partition(":")[2]]

    assert line.endswith(": 2 rows (1, 2)")


def test_causes_stay_apart_and_the_largest_comes_first():
    """Attribute and group names are causes of their own; failed rows come before those that waited for them."""
    skipped = Result(9, RowState.SKIPPED, detail="row 1 failed: no")
    causes = grouped(
        [
            failed(1, "'title' is required"),
            failed(2, "'name' is required"),
            failed(3, "'name' is required"),
            skipped,
        ],
        "last",
    )

    assert [(each.count, each.state) for each in causes] == [
        (2, "failed"),
        (1, "failed"),
        (1, "skipped"),
    ]
    assert "  skipped: row 1 failed: no: 1 row (9)" in list(cause_lines(causes))


def test_a_server_that_words_each_answer_differently_fills_no_memory():
    """Beyond a thousand kinds the rest is one, and no row is lost from the counts."""
    words = [
        f"{chr(97 + n // 676 % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n % 26)} is wrong" for n in range(2000)
    ]
    causes = grouped((failed(row, word) for row, word in enumerate(words, 1)), "last")

    assert len(causes) <= 1001
    assert sum(each.count for each in causes) == 2000
    assert len(list(cause_lines(causes))) <= 21


LOST = {"status": 200, "seen": True}


def creation(row, step, name):
    """Return the entries of a group that a row creates by its name."""
    part = f"group:{name}"
    body = {
        "part": part,
        "action": "create",
        "method": "POST",
        "type": "Group",
        "identity": [],
        "changes": [],
    }
    yield entry_of(Kind.STARTED, ((row, part),), step, body=body)
    yield entry_of(Kind.APPLIED, ((row, part),), step, body={"part": part, "id": f"g{step}", "covers": []})


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([("Desing", RowState.DONE, {})], '  done: creates group "Desing": 1 row (1)'),
        (
            [(name, RowState.DONE, {}) for name in "ABCD"],
            '  done: creates groups "A", "B", "C" and 1 more: 4 rows (1, 2, 3, …)',
        ),
        ([("A;B", RowState.DONE, {})], '  done: creates groups "A", "B": 1 row (1)'),
        (
            [("A", RowState.DONE, LOST), ("B", RowState.DONE, {})],
            '  done: creates groups "A", "B": 2 rows (1, 2)',
        ),
        (
            [("A", RowState.FAILED, {}), ("B", RowState.DONE, {})],
            '  done: creates groups "A", "B": 2 rows (1, 2)',
        ),
    ],
)
async def test_groups_that_are_created_by_name_are_listed(tmp_path, rows, told):
    """A dry run with --create-groups did not say that a misspelled group would be made.

    It was one group a row, none of rows that failed, and a line of its own for rows that were answered otherwise.
    """
    path = tmp_path / "job.csv"
    path.write_text(CSV)
    made = journal.create(
        tmp_path, LocalDisk(), header_of(header(path, "run"), len(rows)), VirtualClock(START)
    )
    step = 0
    for row, (names, state, more) in enumerate(rows, 1):
        for name in names.split(";"):
            step += 1
            for entry in creation(row, step, name):
                await made.append(entry)
        await made.append(settled(row, state, names, op="add_member", type="Group", **more))
    await made.aclose()

    with journal.read(tmp_path, LocalDisk()) as recorded:
        assert [line for line in cause_lines(causes_of(recorded, "run")) if "creates" in line] == [told]


async def test_names_that_were_not_found_are_listed_though_their_rows_end_well(tmp_path):
    """A misspelled group or user ended as a noop with exit 0, and nothing on the screen named it."""
    path = tmp_path / "job.csv"
    path.write_text(CSV)
    made = journal.create(tmp_path, LocalDisk(), header_of(header(path, "run"), 4), VirtualClock(START))
    absent = "no User with userName {}: nothing to delete"
    for row in (1, 3):
        name = f"user{row}@example.com"
        await made.append(settled(row, RowState.NOOP, name, op="delete", detail=absent.format(name)))
    await made.append(settled(2, RowState.NOOP, "there@example.com", id="u2"))
    await made.append(settled(4, RowState.FAILED, "bad@example.com", status=400, detail="no good"))
    await made.aclose()

    with journal.read(tmp_path, LocalDisk()) as recorded:
        shown = list(cause_lines(causes_of(recorded, "run")))

    assert shown == [
        "  400 no good: 1 row (4)",
        "    correct the record",
        "  noop: no User with userName …: nothing to delete: 2 rows (1, 3)",
    ]
