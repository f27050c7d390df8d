"""Run folders that another user prepared, links among them, and what a loose umask makes of ours."""

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from tests.support.making.records import retitle
from tests.support.running.command import RUN_COMMANDS

# Names that were written through a link, and one that no version writes.
NAMES = (
    "results.csv",
    "results.csv.new",
    "summary.json",
    "summary.json.new",
    "errors.jsonl",
    "lock",
    "lock.json",
    "checkpoint.json.new",
    "index.sqlite",
    "index.sqlite-journal",
    "journal.jsonl",
    "journal.jsonl.new",
    "purged.json.new",
    "anything",
)


@pytest.fixture
def run(bulkscim, tenant):
    """Make a run with a row that failed, and return its folder."""
    rows = (retitle("user0@example.com"), retitle("absent@example.com"))
    Path("job.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    assert bulkscim("run", "job.jsonl", *tenant.reached, "--yes").code == 3
    [folder] = Path("runs").iterdir()
    return folder


def test_a_link_in_a_run_folder_is_refused_by_name_and_its_target_stays(bulkscim, tenant, run):
    """Links named lock.json, checkpoint.json.new, results.csv and summary.json overwrote files elsewhere."""
    Path("victim").write_text("mine")
    requests = len(tenant.seen)
    for number, name in enumerate(NAMES):
        folder = Path("runs", name)
        shutil.copytree(run, folder)
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(Path("victim").absolute())
        command = list(RUN_COMMANDS)[number % len(RUN_COMMANDS)]
        outcome = bulkscim(command, folder, *RUN_COMMANDS[command])
        assert outcome.code == 2, (command, outcome.text)
        assert f"{folder}/{name} is a link to" in outcome.stderr
        assert "remove it" in outcome.stderr
    listed = bulkscim("runs")
    purged = bulkscim("runs", "purge", "--older-than", "0d", "--unfinished", "--yes")

    assert (listed.code, purged.code) == (0, 0), listed.text + purged.text
    assert listed.stdout.count("damaged") == len(NAMES)
    assert all(f"{name} is a link to" in purged.stderr for name in NAMES)
    assert Path("victim").read_text() == "mine"
    assert len(tenant.seen) == requests


def test_pipes_and_linked_child_runs_are_refused_too(bulkscim, run):
    """A pipe named lock.json held a command for ever; a link named rollback-1 had its target written to."""
    os.mkfifo(run / "results.csv.new")
    pipe = bulkscim("status", run)
    (run / "results.csv.new").unlink()
    shutil.copytree(run, "elsewhere")
    (run / "rollback-1").symlink_to(Path("elsewhere").absolute(), target_is_directory=True)
    child = bulkscim("resume", run / "rollback-1")

    assert (pipe.code, child.code) == (2, 2), pipe.text + child.text
    assert "is a pipe" in pipe.stderr
    assert "rollback-1 is a link to" in child.stderr


def test_a_linked_run_is_not_purged(bulkscim, run):
    """`runs purge` removed the journal of a run elsewhere that was only linked into the runs folder."""
    run.rename("elsewhere")
    run.symlink_to(Path("elsewhere").absolute(), target_is_directory=True)
    outcome = bulkscim("runs", "purge", "--older-than", "0d", "--unfinished", "--yes")

    assert outcome.code == 0, outcome.text
    assert f"{run}: it is a link to" in outcome.stderr
    assert Path("elsewhere", "journal.jsonl").exists()


def test_every_folder_and_file_is_private_whatever_the_umask(bulkscim, tenant):
    """With umask 000 the runs folder, its missing parents, the state folder and the index were open to all users."""
    Path("job.jsonl").write_text(json.dumps(retitle("absent@example.com")) + "\n")
    before = os.umask(0)
    try:
        at = ("--runs-dir", "new/runs")
        assert bulkscim("run", "job.jsonl", *tenant.reached, *at, "--yes").code == 3
        [folder] = Path("new/runs").iterdir()
        (folder / "index.sqlite").unlink()
        assert bulkscim("retry", "last", *at).code == 3
    finally:
        os.umask(before)

    made = [path for top in ("new", "state") for path in (Path(top), *Path(top).rglob("*"))]
    assert (folder / "index.sqlite") in made
    assert {path: oct(stat.S_IMODE(path.stat().st_mode)) for path in made} == {
        path: "0o700" if path.is_dir() else "0o600" for path in made
    }
