"""Texts of a server or of a file, with characters that command a terminal or begin a line, reach no screen as they are."""

import csv
import json
import os
import pty
import re
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from bulkscim.cli import code_of
from tests.support.running.command import FAST
from tests.support.servers.small_tenant import SmallTenant

HARMFUL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
EVIL = "eve\x1b[2J\x9b1m\u202e\x7f\u2028\nusers active   1,000"
ID = "=1+1\x1b]0;x\x07\n-\x9b"


@pytest.fixture
def hostile(bulkscim):
    """Serve a tenant whose texts are hostile: names, ids, values, and the names of its attributes."""
    tenant = SmallTenant("ada@example.com")
    for number, name in enumerate((EVIL, "=cmd|'/C calc'!A0")):
        user = tenant.add("Users", {"userName": name, "displayName": EVIL, f"a{EVIL}": "x", "=k": "v"})
        del tenant.held["Users"][user["id"]]
        tenant.held["Users"][f"{ID}{number}"] = user | {
            "id": f"{ID}{number}",
            "emails": [
                {"type": "w\u202e\x9b", "value": "e@example.com"},
                {"type": "=w", "value": "f@x.example"},
            ],
            f"urn:x:\u202e{ID}": {"p": "q"},
        }
    tenant.add("Groups", {"displayName": f"{EVIL}\ngroups  9"})
    with tenant.serving():
        tenant.reached = ("--base-url", tenant.base_url, *FAST)
        yield tenant


def at_a_terminal(monkeypatch, *arguments):
    """Carry out a command whose standard output is a terminal; return its exit code and what is on the screen."""
    master, slave = pty.openpty()
    with os.fdopen(slave, "w", encoding="utf-8", newline="") as screen, monkeypatch.context() as here:
        here.setattr(sys, "stdout", screen)
        code = code_of(list(arguments))
    shown = b""
    with suppress(OSError):  # the end of a terminal that no process has open
        while piece := os.read(master, 65536):
            shown += piece
    os.close(master)
    return code, shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    "command",
    [
        ("count",),
        ("count", "--json"),
        ("export", "users"),
        ("export", "users", "--format", "csv"),
        ("export", "users", "--out", "/dev/stdout"),
        ("export", "groups"),
    ],
    ids=" ".join,
)
def test_what_is_read_from_a_tenant_commands_no_terminal(hostile, monkeypatch, capsys, command):
    """Exports at a terminal and `count --json` cleared the screen; a group's name wrote a line of its own into `count`."""
    code, shown = at_a_terminal(monkeypatch, *command, *hostile.reached)
    told = capsys.readouterr().err

    assert code == 0, told
    assert HARMFUL.findall(shown + told) == []
    assert "eve" in shown
    lines = [line for line in shown.splitlines() if line.lstrip().startswith(("users active", "groups"))]
    assert lines == (
        ["users active           1", "groups                 1"] if command == ("count",) else []
    )
    if command in {("export", "users"), ("export", "users", "--out", "/dev/stdout")}:
        names = [json.loads(line)["data"]["userName"] for line in shown.splitlines()]
        assert EVIL in names


def test_an_exported_file_keeps_its_values_and_has_no_harmful_header(bulkscim, hostile):
    """A type of e-mail with direction marks became the header of a column; values are read back as they were."""
    exported = bulkscim("export", "users", "--out", "users.csv", *hostile.reached)
    header, *rows = csv.reader(Path("users.csv").read_text(encoding="utf-8").splitlines(keepends=True))

    assert exported.code == 0, exported.text
    assert HARMFUL.findall("".join(header) + exported.stderr) == []
    assert all(cell[0] not in "=+-@\t\r" for cell in header)
    assert "no cell can hold it" in exported.stderr
    assert {row[header.index("displayName")] for row in rows} == {"", EVIL}
    assert any(row[header.index("_id")].startswith("'=1+1") for row in rows)


def test_ids_and_keys_of_results_and_failures_are_guarded_and_escaped(bulkscim, hostile):
    """Ids and keys went into results.csv, and messages into the errors file, with all that a terminal obeys."""
    rows = [
        {"op": "patch", "match": {"userName": EVIL}, "data": {"title": "new"}},
        {"op": "patch", "match": {"userName": f"-{EVIL}"}, "data": {"title": "new"}},
        {"op": "add_member", "match": {"displayName": EVIL}, "member": {"userName": EVIL}},
    ]
    rows = [row | {"type": "Group" if row["op"] == "add_member" else "User"} for row in rows]
    Path("job.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ran = bulkscim("run", "job.jsonl", *hostile.reached, "--yes")
    folder = next(Path("runs").iterdir())
    written = (folder / "results.csv").read_text(encoding="utf-8")
    results = list(csv.DictReader(written.splitlines()))
    failures = [json.loads(line) for line in (folder / "errors.jsonl").read_text().splitlines()]
    shown = [bulkscim(*command).text for command in (("status", "last"), ("explain", "last", "--row", "2"))]

    assert ran.code == 3, ran.text
    assert HARMFUL.findall(written + ran.text + "".join(shown)) == []
    assert [one["state"] for one in results] == ["done", "failed", "failed"]
    assert results[0]["id"].startswith("'=1+1\\x1b]0;x\\x07\\n-")
    assert results[0]["key"].startswith("eve\\x1b[2J\\x9b1m\\u202e\\x7f\\u2028\\nusers")
    assert results[1]["key"].startswith("'-eve")
    assert HARMFUL.findall("".join(one["_message"] + one["_hint"] for one in failures)) == []
    assert failures[0]["match"] == rows[1]["match"]
