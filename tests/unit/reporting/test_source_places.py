"""Where a job file is looked for, and how a path from elsewhere is read."""

import pytest

from bulkscim.journal.header import Header
from bulkscim.model.run import RecordedJob
from bulkscim.reporting.source import name_in, present
from bulkscim.runs.earlier import moved


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/home/ada/people.csv", "people.csv"),
        ("C:\\Users\\ada\\people.csv", "people.csv"),
        ("\\\\server\\share\\people.csv", "people.csv"),
        ("people.csv", "people.csv"),
    ],
)
def test_a_name_is_found_in_a_path_of_any_system(path, name):
    """A run folder may have come from another one."""
    assert name_in(path) == name


def test_a_job_file_that_came_along_is_found_in_the_folder_and_next_to_it(tmp_path):
    """Where it was is looked at first, then what moved with the run."""
    folder = tmp_path / "runs" / "one"
    folder.mkdir(parents=True)
    header = Header(job=RecordedJob("C:\\jobs\\people.csv", format="csv"))
    assert present(header, folder) == []

    next_to_it, inside = tmp_path / "runs" / "people.csv", folder / "people.csv"
    next_to_it.touch()
    inside.touch()
    assert present(header, folder) == [inside, next_to_it]
    assert present(header, folder, tmp_path / "none.csv") == []


def test_earlier_runs_that_moved_along_are_found_next_to_it(tmp_path):
    """Those that stayed are found where they were."""
    (tmp_path / "old").mkdir()
    stayed, gone = str(tmp_path / "old"), "C:\\runs\\20261121T221003-people"

    assert moved([stayed, gone], tmp_path / "new" / "two") == [
        stayed,
        str(tmp_path / "new" / "20261121T221003-people"),
    ]
