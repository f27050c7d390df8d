"""Every quirk that a profile can name changes an answer of the sandbox."""

import itertools
import json
import re
from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest
from scim2_server.requests import ScimRequest

from bulkscim.engine.clock import RealClock
from bulkscim.model.operation import GROUP, USER
from bulkscim.providers.profile import Bucket
from bulkscim.providers.quirks import Dialect, Extension, IntegrationQuirks, Members, Quirks
from bulkscim.sandbox import site
from bulkscim.sandbox.settings import SandboxFiles, SandboxSettings
from bulkscim.sandbox.tenant import SandboxTenant
from bulkscim.scim.schemas import CORE
from tests.support.making.providers import LUCID
from tests.support.servers.sandboxes import TOKENS

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ADA = {
    "schemas": [CORE[USER]],
    "userName": "Ada.Lovelace+x@example.com",
    "emails": [{"value": "ada@example.com", "type": "work"}],
    "active": True,
}
BOB = ADA | {"userName": "bob@example.com"}
OFF = {"op": "replace", "path": "active", "value": False}
EXTENSION = Extension("urn:example:acme:1.0:User", "Acme", {"productLicenses": ("Chart", "Spark")})


def made(kind, body):
    return "POST", f"/{kind}s", {"schemas": [CORE[kind]]} | body, {}


def read(path, **query):
    return "GET", path, None, query


def patched(path, operation, schema=PATCH_OP):
    return "PATCH", path, {"schemas": [schema], "Operations": [operation]}, {}


USERS = (made(USER, ADA), made(USER, BOB))
SALES = made(GROUP, {"displayName": "Sales", "members": [{"value": "U1"}, {"value": "U2"}]})
INACTIVE = patched("/Users/U1", OFF)
WORN = {  # each quirk, with a value that is not the usual one, and requests that are answered otherwise then
    "media_type": ("application/json", [read("/Users")]),
    "endpoints": (frozenset({"users"}), [read("/Schemas")]),
    "ids": ({USER: "acme-{}"}, [made(USER, ADA)]),
    "location": ("https://x.example/{endpoint}/{id}", [made(USER, ADA)]),
    "extensions": ((EXTENSION,), [read("/Schemas")]),
    "hides_inactive": (True, [*USERS, INACTIVE, read("/Users")]),
    "strips_groups": (True, [*USERS, SALES, INACTIVE, read("/Groups/G1")]),
    "only_eq": (True, [read("/Users", filter='userName sw "a"')]),
    "fast_attributes": ({"mail": "emails.value"}, [*USERS, read("/Users", filter="mail eq ada@example.com")]),
    "group_filters": (frozenset({"externalid"}), [read("/Groups", filter='externalId eq "x"')]),
    "filter_cap": (1, [*USERS, read("/Users", filter='emails.value eq "ada@example.com"')]),
    "page_size": (1, [*USERS, read("/Users", count="5")]),
    "exact_group_names": (
        True,
        [made(GROUP, {"displayName": "Sales"}), read("/Groups", filter='displayName eq "SALES"')],
    ),
    "unique_group_names": (
        True,
        [made(GROUP, {"displayName": "Sales"}), made(GROUP, {"displayName": "Sales"})],
    ),
    "dialect": (Dialect.CORE, [*USERS, INACTIVE]),
    "bare_members": (
        True,
        [*USERS, SALES, patched("/Groups/G1", {"op": "remove", "path": "members[value eq U1]"})],
    ),
    "patch_answers": (False, [*USERS, INACTIVE]),
    "version_seconds": (True, [*USERS, INACTIVE, read("/Users/U1")]),
    "required": (frozenset({"title"}), [made(USER, ADA)]),
    "shortest_password": (8, [made(USER, ADA | {"password": "short"})]),
    "owner": ("owner@example.com", [read("/Users")]),
    "outside": ("example.com", [made(USER, ADA)]),
    "add_ons": (
        {"Spark": "Chart"},
        [made(USER, ADA | {EXTENSION.urn: {"productLicenses": {"Spark": True}}})],
    ),
    "licences": (EXTENSION.urn, [read("/Users", filter=f"{EXTENSION.urn}.productLicenses.Chart eq true")]),
    "no_token": (403, [("GET", "/Users", None, {"no token": ""})]),
    "bulk": (False, [read("/ServiceProviderConfig")]),
    "sort": (False, [read("/ServiceProviderConfig")]),
    "filters": (False, [*USERS, read("/Users", filter='userName eq "bob@example.com"')]),
    "echoes_count": (True, [*USERS, read("/Users", count="9")]),
    "pages": (False, [*USERS, read("/Users", startIndex="2", count="1")]),
    "cursors": (True, [*USERS, read("/Users", cursor="", count="1")]),
    "makes_up_lists": (True, [*USERS, read("/Users")]),
    "counts_page": (True, [*USERS, read("/Users", count="1")]),
    "projections": (False, [read("/Users", excludedAttributes="emails")]),
    "needs_user_agent": (True, [read("/Users")]),
    "longest_user_name": (21, [made(USER, ADA)]),
    "delete_deactivates": (True, [*USERS, ("DELETE", "/Users/U1", None, {}), read("/Users/U1")]),
    "inactive_is_removed": (True, [*USERS, INACTIVE, read("/Users/U1")]),
    "patches": (
        frozenset({"active"}),
        [*USERS, patched("/Users/U1", OFF | {"path": "title", "value": "Lead"})],
    ),
    "path_filters": (
        False,
        [*USERS, patched("/Users/U1", OFF | {"path": 'emails[type eq "work"].value', "value": "x@y.z"})],
    ),
    "shows_members": (Members.BY_ID, [*USERS, SALES, read("/Groups")]),
    "most_members": (1, [*USERS, SALES]),
    "too_many": (413, [*USERS, SALES]),
    "odd_errors": (True, [read("/Users/none")]),
    "integrations": (
        {"sandbox": IntegrationQuirks("teams", one_group=True)},
        [
            *USERS,
            SALES,
            made(GROUP, {"displayName": "Legal", "members": [{"value": "U1"}]}),
            read("/Groups/G1"),
        ],
    ),
}
BASE = {  # what else a quirk needs to be seen
    "fast_attributes": {"only_eq": True},
    "group_filters": {"only_eq": True},
    "filter_cap": {"page_size": 5},
    "echoes_count": {"page_size": 5},
    "cursors": {"page_size": 5},
    "add_ons": {"extensions": (EXTENSION,)},
    "licences": {"extensions": (EXTENSION,), "only_eq": True},
    "too_many": {"most_members": 1},
    "version_seconds": {"media_type": "application/json"},
}
IDS = {USER: "u-{}", GROUP: "g-{}"}


def answers(path, quirks, requests):
    """Return what a tenant answers; U1, U2 and G1 stand for the ids that it gives."""
    seconds = itertools.count(1_800_000_000)
    tenant = SandboxTenant(path, quirks, TOKENS, lambda: datetime.fromtimestamp(next(seconds), UTC))
    known, found = {}, []
    for method, where, body, query in requests:
        token = "" if "no token" in query else TOKENS["sandbox"]
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        payload = _with_ids(json.dumps(body), known).encode() if body else b""
        request = ScimRequest(method, "http://t.example", _with_ids(where, known), query, headers, payload)
        response = tenant.answer(request)
        found.append((int(response.status), dict(response.headers), response.body))
        if method == "POST" and response.body and "id" in response.body:
            letter = where[1]
            known[f"{letter}{sum(one[0] == letter for one in known) + 1}"] = response.body["id"]
    tenant.close()
    return json.dumps(found)


def _with_ids(text, known):
    return re.sub(r"\b[UG]\d\b", lambda found: known[found[0]], text)


@pytest.mark.parametrize("quirk", [one.name for one in fields(Quirks) if one.name != "is_limited"])
def test_the_sandbox_wears_a_quirk(tmp_path, quirk):
    """A quirk that it cannot wear is no trait of a profile."""
    value, requests = WORN[quirk]
    usual = replace(Quirks(), **{"ids": IDS} | BASE.get(quirk, {}))
    assert getattr(usual, quirk) != value

    plain = answers(tmp_path / "usual.sqlite", usual, requests)

    assert plain != answers(tmp_path / "worn.sqlite", replace(usual, **{quirk: value}), requests)


def test_a_trial_repeats_itself(tmp_path):
    """What differs is the quirk's doing."""
    once, again = (
        answers(tmp_path / name, Quirks(ids=IDS), [*USERS, SALES, INACTIVE, read("/Users")]) for name in "ab"
    )

    assert once == again


@pytest.mark.parametrize(("profile", "limited"), [("generic", False), ("lucid", True)])
def test_limits_are_worn_unless_they_are_assumed(tmp_path, profile, limited):
    """Those of a provider hold at its sandbox."""
    worn = site.Site(SandboxFiles(tmp_path, profile), SandboxSettings(profile), RealClock(), TOKENS)

    assert (
        any(not worn._limits.admits(0.0, "GET", "/Users", 0) for _ in range(LUCID.buckets[0].limit + 1))
        is limited
    )
    worn.close()
    assert Bucket(1, 1).matches("GET", "/Groups?", 0)
