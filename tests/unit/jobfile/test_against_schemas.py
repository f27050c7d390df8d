"""What a tenant's own schemas say against a record."""

import pytest

from bulkscim.jobfile.against_schemas import doubts_by_schemas
from bulkscim.jobfile.operations import operation_of
from bulkscim.jobfile.records import Record
from bulkscim.model.operation import ENTERPRISE, Defaults
from bulkscim.scim.discovery import live_schemas, schemas_to_keep
from bulkscim.scim.schemas import CORE

OTHER = "urn:example:2.0:User"


def attribute(name, type_="string", **stated):
    """Return an attribute as /Schemas states it."""
    return {"name": name, "type": type_, **stated}


EMAIL = [
    attribute("value"),
    attribute("type", canonicalValues=["work", "home"]),
    attribute("primary", "boolean"),
]
USER = [
    attribute("userName", required=True, mutability="readWrite"),
    attribute("title", required=True),
    attribute("active", "Boolean"),
    attribute("userType", canonicalValues=["Employee", "Contractor"]),
    attribute("profileUrl", "reference", mutability="readOnly"),
    attribute("nickName", mutability="immutable"),
    attribute(
        "name",
        "complex",
        subAttributes=[attribute("familyName"), attribute("formatted", mutability="readOnly")],
    ),
    attribute("emails", "complex", multiValued=True, subAttributes=EMAIL),
]
EXTENSION = [
    attribute("level", "integer", required=True),
    attribute("share", "decimal"),
    attribute("codes", multiValued=True),
    attribute("manager", "complex", subAttributes=[attribute("value")]),
]
SHOWN = [{"id": CORE["User"].upper(), "attributes": USER}, {"id": OTHER, "attributes": EXTENSION}]
SCHEMAS = live_schemas(schemas_to_keep(SHOWN))


def said(data=None, **more):
    """Return what is said of a record, as (about, attribute, whether it refuses)."""
    body = {
        "op": "create",
        **({"data": {"userName": "ada", "title": "x", **data}} if data is not None else {}),
        **more,
    }
    operation = operation_of(Record(1, 1, body=body), Defaults())
    assert not isinstance(operation, list), operation
    return [(each.about, each.attribute, each.refuses) for each in doubts_by_schemas(operation, SCHEMAS)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, []),
        ({"name": {"familyName": "L"}, "emails": [{"value": "a@x", "type": "Work", "$ref": "x"}]}, []),
        ({"id": "1", "externalId": "e", "schemas": [], "meta": {}}, []),  # every resource may have these
        ({ENTERPRISE: {"department": "x"}}, [("unknown by the tenant", ENTERPRISE, False)]),
        ({"frob": "x"}, [("unknown by the tenant", "frob", False)]),
        ({"name": {"middleName": "x"}}, [("unknown by the tenant", "name.middleName", False)]),
        ({"profileUrl": "https://x"}, [("readOnly", "profileUrl", False)]),
        ({"name": {"formatted": "x"}}, [("readOnly", "name.formatted", False)]),
        ({"userType": "Boss"}, [("canonical", "userType", False)]),
        ({"userType": "employee"}, []),
        ({"emails": [{"value": "a@x", "type": "blub"}]}, [("canonical", "emails.type", False)]),
        ({"nickName": "x"}, []),  # it is given once
        ({OTHER: {"level": "3"}}, [("type", f"{OTHER}:level", True)]),
        ({OTHER: {"level": 3, "share": 1, "codes": ["a"]}}, []),
        ({OTHER: {"level": True}}, [("type", f"{OTHER}:level", True)]),
        ({OTHER: {"level": 3, "codes": "a"}}, [("type", f"{OTHER}:codes", True)]),
        ({OTHER: {"level": 3, "codes": ["a", 1]}}, [("type", f"{OTHER}:codes", True)]),
        ({OTHER: {"share": 0.5}}, [("required", f"{OTHER}:level", True)]),
        ({"title": ""}, [("required", "title", True)]),
    ],
    ids=str,
)
def test_new_resource_is_judged_by_what_the_tenant_states(data, expected):
    """The server ignored the value, or refused the row in the middle of the run."""
    assert said(data) == expected


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("title", "x", []),
        ("frob", "x", [("unknown by the tenant", "frob", False)]),
        ("nickName", "x", [("immutable", "nickName", False)]),
        ("profileUrl", "x", [("readOnly", "profileUrl", False)]),
        ("name.formatted", "x", [("readOnly", "name.formatted", False)]),
        ('emails[type eq "work"].value', "a@x", []),
        ('emails[type eq "work"]', {"value": "a@x", "type": "blub"}, [("canonical", "emails.type", False)]),
        ("emails", [{"value": "a@x"}], []),
        (f"{OTHER}:level", 3, []),
        (f"{OTHER}:level", "3", [("type", f"{OTHER}:level", True)]),
        (f"{OTHER}:codes", "a", []),  # a PATCH may add one value
        (OTHER, {"level": "3"}, [("type", f"{OTHER}:level", True)]),
        (
            None,
            {"nickName": "x", OTHER: {"level": "3"}},
            [("type", f"{OTHER}:level", True), ("immutable", "nickName", False)],
        ),
    ],
    ids=str,
)
def test_change_is_judged_by_what_the_tenant_states(path, value, expected):
    """A path leads to the same attributes as data does."""
    change = {"op": "add", "value": value, **({"path": path} if path else {})}
    assert said(op="patch", id="1", patch=[change]) == expected


@pytest.mark.parametrize(
    "resources",
    [
        [],
        [{}],
        [{"id": CORE["User"]}],
        [{"id": 1, "attributes": USER}],
        [{"id": "x", "attributes": [1, {"name": 5}]}],
    ],
    ids=str,
)
def test_what_describes_nothing_is_no_schema(resources):
    """Else each attribute of a file is called unknown."""
    assert live_schemas(resources) is None
    assert live_schemas(schemas_to_keep(resources)) is None
