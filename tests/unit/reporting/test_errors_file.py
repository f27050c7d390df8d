"""The errors file shows records as they were written, and is a job file again."""

import stat

import orjson
import pytest

from bulkscim.jobfile.reading import raw_records
from bulkscim.jobfile.source import open_source
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
    (tmp_path / "errors.csv").write_text("old")

    with pytest.raises(KeyError), ErrorsFile(tmp_path, open_source(str(job))):
        raise KeyError

    assert (tmp_path / "errors.csv").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["errors.csv", "job.csv"]
