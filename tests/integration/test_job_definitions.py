"""Job definitions and files as people have them, through the real command line."""

import codecs
import csv
import gzip
import io
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.command import FAST, Command
from tests.support.small_tenant import SmallTenant

ROOT = Path(__file__).parents[2]
SAMPLES, JOBS = ROOT / "samples", ROOT / "jobs"
OWNER = "xavier.becker@example.com"
MAP = ("--op", "create", "--map", JOBS / "onboarding.toml", "--create-groups")


def addresses(name):
    """Return the addresses in a sample, in its order."""
    with (SAMPLES / name).open(encoding="utf-8-sig", newline="") as file:
        return [row["E-mail"].strip().lower() for row in csv.DictReader(file, delimiter=";") if row["E-mail"]]


def everybody():
    """Return a tenant in which the export's people are, and the licence groups."""
    tenant = SmallTenant(*addresses("hr-export.csv"))
    for name in ("Licence Lucidchart", "Licence Lucidspark", "No licence"):
        tenant.add("Groups", {"displayName": name, "members": []})
    return tenant


@pytest.mark.parametrize(("name", "rows"), [("leavers", 40), ("lucid-licences", 30)])
def test_each_job_of_the_tree_is_planned(bulkscim: Command, name, rows):
    """A dry run reads, decides and counts every row, and writes nothing."""
    with everybody().serving() as tenant:
        outcome = bulkscim("run", JOBS / f"{name}.toml", "--base-url", tenant.base_url, "-n", "--json", *FAST)

    assert outcome.code == 0, outcome.text
    assert (outcome.json["rows"], outcome.json["done"]) == (rows, rows)
    assert tenant.writes == []


@pytest.mark.slow
def test_the_export_is_planned_for_an_empty_tenant(bulkscim: Command):
    """A thousand creates, their managers and teams, with managers in any order."""
    with SmallTenant(OWNER).serving() as tenant:
        outcome = bulkscim(
            "run", JOBS / "onboarding.toml", "--base-url", tenant.base_url, "-n", "--json", *FAST
        )

    assert outcome.code == 0, outcome.text
    assert (outcome.json["rows"], outcome.json["done"], outcome.json["adopted"]) == (1000, 999, 1)
    assert "semicolons between cells" in outcome.stderr
    assert tenant.writes == []


def test_every_fault_of_the_broken_export_is_named(bulkscim: Command):
    """The copy that was broken by hand: each fault with its line, its column, and how to mend it."""
    outcome = bulkscim("validate", SAMPLES / "hr-export-broken.csv", *MAP[:-1])

    assert outcome.code == 2
    assert [int(line) for line in re.findall(r"broken\.csv:(\d+)", outcome.stderr)] == [4, 11, 19, 26, 35, 73]


DISGUISES = {
    "utf8.csv": (";", str.encode),
    "mark.csv": (";", lambda text: codecs.BOM_UTF8 + text.encode()),
    "utf16.txt": (";", lambda text: text.encode("utf-16")),
    "western.csv": (";", lambda text: text.encode("cp1252")),
    "tabs.tsv": ("\t", str.encode),
    "stdin": (",", lambda text: gzip.compress(text.encode())),
}


def fits(row):
    """Tell whether every disguise can hold a row."""
    return all(ord(letter) < 256 for letter in "".join(row))


def western(delimiter):
    """Write the first of the export's people whom every disguise can hold, managers among them."""
    with (SAMPLES / "hr-export.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file, delimiter=";")
    rows = [row for row in rows if any(row) and fits(row)]
    rows = [*(row for row in rows if "Lead" in row[4]), *(row for row in rows if "Lead" not in row[4])][:40]
    there = {row[3].strip().lower() for row in rows}
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows([*row[:10], row[10] if row[10].lower() in there else "", *row[11:]] for row in rows)
    writer.writerow([""] * len(header))
    return text.getvalue()


def state(tenant):
    """Return a tenant's people and groups, by name instead of by id."""
    names = {user["id"]: user["userName"] for user in tenant.held["Users"].values()}
    kept = [
        {name: value for name, value in user.items() if name not in {"id", "meta"}}
        for user in tenant.held["Users"].values()
    ]
    people = [re.sub(r"'(r-\d+)'", lambda found: names[found[1]], repr(user)) for user in kept]
    groups = {
        group["displayName"]: sorted(names[member["value"]] for member in group.get("members", []))
        for group in tenant.held["Groups"].values()
    }
    return sorted(people), groups


def test_the_export_in_six_disguises_gives_the_same_tenant(bulkscim: Command, tmp_path: Path):
    """UTF-8, BOM, UTF-16, cp1252, tabs, and gzip through standard input."""
    found = {}
    for name, (delimiter, disguise) in DISGUISES.items():
        data = disguise(western(delimiter))
        (tmp_path / name).write_bytes(data)
        job = "-" if name == "stdin" else name
        with SmallTenant("there@example.com").serving() as tenant:
            assert piped(bulkscim, data, "run", job, *MAP, "--base-url", tenant.base_url, "--yes", *FAST) == 0
        found[name] = state(tenant)

    people, groups = found["utf8.csv"]
    assert (len(people), sum(map(len, groups.values())) > 40) == (41, True)
    assert sum("manager" in person for person in people) > 10
    assert [name for name in found if found[name] != found["utf8.csv"]] == []


def piped(bulkscim: Command, data: bytes, *arguments: str | Path) -> int:
    """Run a command with bytes on its standard input; return its exit code."""
    process = subprocess.run(
        bulkscim._arguments(arguments),
        input=data,
        capture_output=True,
        env=bulkscim._environment(),
        cwd=bulkscim.folder,
        timeout=60,
        check=False,
    )
    return process.returncode


def test_a_run_of_a_definition_is_resumed_with_the_same_map(bulkscim: Command, tmp_path: Path):
    """The header keeps the map as resolved: resume needs neither the definition nor a flag."""
    (tmp_path / "people.csv").write_text(
        "Mail;Name\n" + "".join(f"p{n}@x.example;P {n}\n" for n in range(30))
    )
    definition = tmp_path / "job.toml"
    definition.write_text(
        '[job]\nfile = "people.csv"\nop = "create"\n[map]\nuserName = "Mail"\ndisplayName = "{Name}"\n'
        "[guard]\nmax_create = 100\n"
    )
    with SmallTenant("there@example.com").serving() as tenant:
        started = bulkscim.kill_when(
            lambda: len(tenant.writes) >= 5,
            "run", definition, "--base-url", tenant.base_url, "--yes", "--rate", "100/s",
        )  # fmt: skip
        definition.unlink()
        outcome = bulkscim("resume", "last", *FAST)

    assert started
    assert outcome.code == 0, outcome.text
    assert sorted(
        user["displayName"] for user in tenant.held["Users"].values() if "displayName" in user
    ) == sorted(f"P {n}" for n in range(30))
    assert bulkscim("explain", "last", "--row", "3").code == 0
    assert bulkscim("results", "last").code == 0


@pytest.mark.parametrize(
    ("row", "verb"),
    [("owner@example.com", "deactivate"), (" OWNER@Example.com", "delete"), ("{id}", "delete")],
)
def test_whoever_is_protected_is_not_taken_away(bulkscim: Command, tmp_path: Path, row, verb):
    """A row that would is refused before the first write, by whatever name it knows them: exit 4."""
    with SmallTenant("owner@example.com", "bob@example.com").serving() as tenant:
        name = row.replace("{id}", tenant.user("owner@example.com")["id"])
        column = "id" if row == "{id}" else "userName"
        (tmp_path / "job.csv").write_text(f"{column}\n{tenant.user('bob@example.com')['id']}\n{name}\n")
        (tmp_path / "job.toml").write_text(
            f'[job]\nfile = "job.csv"\nop = "{verb}"\n[guard]\nprotect = ["Owner@example.com"]\n'
        )
        outcomes = [
            bulkscim("run", "job.toml", "--base-url", tenant.base_url, flag, *FAST)
            for flag in ("--yes", "-n")
        ]

    for outcome in outcomes:
        assert outcome.code == 4, outcome.text
        assert "row 2" in outcome.stderr
        assert "protected" in outcome.stderr
    assert tenant.writes == []


def test_flags_stand_in_for_what_a_definition_says(bulkscim: Command, tmp_path: Path):
    """A guard given on the command line holds instead of the file's."""
    (tmp_path / "job.csv").write_text("userName\na@x.example\nb@x.example\n")
    (tmp_path / "job.toml").write_text('[job]\nfile = "job.csv"\nop = "create"\n[guard]\nmax_create = 1\n')
    with SmallTenant("there@example.com").serving() as tenant:
        refused = bulkscim("run", "job.toml", "--base-url", tenant.base_url, "--yes", *FAST)
        allowed = bulkscim(
            "run", "job.toml", "--base-url", tenant.base_url, "--yes", "--max-create", "2", *FAST
        )

    assert (refused.code, allowed.code) == (4, 0), refused.text + allowed.text


def test_map_test_prints_what_would_be_sent(bulkscim: Command):
    """The first rows as SCIM, without a tenant or a token; a bad row among them is named, exit 2."""
    shown = bulkscim("map", "test", JOBS / "onboarding.toml", "--rows", "2", "--json")
    broken = bulkscim("map", "test", SAMPLES / "hr-export-broken.csv", *MAP[:-1], "--rows", "3")

    assert shown.code == 0, shown.text
    assert [each["request"] for each in shown.json] == ["POST /Users", "POST /Users"]
    assert shown.json[0]["body"]["userName"] == "nadia.abebe2@example.com"
    assert shown.json[0]["links"][0].startswith("manager: User userName ")
    assert broken.code == 2
    assert "row 1: POST /Users" in broken.stdout
    assert "row 3" in broken.stderr
