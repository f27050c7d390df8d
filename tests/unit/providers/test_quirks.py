"""The server's side of Lucid as pure functions: filters, PATCH, licences, refusals."""

import pytest

from bulkscim.providers.quirks import (
    PATCH_OP,
    Dialect,
    ErrorAnswer,
    Quirks,
    capped,
    filter_of,
    patch_of,
    refused_user,
    without,
)
from bulkscim.scim.schemas import CORE
from tests.support.making.providers import LUCID_1, LUCID_2, LUCID_QUIRKS

USER, GROUP = "User", "Group"


@pytest.mark.parametrize(
    ("kind", "text", "rfc"),
    [
        (USER, 'userName eq "ada@example.com"', 'userName eq "ada@example.com"'),
        (USER, "username eq ada@example.com", 'userName eq "ada@example.com"'),
        (USER, "email eq ada@example.com", 'emails.value eq "ada@example.com"'),
        (USER, "workemail EQ ada@example.com", 'emails.value eq "ada@example.com"'),
        (USER, "externalid eq 7", 'externalId eq "7"'),
        (
            USER,
            f"{LUCID_1}.productLicenses.Lucidspark eq true",
            f"{LUCID_1}:productLicenses.Lucidspark eq true",
        ),
        (GROUP, 'displayName eq "R \\"&\\" D"', 'displayName eq "R \\"&\\" D"'),
    ],
)
def test_one_comparison_with_eq_is_taken_quoted_or_bare(kind, text, rfc):
    """Values may be bare; the short names of attributes mean their paths."""
    assert filter_of(LUCID_QUIRKS, kind, text) == rfc


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (USER, 'userName co "ada"'),
        (USER, "userName pr"),
        (USER, 'userName eq "a" and active eq true'),
        (USER, '(userName eq "a")'),
        (GROUP, 'externalId eq "7"'),
    ],
)
def test_other_filters_are_a_400(kind, text):
    """Other operators, conditions together, and groups by anything but their name are refused."""
    refused = filter_of(LUCID_QUIRKS, kind, text)

    assert isinstance(refused, ErrorAnswer)
    assert refused.status == 400
    assert filter_of(Quirks(), kind, text) == text


def test_a_filtered_list_ends_at_the_cap_and_echoes_what_was_asked():
    """Of 10,500 people 10,000 are shown; itemsPerPage is what was asked for, not what came."""
    answer = {"totalResults": 10_500, "Resources": [{"id": str(number)} for number in range(100)]}

    told = capped(LUCID_QUIRKS, answer, 9_951, 100)

    assert len(told["Resources"]) == 50
    assert (told["totalResults"], told["startIndex"], told["itemsPerPage"]) == (10_000, 9_951, 100)


def body(schema: str, *operations):
    return {"schemas": [schema], "Operations": list(operations)}


TITLE = {"op": "replace", "path": "title", "value": "Lead"}


@pytest.mark.parametrize(
    ("dialect", "rfc", "core"),
    [(Dialect.RFC, True, False), (Dialect.CORE, False, True), (Dialect.BOTH, True, True)],
)
def test_the_dialect_says_which_schema_a_patch_names(dialect, rfc, core):
    """PatchOp, the core schema in its place, or both."""
    quirks = LUCID_QUIRKS.speaking(dialect)

    assert isinstance(patch_of(quirks, USER, body(PATCH_OP, TITLE)), dict) is rfc
    assert isinstance(patch_of(quirks, USER, body(CORE[USER], TITLE)), dict) is core
    assert isinstance(patch_of(quirks, USER, body(CORE[GROUP], TITLE)), ErrorAnswer)


@pytest.mark.parametrize("value", ["lucid-2", ["lucid-2"], [{"value": "lucid-2"}]])
def test_members_are_removed_by_value(value):
    """`remove` on `members` names them next to the path, as one string or several."""
    operation = {"op": "remove", "path": "members", "value": value}

    assert patch_of(LUCID_QUIRKS, GROUP, body(CORE[GROUP], operation)) == body(
        PATCH_OP, {"op": "remove", "path": 'members[value eq "lucid-2"]'}
    )


def test_licences_are_left_out_where_they_are_ignored():
    """Of a resource, of a PATCH with paths, and of one without; the rest stays."""
    licences = {"productLicenses": {"Lucidchart": True}}
    ignored = (LUCID_1, LUCID_2)

    assert without({"schemas": [CORE[USER], LUCID_2], "title": "Lead", LUCID_2: licences}, ignored) == {
        "schemas": [CORE[USER]],
        "title": "Lead",
    }
    by_path = {"op": "replace", "path": f"{LUCID_2}:productLicenses.Lucidchart", "value": True}
    whole = {"op": "replace", "value": {LUCID_1: licences, "title": "Lead"}}
    only = {"op": "replace", "value": {LUCID_1: licences}}
    assert without(body(PATCH_OP, by_path, whole, only, TITLE), ignored)["Operations"] == [
        {"op": "replace", "value": {"title": "Lead"}},
        TITLE,
    ]


ADA = {"userName": "ada@example.com", "emails": [{"value": "ada@example.com"}]}


@pytest.mark.parametrize(
    ("user", "status"),
    [
        (ADA, None),
        ({"userName": "ada@example.com"}, 400),
        (ADA | {"password": "short"}, 400),
        (ADA | {"userName": "ada@outside.example"}, 409),
        (ADA | {"emails": [{"value": "Ada@Outside.example"}]}, 409),
        (ADA | {LUCID_2: {"productLicenses": {"LucidscaleCreator": True}}}, 424),
        (ADA | {LUCID_2: {"productLicenses": {"LucidscaleCreator": True, "Lucidchart": True}}}, None),
    ],
)
def test_a_new_user_is_refused_for_what_it_lacks_or_who_holds_its_name(user, status):
    """E-mails are required, passwords have eight characters, accounts elsewhere hold names, add-ons need a base."""
    refused = refused_user(LUCID_QUIRKS, user, creating=True)

    assert (refused.status if refused else None) == status
    assert refused_user(Quirks(), user, creating=True) is None


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "userName", "value": "ada@outside.example"},
        {"op": "add", "path": "emails", "value": [{"value": "ada@outside.example"}]},
        {"op": "replace", "path": "emails[primary eq true].value", "value": "ada@outside.example"},
        {"op": "replace", "value": {"userName": "ada@outside.example"}},
    ],
)
def test_a_patch_to_a_name_held_elsewhere_is_a_conflict(operation):
    """However the PATCH says it."""
    refused = refused_user(LUCID_QUIRKS, body(PATCH_OP, operation), creating=False)

    assert refused is not None
    assert refused.status == 409
