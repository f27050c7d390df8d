"""Names that are not UTF-8, or too long, work or are refused with exit 2 before anything is opened."""

import os
import shutil
from pathlib import Path

import pytest

NAME = os.fsdecode(b"caf\xe9")
LONG = "a" * 300 + ".csv"
PEOPLE = "userName\nada@example.com\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", f"{NAME}.csv", "--base-url", "http://127.0.0.1:9/scim"),
        ("run", "a.csv", "--base-url", "http://127.0.0.1:9/scim", "--run-dir", NAME),
        ("run", "a.csv", "--base-url", "http://127.0.0.1:9/scim", "--note", NAME),
        ("validate", f"{NAME}.csv"),
        ("map", "test", f"{NAME}.csv"),
        ("export", "users", "--base-url", "http://127.0.0.1:9/scim", "--out", NAME),
        *((command, NAME) for command in ("resume", "retry", "status", "results", "rollback", "verify")),
        ("explain", NAME, "--row", "1"),
        ("runs", "--runs-dir", NAME),
        ("connect", "acme", "--base-url", "http://127.0.0.1:9/scim", "--token-file", NAME),
    ],
)
def test_an_argument_that_is_not_utf8_is_refused(bulkscim, arguments):
    """The name could not be written into the journal, which ended as a bug (1) with a run folder left behind."""
    Path("a.csv").write_text(PEOPLE)
    Path(f"{NAME}.csv").write_text(PEOPLE)
    outcome = bulkscim(*arguments)

    assert outcome.code == 2, outcome.text
    assert r"caf\xe9" in outcome.stderr
    assert not Path("runs").exists()


def test_a_folder_or_variable_that_is_not_utf8_is_refused(bulkscim, monkeypatch):
    """The current folder and BULKSCIM_RUNS_DIR name files as arguments do."""
    Path(NAME).mkdir()
    monkeypatch.setenv("BULKSCIM_RUNS_DIR", NAME)
    by_variable = bulkscim("runs")
    monkeypatch.delenv("BULKSCIM_RUNS_DIR")
    monkeypatch.chdir(NAME)
    by_folder = bulkscim("runs")
    shutil.rmtree(Path.cwd())
    gone = bulkscim("runs")

    assert [each.code for each in (by_variable, by_folder, gone)] == [2, 2, 2]
    assert "BULKSCIM_RUNS_DIR" in by_variable.stderr
    assert "current folder" in by_folder.stderr
    assert "does not exist" in gone.stderr


@pytest.mark.parametrize(
    "arguments",
    [("validate", LONG), ("status", LONG), ("runs", "--runs-dir", LONG), ("export", "users", "--out", LONG)],
)
def test_a_name_that_is_too_long_is_refused(bulkscim, tenant, arguments):
    """It ended as a bug (1)."""
    outcome = bulkscim(*arguments, *(tenant.reached if arguments[0] == "export" else ()))

    assert outcome.code == 2, outcome.text
    assert "too long" in outcome.stderr


def test_what_only_leads_to_such_names_works(bulkscim, tenant):
    """A link to such a file, and a run folder that was renamed so, ended as a bug (1)."""
    Path(f"{NAME}.csv").write_text(PEOPLE)
    Path("a.csv").symlink_to(f"{NAME}.csv")
    ran = bulkscim("run", "a.csv", "--op", "create", "--yes", *tenant.reached)
    [folder] = Path("runs").iterdir()
    folder.rename(folder.with_name(NAME))
    outcomes = [
        bulkscim(*arguments)
        for arguments in (
            ("runs",),
            ("runs", "--json"),
            ("status", "last", "--json"),
            ("results", "last"),
            ("resume", "last"),
        )
    ]

    assert ran.code == 0, ran.text
    assert [each.code for each in outcomes] == [0] * 5, [each.text for each in outcomes]
    assert outcomes[1].json[0]["run"] != NAME or outcomes[1].json[0]["folder"].endswith(NAME)
