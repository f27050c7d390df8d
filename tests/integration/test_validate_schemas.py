"""`validate` asks a tenant for its /Schemas, where one is named on the command line."""

import json

import pytest
from aiohttp import web

from bulkscim.scim.schemas import CORE
from tests.support.servers.small_tenant import SmallTenant, error, scim

TITLE = {"name": "title", "type": "string", "mutability": "readOnly"}
SHOWN = [
    {"id": CORE["User"], "attributes": [{"name": "userName", "type": "string", "required": True}, TITLE]}
]
LISTED = {"totalResults": 1, "Resources": SHOWN}
WRONG = [{"id": CORE["User"], "attributes": [{"name": "userName"}, {"name": "title", "type": "boolean"}]}]
FILE = "userName,title\nada@example.com,Lead\n"


class Described(SmallTenant):
    """Answers /Schemas with what it is given."""

    def __init__(self, answer):
        super().__init__()
        self.schemas = answer

    async def answer(self, request, collection, resource_id, body):
        if collection == "Schemas":
            return self.schemas()
        return await super().answer(request, collection, resource_id, body)


@pytest.fixture
def validate(bulkscim, tmp_path):
    """Return what validates a file against a tenant."""
    path = tmp_path / "people.csv"
    path.write_text(FILE)
    return lambda tenant, *more: bulkscim(
        "validate", path, "--op", "create", "--base-url", tenant.base_url, *more
    )


def asked(tenant):
    """Return the paths of the requests."""
    return [each.path for each in tenant.seen]


def test_file_is_checked_against_the_schemas_of_the_tenant_which_are_kept(bulkscim, validate, tmp_path):
    """Each is asked for once a day, for one URL and token; a cache of another token is not believed."""
    with Described(lambda: scim(200, LISTED)).serving() as tenant:
        first = validate(tenant)
        kept = next((bulkscim.folder / "state" / "schemas").iterdir())
        again = validate(tenant, "--strict")
        other = tmp_path / "other"
        other.write_text("another-token")
        validate(tenant, "--token-file", str(other))
        kept.write_bytes(b"nonsense")
        last = validate(tenant)
        offline = bulkscim("validate", tmp_path / "people.csv", "--op", "create")

    told = 'people.csv:2 (row 1), column "title": is readOnly in the tenant\'s schema; the server ignores it'
    assert (first.code, again.code, last.code) == (0, 2, 0)
    assert all(told in each.stderr for each in (first, again, last))
    assert "another-token" not in kept.read_text()
    assert "readOnly" not in offline.stderr
    assert asked(tenant) == ["/Schemas"] * 3


def test_run_warns_by_the_schemas_that_are_kept(bulkscim, validate, tmp_path):
    """It asks for none, and what refuses a file in `validate` is a warning: the tenant has the last word."""
    with Described(lambda: scim(200, WRONG)).serving() as tenant:
        before = bulkscim(
            "run", tmp_path / "people.csv", "--op", "create", "--base-url", tenant.base_url, "-n"
        )
        assert validate(tenant).code == 2
        after = bulkscim(
            "run", tmp_path / "people.csv", "--op", "create", "--base-url", tenant.base_url, "-n"
        )

    assert (before.code, after.code) == (0, 0)
    assert "warning" not in before.stderr
    assert 'people.csv:2 (row 1), column "title": is "Lead"' in after.stderr
    assert asked(tenant).count("/Schemas") == 1


def test_groups_that_the_tenant_does_not_have_are_named(bulkscim, tmp_path):
    """The printed command lacked --create-groups, so that each row of a missing group failed."""
    groups = "op,type,displayName,member\nadd_member,Group,There,ada@example.com\n"
    people = "op,type,userName,displayName,groups\ncreate,,ada@example.com,,There;Sales Team;Made\ncreate,Group,,Made,\n"
    (tmp_path / "people.csv").write_text(people)
    (tmp_path / "groups.csv").write_text(groups)
    with Described(lambda: scim(200, LISTED)).serving() as tenant:
        tenant.add("Groups", {"displayName": "There"})
        reached = ("--base-url", tenant.base_url)
        missing, there = (bulkscim("validate", name, *reached) for name in ("people.csv", "groups.csv"))
        offline = bulkscim("validate", "people.csv")

    assert (
        'the tenant does not have these groups: "Sales Team". --create-groups creates them' in missing.stderr
    )
    assert f"next: bulkscim run people.csv --base-url {tenant.base_url} --create-groups -n" in missing.stderr
    assert all("--create-groups" not in one.stderr for one in (there, offline))
    assert tenant.writes == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda: error(404, "no such endpoint"), "answered 404"),
        (lambda: scim(200, {"totalResults": 0, "Resources": []}), "are empty"),
        (lambda: scim(200, [{"id": 5}]), "are no listing"),
        (lambda: web.Response(text="<html>hello", content_type="text/html"), "are no listing"),
        (lambda: scim(200, {"totalResults": 1, "Resources": [{"id": "x"}]}), "describe nothing"),
    ],
)
def test_tenant_without_schemas_is_one_note(validate, answer, why):
    """The check goes on as it does without a tenant."""
    with Described(answer).serving() as tenant:
        outcome = validate(tenant)
    notes = [line for line in outcome.stderr.splitlines() if "/Schemas" in line]
    assert outcome.code == 0
    assert notes == [f"the tenant's /Schemas {why}; checked without them"]


def test_list_without_an_envelope_is_read(validate):
    """Some services answer /Schemas with an array."""
    with Described(lambda: scim(200, json.loads(json.dumps(SHOWN)))).serving() as tenant:
        assert "readOnly" in validate(tenant).stderr
