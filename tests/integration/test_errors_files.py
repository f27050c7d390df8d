"""errors.csv and errors.jsonl are job files: corrected and run again, they do what was left and nothing twice."""

import csv
import json

import pytest
from aiohttp import web

from tests.support.running.command import FAST, Command
from tests.support.servers.small_tenant import SmallTenant, error


class Particular(SmallTenant):
    """Refuses people whose title is Boss."""

    async def create(self, request: web.Request, collection, body):
        """Refuse some, and take the others."""
        return (
            error(400, "no such title")
            if body.get("title") == "Boss"
            else await super().create(request, collection, body)
        )


def reached(tenant, folder):
    """Return how a run reaches a tenant that shows at once what is written: a refused create is not looked for long."""
    (folder / "quick.toml").write_text("visibility_lag_s = 0.5\n")
    return "--base-url", tenant.base_url, "--profile", folder / "quick.toml", "--yes", *FAST


def folder_of(outcome: Command, number: int):
    """Return the run folder of a number, oldest first."""
    return outcome.run_folders()[number]


def test_a_corrected_row_of_errors_csv_is_done_once(bulkscim: Command, tmp_path):
    """Ten rows, two refused; one is corrected: the second run has two rows, and the tenant everybody once."""
    titles = ["Boss" if number in {3, 7} else "Clerk" for number in range(10)]
    lines = [f"p{number}@x.example;{title}\n" for number, title in enumerate(titles)]
    (tmp_path / "job.csv").write_text("userName;title\n" + "".join(lines))
    with Particular("there@example.com").serving() as tenant:
        arguments = ("--op", "create", "--base-url", tenant.base_url, "--yes", *FAST)
        first = bulkscim("run", "job.csv", *arguments)
        bulkscim("results", "last")
        errors = folder_of(bulkscim, 0) / "errors.csv"
        assert [
            row["userName"] for row in csv.DictReader(errors.read_text().splitlines(), delimiter=";")
        ] == [
            "p3@x.example",
            "p7@x.example",
        ]
        text = errors.read_text()
        errors.write_text(text.replace("p3@x.example;Boss", "p3@x.example;Clerk"))
        second = bulkscim("run", errors, *arguments, "--json")
        third = bulkscim("run", errors, *arguments, "--json")

    assert (first.code, second.code, third.code) == (3, 3, 3), first.text + second.text + third.text
    assert [
        (each.json["rows"], each.json["done"], each.json["noop"], each.json["failed"])
        for each in (second, third)
    ] == [
        (2, 1, 0, 1),
        (2, 0, 1, 1),
    ]
    assert [tenant.named(f"p{number}@x.example") for number in range(10)] == [1] * 7 + [0] + [1] * 2


@pytest.mark.parametrize("command", ["results", "retry"])
def test_corrections_in_place_outlive_the_next_command(bulkscim: Command, tmp_path, command):
    """The printed path is corrected, and then the run is looked at: the corrected file stays, and the new one is named."""
    (tmp_path / "job.csv").write_text("userName;title\nada@x.example;Boss\n")
    with Particular("there@example.com").serving() as tenant:
        bulkscim("run", "job.csv", "--op", "create", "--base-url", tenant.base_url, "--yes", *FAST)
        errors = folder_of(bulkscim, 0) / "errors.csv"
        corrected = errors.read_text().replace("Boss", "Clerk")
        errors.write_text(corrected)
        outcome = bulkscim(command, "last")

    assert errors.read_text() == corrected
    assert "Boss" in errors.with_name("errors-2.csv").read_text()
    assert "errors.csv may hold changes of yours, so it is kept; errors-2.csv is the new one" in outcome.text
    assert "errors-2.csv (correct these rows, then run the file)" in outcome.text


@pytest.mark.parametrize("moved", [False, True])
def test_a_ref_to_what_the_earlier_run_made_is_found(bulkscim: Command, job, tmp_path, moved):
    """The failed record still names its manager and its group by ref; both were made by the run before."""
    path = job(
        {"op": "create", "type": "User", "ref": "grace", "data": {"userName": "grace@x.example"}},
        {"op": "create", "type": "Group", "ref": "crew", "data": {"displayName": "Crew"}},
        {"op": "create", "type": "User", "ref": "ada", "data": {"userName": "ada@x.example", "title": "Boss", "manager": {"ref": "grace"}}},
        {"op": "add_member", "type": "Group", "ref": "crew", "member": {"ref": "ada"}},
    )  # fmt: skip
    with Particular("there@example.com").serving() as tenant:
        arguments = reached(tenant, tmp_path)
        first = bulkscim("run", path, *arguments)
        bulkscim("results", "last")
        errors = folder_of(bulkscim, 0) / "errors.jsonl"
        assert [json.loads(line)["_row"] for line in errors.read_text().splitlines()] == [3, 4]
        corrected = tmp_path / "corrected.jsonl" if moved else errors
        corrected.write_text(errors.read_text().replace('"Boss"', '"Clerk"'))
        second = bulkscim("run", corrected, *arguments, "--json")
        users = {user["userName"]: user for user in tenant.held["Users"].values()}
        (crew,) = tenant.held["Groups"].values()

    assert (first.code, second.code) == (3, 0), first.text + second.text
    assert (second.json["rows"], second.json["done"]) == (2, 2)
    assert users["grace@x.example"]["id"] in json.dumps(users["ada@x.example"])
    assert [member["value"] for member in crew["members"]] == [users["ada@x.example"]["id"]]


def test_refs_of_a_run_on_another_tenant_are_not_used(bulkscim: Command, job, tmp_path):
    """An id of one tenant would name a stranger in another: it is said, and the row fails."""
    path = job(
        {"op": "create", "type": "User", "ref": "grace", "data": {"userName": "grace@x.example"}},
        {"op": "create", "type": "User", "data": {"userName": "ada@x.example", "title": "Boss", "manager": {"ref": "grace"}}},
    )  # fmt: skip
    with (
        Particular("there@example.com").serving() as one,
        SmallTenant("there@example.com").serving() as other,
    ):
        bulkscim("run", path, *reached(one, tmp_path))
        bulkscim("results", "last")
        errors = folder_of(bulkscim, 0) / "errors.jsonl"
        outcome = bulkscim("run", errors, *reached(other, tmp_path))

    assert outcome.code == 3, outcome.text
    assert "are not looked up" in outcome.stderr
    assert "manager" not in json.dumps(list(other.held["Users"].values()))
