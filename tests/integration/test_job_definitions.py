"""Job definitions and files as people have them, through the real command line."""

import codecs
import csv
import gzip
import io
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.running.command import FAST, Command
from tests.support.servers.small_tenant import SmallTenant

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
    """The copy that was broken by hand: each fault with its line, its column, and how to fix it."""
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
    """Write the first of the export's users that every disguise can hold, managers among them."""
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
def test_a_protected_user_is_not_removed(bulkscim: Command, tmp_path: Path, row, verb):
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


WHOLE = """
[job]
file = "named.csv"
op = "deactivate"
[map]
userName = "Mail"
[guard]
max_delete = {limit}
protect = ["owner@example.com"]
[then]
op = "delete"
after = "30d"
"""


@pytest.mark.parametrize(
    "case",
    [
        (
            ["bob", "owner"],
            5,
            (),
            4,
            "row 2: deactivate of User userName owner@example.com, which is protected",
        ),
        (["bob", "carl"], 1, (), 4, "--max-delete 2"),
        (["bob", "carl"], 1, ("--max-delete", "2"), 0, "later"),
        (["bob"], 5, ("--op", "delete"), 2, "[then]"),
    ],
)
def test_a_definition_that_map_names_guards_the_run(bulkscim: Command, tmp_path: Path, case):
    """--map took the [map] alone: two protected accounts were deleted, guards and [then] were dropped, exit 0."""
    rows, limit, more, code, said = case
    (tmp_path / "leavers.csv").write_text("Mail\n" + "".join(f"{name}@example.com\n" for name in rows))
    (tmp_path / "whole.toml").write_text(WHOLE.format(limit=limit))
    with SmallTenant(*(f"{name}@example.com" for name in ("owner", "bob", "carl"))).serving() as tenant:
        outcome = bulkscim(
            "run", "leavers.csv", "--map", "whole.toml", "--base-url", tenant.base_url, "--yes", *more, *FAST
        )

    assert outcome.code == code, outcome.text
    assert said in outcome.stderr
    assert code == 2 or "named.csv; leavers.csv is read instead" in outcome.stderr
    assert len(tenant.writes) == (2 if code == 0 else 0)
    assert len(list(bulkscim.runs.glob("*/delete-after-*.jsonl"))) == (code == 0)


def test_validate_and_map_test_read_the_whole_definition(bulkscim: Command, tmp_path: Path):
    """Operation and match of a definition that --map names were asked for again by a flag."""
    (tmp_path / "leavers.csv").write_text("Mail\nbob@example.com\n")
    (tmp_path / "whole.toml").write_text(WHOLE.format(limit='"5%"'))
    named = ("leavers.csv", "--map", "whole.toml")

    checked = bulkscim("validate", *named)
    shown = bulkscim("map", "test", *named, "--json")

    assert checked.code == 0, checked.text
    assert "guards    max_delete 5%, protect 1 accounts" in checked.stderr
    assert bulkscim("validate", *named, "--json").json["guards"]["protect"] == ["owner@example.com"]
    assert shown.json[0]["op"] == "deactivate"
    for command in (("validate",), ("map", "test")):
        assert bulkscim(*command, *named, "--op", "delete").code == 2


def test_a_tenants_entry_guards_every_run(bulkscim: Command, tmp_path: Path):
    """Guards could not stand with the tenant: each job had to repeat them. By name, by URL, in resume and retry."""
    (tmp_path / "job.csv").write_text("userName\nbob@example.com\ncarl@example.com\n")
    text = '[job]\nfile = "job.csv"\nop = "delete"\n[guard]\nmax_delete = 9\n'
    (tmp_path / "loose.toml").write_text(text)
    (tmp_path / "job.toml").write_text(text + 'protect = ["carl@example.com"]\n')
    with SmallTenant(*(f"{name}@example.com" for name in ("owner", "bob", "carl"))).serving() as tenant:
        entry = f'[tenant.acme]\nbase_url = "{tenant.base_url}"\nrate = "500/s"\n'
        (tmp_path / "bulkscim.toml").write_text(entry + "max_delete = 1\nmax_create = 0\n")
        too_many = bulkscim("run", "loose.toml", "--tenant", "acme", "--yes")
        by_url = bulkscim("run", "job.csv", "--op", "create", "--base-url", tenant.base_url, "--yes")
        (tmp_path / "bulkscim.toml").write_text(entry + 'protect = ["BOB@example.com"]\n')
        both = bulkscim("run", "job.toml", "--tenant", "acme", "--yes")

    assert (too_many.code, by_url.code, both.code) == (4, 4, 4), too_many.text + by_url.text + both.text
    assert "--max-delete 2" in too_many.stderr
    assert "--max-create 2" in by_url.stderr
    assert "row 1" in both.stderr
    assert "row 2" in both.stderr
    assert tenant.writes == []


def test_what_is_protected_later_is_so_in_resume_and_rollback(bulkscim: Command, tmp_path: Path):
    """resume, retry and rollback looked at no protection: a user that the run created, its rollback deleted."""
    names = [f"p{n}@x.example" for n in range(30)]
    (tmp_path / "job.csv").write_text("op,userName\n" + "".join(f"create,{name}\n" for name in names))
    (tmp_path / "off.csv").write_text("userName\n" + "".join(f"{name}\n" for name in names))
    with SmallTenant("owner@example.com").serving() as tenant:
        at = ("--base-url", tenant.base_url, "--yes", *FAST)
        assert bulkscim("run", "job.csv", *at, "--run-dir", "made").code == 0
        protect = f'[tenant.acme]\nbase_url = "{tenant.base_url}"\nprotect = ["{names[-1]}"]\n'
        started = bulkscim.kill_when(
            lambda: len(tenant.writes) >= 35,
            "run", "off.csv", "--op", "deactivate", "--max-delete", "30", *at[:-4], "--rate", "100/s", "--run-dir", "off",
        )  # fmt: skip
        (tmp_path / "bulkscim.toml").write_text(protect)
        resumed = bulkscim("resume", "off", *FAST)
        rolled = bulkscim("rollback", "made", "--yes", "--on-drift", "force", *FAST)

    assert started
    assert resumed.code == 4, resumed.text
    assert f"row 30: deactivate of User userName {names[-1]}, which is protected" in resumed.stderr
    assert rolled.code == 0, rolled.text
    assert f"protected, so left as the run made them: {names[-1]}" in rolled.stderr
    assert sorted(user["userName"] for user in tenant.held["Users"].values()) == [
        "owner@example.com",
        names[-1],
    ]


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


def test_a_titled_file_in_another_code_page_is_run_resumed_and_corrected(bulkscim: Command, tmp_path):
    """Flags or definition name encoding and header line; the run keeps them, and its errors file needs neither."""
    job, definition = tmp_path / "people.csv", tmp_path / "people.toml"
    job.write_bytes("Přehled\nuserName;title\nřehoř@x;Lead\nada@x;Ťok\n".encode("cp1250"))
    definition.write_text('[job]\nop = "create"\nencoding = "cp1250"\nheader_line = 2\n')
    form = ("--encoding", "cp1250", "--header-line", 2)

    with SmallTenant("ada@x").serving() as tenant:
        reached = ("--base-url", tenant.base_url, "--yes", *FAST)
        checked = bulkscim("validate", job, "--op", "create", *form)
        first = bulkscim("run", job, "--op", "create", "--on-exists", "fail", *form, *reached)
        retried = bulkscim("retry", "last")
        errors = re.search(r"^errors: (\S+)", first.stderr, re.MULTILINE)[1]
        again = bulkscim("run", errors, "--map", definition, "--on-exists", "update", *reached)

    assert 'read as cp1250: "řehoř@x" and "Ťok"' in checked.stderr
    assert "--encoding cp1250 --header-line 2" in checked.stderr
    assert [each.code for each in (checked, first, retried, again)] == [0, 3, 3, 0], again.text
    assert (tenant.user("řehoř@x")["title"], tenant.user("ada@x")["title"]) == ("Lead", "Ťok")


def test_managers_by_number_are_found_in_the_file_or_in_the_tenant(bulkscim: Command, tmp_path):
    """Rows in any order; a number that no row has is looked for in the tenant, by filter or in a listing."""
    job, definition = tmp_path / "people.csv", tmp_path / "people.toml"
    job.write_text("Mail,No,Boss\nada@x,2,1\ngrace@x,1,7\neve@x,3,8\n")
    definition.write_text(
        '[map]\nuserName = "Mail"\nemployeeNumber = "No"\nmanager = {column = "Boss", lookup = "employeeNumber"}\n'
    )
    extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    tenant = SmallTenant("old@x")
    tenant.user("old@x")[extension] = {"employeeNumber": "7"}

    with tenant.serving():
        outcome = bulkscim(
            "run",
            job,
            "--op",
            "create",
            "--map",
            definition,
            "--base-url",
            tenant.base_url,
            "--yes",
            "--json",
            *FAST,
        )

    assert (outcome.code, outcome.json["done"], outcome.json["failed"]) == (3, 2, 1), outcome.text
    boss = {
        name: tenant.user(name)[extension].get("manager", {}).get("value") for name in ("ada@x", "grace@x")
    }
    assert boss == {"ada@x": tenant.user("grace@x")["id"], "grace@x": tenant.user("old@x")["id"]}
