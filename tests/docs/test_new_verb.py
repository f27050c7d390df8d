"""A new verb: the type checker names each place that must decide about it, and the architecture page names the same."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAST = '    REMOVE_MEMBER = "remove_member"\n'
DECIDES = {
    "model/operation.py": 1,  # the row of the table VERBS
    "planning/next_step.py": 1,  # its main step
    "planning/guards.py": 1,  # the members that it removes
    "engine/directory/coverage.py": 1,  # the attributes that it looks at
    "reporting/preview.py": 1,  # the body that it sends
}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_type_checker_names_each_place_that_a_new_verb_must_touch(tmp_path):
    """It named none: the job file was found good, and the run died by a KeyError after approval."""
    shutil.copytree(ROOT / "bulkscim", tmp_path / "bulkscim", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    if (ROOT / ".mypy_cache").exists():  # what is known already need not be checked again
        shutil.copytree(ROOT / ".mypy_cache", tmp_path / ".mypy_cache")
    enum = tmp_path / "bulkscim" / "model" / "operation.py"
    text = enum.read_text()
    assert text.count(LAST) == 1
    enum.write_text(text.replace(LAST, f'{LAST}    SUSPEND = "suspend"\n'))

    environment = {name: value for name, value in os.environ.items() if name != "MYPYPATH"}
    checked = subprocess.run(
        [sys.executable, "-m", "mypy"],
        check=False,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    named = Counter(re.findall(r"^bulkscim/(\S+?):\d+: error:.*SUSPEND", checked.stdout, re.MULTILINE))

    assert named == DECIDES, checked.stdout + checked.stderr


def test_architecture_page_names_the_same_places():
    """A reader looks there first."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    row = next(line for line in page.splitlines() if line.startswith("| a new verb |"))

    assert set(re.findall(r"`([\w/]+\.py)`", row)) == DECIDES.keys()


def test_verbs_are_decided_on_by_the_table_or_by_a_match():
    """A literal set of verbs, or a comparison with one, is a place that the type checker does not name."""
    loose = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder in ("model", "planning", "engine", "jobfile", "scim", "pacing")
        for path in sorted((ROOT / "bulkscim" / folder).rglob("*.py"))
        for line in path.read_text().splitlines()
        if re.search(r"(is|is not|==|!=|in|not in) \{?Verb\.[A-Z]|\{Verb\.[A-Z_]+,", line)
    ]

    assert loose == []
