"""What the [map] of a job definition makes of a file's own columns."""

import tomllib

import pytest

from bulkscim.jobfile.mapping import Mapping, compile_header
from bulkscim.jobfile.records import Record
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

HEADER = ("E-mail", "First", "Last", "Status", "Teams", "Boss", "Title")
CELLS = (" ada@example.com ", "Ada", "Lovelace", "Active", "Ops, Data ,,Ops", "grace@example.com", "Lead")


def compiled(text, op=Verb.CREATE):
    """Compile a map written as TOML over the header."""
    return compile_header(HEADER, Defaults(op, map=tomllib.loads(text)))


def read(text, op=Verb.CREATE, **cells):
    """Read one row by a map; cells are given by their column."""
    row = tuple(cells.get(name, cell) for name, cell in zip(HEADER, CELLS, strict=True))
    mapping = compiled(text, op)
    assert isinstance(mapping, Mapping), mapping
    return mapping.operation_of(Record(1, 2, row))


def data(text, op=Verb.CREATE, **cells):
    """Return the data that a good row makes, without its userName."""
    operation = read(f'userName = "E-mail"\n{text}', op, **cells)
    assert isinstance(operation, Operation), operation
    return {name: value for name, value in operation.data.items() if name != "userName"}


def faults(text, **cells):
    """Return what is wrong with a row, as text."""
    problems = read(f'userName = "E-mail"\n{text}', **cells)
    assert isinstance(problems, list), problems
    return "\n".join(problem.text("hr.csv") for problem in problems)


@pytest.mark.parametrize(
    ("rule", "cells", "made"),
    [
        ('title = "Title"', {}, {"title": "Lead"}),
        ('title = "TITLE"', {}, {"title": "Lead"}),
        ('"name.givenName" = "First"', {}, {"name": {"givenName": "Ada"}}),
        ('name.givenName = "First"', {}, {"name": {"givenName": "Ada"}}),
        ('name = { givenName = "First", familyName = { column = "Last", lower = true } }', {},
         {"name": {"givenName": "Ada", "familyName": "lovelace"}}),
        ('displayName = "{First} {Last}"', {}, {"displayName": "Ada Lovelace"}),
        ('displayName = "{First} {Last}"', {"Last": " "}, {"displayName": "Ada"}),
        ('displayName = "{First} {Title} {Last}"', {"Title": ""}, {"displayName": "Ada Lovelace"}),
        ('displayName = "{First} {Last}"', {"First": "", "Last": ""}, {}),
        ('displayName = "{{{First}}}"', {}, {"displayName": "{Ada}"}),
        ('displayName = { template = "{First}.{Last}@x.example", lower = true }', {},
         {"displayName": "ada.lovelace@x.example"}),
        ('displayName = "{First}.{Last}@x.example"', {"Last": ""}, {}),
        ('userType = { constant = "Employee" }', {}, {"userType": "Employee"}),
        ("active = { constant = true }", {}, {"active": True}),
        ('active = { column = "Status", values = { Active = true, Terminated = false } }', {}, {"active": True}),
        ('active = { column = "Status", values = { Active = true, Terminated = false } }',
         {"Status": "TERMINATED "}, {"active": False}),
        ('active = { column = "Status", values = { Active = true } }', {"Status": ""}, {}),
        ('active = { column = "Status", values = { Active = true }, default = false }', {"Status": ""},
         {"active": False}),
        ('active = "Status"', {"Status": "TRUE"}, {"active": True}),
        ('active = "Status"', {"Status": "Yes"}, {"active": True}),
        ('active = "Status"', {"Status": "Inactive"}, {"active": False}),
        ('active = "Status"', {"Status": "0"}, {"active": False}),
        ('title = { column = "Title", default = "Employee" }', {"Title": ""}, {"title": "Employee"}),
        ('title = { column = "Title", strip = "()" }', {"Title": "(Lead) "}, {"title": "Lead"}),
        ('title = { column = "Title", strip = true }', {"Title": " Lead\u00a0"}, {"title": "Lead"}),
        ('email = { column = "E-mail", lower = true }', {"E-mail": "ADA@X.example"},
         {"emails": [{"value": "ada@x.example", "type": "work", "primary": True}]}),
        ('department = { column = "Title", values = { Lead = "Board", 7 = "" } }', {"Title": "7"}, {}),
        ('title = { column = "Title", nothing = "n/a" }', {"Title": " N/A"}, {}),
        ('title = { column = "Title", nothing = ["-", "N/A"], default = "Employee" }', {"Title": "-"},
         {"title": "Employee"}),
        ('title = { template = "{Title} {Status}", nothing = "Active" }', {"Title": "Lead", "Status": "ACTIVE"},
         {"title": "Lead"}),
    ],
)  # fmt: skip
def test_a_rule_fills_a_column(rule, cells, made):
    """Columns, templates, constants, tables of values, defaults, cases and strips."""
    assert data(rule, **cells) == made


def test_groups_are_split_and_managers_looked_up():
    """What stands between names is the rule's own, and so is the attribute that a name is found by."""
    operation = read(
        'userName = "E-mail"\n'
        'groups = { column = "Teams", split = "," }\n'
        'manager = { column = "Boss", lookup = "email" }'
    )

    assert operation.references == (
        Reference(Role.GROUP, Key("Group", "displayName", "Ops")),
        Reference(Role.GROUP, Key("Group", "displayName", "Data")),
        Reference(Role.MANAGER, Key("User", "emails.value", "grace@example.com")),
    )


def test_each_part_of_a_split_is_looked_up_in_the_values():
    """Short team names become the tenant's own; a name that holds a semicolon stays whole."""
    text = 'userName = "E-mail"\ngroups = { column = "Teams", split = ",", values = { ops = "A; B", data = "D" } }'

    assert [each.key.value for each in read(text).references] == ["A; B", "D"]


def test_an_operation_may_come_from_a_column():
    """A status can decide what is to be done."""
    text = (
        'userName = "E-mail"\nop = { column = "Status", values = { Active = "upsert", Left = "deactivate" } }'
    )

    assert (read(text, None).verb, read(text, None, Status="left").verb) == (Verb.UPSERT, Verb.DEACTIVATE)


@pytest.mark.parametrize(
    ("op", "wanted"),
    [
        (Verb.PATCH, {"changes": (PatchOperation("remove", "title"), PatchOperation("remove", f"{ENTERPRISE}:manager"))}),
        (Verb.UPSERT, {"data": {"userName": "ada@example.com", "title": None, ENTERPRISE: {"manager": None}}}),
        (Verb.CREATE, {"data": {"userName": "ada@example.com"}}),
    ],
)  # fmt: skip
def test_an_empty_cell_removes_where_the_map_says_so(op, wanted):
    """A patch removes, an upsert wants nothing there, a create has nothing to clear."""
    text = (
        'userName = "E-mail"\ntitle = { column = "Title", empty = "remove" }\n'
        'manager = { column = "Boss", empty = "remove" }'
    )

    operation = read(text, op, Title=" ", Boss="")

    assert {name: getattr(operation, name) for name in wanted} == wanted


def test_an_empty_cell_leaves_alone_unless_said():
    """Without `empty`, a patch does not touch what the file leaves open."""
    operation = read('userName = "E-mail"\ntitle = "Title"\nnickName = "First"', Verb.PATCH, Title="")

    assert operation.changes == (PatchOperation("replace", "nickName", "Ada"),)


@pytest.mark.parametrize(
    ("rule", "cells", "said"),
    [
        (
            'active = { column = "Status", values = { Active = true } }',
            {"Status": "Sabbatical"},
            'hr.csv:2 (row 1), column "Status" (active): "Sabbatical" is none of Active',
        ),
        ('active = "Status"', {"Status": "maybe"}, 'column "Status" (active): "maybe" is not true or false'),
        (
            'title = "Title"',
            {"Title": "[secret]"},
            'column "Title" (title): "[secret]" is the mask of a secret',
        ),
        ('manager = { column = "Boss", lookup = "id" }', {"Boss": ".."}, "is not an id"),
    ],
)
def test_a_bad_cell_is_named_by_the_files_own_column(rule, cells, said):
    """The message names the column that people see, and what it was to fill."""
    assert said in faults(rule, **cells)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('title = "Titel"', 'map, title: the file has no column "Titel"; did you mean Title?'),
        ('displayName = "{First} {Lst}"', 'map, displayName: the file has no column "Lst"; did you mean'),
        ('displayName = "{First"', "a brace is not closed"),
        ('titel = "Title"', 'map, column "titel": is not a known column; did you mean title?'),
        ("title = 7", "is not a rule"),
        ('title = { column = "Title", constant = "x" }', "needs exactly one of column, template, constant"),
        ('title = { column = "Title", loewer = true }', '"loewer" means nothing here; did you mean lower?'),
        ('title = { column = "Title", lower = "yes" }', "is not true or false"),
        ('title = { column = "Title", split = ";" }', "split is for groups and members"),
        ('title = { column = "Title", lookup = "id" }', "lookup is for manager"),
        ('manager = { column = "Boss", lookup = "shoe" }', '"shoe" is none of displayName'),
        ('title = { column = "Title", empty = "drop" }', "is neither leave nor remove"),
        ('title = { column = "Title", empty = "remove", default = "x" }', "both default and empty"),
        (
            'groups = { column = "Teams", empty = "remove" }',
            "for the manager and for attributes of one value",
        ),
        ('title = { column = "Title", values = "x" }', "values is not a table"),
        ('title = { column = "Title", values = { a = [] } }', "is neither text, number, true nor false"),
        ('title = { column = "Title", strip = 3 }', "neither true nor the characters"),
        ('title = { column = "" }', "is not text"),
        ('_note = "Title"', "columns that begin with _ are ignored"),
        ('email = "E-mail"\n"emails.value" = "E-mail"', "keep one of them"),
    ],
)
def test_each_mistake_in_a_map_has_its_message(text, said):
    """A map is checked before the first row, with what comes near to what was written."""
    found = compiled(f'userName = "E-mail"\n{text}')

    assert isinstance(found, list), found
    assert said in "\n".join(f"{fault.place}: {fault.message}" for fault in found)


def test_a_map_names_who_is_meant():
    """A map without the match column, or an empty one, could say nothing."""
    assert 'column "userName" is missing' in str(compiled('title = "Title"'))
    assert "is empty" in str(compiled(""))
