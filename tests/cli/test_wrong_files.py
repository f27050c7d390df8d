"""What `validate` says of files that are wrong in one way each: row, column, value and fix; and of right ones, nothing.

All texts are in one page, `wrong_files.txt`, to be read as a user reads them.
"""

from pathlib import Path

import pytest

from bulkscim.cli import code_of
from tests.support.making.wrong_files import FILES

PAGE = Path(__file__).with_name("wrong_files.txt")


def said_of(name, capsys):
    """Return what is printed of a file, as the page has it."""
    Path(name).write_bytes(FILES[name])
    code = code_of(["validate", name, "--op", "create"])
    shown = capsys.readouterr()
    return f"$ bulkscim validate {name} --op create\n{shown.out}{shown.err}exit {code}\n"


@pytest.mark.parametrize("name", FILES)
def test_each_wrong_file_is_described_as_the_page_says(name, capsys, monkeypatch, tmp_path):
    """Nothing is sent: no tenant is named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BULKSCIM_TENANT", raising=False)

    assert said_of(name, capsys) in PAGE.read_text(encoding="utf-8")


def test_page_has_each_file_once_and_no_warning_of_a_right_one():
    """Of a file whose name begins with `ok-` nothing but its counts and the next command is said."""
    blocks = PAGE.read_text(encoding="utf-8").split("$ bulkscim validate ")[1:]

    assert [block.split()[0] for block in blocks] == list(FILES)
    right = [block for block in blocks if block.startswith("ok-")]
    assert len(right) >= 10
    assert not any("warning" in block or "error" in block for block in right)
    assert all(
        "exit 2\n" in block or "warning" in block or "read as" in block
        for block in blocks
        if block not in right
    )
