"""Flags that select rows: of a run, a plan, and what comes after them."""

import csv
import json

import pytest

from tests.support.servers.small_tenant import SmallTenant

NAMES = [f"u{number:02}@x.test" for number in range(1, 51)]
PEOPLE = "userName,department,manager\n" + "".join(
    f"{name},{'Sales' if place % 2 else 'Research'},{NAMES[49] if place == 3 else ''}\n"
    for place, name in enumerate(NAMES)
)


@pytest.fixture
def given(bulkscim, tmp_path):
    """Return what carries out a command on a file of 50 rows, against a tenant of its own."""
    (tmp_path / "people.csv").write_text(PEOPLE)
    with SmallTenant("there@x.test").serving() as server:

        def carry_out(verb, *more, file="people.csv"):
            flags = ("--yes",) if verb == "run" else ()
            reached = ("--base-url", server.base_url, "--rate", "1000/s")
            return bulkscim(verb, file, "--op", "create", *reached, *flags, *more)

        yield carry_out, server


def rows_of(folder):
    """Return the row numbers and states of results.csv."""
    with (folder / "results.csv").open(newline="") as file:
        return {int(line["row"]): line["state"] for line in csv.DictReader(file)}


def folders(tmp_path):
    """Return the run folders, the oldest first."""
    return sorted((tmp_path / "runs").iterdir())


def test_a_sample_and_then_the_rest_take_each_row_once(given, bulkscim, tmp_path):
    """Ten of fifty; the seed is printed; a further run takes the forty others, and a last one none."""
    carry_out, server = given
    (tmp_path / "people.csv").write_text(PEOPLE.replace(f",{NAMES[49]}", ","))

    first = carry_out("run", "--sample", "10")
    rest = carry_out("run", "--not-in", "last")
    nothing = carry_out("run", "--not-in", "last", "--not-in", folders(tmp_path)[0].name)

    sample, others = map(rows_of, folders(tmp_path))
    assert (first.code, rest.code, nothing.code) == (0, 0, 2), first.text + rest.text
    assert (len(sample), len(others)) == (10, 40)
    assert sorted({*sample, *others}) == list(range(1, 51))
    assert {*sample.values(), *others.values()} == {"done"}
    assert len(server.held["Users"]) == 51
    assert "chosen with --seed " in first.stderr
    assert "10 rows of 50" in first.stderr
    assert "no row is left to take: 50 in the file, 0 of these are not in the runs" in nothing.stderr
    header = json.loads((folders(tmp_path)[0] / "journal.jsonl").read_text().partition("\n")[0])["body"]
    again = carry_out("plan", "--sample", "10", "--seed", header["selection"]["seed"], "--json")
    assert {json.loads(line)["row"] for line in again.stdout.splitlines()} == set(sample)


def test_a_filter_keeps_row_numbers_and_status_counts_the_rows_taken(given, bulkscim, tmp_path):
    """Results, status, explain and rollback speak of the file's rows."""
    carry_out, server = given

    run = carry_out("run", "--where", 'department = "sales"', "--skip", "2", "--limit", "3")
    status = bulkscim("status", "last", "--json")
    explained = bulkscim("explain", "last", "--row", "8")
    absent = bulkscim("explain", "last", "--row", "7")
    undone = bulkscim("rollback", "last", "--yes")

    assert (run.code, status.json["rows"], status.json["done"]) == (0, 3, 3), run.text
    assert list(rows_of(folders(tmp_path)[0])) == [6, 8, 10]
    assert """rows      --where 'department = "sales"' --skip 2 --limit 3""" in run.stderr
    assert (explained.code, absent.code) == (0, 2)
    assert "the run does not take row 7" in absent.stderr
    assert (undone.code, len(server.held["Users"])) == (0, 1), undone.text


def test_resume_and_retry_go_on_with_the_rows_of_the_selection_alone(given, bulkscim, tmp_path):
    """The journal says which they are."""
    carry_out, server = given

    stopped = carry_out("run", "--where", "department = Research", "--yes")
    assert stopped.code == 2
    assert "column 14: texts are in double quotes" in stopped.stderr
    run = carry_out("run", "--sample", "5", "--seed", "3")
    journal = folders(tmp_path)[0] / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:3]))  # as if it had been killed at once
    (folders(tmp_path)[0] / "checkpoint.json").unlink()
    resumed = bulkscim("resume", "last", "--json")

    assert (run.code, resumed.code) == (0, 0), resumed.text
    assert (resumed.json["rows"], resumed.json["adopted"]) == (5, 5)
    assert len(server.held["Users"]) == 6
    assert bulkscim("retry", "last").code == 0


def test_needed_rows_are_taken_along_with_any_selection(given, bulkscim, tmp_path):
    """Row 4 has a manager in row 50; where a run took that, it is not needed."""
    carry_out, _ = given

    alone = carry_out("run", "--skip", "3", "--limit", "1", "--with-needed")
    told = carry_out("plan", "--skip", "2", "--limit", "2")
    later = carry_out("plan", "--not-in", "last", "--skip", "2", "--limit", "2", "--with-needed", "--json")

    assert list(rows_of(folders(tmp_path)[0])) == [4, 50]
    assert "taken along: row 50 of people.csv" in alone.stderr
    assert "row 4 needs row 50 (manager u50@x.test)" in told.stderr
    assert [json.loads(line)["row"] for line in later.stdout.splitlines()] == [3, 5]
    assert carry_out("run", "--with-needed").code == 2


def test_a_run_of_another_file_or_tenant_says_nothing_of_the_rows(given, bulkscim, tmp_path):
    """Exit 12; a run that is not there is 10."""
    carry_out, _ = given
    assert carry_out("run", "--limit", "2").code == 0
    (tmp_path / "others.csv").write_text(PEOPLE.replace("Sales", "Sale"))

    other = carry_out("run", "--not-in", "last", file="others.csv")
    with SmallTenant().serving() as server:
        elsewhere = bulkscim(
            "plan", "people.csv", "--op", "create", "--base-url", server.base_url, "--not-in", "last"
        )

    assert (other.code, elsewhere.code, carry_out("run", "--not-in", "nine").code) == (12, 12, 10)
    assert "is of another job file" in other.stderr
    assert "is of another tenant" in elsewhere.stderr
    assert carry_out("run", "--seed", "3").code == 2
    assert len(folders(tmp_path)) == 1


def test_a_plan_holds_its_rows(given, bulkscim, tmp_path):
    """It is applied to them, the seed included; flags that select rows are refused with it."""
    carry_out, server = given

    made = carry_out("plan", "--sample", "4", "--where", 'department = "Research"', "-o", "some.plan")
    refused = bulkscim("run", "some.plan", "--yes", "--skip", "1")
    applied = bulkscim("run", "some.plan", "--yes", "--rate", "1000/s")

    rows = [json.loads(line)["row"] for line in (tmp_path / "some.plan").read_text().splitlines()[1:]]
    assert (made.code, refused.code, applied.code) == (0, 2, 0), made.text + applied.text
    assert list(rows_of(folders(tmp_path)[0])) == rows
    assert len(rows) == 4
    assert len(server.held["Users"]) == 5


def test_refs_to_rows_of_an_earlier_run_mean_what_it_made(given, bulkscim, tmp_path):
    """A file may name by `ref` what only the other run creates."""
    carry_out, server = given
    lines = [
        {"op": "create", "ref": "boss", "data": {"userName": "boss@x.test"}},
        {"op": "create", "data": {"userName": "ada@x.test", "manager": {"ref": "boss"}}},
    ]
    (tmp_path / "job.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    assert carry_out("run", "--limit", "1", file="job.jsonl").code == 0
    rest = carry_out("run", "--not-in", "last", file="job.jsonl")

    users = {user["userName"]: user for user in server.held["Users"].values()}
    assert rest.code == 0, rest.text
    assert users["boss@x.test"]["id"] in json.dumps(users["ada@x.test"])
