"""The errors file shows records as they were written, and is a job file again."""

import stat
from pathlib import Path

import orjson
import pytest

from bulkscim.jobfile.reading import raw_records
from bulkscim.jobfile.source import open_source
from bulkscim.reporting.derived_file import told
from bulkscim.reporting.errors_file import ErrorsFile, Failure

FAILURE = Failure("r1", 2, "create", 409, "uniqueness", "=taken", "change it", 1)


@pytest.fixture
def errors_of(tmp_path):
    """Write the errors file of all records of a job."""

    def write(text, name="job.csv"):
        job = tmp_path / name
        job.write_text(text, newline="")
        source = open_source(str(job))
        with ErrorsFile(tmp_path, source) as file:
            for record in raw_records(source):
                file.add(record, FAILURE)
        return file.path

    return write


def test_csv_keeps_columns_order_and_text(errors_of):
    """The job's own cells come first; what a spreadsheet would run is guarded."""
    path = errors_of('title;userName\n"a;b"; ada \n=cmd();bob\n')

    assert path.read_bytes().decode().replace("\r\n", "\n") == (
        "title;userName;_run;_row;_op;_status;_code;_message;_hint;_attempts\n"
        '"a;b"; ada ;r1;2;create;409;uniqueness;\'=taken;change it;1\n'
        "'=cmd();bob;r1;2;create;409;uniqueness;'=taken;change it;1\n"
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_errors_file_as_job_keeps_no_old_columns(errors_of, tmp_path):
    """The columns of the earlier run make way for the new ones; guards do not pile up."""
    first = errors_of("userName\n=ada\n")
    again = errors_of(first.read_text(), "again.csv")

    assert again.read_text().split("\n")[0] == "userName,_run,_row,_op,_status,_code,_message,_hint,_attempts"
    assert "'=ada,r1" in again.read_text()


def test_jsonl_keeps_the_line_and_adds_keys(errors_of):
    """The original text stays to the letter; old keys are replaced."""
    path = errors_of('{"op":"create", "n":1.50}\n{}\n{"a":1,"_row":9}\n', "job.jsonl")

    first, empty, again = path.read_text().splitlines()

    assert first.startswith('{"op":"create", "n":1.50,"_run":"r1","_row":2,')
    assert orjson.loads(empty)["_run"] == "r1"
    assert again.count('"_row"') == 1
    assert (orjson.loads(again)["a"], orjson.loads(again)["_row"]) == (1, 2)


def test_no_half_of_an_errors_file_is_left(tmp_path):
    """An error while writing leaves the old file as it was."""
    job = tmp_path / "job.csv"
    job.write_text("a\n1\n")
    source = open_source(str(job))
    with ErrorsFile(tmp_path, source) as file:
        file.add(next(iter(raw_records(source))), FAILURE)
    old = file.path.read_text()

    with pytest.raises(KeyError), ErrorsFile(tmp_path, open_source(str(job))):
        raise KeyError

    assert (tmp_path / "errors.csv").read_text() == old
    assert sorted(path.name for path in tmp_path.iterdir()) == ["errors.csv", "job.csv", "written.sha256"]


def test_a_file_that_a_user_has_changed_is_never_replaced(errors_of):
    """The corrections stay at their path; the next file is written next to them, and replaced while it is unchanged."""
    first = errors_of("userName\nada\n")
    unchanged = errors_of("userName\nada\nbob\n")
    first.write_text("corrected")
    second, third = errors_of("userName\nbob\n"), errors_of("userName\neve\n")

    assert unchanged == first
    assert first.read_text() == "corrected"
    assert (second.name, third.name) == ("errors-2.csv", "errors-2.csv")
    assert "eve" in third.read_text()


def test_a_file_of_which_no_hash_is_kept_is_not_replaced(errors_of, tmp_path):
    """Whether it was changed is not known: the hashes may have been deleted."""
    errors_of("userName\nada\n")
    (tmp_path / "written.sha256").write_bytes(b"\xff no hash\n")

    assert errors_of("userName\nada\n").name == "errors-2.csv"


@pytest.mark.parametrize("usual", ["errors.csv", "errors.jsonl", "delete-after-2026-12-21.jsonl"])
def test_a_file_that_is_not_at_its_usual_path_says_why(usual, tmp_path):
    """Where the usual one is kept, both are named."""
    numbered = (tmp_path / usual).with_stem(f"{Path(usual).stem}-12")

    assert told(tmp_path / usual) == ""
    assert (
        told(numbered) == f"{usual} may hold changes of yours, so it is kept; {numbered.name} is the new one"
    )
