"""A tenant that wears Lucid's quirks, asked without a network."""

import json

import pytest
from scim2_server.requests import ScimRequest

from bulkscim.providers.quirks import Quirks
from bulkscim.sandbox.tenant import SandboxTenant
from bulkscim.scim.schemas import CORE
from tests.support.making.providers import LUCID_2, LUCID_QUIRKS
from tests.support.servers.sandboxes import ADMIN, CONTENT, TOKENS

OWNER = "owner@example.com"


class Asking:
    """A client of a tenant."""

    def __init__(self, tenant: SandboxTenant) -> None:
        self.tenant = tenant

    def __call__(self, method, path, body=None, *, token=ADMIN, **query):
        """Ask; return status and body."""
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        payload = b"" if body is None else json.dumps(body).encode()
        response = self.tenant.answer(
            ScimRequest(method, "http://127.0.0.1/scim/v2", path, query, headers, payload)
        )
        assert response.headers["Content-Type"] == "application/json"
        return int(response.status), response.body

    def user(self, name, status=201, **more):
        """Create a user and return its id."""
        address = f"{name}@example.com"
        body = {
            "schemas": [CORE["User"]],
            "userName": address,
            "emails": [{"value": address}],
            "active": True,
        }
        got, answer = self("POST", "/Users", body | more)
        assert got == status, answer
        return answer.get("id")

    def group(self, name, *members, token=ADMIN):
        """Create a group and return its id."""
        body = {
            "schemas": [CORE["Group"]],
            "displayName": name,
            "members": [{"value": one} for one in members],
        }
        status, answer = self("POST", "/Groups", body, token=token)
        assert status == 201, answer
        return answer["id"]

    def patch(self, path, *operations, token=ADMIN, schema=None):
        """Patch in Lucid's dialect."""
        schema = schema or CORE["User" if path.startswith("/Users") else "Group"]
        return self("PATCH", path, {"schemas": [schema], "Operations": list(operations)}, token=token)

    def members(self, group, token=ADMIN):
        """Return the ids of a group's members."""
        return [one["value"] for one in self("GET", f"/Groups/{group}", token=token)[1].get("members", [])]


@pytest.fixture
def lucid(tmp_path):
    """A tenant that holds its owner alone."""
    tenant = SandboxTenant(tmp_path / "lucid.sqlite", LUCID_QUIRKS, TOKENS)
    yield Asking(tenant)
    tenant.close()


def test_ids_locations_and_versions_are_lucids(lucid):
    """Ids have a prefix, locations lie elsewhere, versions are the second of the change."""
    ada = lucid.user("ada")
    team = lucid.group("Sales")

    _, user = lucid("GET", f"/Users/{ada}")

    assert ada.startswith("lucid-1")
    assert team.startswith("lucid-group-1")
    assert user["meta"]["location"] == f"https://users.lucid.app/scim/v2/chart/Users/{ada}"
    assert user["meta"]["version"].endswith('000"')


def test_who_is_deactivated_is_in_no_list_but_stays_there_by_id(lucid):
    """Lists, totals and filters leave them out; the name stays taken."""
    ada = lucid.user("ada")
    status, shown = lucid.patch(f"/Users/{ada}", {"op": "replace", "path": "active", "value": False})
    assert (status, shown["active"]) == (200, False)

    assert lucid("GET", "/Users")[1]["totalResults"] == 1
    assert lucid("GET", "/Users", filter="userName eq ada@example.com")[1]["totalResults"] == 0
    assert lucid("GET", f"/Users/{ada}")[1]["active"] is False
    lucid.user("Ada", status=409)


def test_what_is_not_in_lucids_reference_is_not_there(lucid):
    """Bulk, search by POST, Me and ResourceTypes are 404; the configuration says no to bulk and sort."""
    for method, path in [
        ("POST", "/Bulk"),
        ("POST", "/Users/.search"),
        ("GET", "/Me"),
        ("GET", "/ResourceTypes"),
    ]:
        assert lucid(method, path, {})[0] == 404
    _, said = lucid("GET", "/ServiceProviderConfig")
    assert (said["bulk"]["supported"], said["sort"]["supported"], said["etag"]["supported"]) == (
        False,
        False,
        True,
    )
    assert said["filter"]["maxResults"] == 100


def test_no_token_is_a_403_and_a_wrong_one_a_401(lucid):
    """On every path, the configuration included."""
    for path in ("/Users", "/ServiceProviderConfig"):
        assert lucid("GET", path, token="")[0] == 403
        assert lucid("GET", path, token="wrong")[0] == 401


def test_the_token_decides_which_groups_there_are(lucid):
    """Users are the same; organizational groups and teams do not know of each other."""
    ada = lucid.user("ada")
    lucid.group("Sales", ada)
    team = lucid.group("Sales", ada, token=CONTENT)

    assert lucid("GET", "/Groups")[1]["totalResults"] == 1
    assert lucid("GET", f"/Groups/{team}")[0] == 404
    assert lucid("GET", f"/Users/{ada}", token=CONTENT)[1]["groups"] == [{"value": team, "display": "Sales"}]


def test_who_joins_an_organizational_group_leaves_the_one_before(lucid):
    """By PATCH and by POST; in teams one can be in many."""
    ada, bob = lucid.user("ada"), lucid.user("bob")
    sales = lucid.group("Sales", ada, bob)
    legal = lucid.group("Legal")

    lucid.patch(f"/Groups/{legal}", {"op": "add", "path": "members", "value": [{"value": ada}]})
    assert (lucid.members(sales), lucid.members(legal)) == ([bob], [ada])

    people = lucid.group("People", bob)
    assert (lucid.members(sales), lucid.members(people)) == ([], [bob])

    one, other = (lucid.group(name, ada, token=CONTENT) for name in ("One", "Other"))
    assert lucid.members(one, token=CONTENT) == lucid.members(other, token=CONTENT) == [ada]


def test_members_are_removed_by_value_or_by_path(lucid):
    """Lucid's form and the RFC's."""
    ada, bob, eve = (lucid.user(name) for name in ("ada", "bob", "eve"))
    sales = lucid.group("Sales", ada, bob, eve)

    lucid.patch(f"/Groups/{sales}", {"op": "remove", "path": "members", "value": [{"value": ada}]})
    assert lucid.members(sales) == [bob, eve]
    lucid.patch(f"/Groups/{sales}", {"op": "remove", "path": f'members[value eq "{bob}"]'})
    assert lucid.members(sales) == [eve]


def test_an_organizational_group_is_deleted_only_when_empty(lucid):
    """400 until the last member has left; a user who is deleted leaves."""
    ada = lucid.user("ada")
    sales = lucid.group("Sales", ada)

    assert lucid("DELETE", f"/Groups/{sales}")[0] == 400
    assert lucid("DELETE", f"/Users/{ada}")[0] == 204
    assert lucid("DELETE", f"/Groups/{sales}")[0] == 204
    assert lucid("GET", f"/Groups/{sales}")[0] == 404


def test_a_deleted_team_is_archived_and_comes_back_by_its_name(lucid):
    """The 201 has the old id and the old members; until then the name is taken for others."""
    ada = lucid.user("ada")
    team = lucid.group("Sales", ada, token=CONTENT)
    assert lucid("DELETE", f"/Groups/{team}", token=CONTENT)[0] == 204
    assert lucid("GET", "/Groups", token=CONTENT)[1]["totalResults"] == 0
    other = lucid.group("Legal", token=CONTENT)
    rename = {"op": "replace", "path": "displayName", "value": "Sales"}
    assert lucid.patch(f"/Groups/{other}", rename, token=CONTENT)[0] == 409

    assert lucid.group("Sales", token=CONTENT) == team
    assert lucid.members(team, token=CONTENT) == [ada]


def test_names_of_groups_are_unique_and_found_exactly(lucid):
    """409 for a name in other case; the filter knows the exact one only."""
    lucid.group("Sales")

    assert lucid("POST", "/Groups", {"schemas": [CORE["Group"]], "displayName": "SALES"})[0] == 409
    assert lucid("GET", "/Groups", filter='displayName eq "Sales"')[1]["totalResults"] == 1
    assert lucid("GET", "/Groups", filter='displayName eq "sales"')[1]["totalResults"] == 0


def test_the_owner_cannot_be_deleted(lucid):
    """409; anybody else is gone for good."""
    owner = lucid("GET", "/Users", filter=f"userName eq {OWNER}")[1]["Resources"][0]["id"]
    ada = lucid.user("ada")

    assert lucid("DELETE", f"/Users/{owner}")[0] == 409
    assert lucid("DELETE", f"/Users/{ada}")[0] == 204
    assert lucid("GET", f"/Users/{ada}")[0] == 404
    assert lucid.user("ada") != ada


def test_licences_are_taken_and_ignored_under_organizational_groups(lucid):
    """The answer is good and nothing changed; with the other token they are kept."""
    licences = {"productLicenses": {"Lucidchart": True}}
    ada = lucid.user("ada", schemas=[CORE["User"], LUCID_2], **{LUCID_2: licences})
    grant = {"op": "replace", "path": f"{LUCID_2}:productLicenses.Lucidchart", "value": True}

    status, shown = lucid.patch(f"/Users/{ada}", grant)
    assert (status, LUCID_2 in shown) == (200, False)
    status, shown = lucid.patch(f"/Users/{ada}", grant, token=CONTENT)
    assert (status, shown[LUCID_2]) == (200, licences)


def test_hidden_conflicts_and_missing_licences(lucid):
    """An account outside is a 409 that no filter explains; an add-on without its base a 424."""
    lucid.user("eve", status=409, userName="eve@outside.example")
    assert lucid("GET", "/Users", filter="userName eq eve@outside.example")[1]["totalResults"] == 0
    lucid.user("ada", status=424, **{LUCID_2: {"productLicenses": {"LucidscaleCreator": True}}})


def test_a_reset_leaves_the_owner_alone(lucid):
    """Empty means as at first."""
    lucid.group("Sales", lucid.user("ada"))

    lucid.tenant.reset()

    assert [user["userName"] for user in lucid("GET", "/Users")[1]["Resources"]] == [OWNER]
    assert lucid("GET", "/Groups")[1]["totalResults"] == 0


def test_all_of_it_is_there_again_after_a_restart(tmp_path):
    """Users, groups of both kinds, members, archived teams."""
    tenant = SandboxTenant(tmp_path / "lucid.sqlite", LUCID_QUIRKS, TOKENS)
    before = Asking(tenant)
    ada = before.user("ada")
    sales = before.group("Sales", ada)
    team = before.group("Team", ada, token=CONTENT)
    before("DELETE", f"/Groups/{team}", token=CONTENT)
    tenant.close()

    tenant = SandboxTenant(tmp_path / "lucid.sqlite", LUCID_QUIRKS, TOKENS)
    after = Asking(tenant)

    assert after("GET", "/Users")[1]["totalResults"] == 2
    assert after.members(sales) == [ada]
    assert after.group("Team", token=CONTENT) == team
    legal = after.group("Legal", ada)
    assert (after.members(sales), after.members(legal)) == ([], [ada])
    tenant.close()


def test_a_generic_tenant_keeps_to_the_rfcs(tmp_path):
    """Root search, PatchOp, lists with everybody, groups of a user; a deleted user leaves them."""
    tenant = SandboxTenant(tmp_path / "generic.sqlite", Quirks(media_type="application/json"), TOKENS)
    generic = Asking(tenant)
    ada = generic.user("ada", active=False)
    sales, legal = generic.group("Sales", ada), generic.group("Legal", ada)

    assert generic("GET", "/Users")[1]["totalResults"] == 1
    assert generic("GET", "/")[1]["totalResults"] == 3
    assert {one["value"] for one in generic("GET", f"/Users/{ada}")[1]["groups"]} == {sales, legal}
    assert generic.patch(f"/Users/{ada}", {"op": "replace", "path": "title", "value": "x"})[0] == 400
    assert generic("DELETE", f"/Users/{ada}")[0] == 204
    assert generic.members(sales) == generic.members(legal) == []
    assert generic("GET", "/ServiceProviderConfig", token="")[0] == 200
    tenant.close()
