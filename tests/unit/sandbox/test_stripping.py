"""A tenant that takes deactivated users out of their groups."""

import json

from scim2_server.requests import ScimRequest

from bulkscim.providers.quirks import Quirks
from bulkscim.sandbox.tenant import SandboxTenant
from bulkscim.scim.schemas import CORE
from tests.support.servers.sandboxes import ADMIN, TOKENS

HEADERS = {"Content-Type": "application/json", "Authorization": f"Bearer {ADMIN}"}


def ask(tenant, method, path, body):
    request = ScimRequest(method, "http://127.0.0.1/scim/v2", path, {}, HEADERS, json.dumps(body).encode())
    return tenant.answer(request).body


def test_a_deactivated_user_is_in_no_group(tmp_path):
    """And the answer shows it."""
    tenant = SandboxTenant(tmp_path / "tenant.sqlite", Quirks(strips_groups=True), TOKENS)
    ada = ask(tenant, "POST", "/Users", {"schemas": [CORE["User"]], "userName": "ada"})["id"]
    sales = {"schemas": [CORE["Group"]], "displayName": "Sales", "members": [{"value": ada}]}
    group = ask(tenant, "POST", "/Groups", sales)["id"]
    off = {"op": "replace", "path": "active", "value": False}
    patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [off]}

    assert "groups" not in ask(tenant, "PATCH", f"/Users/{ada}", patch)
    assert not ask(tenant, "GET", f"/Groups/{group}", {}).get("members")
