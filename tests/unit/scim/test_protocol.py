"""Requests' bodies and answers' meaning."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkscim.model.operation import ENTERPRISE, PatchOperation
from bulkscim.model.request import Response
from bulkscim.scim import protocol

ERROR = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
    "status": "409",
    "scimType": "uniqueness",
}


def encoded(value):
    """Return JSON as bytes."""
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("body", "resource"),
    [
        (encoded({"id": "1", "userName": "a"}), {"id": "1", "userName": "a"}),
        (b"\xef\xbb\xbf" + encoded({"id": "1"}), {"id": "1"}),
        (encoded({"ID": "1"}), {"id": "1"}),
        (encoded({"id": 17}), {"id": "17"}),
        (encoded({"id": ""}), None),
        (encoded({"id": ".."}), {"id": ".."}),
        (encoded({"id": True}), None),
        (encoded({"userName": "a"}), None),
        (encoded(ERROR | {"id": "1"}), None),
        (encoded({"id": "1", "Resources": []}), None),
        (encoded([{"id": "1"}]), None),
        (b"<html></html>", None),
        (b"", None),
        (encoded({"id": "1", "userName": "a"})[:-3], None),
    ],
)
def test_only_a_json_object_with_an_id_is_a_resource(body, resource):
    """Errors, lists, pages and truncated bodies are none."""
    assert protocol.resource_of(body) == resource


@pytest.mark.parametrize(
    ("body", "ids", "total"),
    [
        ({"totalResults": 1, "Resources": [{"id": "1"}]}, ["1"], 1),
        ({"totalresults": "1", "resources": [{"id": "1"}]}, ["1"], 1),
        ({"Resources": []}, [], None),
        ({"totalResults": 0}, [], 0),
        ({"Resources": {"id": "1"}}, ["1"], None),
    ],
)
def test_a_listing_is_read_in_all_its_spellings(body, ids, total):
    """Names without case, counts as text, one object for a list of one, nothing where the total is 0."""
    answer = protocol.list_of(encoded(body))
    assert answer is not None
    assert [resource["id"] for resource in answer.resources] == ids
    assert answer.total == total


@pytest.mark.parametrize(
    "body",
    [
        {"totalResults": 3},
        {},
        {"totalResults": 1, "Resources": "x"},
        ERROR,
        [],
    ],
)
def test_a_listing_that_looks_wrong_is_no_listing(body):
    """An answer that cannot be trusted never becomes an empty list."""
    assert protocol.list_of(encoded(body)) is None


@pytest.mark.parametrize(
    ("body", "scim_type", "detail"),
    [
        (encoded(ERROR | {"detail": "userName is taken"}), "uniqueness", "userName is taken"),
        (encoded({"error": "nope"}), None, "nope"),
        (encoded({"error": {"message": "deep"}}), None, "deep"),
        (encoded({"Errors": [{"description": "listed", "code": 4}]}), None, "listed"),
        (encoded({"code": 5}), None, '{"code":5}'),
        (b"<html><head><title>Bad Gateway</title></head></html>", None, "a web page: Bad Gateway"),
        (b"plain\x1b[31m text\r\nhere", None, "plain [31m text here"),
        (b"\xff\xfe", None, "��"),
        (b"", None, ""),
        (b'"a word"', None, "a word"),
        (encoded({"detail": 7, "scimType": 7}), None, '{"detail":7,"scimType":7}'),
    ],
)
def test_an_error_of_any_shape_says_something(body, scim_type, detail):
    """SCIM, other JSON, pages and text are all read, on one line and without control characters."""
    assert protocol.error_of(Response(409, {}, body)) == protocol.ScimError(409, scim_type, detail)


@given(st.binary())
def test_no_body_breaks_the_readers(body):
    """Whatever a server sends, reading it does not raise, and details stay short and printable."""
    protocol.resource_of(body)
    protocol.list_of(body)
    detail = protocol.error_of(Response(400, {}, body)).detail
    assert len(detail) <= protocol.DETAIL_LENGTH
    assert detail == "" or detail.isprintable()


def test_a_patch_is_sent_in_lower_case_with_its_schema():
    """Operations keep their order; a remove without a value has none."""
    body = protocol.patch_body(
        [PatchOperation("replace", "active", False), PatchOperation("remove", "title")]
    )
    assert json.loads(body) == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [
            {"op": "replace", "path": "active", "value": False},
            {"op": "remove", "path": "title"},
        ],
    }


def test_an_empty_patch_is_never_built():
    """Servers answer it in many ways, all of them bad."""
    with pytest.raises(ValueError, match="at least one"):
        protocol.patch_body([])


def test_a_resource_names_each_schema_once():
    """Core, named and used extensions, without repeats in another case."""
    data = {"schemas": [ENTERPRISE.upper()], "userName": "a", ENTERPRISE: {"department": "x"}}
    schemas = json.loads(protocol.resource_body("User", data))["schemas"]
    assert [text.lower() for text in schemas] == [
        "urn:ietf:params:scim:schemas:core:2.0:user",
        ENTERPRISE.lower(),
    ]


@pytest.mark.parametrize(
    ("identifier", "path"),
    [("2819c223", "/Users/2819c223"), ("a/b?c", "/Users/a%2Fb%3Fc"), ("ada+x@é", "/Users/ada%2Bx%40%C3%A9")],
)
def test_ids_are_encoded_whole(identifier, path):
    """No id can leave its place in the URL."""
    assert protocol.resource_path("User", identifier) == path
    assert protocol.id_of_location(f"https://h/scim{path}", "User") == identifier


@pytest.mark.parametrize("identifier", ["", " ", ".", ".."])
def test_an_id_that_names_the_collection_is_impossible(identifier):
    """DELETE /Users/ cannot be built."""
    with pytest.raises(ValueError, match="cannot be the id"):
        protocol.resource_path("User", identifier)


@pytest.mark.parametrize(
    "location", ["", "/", "https://h/scim/Users", "https://h/scim/Users/", "/Groups/1", "/x/1"]
)
def test_a_location_without_an_id_gives_none(location):
    """Only what stands below the type's collection is an id."""
    assert protocol.id_of_location(location, "User") is None


def test_an_answer_that_is_nested_without_end_is_no_answer():
    """No resource is nested so deep, and what reads or writes it later may not go so far."""
    deepest = b'{"id":"1","a":' + b"[" * (protocol.MOST_DEPTH - 1) + b"]" * (protocol.MOST_DEPTH - 1) + b"}"
    deeper = deepest.replace(b"[]", b"[[[]]]")

    assert protocol.resource_of(deepest)
    assert protocol.json_of(deeper) is None
    assert protocol.resource_of(deeper) is None


@pytest.mark.parametrize("location", ["http://[", "//[x]/Users/1", "http://host:port/Nothing/1"])
def test_a_location_that_is_no_url_names_nothing(location):
    """It is a server's text, and may be anything."""
    assert protocol.id_of_location(location, "User") is None


def test_a_total_of_thousands_of_digits_is_no_number():
    """A listing that claims it is read all the same."""
    listing = protocol.list_of(b'{"totalResults":"' + b"9" * 5000 + b'","Resources":[]}')

    assert listing is not None
    assert listing.total is None


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (None, "null"),
        ("x", '"x"'),
        ({"userName": "ghost"}, "'ghost' has no id"),
        ({"id": ""}, "neither id nor name"),
        (ERROR | {"id": "9"}, "an error"),
    ],
)
def test_an_entry_that_is_no_resource_spoils_no_listing(broken, told):
    """One corrupt entry made a whole page unusable, and the run stopped as if the tenant did not answer."""
    answer = protocol.list_of(encoded({"totalResults": 3, "Resources": [{"id": "1"}, broken, {"id": "2"}]}))
    assert answer is not None
    assert [resource["id"] for resource in answer.resources] == ["1", "2"]
    ((place, what),) = answer.unusable
    assert (answer.size, place) == (3, 1)
    assert told in what
