"""Every command that a command prints works when it is pasted, and changes what it says."""

import json
import shlex
from dataclasses import replace
from pathlib import Path

from tests.support.making.pasted import printed
from tests.support.running.command import Command, Outcome
from tests.support.servers.scim_server import TOKEN
from tests.support.servers.small_tenant import SmallTenant, error

FOLDER = "HR Export (new)"


def paste(bulkscim: Command, line: str, *more: str) -> Outcome:
    """Run a printed command, with what a user adds to it."""
    program, *words = shlex.split(line)
    assert program == "bulkscim"
    return bulkscim(*words, *more)


def only(outcome: Outcome, verb: str) -> str:
    """Return the only printed command of a verb."""
    [line] = [line for line in printed(outcome.text) if shlex.split(line)[1] == verb]
    return line


def people(tmp_path: Path, name: str, text: str) -> str:
    """Write a file into a folder whose name a shell would split; return its path from here."""
    (tmp_path / FOLDER).mkdir(exist_ok=True)
    (tmp_path / FOLDER / name).write_text(text, encoding="utf-8")
    return f"{FOLDER}/{name}"


def entry(tmp_path: Path, tenant: SmallTenant) -> None:
    """Give the tenant a name."""
    (tmp_path / "bulkscim.toml").write_text(
        f'[tenant.acme]\nbase_url = "{tenant.base_url}"\nrate = "500/s"\n'
    )


def test_from_the_map_to_the_undo(bulkscim: Command, tmp_path: Path):
    """`validate` lost --op, --map and the tenant, and its path could not be pasted; a good run ended with `explain`."""
    job = people(tmp_path, "New people.csv", "Mail\nada@example.com\nbob@example.com\n")
    columns = people(tmp_path, "my map.toml", '[job]\nop = "create"\n[map]\nuserName = "Mail"\n')
    with SmallTenant("there@example.com").serving() as tenant:
        entry(tmp_path, tenant)
        tried = bulkscim("map", "test", job, "--map", columns, "--rows", "1")
        checked = paste(bulkscim, only(tried, "validate"))
        planned = paste(bulkscim, only(checked, "run"))
        unapproved = paste(bulkscim, only(planned, "run"))
        done = paste(bulkscim, only(planned, "run"), "--yes")
        undo = paste(bulkscim, only(done, "rollback"))
        undone = paste(bulkscim, only(undo, "rollback"), "--yes")

    ended = [tried, checked, planned, unapproved, done, undo, undone]
    assert [each.code for each in ended] == [0, 0, 0, 4, 0, 0, 0], "\n".join(each.text for each in ended)
    assert shlex.split(only(checked, "run"))[2:] == [job, "--map", columns, "--tenant", "acme", "-n"]
    assert "explain" not in done.text
    assert len(tenant.writes) == 4
    assert tenant.untouched()


def test_from_failures_to_the_retry_that_helps(bulkscim: Command, tmp_path: Path):
    """`98 failed` named no cause, and `retry` refused the flags that its messages named."""
    names = ["there", "here", "new"]
    rows = "".join(f"{name}@example.com,{'Sales' if name == 'new' else ''}\n" for name in names)
    job = people(tmp_path, "people.csv", f"userName,groups\n{rows}")
    with SmallTenant("there@example.com", "here@example.com").serving() as tenant:
        entry(tmp_path, tenant)
        rehearsed = bulkscim("run", job, "--tenant", "acme", "--op", "create", "-n")
        again = paste(bulkscim, only(rehearsed, "run"))
        at = ("--tenant", "acme", "--op", "create", "--on-exists", "fail")
        failed = bulkscim("run", job, *at, "--yes", "-q")
        status = bulkscim("status", "last", "--json").json
        lines = printed(failed.text)
        refused = paste(bulkscim, lines[0])
        adopted = paste(bulkscim, lines[0], "--yes")
        joined = paste(bulkscim, only(adopted, "retry"), "--yes")
        kept = bulkscim("status", "last", "--json").json

    assert (rehearsed.code, again.code) == (3, 0), again.text
    assert only(rehearsed, "run").endswith("-n --create-groups")
    assert only(again, "run").endswith("--create-groups")
    assert (failed.code, refused.code, adopted.code, joined.code) == (3, 4, 3, 0), joined.text
    assert "409 exists already as id …: 2 rows (1, 2)" in failed.stderr
    assert "no Group with displayName Sales" in failed.stderr
    assert (
        f"errors: {bulkscim.run_folder() / 'errors.csv'} (correct these rows, then run the file)"
        in failed.stderr
    )
    assert [(each["count"], each["rows"]) for each in status["causes"]] == [(2, [1, 2]), (1, [3])]
    assert lines[0].endswith("--on-exists adopt")
    assert lines[1].endswith("--create-groups")
    assert "--yes" in refused.stderr
    assert only(adopted, "retry").endswith("--create-groups")
    assert kept["failed"] == 0
    assert [(each["state"], each["detail"]) for each in kept["causes"]] == [("done", 'creates group "Sales"')]
    assert kept["changed"]["settings"] == {"on_exists": "adopt", "create_groups": True}


def test_corrected_records_are_run_as_the_first_ones_were(bulkscim: Command, tmp_path: Path):
    """The errors file was named without the map, operation and tenant that it needs; the edited job file not at all."""
    job = people(tmp_path, "people.csv", "Mail,Name\nada@example.com,Ada\nbad@example.com,Bad\n")
    columns = people(tmp_path, "map.toml", '[map]\nuserName = "Mail"\ndisplayName = "Name"\n')

    class Picky(SmallTenant):
        async def create(self, request, collection, body):
            if body.get("displayName") == "Bad":
                return error(400, "displayName is not nice", "invalidValue")
            return await super().create(request, collection, body)

    with Picky().serving() as tenant:
        at = ("--base-url", tenant.base_url, "--op", "create", "--map", columns, "--yes")
        failed = bulkscim("run", job, *at)
        errors = bulkscim.run_folder() / "errors.csv"
        errors.write_text(errors.read_text().replace(",Bad,", ",Good,"))
        fixed = paste(bulkscim, only(failed, "run"), "--yes")
        people(
            tmp_path,
            "people.csv",
            "Mail,Name\nada@example.com,Ada\nbad@example.com,Good\neve@example.com,Eve\n",
        )
        edited = bulkscim("retry", errors.parent)
        again = paste(bulkscim, only(edited, "run"), "--yes")

    assert (failed.code, fixed.code, edited.code, again.code) == (3, 0, 12, 0), fixed.text + again.text
    assert "400 displayName is not nice: 1 row (2)" in failed.stderr
    assert sorted(each["displayName"] for each in tenant.held["Users"].values()) == ["Ada", "Eve", "Good"]


def test_resume_is_named_with_what_it_needs(bulkscim: Command, tmp_path: Path):
    """The token file and the moved job file were not named again, so that the printed command failed with 7 or 12."""
    rows = "".join(f"{name}@example.com\n" for name in ("one", "two", "three"))
    job = people(tmp_path, "people.csv", f"userName\n{rows}")
    token = tmp_path / "my token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    without = replace(bulkscim, token=None)

    class Down(SmallTenant):
        up = False

        async def create(self, request, collection, body):
            return await super().create(request, collection, body) if self.up else error(418, "no")

    with Down("there@example.com").serving() as tenant:
        at = (
            "--base-url",
            tenant.base_url,
            "--token-file",
            "my token",
            "--run-dir",
            "my run",
            "--max-errors",
            "0",
        )
        first = without("run", job, "--op", "create", *at, "--yes", "--rate", "500/s", "--concurrency", "1")
        (tmp_path / job).rename(tmp_path / "moved.csv")
        second = without(
            "resume", "my run", "--job", "moved.csv", "--token-file", "my token", "--timeout", "5"
        )
        tenant.up = True
        third = paste(without, printed(second.text)[0])
        fourth = paste(without, only(third, "retry"))

    assert [each.code for each in (first, second, third, fourth)] == [5, 5, 3, 0], fourth.text
    assert shlex.split(printed(second.text)[0])[2:] == [
        "my run", "--token-file", "my token", "--job", "moved.csv",
    ]  # fmt: skip
    assert len(tenant.held["Users"]) == 4


def test_what_is_printed_for_other_commands(bulkscim: Command, tmp_path: Path):
    """Placeholders such as JOB and NAME cannot be pasted."""
    with SmallTenant("bob@example.com").serving() as tenant:
        connected = bulkscim("connect", "acme", "--base-url", tenant.base_url, "--here")
        exported = bulkscim("export", "users", "--tenant", "acme", "--out", "all users.jsonl")
        (tmp_path / "off.toml").write_text(
            '[job]\nfile = "off.jsonl"\nop = "deactivate"\n[then]\nop = "delete"\nafter = "30d"\n'
        )
        record = {"op": "deactivate", "match": {"userName": "bob@example.com"}}
        (tmp_path / "off.jsonl").write_text(json.dumps(record))
        off = bulkscim("run", "off.toml", "--tenant", "acme", "--yes")
        inverse = bulkscim("rollback", "last", "--out", "the undo.jsonl")
        printers = [connected, exported, off, inverse]
        printers += [
            bulkscim(*words)
            for words in (("profiles",), ("sandbox", "status"), ("explain", "last", "--row", "1"))
        ]
        printers += [bulkscim("resume", "nowhere"), bulkscim("run", "off.jsonl", "--tenant", "nowhere")]
        found = {line: paste(bulkscim, line).code for each in printers for line in printed(each.text)}

    later = [line for line in found if "delete-after" in line]
    assert [shlex.split(line)[-2:] for line in later] == [["--tenant", "acme"]]
    assert {line: code for line, code in found.items() if code == 2 and "connect nowhere" not in line} == {}
    assert len(found) >= 9
