"""`--out` of every command: refused before anything is read, written as its name says."""

import gzip
import json
import os
import threading
from pathlib import Path

import pytest

from tests.support.making.records import retitle


@pytest.fixture
def write(bulkscim, tenant):
    """Return what writes an output of three lines by either command."""
    Path("job.jsonl").write_text(
        "".join(json.dumps(retitle(f"user{number}@example.com")) + "\n" for number in range(3))
    )
    assert bulkscim("run", "job.jsonl", *tenant.reached, "--yes").code == 0

    def write(command, *more):
        arguments = {"export": ("export", "users", *tenant.reached), "rollback": ("rollback", "last")}
        return bulkscim(*arguments[command], "--out", *more)

    return write


def is_written(text):
    """Tell whether a text holds a record for each user."""
    return len([json.loads(line) for line in text.splitlines()]) == 3


@pytest.mark.parametrize("command", ["export", "rollback"])
def test_pipes_links_and_standard_output_stay_what_they_are(write, command):
    """A pipe or a link was replaced by a new file, and as root a device of the machine; `-` was a file's name."""
    got = []
    os.mkfifo("pipe")
    Path("old").write_text("old")
    Path("link").symlink_to("old")
    Path("out").symlink_to("/proc/self/fd/1")
    reader = threading.Thread(target=lambda: got.append(Path("pipe").read_text()))
    reader.start()
    outcomes = [write(command, name) for name in ("pipe", "link", "-", "out")]
    reader.join(10)

    assert [each.code for each in outcomes] == [0] * 4, [each.text for each in outcomes]
    assert Path("pipe").is_fifo()
    assert Path("link").is_symlink()
    assert is_written(got[0])
    assert is_written(Path("old").read_text())
    assert is_written(outcomes[2].stdout)
    assert is_written(outcomes[3].stdout)
    assert not Path("-").exists()


@pytest.mark.parametrize("command", ["export", "rollback"])
def test_a_file_is_replaced_only_with_force(write, tenant, command):
    """A file that was there was overwritten without a word, or could not be overwritten at all."""
    Path("mine.jsonl").write_text("mine")
    before = len(tenant.seen)
    refused = write(command, "mine.jsonl")
    kept, read = Path("mine.jsonl").read_text(), len(tenant.seen) - before
    forced = write(command, "mine.jsonl", "--force")

    assert (refused.code, kept, read) == (2, "mine", 0), refused.text
    assert "--force" in refused.stderr
    assert forced.code == 0, forced.text
    assert is_written(Path("mine.jsonl").read_text())


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("none/users.jsonl", ("none/users.jsonl", "no folder none")),
        ("runs", ("runs is a folder",)),
        ("users.xlsx", ("users.xlsx", "name it users.jsonl")),
        ("users.jsonl.gz", ("users.jsonl.gz",)),
    ],
)
@pytest.mark.parametrize("command", ["export", "rollback"])
def test_a_place_that_cannot_be_written_is_said_plainly(write, tenant, command, place, words):
    """A folder that is missing ended as a bug (1); plain text was written under the name of a packed file."""
    before = len(tenant.seen)
    outcome = write(command, place)

    assert outcome.code == 2, outcome.text
    assert [word for word in words if word not in outcome.stderr] == [], outcome.stderr
    assert len(tenant.seen) == before


def test_the_name_chooses_the_layout(write):
    """`--out x.csv` wrote JSONL into a file that is read as CSV."""
    good = [write("export", "x.csv"), write("export", "y.txt", "--format", "csv"), write("export", "z")]
    refused = [
        write("export", "u.csv", "--format", "jsonl"),
        write("export", "u.jsonl", "--format", "csv"),
        write("rollback", "undo.csv"),
    ]

    assert [each.code for each in (*good, *refused)] == [0, 0, 0, 2, 2, 2]
    assert all(Path(name).read_text().startswith("op,type,") for name in ("x.csv", "y.txt"))
    assert is_written(Path("z").read_text())
    assert all(word in refused[0].stderr for word in ("u.csv", "JSONL"))


@pytest.mark.parametrize("name", ["results.csv", "errors.jsonl", "job.csv"])
def test_a_run_folder_that_holds_other_files_is_refused(bulkscim, tenant, name):
    """`--run-dir .` wrote over results.csv and job.csv of the user's own."""
    Path("folder").mkdir()
    Path("folder", name).write_text("mine")
    Path("a.csv.gz").write_bytes(gzip.compress(b"userName\nnew@example.com\n"))
    outcome = bulkscim("run", "a.csv.gz", "--op", "create", "--yes", "--run-dir", "folder", *tenant.reached)

    assert outcome.code == 2, outcome.text
    assert f"folder/{name}" in outcome.stderr
    assert Path("folder", name).read_text() == "mine"
    assert tenant.writes == []


def test_a_tenant_is_kept_in_a_file_or_not_at_all(bulkscim, tenant):
    """`connect` replaced what its settings file led to, a device as well; a pipe there hung every command."""
    os.mkfifo("pipe")
    Path("bulkscim.toml").symlink_to("pipe")
    outcome = bulkscim("connect", "acme", "--base-url", tenant.base_url, "--here", "--yes")

    assert outcome.code == 2, outcome.text
    assert "bulkscim.toml" in outcome.stderr
    assert Path("bulkscim.toml").is_symlink()
    assert Path("pipe").is_fifo()
