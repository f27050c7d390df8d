"""A create whose user exists: its attributes stay, missing links are added, and rollback removes those alone."""

import csv
import json
from collections import Counter

import pytest

from tests.support.running.command import FAST, Command
from tests.support.servers.small_tenant import SmallTenant

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PEOPLE = (
    "userName,title,manager,groups\n"
    "ada@x.test,Lead,fay@x.test,Compilers;Sales\n"
    "bob@x.test,Clerk,ada@x.test,Sales\n"
    "cyd@x.test,Clerk,gus@x.test,\n"
    "dan@x.test,Clerk,ada@x.test,Compilers\n"
    "eve@x.test,Clerk,fay@x.test,Sales\n"
    "fay@x.test,Boss,,\n"
    "gus@x.test,Clerk,hal@x.test,Sales\n"
    "hal@x.test,Boss,,\n"
)


def run(bulkscim: Command, tenant: SmallTenant, job, *more):
    """Run a job file of creates."""
    return bulkscim("run", job, "--op", "create", "--base-url", tenant.base_url, "--yes", *FAST, *more)


def newest(bulkscim: Command):
    """Return the lines of results.csv of the latest run."""
    assert bulkscim("results", "last").code == 0
    folder = bulkscim.run_folders()[-1]
    with (folder / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def links(tenant: SmallTenant):
    """Return each user's manager and groups, all by name."""
    users = {one["id"]: one["userName"] for one in tenant.held["Users"].values()}
    found = {}
    for user in tenant.held["Users"].values():
        manager = (user.get(ENTERPRISE) or {}).get("manager") or {}
        groups = [one for one in tenant.held["Groups"].values() if user["id"] in members(one)]
        found[user["userName"]] = (users.get(manager.get("value")), {one["displayName"] for one in groups})
    return found


def members(group):
    """Return the ids of a group's members."""
    return {member["value"] for member in group.get("members", ())}


def asked(text: str):
    """Return the links that a CSV job file asks for."""
    rows = csv.DictReader(text.splitlines())
    return {row["userName"]: (row["manager"] or None, {*row["groups"].split(";")} - {""}) for row in rows}


def held(*names, **more):
    """Return a tenant that holds these users, and a group with one member that is none of them."""
    tenant = SmallTenant("other@x.test", *names)
    for name, attributes in more.items():
        tenant.user(f"{name}@x.test").update(attributes)
    tenant.add("Groups", {"displayName": "Sales", "members": [{"value": tenant.user("other@x.test")["id"]}]})
    return tenant


def test_a_trial_with_a_limit_and_then_the_whole_file_leaves_no_link_out(bulkscim: Command, tmp_path):
    """The README's own recipe. Before, four users kept no manager: "adopted", exit 0."""
    (tmp_path / "people.csv").write_text(PEOPLE)
    with SmallTenant("there@x.test").serving() as tenant:
        first = run(bulkscim, tenant, "people.csv", "--create-groups", "--limit", "5")
        (trial,) = [path.name for path in bulkscim.runs.iterdir() if (path / "journal.jsonl").exists()]
        second = run(bulkscim, tenant, "people.csv", "--create-groups")
        lines = newest(bulkscim)
        found = links(tenant)
        third = run(bulkscim, tenant, "people.csv", "--create-groups", "--json")
        undone = bulkscim("rollback", trial, "--yes")

    assert first.code == 3  # rows whose managers are beyond the limit
    assert "3 rows need rows that are not taken: row 1 needs row 6 (manager fay@x.test)" in first.stderr
    assert second.code == 0, second.text
    assert {name: found[name] for name in asked(PEOPLE)} == asked(PEOPLE)
    assert Counter(line["state"] for line in lines) == {"noop": 5, "done": 3}
    assert lines[0]["detail"] == f"created by run {trial}; manager set to fay@x.test"
    assert (third.code, third.json["noop"], third.json["requests"] > 0) == (0, 8, True)
    assert undone.code in {0, 3}, undone.text


def test_run_that_only_added_links_names_its_rollback(bulkscim: Command, tmp_path):
    """Its rows were adopted, and no command was shown that takes the new group and its members back."""
    (tmp_path / "links.csv").write_text("userName,groups\nthere@x.test,Sales;New\n")
    with SmallTenant("there@x.test").serving() as tenant:
        first, second = (
            run(bulkscim, tenant, "links.csv", "--op", "create", "--create-groups") for _ in "12"
        )
        undone = [line.partition("undo: ")[2] for line in first.stderr.splitlines() if "undo: " in line]
        status = bulkscim(*undone[0].split()[1:])

    assert first.code == second.code == status.code == 0, status.text
    added = "adopted: existed, and got a group, a member or a manager that it did not have: 1 row (1)"
    assert added in first.stderr
    assert "undo: " not in second.stderr
    assert "existed, and got" not in second.stderr


def test_the_rows_that_a_trial_needs_can_be_taken_along(bulkscim: Command, tmp_path):
    """Before, a trial left parts undone and did not say that their rows came later."""
    (tmp_path / "people.csv").write_text(PEOPLE)
    with SmallTenant("there@x.test").serving() as tenant:
        outcome = run(bulkscim, tenant, "people.csv", "--create-groups", "--limit", "3", "--with-needed")
        names = [line["key"] for line in newest(bulkscim)]
        whole = run(bulkscim, tenant, "people.csv", "--create-groups", "--json")

    assert outcome.code == 0, outcome.text
    assert names == [f"{name}@x.test" for name in ("ada", "bob", "cyd", "fay", "gus", "hal")]
    assert "taken along: rows 6, 7, 8 of people.csv" in outcome.stderr
    assert (whole.code, whole.json["noop"], whole.json["done"]) == (0, 6, 2), whole.text
    assert run(bulkscim, tenant, "people.csv", "--with-needed").code == 2
    trial = bulkscim.run_folders()[0]
    header = json.loads((trial / "journal.jsonl").read_text().partition("\n")[0])["body"]
    assert (header["settings"]["limit"], header["rows"]) == (3, 8)


def test_a_corrected_errors_file_finishes_what_its_run_began(bulkscim: Command, tmp_path):
    """Before: "2 adopted", exit 0; no group was created and no manager set."""
    (tmp_path / "people.csv").write_text(
        "userName,manager,groups\nada@x.test,absent@x.test,\nbob@x.test,,Nope\nfay@x.test,,\n"
    )
    with SmallTenant("there@x.test").serving() as tenant:
        first = run(bulkscim, tenant, "people.csv")
        errors = bulkscim.run_folder() / "errors.csv"
        errors.write_text(errors.read_text().replace("absent@x.test", "fay@x.test"))
        second = run(bulkscim, tenant, errors, "--create-groups")
        lines = newest(bulkscim)
        found = links(tenant)

    assert (first.code, second.code) == (3, 0), first.text + second.text
    assert [line["state"] for line in lines] == ["noop", "noop"]
    assert "manager set to fay@x.test" in lines[0]["detail"]
    assert "group Nope created; added to group Nope" in lines[1]["detail"]
    assert found["ada@x.test"] == ("fay@x.test", set())
    assert found["bob@x.test"] == (None, {"Nope"})


def test_links_of_adopted_users_are_added_and_taken_back_alone(bulkscim: Command, tmp_path):
    """Attributes stay; what differs is named on the screen and in results.csv; rollback removes the links."""
    (tmp_path / "people.csv").write_text(
        "userName,title,manager,groups\n"
        "ada@x.test,Lead,bob@x.test,Sales;New\n"
        "bob@x.test,Old,,\n"
        "cyd@x.test,Old,ada@x.test,Sales\n"
        "dan@x.test,Old,ada@x.test,Sales\n"
    )
    tenant = held("ada@x.test", "bob@x.test", "cyd@x.test", "dan@x.test", dan={"active": False})
    tenant.user("cyd@x.test")[ENTERPRISE] = {"manager": {"value": tenant.user("bob@x.test")["id"]}}
    before = json.loads(json.dumps(tenant.held))
    with tenant.serving():
        outcome = run(bulkscim, tenant, "people.csv", "--create-groups")
        lines = newest(bulkscim)
        told = bulkscim("explain", "last", "--row", "1").stdout
        found = links(tenant)
        titles = {user["title"] for user in tenant.held["Users"].values()}
        undone = bulkscim("rollback", "last", "--yes")

    assert outcome.code == 0, outcome.text
    assert "4 adopted (existed already; 3 of them differ from the file)" in outcome.stderr
    assert found["ada@x.test"] == ("bob@x.test", {"Sales", "New"})
    assert found["cyd@x.test"] == ("bob@x.test", {"Sales"})
    assert found["dan@x.test"] == (None, set())
    assert titles == {"Old"}
    set_here = "manager set to bob@x.test; added to group Sales; group New created; added to group New"
    closed = "the account is deactivated (active is False)"
    assert [line["detail"] for line in lines] == [
        f"{set_here}; title is 'Old', the file says 'Lead'",
        "",
        "added to group Sales; manager is bob@x.test, the file says ada@x.test",
        f"{closed}: no manager or group was added; manager is not set, the file says ada@x.test; not in group Sales",
    ]
    assert "for part manager" in told
    assert "for part member:Sales" in told
    assert undone.code == 0, undone.text
    assert _plain(tenant.held) == _plain(before)


def _plain(collections):
    """Return what is held without empty objects and lists, which a removal may leave."""
    if isinstance(collections, dict):
        kept = {name: _plain(value) for name, value in collections.items()}
        return {name: value for name, value in kept.items() if value not in ({}, [], None)}
    return [_plain(value) for value in collections] if isinstance(collections, list) else collections


class Guarded(SmallTenant):
    """Shows no members, and answers filters by member with nothing: no absence can be proved."""

    async def one(self, request, collection, resource_id, body):
        """Leave members out of a group."""
        kept = self.held["Groups"].get(resource_id, {})
        shown = kept.pop("members", None)
        answer = await super().one(request, collection, resource_id, body)
        if shown:
            after = self.held["Groups"].get(resource_id, {})
            after["members"] = shown + after.get("members", [])
        return answer

    def page(self, found, query):
        """Leave members out of lists."""
        return super().page([{k: v for k, v in one.items() if k != "members"} for one in found], query)


def test_a_membership_that_the_tenant_does_not_show_is_not_added_to_an_adopted_user(
    bulkscim: Command, tmp_path
):
    """An undo would take away a membership that was there before; an answer that does not show it proves nothing."""
    (tmp_path / "people.csv").write_text("userName,groups\nada@x.test,Sales\n")
    tenant = Guarded("ada@x.test")
    tenant.add("Groups", {"displayName": "Sales", "members": [{"value": tenant.user("ada@x.test")["id"]}]})
    with tenant.serving():
        outcome = run(bulkscim, tenant, "people.csv")
        ((detail,),) = [[line["detail"]] for line in newest(bulkscim)]

    assert outcome.code == 0, outcome.text
    assert detail == "whether it is in group Sales is not known here, so it was not added"
    assert not [seen for seen in tenant.writes if seen.method == "PATCH"]


def test_max_adopt_bounds_the_adopted_users_that_get_links(bulkscim: Command, tmp_path):
    """The bound holds across resume; a new run does not count what the earlier one did. Exit 5 names the flag."""
    names = [f"u{number}@x.test" for number in range(6)]
    (tmp_path / "people.csv").write_text("userName,groups\n" + "".join(f"{name},Sales\n" for name in names))
    (tmp_path / "job.toml").write_text('[job]\nfile = "people.csv"\n[guard]\nmax_adopt = 2\n')
    tenant = held(*names)
    with tenant.serving():
        first = run(bulkscim, tenant, "job.toml", "--concurrency", "4")
        after_first = links(tenant)
        resumed = bulkscim("resume", "last")
        after_resume = links(tenant)
        last = run(bulkscim, tenant, "job.toml", "--max-adopt", "100%")
        after = links(tenant)

    def linked(found):
        return sum("Sales" in found[name][1] for name in names)

    assert (first.code, linked(after_first)) == (5, 2), first.text
    assert "--max-adopt allows 2" in first.stderr
    assert (resumed.code, linked(after_resume)) == (5, 2), resumed.text
    assert (last.code, linked(after)) == (0, 6), last.text


def test_adoption_without_links_has_no_bound(bulkscim: Command, tmp_path):
    """What is there already counts as nothing."""
    names = [f"u{number}@x.test" for number in range(5)]
    (tmp_path / "people.csv").write_text("userName,groups\n" + "".join(f"{name},Sales\n" for name in names))
    tenant = held(*names)
    (group,) = tenant.held["Groups"].values()
    group["members"] += [{"value": tenant.user(name)["id"]} for name in names]
    with tenant.serving():
        outcome = run(bulkscim, tenant, "people.csv", "--max-adopt", "0", "--json")

    assert (outcome.code, outcome.json["adopted"], outcome.json["adopted_differ"]) == (0, 5, 0), outcome.text


def test_skip_leaves_an_existing_user_untouched(bulkscim: Command, tmp_path):
    """Neither attributes nor links; before, there was no such choice."""
    (tmp_path / "people.csv").write_text("userName,title,manager,groups\nada@x.test,New,other@x.test,Sales\n")
    tenant = held("ada@x.test")
    before = json.dumps(tenant.held)
    with tenant.serving():
        outcome = run(bulkscim, tenant, "people.csv", "--on-exists", "skip")
        (line,) = newest(bulkscim)

    assert (outcome.code, line["state"]) == (0, "noop"), outcome.text
    assert line["detail"] == "exists already; left untouched (--on-exists skip)"
    assert json.dumps(tenant.held) == before


def test_a_protected_account_gets_no_links(bulkscim: Command, tmp_path):
    """It is adopted as it is, on resume too: the names are kept with the run."""
    (tmp_path / "people.csv").write_text("userName,groups\nada@x.test,Sales\n")
    (tmp_path / "job.toml").write_text('[job]\nfile = "people.csv"\n[guard]\nprotect = ["Ada@x.test"]\n')
    tenant = held("ada@x.test")
    with tenant.serving():
        outcome = run(bulkscim, tenant, "job.toml")
        (line,) = newest(bulkscim)
        found = links(tenant)

    assert (outcome.code, line["state"]) == (0, "adopted"), outcome.text
    assert line["detail"] == "it is protected: no manager or group was added; not in group Sales"
    assert found["ada@x.test"][1] == set()


def test_what_a_rolled_back_run_created_is_not_its_any_more(bulkscim: Command, tmp_path):
    """A soft rollback leaves the user there, deactivated: the next run adopts it and says so."""
    (tmp_path / "people.csv").write_text("userName\nada@x.test\n")
    with SmallTenant("there@x.test").serving() as tenant:
        assert run(bulkscim, tenant, "people.csv").code == 0
        assert bulkscim("rollback", "last", "--soft", "--yes").code == 0
        outcome = run(bulkscim, tenant, "people.csv")
        (line,) = newest(bulkscim)

    assert (outcome.code, line["state"]) == (0, "adopted"), outcome.text
    assert "deactivated (active is False)" in line["detail"]


@pytest.mark.parametrize("verb", ["create", "upsert"])
def test_existing_users_that_manage_each_other_get_their_managers(bulkscim: Command, job, verb):
    """Before, such upserts were put off for ever (exit 5), each waiting for the other's end."""
    path = job(
        {"op": verb, "type": "User", "data": {"userName": "ada@x.test", "manager": {"userName": "bob@x.test"}}},
        {"op": verb, "type": "User", "data": {"userName": "bob@x.test", "manager": {"userName": "ada@x.test"}}},
    )  # fmt: skip
    tenant = held("ada@x.test", "bob@x.test")
    with tenant.serving():
        outcome = run(bulkscim, tenant, path, "--json")
        found = links(tenant)

    assert outcome.code == 0, outcome.text
    assert (found["ada@x.test"][0], found["bob@x.test"][0]) == ("bob@x.test", "ada@x.test")


class Lenient(SmallTenant):
    """Takes a second user of a name."""

    async def create(self, request, collection, body):
        """Answer 201, whatever is there."""
        return self.created(collection, self.add(collection, body))


def test_a_name_that_the_server_would_take_twice_is_looked_up_first(bulkscim: Command, tmp_path):
    """Before, a second user of the name was created, the row was done, and nothing was said of it."""
    (tmp_path / "people.csv").write_text("userName\nADA@x.test\nnew@x.test\n")
    with Lenient("there@x.test", "ada@x.test").serving() as tenant:
        outcome = run(bulkscim, tenant, "people.csv")
        states = [line["state"] for line in newest(bulkscim)]

    assert (outcome.code, states) == (0, ["adopted", "done"]), outcome.text
    assert (tenant.named("ada@x.test"), len(tenant.writes)) == (1, 1)


def test_a_dry_run_adopts_as_the_run_would(bulkscim: Command, tmp_path):
    """It counts the adoptions that differ, and writes nothing."""
    (tmp_path / "people.csv").write_text("userName,title,groups\nada@x.test,New,Sales\n")
    tenant = held("ada@x.test")
    with tenant.serving():
        outcome = run(bulkscim, tenant, "people.csv", "-n")

    assert outcome.code == 0, outcome.text
    assert "1 would be adopted (existed already; 1 of them differs from the file)" in outcome.stderr
    assert tenant.writes == []
