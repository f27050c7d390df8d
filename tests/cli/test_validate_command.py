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


def test_sandbox_that_is_not_running_is_named_and_not_started(file, capsys, monkeypatch, tmp_path):
    """The file passed without a word, as if it had been checked against the sandbox."""
    monkeypatch.setenv("BULKSCIM_STATE_DIR", str(tmp_path / "state"))

    assert code_of(["validate", file(GOOD), "--tenant", "sandbox"]) == 0
    assert (
        "the sandbox is not running, so the file is not checked against its /Schemas\nnext: bulkscim sandbox start\n"
        in (capsys.readouterr().err)
    )


def test_columns_that_only_the_server_fills_are_named(file, capsys):
    """A column id was left out of a create, and meta.created was sent, without a word."""
    text = "userName,id,meta.created\nada@example.com,7,2020-01-01T00:00:00Z\n"

    assert code_of(["validate", file(text), "--op", "create"]) == 0
    said = capsys.readouterr().err
    assert "create takes no id: the column is not sent" in said
    assert "the server alone sets meta.created" in said


def test_tenant_that_is_misspelled_is_a_usage_error(file, capsys):
    """It passed, and the next command named a tenant that does not exist."""
    assert code_of(["validate", file(GOOD), "--tenant", "sanbox"]) == 2
    assert "no tenant named 'sanbox'" in capsys.readouterr().err


def test_column_of_a_value_is_that_of_its_attribute(file, capsys):
    """The warning named the department, which has the same text as a part of the cell with the groups."""
    text = 'userName,department,groups\nada@example.com,"Legal, Risk","Law;Legal, Risk"\n'

    assert code_of(["validate", file(text), "--op", "create"]) == 0
    assert 'column "groups": "Legal, Risk"' in capsys.readouterr().err


WRONG_VALUES = "userName,title,email\n" + "".join(
    f"{name}@example.com,N/A,{name} <{name}@example.com>\n" for name in "abcdefgh"
)


def test_problems_of_one_kind_are_told_a_few_times_and_counted(file, capsys):
    """One hundred rows with N/A were one hundred lines, and fifty of them hid what else is wrong."""
    path = file(WRONG_VALUES + "Total: 8,,\n\ufeffUserName,title,email\n")
    assert code_of(["validate", path, "--op", "create"]) == 2
    told = capsys.readouterr().err.splitlines()

    assert told[0] == (
        'error: people.csv:2 (row 1), column "title": is "N/A", a word for nothing; '
        "leave the cell empty to leave the attribute alone"
    )
    assert sum("a word for nothing" in line for line in told) == 3
    assert sum("no e-mail address" in line for line in told) == 3
    assert sum(line.endswith("(5 more like it)") for line in told) == 2
    assert 'error: people.csv:10 (row 9): says "Total: 8": a total, no record; delete the line' in told
    assert (
        "error: people.csv:11 (row 10): repeats the header, as after joining two files; delete the line"
        in told
    )
    assert told[-1].startswith("Nothing was sent")


def test_warnings_are_told_once_for_each_kind_and_strict_refuses_them(file, capsys):
    """A number that has lost its zeros went to the tenant without a word."""
    numbers = ["00123", "00456", "789", "12", "01234"]
    rows = "".join(f"p{number}@example.com,{number},German\n" for number in numbers)
    path = file("userName,employeeNumber,locale\n" + rows)
    assert code_of(["validate", path, "--op", "create", "-q"]) == 0
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert told[0].startswith('warning: people.csv:2 (row 1), column "locale": is "German"')
    assert told[0].endswith("(4 more like it)")
    assert 'people.csv:4 (row 3), column "employeeNumber": is "789", and others' in told[1]

    assert code_of(["validate", path, "--op", "create", "--strict"]) == 2


def test_what_a_map_makes_of_clean_cells_is_judged(file, capsys):
    """A blank in a first name made an address that no mail can reach."""
    file('[map]\nuserName = "{First}@example.com"\n', "map.toml")
    path = file("First\nAda Maria\n")
    assert code_of(["validate", path, "--op", "create", "--map", "map.toml"]) == 2
    assert '"Ada Maria@example.com", no e-mail address' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "not_sent"),
    [
        (["--op", "deactivate"], "email, title"),
        (["--op", "delete", "--match", "emails.value"], "userName, title"),
        (["--op", "create"], ""),
    ],
)
def test_columns_that_an_operation_passes_over_are_named(file, capsys, flags, not_sent):
    """A title next to a deactivation was dropped without a word."""
    assert (
        code_of(["validate", file("userName,email,title,_note\na@x.example,a@x.example,Boss,n\n"), *flags])
        == 0
    )
    told = [line for line in capsys.readouterr().err.splitlines() if "not sent" in line]
    assert [line.rpartition(": ")[2] for line in told] == ([not_sent] if not_sent else [])
