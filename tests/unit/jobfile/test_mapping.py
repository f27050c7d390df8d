"""What the columns of a CSV file mean."""

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


def compiled(header, op=Verb.CREATE, **defaults):
    """Compile a header that must be good."""
    mapping = compile_header(header.split(","), Defaults(op, **defaults))
    assert isinstance(mapping, Mapping), mapping
    return mapping


def row(header, cells, op=Verb.CREATE, **defaults):
    """Read one row that must be good."""
    operation = compiled(header, op, **defaults).operation_of(Record(1, 2, cells.split(",")))
    assert isinstance(operation, Operation), operation
    return operation


def row_faults(header, cells, op=Verb.CREATE, **defaults):
    """Return the problems of one row as text."""
    problems = compiled(header, op, **defaults).operation_of(Record(1, 2, cells.split(",")))
    assert isinstance(problems, list), problems
    return "\n".join(problem.text("job.csv") for problem in problems)


def header_faults(header, op=Verb.CREATE, **defaults):
    """Return the faults of a header as text."""
    faults = compile_header(header.split(","), Defaults(op, **defaults))
    assert isinstance(faults, list), faults
    return "\n".join(f"{fault.place}: {fault.message}" for fault in faults)


@pytest.mark.parametrize(
    ("column", "data"),
    [
        ("title", {"title": "x"}),
        ("TITLE", {"title": "x"}),
        (" title ", {"title": "x"}),
        ("givenName", {"name": {"givenName": "x"}}),
        ("name.givenname", {"name": {"givenName": "x"}}),
        ("department", {ENTERPRISE: {"department": "x"}}),
        (f"{ENTERPRISE}:department", {ENTERPRISE: {"department": "x"}}),
        (f"{ENTERPRISE.upper()}:DEPARTMENT", {ENTERPRISE: {"department": "x"}}),
        (f"{ENTERPRISE}:manager.value", {ENTERPRISE: {"manager": {"value": "x"}}}),
        ("urn:example:own:1.0:User:badge", {"urn:example:own:1.0:User": {"badge": "x"}}),
        ("urn:example:own:1.0:User:a.b", {"urn:example:own:1.0:User": {"a": {"b": "x"}}}),
        ("email", {"emails": [{"value": "x", "type": "work", "primary": True}]}),
        ("emails.value", {"emails": [{"value": "x", "type": "work", "primary": True}]}),
        ('emails[type eq "home"].value', {"emails": [{"value": "x", "type": "home"}]}),
        ("emails[primary eq true].value", {"emails": [{"value": "x", "primary": True}]}),
        ("phone", {"phoneNumbers": [{"value": "x", "type": "work"}]}),
        ('addresses[type eq "work"].locality', {"addresses": [{"locality": "x", "type": "work"}]}),
        ("urn:ietf:params:scim:schemas:core:2.0:User:title", {"title": "x"}),
    ],
)
def test_a_column_is_a_path_or_a_short_name(column, data):
    """A header is a SCIM path or a well-known short name, in any case."""
    operation = row(f"userName,{column}", "ada,x")

    assert {"userName": "ada"} | data == operation.data


def test_columns_of_one_element_make_one_element():
    """Columns with the same filter are parts of the same value."""
    header = 'userName,email,emails[type eq "work"].display,emails[type eq "home"].value'

    operation = row(header, "ada,a@work,Ada,a@home")

    assert operation.data["emails"] == [
        {"value": "a@work", "display": "Ada", "type": "work", "primary": True},
        {"value": "a@home", "type": "home"},
    ]


def test_an_empty_cell_leaves_alone():
    """Nothing is made of an empty cell, nor of blanks."""
    operation = row("userName,title,email,active,manager,groups", "ada,,  ,,,")

    assert operation.data == {"userName": "ada"}
    assert operation.references == ()


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("true", True),
        ("TRUE", True),
        ("1", True),
        ("Yes", True),
        ("false", False),
        ("0", False),
        ("nO", False),
    ],
)
def test_truth_may_be_written_in_several_ways(cell, value):
    """true, 1, yes and false, 0, no, in any case."""
    operation = row("userName,active", f"ada,{cell}")

    assert value is operation.data["active"]


def test_what_is_neither_true_nor_false_names_its_column():
    """The message says file, line, row, column, value and how to fix it."""
    said = row_faults("userName,active", "ada,maybe")

    assert (
        said
        == 'job.csv:2 (row 1), column "active": "maybe" is not true or false; write true, false or leave it empty, or map it: values = { "maybe" = true }'
    )


def test_manager_and_groups_are_references():
    """Groups stand with `;` between, each once."""
    operation = row("userName,manager,groups", "ada,bob,Eng; Board ;Eng;")

    assert (
        Reference(Role.MANAGER, Key("User", "userName", "bob")),
        Reference(Role.GROUP, Key("Group", "displayName", "Eng")),
        Reference(Role.GROUP, Key("Group", "displayName", "Board")),
    ) == operation.references


def test_ref_names_a_record_where_the_file_has_refs():
    """Without a ref column, `ref:x` is a userName like any other."""
    with_refs = row("ref,userName,manager", "a,ada,ref:b")
    without = row("userName,manager", "ada,ref:b")

    assert Key("User", "ref", "b") == with_refs.references[0].key
    assert with_refs.ref == "a"
    assert Key("User", "userName", "ref:b") == without.references[0].key


def test_a_patch_replaces_each_filled_column_but_its_key():
    """The match column says who; it is not itself a change."""
    operation = row("userName,title,email,active,department", "ada,Lead,,no,X", Verb.PATCH)

    assert Key("User", "userName", "ada") == operation.target
    assert (
        PatchOperation("replace", "title", "Lead"),
        PatchOperation("replace", "active", value=False),
        PatchOperation("replace", f"{ENTERPRISE}:department", "X"),
    ) == operation.changes


def test_an_id_comes_before_the_match_column():
    """With an id filled in, userName is a value to set: that is how people are renamed."""
    header = "id,userName,title"

    by_id = row(header, "77,new,", Verb.PATCH)
    by_name = row(header, ",ada,Lead", Verb.PATCH)

    assert Key("User", "id", "77") == by_id.target
    assert (PatchOperation("replace", "userName", "new"),) == by_id.changes
    assert Key("User", "userName", "ada") == by_name.target


@pytest.mark.parametrize("verb", [Verb.DELETE, Verb.DEACTIVATE, Verb.ACTIVATE])
def test_name_next_to_an_id_is_what_the_resource_must_have(verb):
    """A file that was sorted in half deleted the user of the id, and not the one that the row names."""
    assert row("id,userName,title", "77,ada,Lead", verb).expect == {"userName": "ada"}
    assert row("id,userName", "77,", verb).expect == row("userName", "ada", verb).expect == {}


def test_the_match_column_can_be_chosen():
    """--match names the attribute that targets are found by."""
    operation = row("email,title", "a@b,Lead", Verb.PATCH, match="email")

    assert Key("User", "emails.value", "a@b") == operation.target
    assert (PatchOperation("replace", "title", "Lead"),) == operation.changes


def test_each_row_may_say_its_own_operation_and_type():
    """op and type columns come before the defaults; an empty cell falls back to them."""
    header = "op,type,userName,displayName"

    group = row(header, "create,Group,,Eng")
    leaver = row(header, "Deactivate,,ada,Ada L")
    fallback = row(header, ",,ada,")

    assert (group.verb, group.type, group.data) == (Verb.CREATE, "Group", {"displayName": "Eng"})
    assert (leaver.verb, leaver.data, leaver.changes) == (Verb.DEACTIVATE, {}, ())
    assert fallback.verb == Verb.CREATE


def test_a_membership_is_a_group_and_a_member():
    """add_member finds the group by its name or id, and the user by its userName."""
    operation = row("displayName,member", "Eng,ada", Verb.ADD_MEMBER)

    assert ("Group", Key("Group", "displayName", "Eng")) == (operation.type, operation.target)
    assert (Reference(Role.MEMBER, Key("User", "userName", "ada")),) == operation.references


def test_columns_with_an_underscore_are_passed_over():
    """An errors file is a job file."""
    operation = row("userName,_row,_message", "ada,3,conflict")

    assert operation.data == {"userName": "ada"}


@pytest.mark.parametrize(
    ("header", "op", "texts"),
    [
        (
            "group,user",
            None,
            ("did you mean displayName?", "did you mean member?", "add --op add_member or --op"),
        ),
        (
            "Login,Team",
            None,
            ("did you mean displayName?", "did you mean member?", "add --op add_member or --op"),
        ),
        ("displayName,member", None, ("such as --op add_member",)),
        ("group,user", Verb.CREATE, ("did you mean groups?", "did you mean userName?")),
        ("group,title", None, ("did you mean groups?",)),
    ],
)
def test_a_file_of_groups_and_users_is_recognised_without_an_operation(header, op, texts):
    """Only with --op add_member did the messages say what `group` and `user` are called."""
    found = header_faults(header, op)

    assert all(text in found for text in texts), found
    assert ("add_member" in found) is ("add_member" in texts[-1])


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("userName,titel", 'column "titel": is not a known column; did you mean title'),
        ("userName,e-mail", "did you mean email"),
        ("userName,name.given", "did you mean name.givenName?"),
        ("userName,name", "name one, such as name.formatted"),
        ("userName,emails", 'write emails[type eq "work"].value'),
        ("userName,emails[type eq work", "not a SCIM attribute path"),
        ("userName,emails[type eq].value", "column"),
        ("userName,emails[type eq work].value", 'work must be in double quotes: "work"'),
        ('userName,emails[value co "x"].value', "holds a list"),
        ("userName,title.x", "title has no parts"),
        (f"userName,{ENTERPRISE}:departmnt", "not a known column"),
        ("userName,", "column 2: has no name"),
        ("userName,USERNAME", "keep one of them"),
        ("userName,email,emails.value", "keep one of them"),
        ("userName,title,title", "keep one of them"),
        ("title", 'column "userName" is missing: create of a User needs it'),
    ],
)
def test_a_header_fault_names_its_column(header, text):
    """What is unknown, doubled or missing is said with what comes near."""
    assert text in header_faults(header)


@pytest.mark.parametrize(
    ("header", "op", "text"),
    [
        ("userName", None, 'no column "op"'),
        ("title", Verb.PATCH, 'column "userName" (or "id") is missing'),
        ("displayName", Verb.ADD_MEMBER, 'column "member" is missing'),
        ("userName,member", Verb.ADD_MEMBER, 'column "displayName" (or "id") is missing'),
    ],
)
def test_a_missing_column_is_named(header, op, text):
    """A file without a column that every row needs is refused by its header."""
    assert text in header_faults(header, op)


@pytest.mark.parametrize(
    ("header", "cells", "op", "text"),
    [
        ("op,userName", "creat,ada", None, 'column "op": "creat" is not an operation; did you mean create?'),
        ("op,userName", ",ada", None, "has no operation"),
        ("type,userName", "Robot,ada", Verb.CREATE, 'column "type": "Robot"'),
        ("userName,title", ",x", Verb.CREATE, "create of a User needs its userName"),
        (
            "userName,password",
            "ada,[secret]",
            Verb.CREATE,
            'column "password": "[secret]" is the mask of a secret',
        ),
        ("id,title", "..,x", Verb.PATCH, 'column "id": ".." is not an id'),
        ("id,title", ",x", Verb.PATCH, "does not identify the User"),
        ("userName,title", "ada,", Verb.PATCH, "nothing to change"),
        ("displayName,member", "Eng,", Verb.ADD_MEMBER, "needs exactly one member"),
        ("userName,member", "ada,bob", Verb.CREATE, 'column "member"'),
        ("id,userName", "7,ada", Verb.UPSERT, "upsert takes no id"),
    ],
)
def test_a_row_fault_names_its_column(header, cells, op, text):
    """A problem in a row says where it is and how to fix it."""
    assert text in row_faults(header, cells, op)
