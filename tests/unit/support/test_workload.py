"""A workload's expected state is right: carrying the lines out by hand leads to it."""

from typing import Any

import pytest

from tests.support.running.workload import ENTERPRISE, GROUP, USER, differences, mixed, state_of
from tests.support.servers.scim_server import Tenant, scim_server

Json = dict[str, Any]


class ByHand:
    """Carries out the lines of a workload in two passes, one request at a time."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.refs: dict[str, str] = {}

    def run(self, lines: list[Json]) -> None:
        """Make what is new first, then do everything else."""
        new = [line for line in lines if line.get("op") == "create" or line.get("method") == "POST"]
        for line in new:
            data = {
                name: value
                for name, value in line["data"].items()
                if name not in {"manager", "groups", "members"}
            }
            collection = "Groups" if line.get("type") == "Group" else "Users"
            schemas = [GROUP] if collection == "Groups" else [USER, ENTERPRISE]
            reference = line.get("ref") or line["bulkId"]
            self.refs[reference] = self.tenant.create(collection, {"schemas": schemas} | data)
        for line in new:
            self.link(line)
        for line in lines:
            if line not in new:
                self.change(line)

    def find(self, collection: str, match: Json) -> str | None:
        """Return the id of the only resource with an attribute's value."""
        ((attribute, value),) = match.items()
        found = [
            resource["id"]
            for resource in self.tenant.everything(collection)
            if value.casefold()
            in str({"email": resource.get("emails"), **resource}.get(attribute)).casefold()
            and attribute in {"email"} | resource.keys()
        ]
        return found[0] if len(found) == 1 else None

    def id_of(self, reference: Json) -> str:
        """Return the id behind a reference."""
        found = self.refs[reference["ref"]] if "ref" in reference else self.find("Users", reference)
        assert found is not None, reference
        return found

    def link(self, line: Json) -> None:
        """Set the manager and the memberships of what was created."""
        own = self.refs[line.get("ref") or line["bulkId"]]
        if manager := line["data"].get("manager"):
            value = {"op": "add", "path": f"{ENTERPRISE}:manager", "value": {"value": self.id_of(manager)}}
            self.tenant.patch("Users", own, value)
        for group in line["data"].get("groups", []):
            self.join(self.find("Groups", {"displayName": group}), own)
        for member in line["data"].get("members", []):
            self.join(own, self.id_of(member))

    def join(self, group: str | None, member: str) -> None:
        """Add a member."""
        assert group is not None
        self.tenant.patch("Groups", group, {"op": "add", "path": "members", "value": [{"value": member}]})

    def upsert(self, own: str | None, data: Json) -> None:
        """Create the user, or set the two attributes that a workload's upserts set."""
        if own is None:
            self.tenant.create("Users", {"schemas": [USER, ENTERPRISE]} | data)
            return
        operations = {"title": data["title"], f"{ENTERPRISE}:department": data[ENTERPRISE]["department"]}
        for path, value in operations.items():
            self.tenant.patch("Users", own, {"op": "replace", "path": path, "value": value})

    def change(self, line: Json) -> None:
        """Carry out a line that makes nothing, or may find it there."""
        if line.get("method") == "PATCH":
            self.tenant.patch("Users", line["path"].rpartition("/")[2], *line["data"]["Operations"])
            return
        collection = f"{line['type']}s"
        match = line.get("match") or {"userName": line.get("data", {}).get("userName")}
        own = line.get("id") or self.find(collection, match)
        if line["op"] == "upsert":
            self.upsert(own, line["data"])
            return
        assert own is not None, line
        match line["op"]:
            case "replace":
                body = {"schemas": [USER, ENTERPRISE]} | line["data"]
                assert self.tenant.call("PUT", f"/Users/{own}", body)[0] == 200
            case "patch":
                self.tenant.patch("Users", own, *line["patch"])
            case "activate" | "deactivate":
                self.tenant.patch(
                    "Users", own, {"op": "replace", "path": "active", "value": line["op"] == "activate"}
                )
            case "delete":
                assert self.tenant.call("DELETE", f"/Users/{own}")[0] == 204
            case "add_member":
                self.join(own, self.id_of(line["member"]))
            case "remove_member":
                path = f'members[value eq "{self.id_of(line["member"])}"]'
                self.tenant.patch("Groups", own, {"op": "remove", "path": path})
            case other:
                pytest.fail(other)


@pytest.fixture(scope="module")
def tenant(tmp_path_factory):
    """A tenant for this file."""
    with scim_server(tmp_path_factory.mktemp("tenant") / "log") as running:
        yield running


@pytest.mark.slow
def test_the_lines_carried_out_by_hand_lead_to_the_expected_state(tenant):
    """The state next to the lines is what they ask for, and the tenant before was another one."""
    workload = mixed(tenant, seed=5, prefix="hand", scale=0.03)
    before = differences(workload.expected, state_of(tenant, "hand"))

    ByHand(tenant).run(workload.lines)

    assert len(before) > 30
    assert differences(workload.expected, state_of(tenant, "hand")) == []


@pytest.mark.slow
def test_a_difference_is_seen(tenant):
    """A member too many, another title, a missing user and a second group of one name are each reported."""
    workload = mixed(tenant, seed=6, prefix="seen", scale=0.02)
    ByHand(tenant).run(workload.lines)
    assert differences(workload.expected, state_of(tenant, "seen")) == []

    tenant.create("Groups", {"schemas": [GROUP], "displayName": "seenTeam 00"})
    user = next(user for user in tenant.users() if user["userName"].startswith("seenpatch"))
    tenant.patch("Users", user["id"], {"op": "replace", "path": "title", "value": "Other"})
    found = differences(workload.expected, state_of(tenant, "seen"))

    assert [line.split(":")[0] for line in found] == [
        f"user {user['userName']}",
        "group too many or different",
    ]


def test_the_same_seed_makes_the_same_job(tenant):
    """Two workloads of one seed differ in prefix alone; another seed makes another job."""
    one = mixed(tenant, seed=8, prefix="one", scale=0.01)
    two = mixed(tenant, seed=8, prefix="two", scale=0.01)
    other = mixed(tenant, seed=9, prefix="odd", scale=0.01)

    def operations(workload):
        return [line.get("op") or line["method"] for line in workload.lines]

    assert operations(one) == operations(two) != operations(other)
    assert {line.get("op") or line["method"] for line in one.lines} > {
        "replace",
        "add_member",
        "remove_member",
    }
