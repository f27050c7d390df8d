"""Commands for the user to type are composed in one place, which quotes them."""

import ast
import re
from pathlib import Path

import pytest

from bulkscim.cli import bulkscim

ROOT = Path(__file__).parents[2] / "bulkscim"
COMMAND = re.compile(rf"\bbulkscim ({'|'.join(bulkscim.commands)})\b")


def texts(module):
    """Return the texts of a module that are no docstrings, with their lines."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, holders) and ast.get_docstring(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


@pytest.mark.parametrize("module", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_message_writes_a_command_by_itself(module):
    """A command that a message writes by itself is not quoted: twenty were, and half of these could not be pasted."""
    found = [(line, text) for line, text in texts(module) if COMMAND.search(text)]

    assert found == [], "use bulkscim.model.typed"
