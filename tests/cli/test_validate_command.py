"""validate checks a file without any tenant."""

import io
import json
import sys

import pytest

from bulkscim.cli import code_of

GOOD = "op,userName,active\ncreate,ada@example.com,true\ndeactivate,bob@example.com,\n"
BAD = "op,userName,active\ncreate,ada@example.com,maybe\nexplode,bob@example.com,\n"


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch, tmp_path):
    """Run in a folder of its own, without a token."""
    monkeypatch.delenv("BULKSCIM_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def file(tmp_path):
    """Return what writes a job file."""

    def write(text, name="people.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name

    return write


def test_good_file_is_counted_by_kind(file, capsys):
    """A good file ends with 0, its operations counted, and the next command."""
    assert code_of(["validate", file(GOOD)]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "deactivate" in said.err
    assert "2 rows, no problems" in said.err
    assert "bulkscim run people.csv" in said.err


def test_each_problem_is_named_with_file_and_line(file, capsys):
    """A bad file ends with 2, and each problem says where it is."""
    assert code_of(["validate", file(BAD)]) == 2
    said = capsys.readouterr().err
    assert "people.csv:2" in said
    assert "people.csv:3" in said


@pytest.mark.parametrize(("text", "code", "problems"), [(GOOD, 0, 0), (BAD, 2, 2)])
def test_json_holds_the_same(file, capsys, text, code, problems):
    """--json prints rows, operations and problems, also for a bad file."""
    assert code_of(["validate", file(text), "--json", "-q"]) == code
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == 2
    assert told["problem_count"] == len(told["problems"]) == problems


def test_flags_say_what_records_do_not(file, capsys):
    """--op and --type serve records that name none."""
    path = file("displayName\nSales\n", "teams.csv")

    assert code_of(["validate", path]) == 2
    assert code_of(["validate", path, "--op", "create", "--type", "Group"]) == 0


def test_standard_input_is_a_job_file(monkeypatch, capsys):
    """`-` reads standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))

    assert code_of(["validate", "-"]) == 0
    assert "2 rows" in capsys.readouterr().err


def test_missing_file_is_a_usage_error(capsys):
    """A file that is not there is named."""
    assert code_of(["validate", "nowhere.csv"]) == 2
    assert "nowhere.csv" in capsys.readouterr().err
