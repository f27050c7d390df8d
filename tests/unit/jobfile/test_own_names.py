"""Managers by the employee number or the name that another row of the same file holds."""

import pytest

from bulkscim.jobfile.reading import rows
from bulkscim.jobfile.references import EMPLOYEE_NUMBER
from bulkscim.jobfile.source import open_source
from bulkscim.jobfile.validate import check
from bulkscim.model.operation import USER, Defaults, Key, Verb

MAP = {"userName": "Mail", "employeeNumber": "No", "manager": {"column": "Boss", "lookup": "employeeNumber"}}
NAMED = {"userName": "Mail", "displayName": "Name", "manager": {"column": "Boss", "lookup": "displayName"}}


def checked(tmp_path, text, mapped, op=Verb.CREATE):
    """Return what is wrong with a file, and the key of each row's manager."""
    path = tmp_path / "people.csv"
    path.write_text(text)
    source, defaults = open_source(str(path)), Defaults(op, map=mapped)
    found = check(source, defaults, tmp_path / "index")
    if found.problem_count:
        return list(found.problems), []
    found.sound_index().close()
    return [], [
        next((each.key for each in operation.references), None) for _, operation in rows(source, defaults)
    ]


@pytest.mark.parametrize("op", [Verb.CREATE, Verb.UPSERT, Verb.PATCH])
def test_a_number_of_another_row_means_that_row(tmp_path, op):
    """`lookup = "employeeNumber"` was refused, though the file holds all the numbers."""
    problems, managers = checked(
        tmp_path, "Mail,No,Boss\nada@x,2, 1 \ngrace@x,1,\neve@x,03,9\nbob@x,3,03\n", MAP, op
    )

    assert problems == []
    assert managers == [
        Key(USER, "userName", "grace@x"),
        None,
        Key(USER, EMPLOYEE_NUMBER, "9"),  # of no row: the tenant is asked
        Key(USER, "userName", "eve@x"),
    ]


def test_a_number_of_two_rows_is_refused(tmp_path):
    """One of them would be chosen by chance."""
    problems, _ = checked(tmp_path, "Mail,No,Boss\nada@x,1,\ngrace@x,1,\neve@x,2,1\n", MAP)

    assert ':4 (row 3), column "manager": "1" is the employeeNumber of rows 1 and 2' in problems[0]


def test_a_name_of_another_row_means_that_row_but_never_its_own(tmp_path):
    """Case does not count; who has the manager's name is not taken for the manager."""
    text = "Mail,Name,Boss\nj1@x,Jim Smith,Jim Smith\nada@x,Ada,jim smith\n"

    _, managers = checked(tmp_path, text, NAMED)

    assert managers == [Key(USER, "displayName", "Jim Smith"), Key(USER, "userName", "j1@x")]


def test_a_name_may_be_in_two_columns(tmp_path):
    """Files without a full name have its parts."""
    parts = {"name.givenName": "First", "name.familyName": "Last"}
    mapped = {"userName": "Mail", **parts, "manager": {"column": "Boss", "lookup": "displayName"}}

    _, managers = checked(
        tmp_path, "Mail,First,Last,Boss\nada@x,Ada,Hopper,Grace Hopper\ng@x,Grace,Hopper,\n", mapped
    )

    assert managers[0] == Key(USER, "userName", "g@x")


def test_a_group_has_no_employee_number(tmp_path):
    """Said of the map, not of each row."""
    mapped = {"userName": "Mail", "groups": {"column": "Boss", "lookup": "employeeNumber"}}

    assert "is for manager, members and member" in checked(tmp_path, "Mail,Boss\na,b\n", mapped)[0][0]
