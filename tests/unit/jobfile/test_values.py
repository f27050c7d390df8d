"""Every value is judged by what it says: what can only be wrong refuses the file, what is unusual passes."""

import json

import pytest

from bulkscim.jobfile.operations import operation_of
from bulkscim.jobfile.quick_values import Cells, UsualLines, is_clean
from bulkscim.jobfile.records import Record
from bulkscim.jobfile.values import doubts_of, doubts_of_ids, doubts_of_read_only, repeats
from bulkscim.model.operation import ENTERPRISE, Defaults


def asked(data, **more):
    """Return the operation of a JSONL record."""
    data = {"userName": "a@example.com", **data}
    body = {"op": "create", "type": "User", **({} if more else {"data": data}), **more}
    operation = operation_of(Record(1, 1, body=body), Defaults())
    assert not isinstance(operation, list), operation
    return operation


WRONG = [
    ({"userName": "Total: 2"}, "row"),
    ({"userName": "Gesamt"}, "row"),
    ({"userName": "Sous-total : 1"}, "row"),
    ({"userName": "Sous-total"}, "row"),
    ({"userName": "Gesamtsumme:"}, "row"),
    ({"userName": "TOTAL G\u00c9N\u00c9RAL"}, "row"),
    ({ENTERPRISE: {"employeeNumber": "None"}}, "placeholder"),
    ({"userName": "Grand total (12)"}, "row"),
    ({"userName": "(2 rows affected)"}, "row"),
    ({"userName": "----------"}, "row"),
    ({"userName": "Report generated on 2026-11-21 10:00"}, "row"),
    ({"userName": "Page 1 of 3"}, "row"),
    ({"userName": "Example: Chris Green"}, "row"),
    ({"userName": "version:v1.0"}, "row"),
    ({"title": "N/A"}, "placeholder"),
    ({"title": "-"}, "placeholder"),
    ({"title": "nan"}, "placeholder"),
    ({"name": {"familyName": "(null)"}}, "placeholder"),
    ({ENTERPRISE: {"employeeNumber": "NULL"}}, "placeholder"),
    ({"title": "#REF!"}, "cell error"),
    ({"name": {"givenName": "#N/A"}}, "cell error"),
    ({ENTERPRISE: {"employeeNumber": "1.23E+05"}}, "E form"),
    ({"externalId": "1,23E+05"}, "E form"),
    ({"phoneNumbers": [{"value": "4.91512E+11"}]}, "E form"),
    ({ENTERPRISE: {"employeeNumber": "12345.0"}}, "decimal"),
    ({"externalId": '="00123"'}, "formula"),
    ({"emails": [{"value": "Ada Lovelace <ada@example.com>"}]}, "address"),
    ({"emails": [{"value": "a@example.com; b@example.com"}]}, "address"),
    ({"emails": [{"value": "ada(at)example.com"}]}, "address"),
    ({"emails": [{"value": "ada example.com"}]}, "address"),
    ({"emails": [{"value": "mailto:ada@example.com"}]}, "address"),
    ({"emails": [{"value": "ada@example..com"}]}, "address"),
    ({"userName": "ada@@example.com"}, "address"),
    ({"userName": "\u201cada@example.com\u201d"}, "address"),
    ({"userName": "a da@example.com"}, "address"),
    ({"name": {"familyName": "M\u00c3\u00bcller"}}, "misread"),
    ({"name": {"familyName": "Jos\u00c3\u00a9"}}, "misread"),
    ({"name": {"familyName": "M\ufffdller"}}, "letters lost"),
    ({"password": "****"}, "password"),
    ({"password": "\u2022\u2022\u2022\u2022\u2022"}, "password"),
    ({"password": "N/A"}, "password"),
    ({"password": "<redacted>"}, "password"),
    ({"password": "xxxxxxxx"}, "password"),
    ({"userName": "Total: 2 users"}, "row"),
    ({"userName": "<<<<<<< HEAD"}, "row"),
    ({"displayName": "Total: 2"}, "row"),
    ({"userName": "a\u200b@example.com"}, "invisible"),
    ({"userName": "'ada@example.com"}, "quote"),
    ({"externalId": "'00123"}, "quote"),
    ({"title": "%%TITLE%%"}, "placeholder"),
    ({"displayName": "{{first_name}} {{last_name}}"}, "placeholder"),
    ({"displayName": "[object Object]"}, "placeholder"),
    ({"name": {"familyName": "Garc\u00c3\u00ada"}}, "misread"),
    ({ENTERPRISE: {"employeeNumber": "5-Apr"}}, "damaged date"),
    ({"urn:example:2.0:User": {"hireDate": "Apr-05"}}, "damaged date"),
    ({"urn:example:2.0:User": {"hireDate": "45231"}}, "date number"),
    ({"emails": [{"value": "a..b@example.com"}]}, "address"),
]
DOUBTED = [
    ({"title": "5-Apr"}, "damaged date"),
    ({ENTERPRISE: {"department": "Mai 24"}}, "damaged date"),
    ({"urn:example:2.0:User": {"end_date": "31.12.2026"}}, "date"),
    ({"urn:example:2.0:User": {"birthday": "2026-02-30"}}, "date"),
    ({"title": "Lead\u00a0Engineer"}, "invisible"),
    ({"title": "Lead\u200bEngineer"}, "invisible"),
    ({"displayName": "Ada\u202eecalevoL"}, "invisible"),
    ({"title": "Lead\nEngineer"}, "control"),
    ({"name": {"familyName": "M?ller"}}, "letters lost"),
    ({"locale": "German"}, "language"),
    ({"timezone": "CET+1"}, "timezone"),
    ({"name": {"familyName": "-"}}, "placeholder"),
    ({"title": "Research &amp; Development"}, "entity"),
    ({"title": "=VLOOKUP(A2;B:C;2;0)"}, "formula"),
    ({"phoneNumbers": [{"value": "call me"}]}, "phone"),
]
UNUSUAL = [
    {"name": {"familyName": "Null", "givenName": "Nan"}},
    {"name": {"familyName": "O'Brien-"}},
    {"name": {"familyName": "X", "givenName": "\u00d8"}},
    {"name": {"familyName": "\u00d1and\u00fa", "givenName": "Zo\u00eb"}, "displayName": "\u738b\u5c0f\u660e"},
    {"title": "007"},
    {"title": "None", "nickName": "none"},
    {"title": "C++ / C# Engineer (m/w/d) \u2013 \u201cLead\u201d", "nickName": "\u0645\u062d\u0645\u062f"},
    {"userName": "DOMAIN\\jdoe", "externalId": "S-1-5-21-3623811015"},
    {"userName": "123456", ENTERPRISE: {"employeeNumber": "000123", "costCenter": "4.100.20"}},
    {"userName": "m\u00fcller@ex\u00e4mple.de", "emails": [{"value": "o'neil+tag@sub.example.co.uk"}]},
    {
        "phoneNumbers": [{"value": "+49 (30) 1234-567 ext. 12"}],
        "preferredLanguage": "de-DE,de;q=0.9,en;q=0.5",
    },
    {"locale": "en_US", "timezone": "America/Argentina/Buenos_Aires", "password": "-Tr0ub4dor&3-"},
    {"userName": "sumner", "title": "Count"},
    {"phoneNumbers": [{"value": "+33\u00a01\u202f23"}], "title": "45231", "nickName": "May 5th"},
    {
        "urn:example:2.0:User": {
            "hireDate": "2028-02-29",
            "startDate": "2026-12-31T08:00:00+01:00",
            "candidate": "5",
        }
    },
]


@pytest.mark.parametrize(("data", "about"), WRONG, ids=str)
def test_value_that_can_only_be_wrong_refuses_the_file(data, about):
    """Each became a user, an address or a number, with exit 0."""
    assert not is_clean(asked(data))
    assert [(one.about, one.refuses) for one in doubts_of(asked(data))] == [(about, True)]


@pytest.mark.parametrize(("data", "about"), DOUBTED, ids=str)
def test_value_that_is_hardly_meant_is_a_warning(data, about):
    """The file is taken, and the user is told."""
    assert not is_clean(asked(data))
    assert [(one.about, one.refuses) for one in doubts_of(asked(data))] == [(about, False)]


@pytest.mark.parametrize("data", UNUSUAL, ids=str)
def test_unusual_value_passes(data):
    """People are called so."""
    operation = asked(data)
    assert doubts_of(operation) == ()


def test_references_targets_and_patches_are_judged_too():
    """A manager N/A was looked up, and a title #REF! patched."""
    manager = asked({"manager": {"userName": "N/A"}})
    patch = asked(
        {},
        op="patch",
        match={"userName": "a@example.com"},
        patch=[{"op": "replace", "path": "title", "value": "#REF!"}],
    )
    delete = asked({}, op="delete", match={"userName": "Total: 3"})

    found = [(one.about, one.attribute) for each in (manager, patch, delete) for one in doubts_of(each)]
    assert found == [("placeholder", "manager"), ("cell error", "title"), ("row", "userName")]


@pytest.mark.parametrize(
    ("name", "about"),
    [("a\u200b@example.com", "invisible"), ("Total: 2", "row"), ("Ada <a@example.com>", "address")],
)
def test_name_that_a_tenant_may_hold_can_be_named_whatever_is_in_it(name, about):
    """Otherwise what an earlier run created could not be deleted."""
    delete = asked({}, op="delete", match={"userName": name})
    assert [(one.about, one.refuses) for one in doubts_of(delete)] == [(about, False)]


@pytest.mark.parametrize(
    ("cells", "again"),
    [
        (["UserName ", "title"], True),
        (["\ufeffuserName", "title"], True),  # the second file of `cat` began with a byte order mark
        (["userName", ""], False),
        (["userName", "Lead"], False),
        (["", ""], False),
    ],
)
def test_header_that_comes_again_is_known_by_all_of_its_cells(cells, again):
    """After `cat a.csv b.csv`; a user whose name is userName may be one."""
    assert repeats(cells, ["userName", "title"]) is again


@pytest.mark.parametrize(("data", "about"), WRONG + DOUBTED, ids=str)
def test_value_that_is_judged_passes_no_quick_pattern(data, about):
    """A quick pattern that is wider than the rules lets a value pass; an e-mail address with two dots did."""
    clean = {"userName": "b@example.com", **json.loads(json.dumps(data))}
    lines = UsualLines()
    lines.learn(*_line(_filled(clean)))
    assert lines.are_clean(_line(_filled(clean))[0].text)
    assert not lines.are_clean(_line(clean)[0].text), about


def _line(data):
    body = {"op": "create", "data": data}
    record = Record(1, 1, body=body, text=json.dumps(body, ensure_ascii=False))
    return record, operation_of(record, Defaults())


def _filled(value, name=""):
    """Return a record of the same form with clean values."""
    if isinstance(value, dict):
        return {each: _filled(one, name if each == "value" else each) for each, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, name) for one in value]
    return "b@example.com" if name in {"userName", "emails"} else ""


@pytest.mark.parametrize(
    ("text", "is_passed"),
    [
        ('{"op": "create", "ref": "x", "data": {"userName": "bob", "title": "Lead", "active": true}}', True),
        ('{"op": "create", "ref": "", "data": {"userName": "", "title": "", "active": true}}', True),
        ('{"op": "delete", "ref": "x", "data": {"userName": "bob", "title": "Lead", "active": true}}', False),
        ('{"op": "create", "ref": "x", "data": {"userName": "bob", "title": "null", "active": true}}', False),
        (
            '{"op": "create", "ref": "x", "data": {"userName": "bob", "title": "tOtAl", "active": true}}',
            False,
        ),
        ('{"op": "create", "ref": "x", "data": {"userName": "bob", "titel": "Lead", "active": true}}', False),
        (
            '{"op": "create", "ref": "x", "data": {"userName": "bob", "title": "\\u200b", "active": true}}',
            False,
        ),
    ],
)
def test_line_that_is_built_as_an_earlier_one_passes_by_its_text(text, is_passed):
    """Each value of a clean line was judged by itself, which cost a third of the time of the check."""
    first = '{"op": "create", "ref": "a", "data": {"userName": "ada@example.com", "title": "Engineer", "active": true}}'
    record = Record(1, 1, body=json.loads(first), text=first)
    lines = UsualLines()
    lines.learn(record, operation_of(record, Defaults()))
    assert lines.are_clean(text) is is_passed


@pytest.mark.parametrize(
    ("header", "cell", "is_passed"),
    [
        ("title", "", True),
        ("title", "Count", False),
        ("title", "Countess", True),
        ("givenName", "nAn", False),
        ("userName", "sum", False),
        ("userName", "sum@example.com", True),
        ("email", "a..b@example.com", False),
        ("email", "ada@-x.example", False),
        ("phone", "n/a", False),
        ("employeeNumber", "a12", True),
        ("department", "N/A", False),
    ],
)
def test_cell_passes_if_it_has_the_usual_form_of_its_column(header, cell, is_passed):
    """Words for nothing do not, in any capitals."""
    assert Cells([header]).are_clean([cell]) is is_passed


@pytest.mark.parametrize(
    ("asks", "names"),
    [
        ({"op": "create", "data": {"userName": "a", "id": "7", "meta": {"created": "x"}}}, ["id", "meta"]),
        ({"op": "patch", "id": "7", "data": {"title": "Lead", "meta": {"version": "1"}}}, ["meta"]),
        (
            {"op": "patch", "id": "7", "patch": [{"op": "replace", "path": "meta.created", "value": "x"}]},
            ["meta"],
        ),
        (
            {"op": "patch", "id": "7", "patch": [{"op": "add", "path": "groups", "value": [{"value": "g"}]}]},
            ["groups"],
        ),
        ({"op": "patch", "id": "7", "patch": [{"op": "add", "value": {"id": "8"}}]}, ["id"]),
        ({"op": "patch", "id": "7", "data": {"title": "Lead", "schemas": ["urn:x"]}}, []),
    ],
)
def test_what_only_the_server_sets_is_a_warning(asks, names):
    """A patch of id, meta or groups passed without a word, and the server ignored it."""
    operation = operation_of(Record(1, 1, body={"type": "User", **asks}), Defaults())

    assert [doubt.attribute for doubt in doubts_of_read_only(operation)] == names


ADA = "ada@example.com"
MANAGER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"


@pytest.mark.parametrize(
    ("asks", "found"),
    [
        ({"data": {"displayName": "A", "members": [{"value": ADA}, {"value": "7"}]}}, [("members", ADA)]),
        ({"data": {"displayName": "A", "members": [{"userName": ADA}, {"id": "7"}]}}, []),
        (
            {"id": "7", "patch": [{"op": "add", "path": "members", "value": [{"value": ADA}]}]},
            [("members", ADA)],
        ),
        ({"id": "7", "patch": [{"op": "remove", "path": "members", "value": [{"value": ADA}]}]}, []),
        (
            {"type": "User", "id": "7", "patch": [{"op": "add", "path": MANAGER, "value": ADA}]},
            [("manager", ADA)],
        ),
    ],
)
def test_an_id_that_looks_like_a_name_is_a_warning(asks, found):
    """It was sent as it stood, and a tenant that does not check ids held a member that is no user."""
    verb = "patch" if "patch" in asks else "create"
    operation = operation_of(Record(1, 1, body={"op": verb, "type": "Group", **asks}), Defaults())

    doubts = list(doubts_of_ids(operation))

    assert [(one.attribute, one.value) for one in doubts] == found
    assert not any(one.refuses for one in doubts)
