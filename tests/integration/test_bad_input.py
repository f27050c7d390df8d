"""Bad job files: one clear message with the place, exit 2, nothing sent."""

import json
from pathlib import Path

import pytest

from tests.support.making.records import create
from tests.support.running.command import FAST, Command
from tests.support.servers.small_tenant import SmallTenant

GOOD = '{"op":"create","type":"User","data":{"userName":"ada@example.com"}}\n'


def user(number: int) -> str:
    """Return a good line."""
    return json.dumps(create(f"user{number}@example.com")) + "\n"


CASES = {
    "empty.csv": ("", ("empty.csv",)),
    "empty.jsonl": ("", ("empty.jsonl",)),
    "blank.jsonl": ("\n\n", ("blank.jsonl",)),
    "header.csv": ("op,userName\n", ("header.csv",)),
    "column.csv": ("op,givenName\ncreate,Ada\n", ("column.csv", "userName")),
    "unknown.csv": ("op,userName,titel\ncreate,a@x.example,Boss\n", ("unknown.csv", "titel", "title")),
    "twice.csv": ("op,userName,title,title\ncreate,a@x.example,A,B\n", ("twice.csv", "title")),
    "quote.csv": ('op,userName\ncreate,a@x.example\ncreate,"b@x.example\n', ("quote.csv:3",)),
    "cells.csv": ("op,userName\ncreate,a@x.example,extra\n", ("cells.csv:2",)),
    "nul.csv": ("op,userName\ncreate,a\0b@x.example\n", ("nul.csv:2",)),
    "nul.jsonl": (GOOD + '{"op":"create","type":"User","data":{"userName":"a\0b"}}\n', ("nul.jsonl:2",)),
    "verb.jsonl": (
        GOOD + GOOD.replace("create", "destroy").replace("ada", "bob"),
        ("verb.jsonl:2", "destroy"),
    ),
    "verb.csv": ("op,userName\ndestroy,a@x.example\n", ("verb.csv:2", "destroy", "op")),
    "type.csv": ("op,userName,active\ncreate,a@x.example,maybe\n", ("type.csv:2", "active", "maybe")),
    "type.jsonl": (
        '{"op":"create","type":"User","data":{"userName":"ada@example.com","emails":"ada@example.com"}}\n',
        ("type.jsonl:1", "emails"),
    ),
    "id.jsonl": ('{"op":"delete","type":"User","id":""}\n', ("id.jsonl:1", "id")),
    "dots.jsonl": ('{"op":"delete","type":"User","id":".."}\n', ("dots.jsonl:1", "id")),
    "same.csv": ("op,userName\ncreate,ada@x.example\ncreate,ADA@x.example\n", ("same.csv:3", "2")),
    "same.jsonl": (GOOD + GOOD.replace("ada", "ADA"), ("same.jsonl:2", "1")),
    "secret.csv": ("op,userName,password\ncreate,a@x.example,[secret]\n", ("secret.csv:2", "password")),
    "latin.csv": (
        "op,userName,title\ncreate,a@x.example,Café\ncreate,b@x.example,Caf\udce9\n",
        ("latin.csv", "UTF-8"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_fault_is_one_clear_message_and_nothing_is_sent(bulkscim: Command, name):
    """The message names the file, the line and what is wrong; there is no run folder and no request."""
    text, words = CASES[name]
    path = bulkscim.folder / name
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with SmallTenant("there@example.com").serving() as tenant:
        outcome = bulkscim("run", path, "--base-url", tenant.base_url, "--yes", *FAST)

    assert outcome.code == 2, outcome.text
    assert [word for word in words if word not in outcome.stderr] == [], outcome.stderr
    assert outcome.stdout == ""
    assert tenant.seen == []
    assert not list(bulkscim.runs.glob("*"))


def test_the_good_twins_of_the_bad_files_run(bulkscim: Command):
    """A file like the bad ones without a fault is accepted: the messages above are about the faults."""
    (bulkscim.folder / "good.csv").write_text("op,userName,title,active\ncreate,a@x.example,Boss,yes\n")
    (bulkscim.folder / "good.jsonl").write_text(GOOD)
    with SmallTenant("there@example.com").serving() as tenant:
        for name in ("good.csv", "good.jsonl"):
            outcome = bulkscim("run", bulkscim.folder / name, "--base-url", tenant.base_url, "--yes", *FAST)
            assert outcome.code == 0, outcome.text

    assert (tenant.named("a@x.example"), tenant.named("ada@example.com")) == (1, 1)


def test_invalid_json_on_line_70000_is_named(bulkscim: Command):
    """A fault late in a file is found before the first request, with its line."""
    path = bulkscim.folder / "late.jsonl"
    lines = [user(number) for number in range(80_000)]
    lines[69_999] = lines[69_999][:-10] + "\n"
    path.write_text("".join(lines))
    with SmallTenant().serving() as tenant:
        outcome = bulkscim("run", path, "--base-url", tenant.base_url, "--yes", *FAST)

    assert outcome.code == 2, outcome.text
    assert "late.jsonl:70000" in outcome.stderr
    assert tenant.seen == []


@pytest.mark.slow
def test_a_line_of_200_mb_is_named(bulkscim: Command):
    """A record that is far too long is an error, not a full memory."""
    path = bulkscim.folder / "long.jsonl"
    with path.open("w") as file:
        file.write(GOOD + '{"op":"create","type":"User","data":{"userName":"')
        for _ in range(200):
            file.write("x" * 1_000_000)
        file.write('"}}\n' + user(1))
    outcome = bulkscim("validate", path)

    assert outcome.code == 2, outcome.text[:2000]
    assert "long.jsonl:2" in outcome.stderr
    assert len(outcome.text) < 5000


def test_fifty_problems_are_shown_and_all_are_counted(bulkscim: Command):
    """A file with 120 faults shows 50 of them and says how many there are."""
    path = bulkscim.folder / "many.csv"
    path.write_text("op,userName,active\n" + "".join(f"create,u{n}@x.example,maybe\n" for n in range(120)))
    outcome = bulkscim("validate", path)

    assert outcome.code == 2
    assert sum("many.csv:" in line for line in outcome.text.splitlines()) == 50
    assert "70" in outcome.text or "120" in outcome.text


def test_standard_input_and_gzip_are_job_files_too(bulkscim: Command, tmp_path: Path):
    """The same records arrive from a pipe and from a .gz."""
    import gzip

    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(GOOD.encode()))
    with SmallTenant().serving() as tenant:
        arguments = ("--base-url", tenant.base_url, "--yes", *FAST)
        piped = bulkscim("run", "-", *arguments, "--run-dir", tmp_path / "piped", stdin=user(1))
        unpacked = bulkscim("run", packed, *arguments, "--run-dir", tmp_path / "unpacked")

    assert (piped.code, unpacked.code) == (0, 0), piped.text + unpacked.text
    assert (tenant.named("user1@example.com"), tenant.named("ada@example.com")) == (1, 1)
