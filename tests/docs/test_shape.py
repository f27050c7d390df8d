"""The shape of the code and of the samples: caps, names, and files that the tool itself accepts."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkscim.cli import code_of

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "bulkscim").rglob("*.py"))
SAMPLES = {
    "onboarding.csv": ("--op", "create"),
    "teams.jsonl": (),
    "leavers.csv": (),
    "mixed.jsonl": (),
    "bulk.jsonl": (),
    "hr-office-closing.csv": ("--op", "deactivate", "--map", str(ROOT / "jobs" / "leavers.toml")),
}


def test_no_module_is_longer_than_400_lines():
    """A module that grows beyond the cap is cut."""
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in MODULES}

    assert len(lengths) > 50
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_no_function_is_longer_than_60_lines():
    """A function that grows beyond the cap is cut; its docstring does not count."""
    found = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
                found[f"{path.relative_to(ROOT)}:{node.name}"] = length

    assert len(found) > 300
    assert {name: length for name, length in found.items() if length > 60} == {}


def named(tree: ast.Module) -> Iterator[ast.AST]:
    """Return a module, its classes and functions, and the methods of its public classes."""
    yield tree
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from (
                part for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
            )


def test_every_module_class_and_function_says_what_it_is():
    """Modules, classes, public functions and public methods have docstrings."""
    silent = [
        f"{path.relative_to(ROOT)}:{getattr(node, 'name', '')}"
        for path in MODULES
        for node in named(ast.parse(path.read_text()))
        if not getattr(node, "name", "").startswith("_") and not ast.get_docstring(node)
    ]

    assert silent == []


def test_no_module_has_a_name_that_says_nothing():
    """utils, helpers, common and misc are not names of modules."""
    assert {path.stem for path in MODULES}.isdisjoint({"utils", "helpers", "common", "misc"})


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_a_job_file_without_problems(name, capsys):
    """The tool accepts each sample as it stands."""
    code = code_of(["validate", str(ROOT / "samples" / name), *SAMPLES[name]])

    assert code == 0, capsys.readouterr().err


@pytest.mark.parametrize("path", sorted((ROOT / "jobs").glob("*.toml")), ids=lambda path: path.name)
def test_every_job_is_a_definition_without_problems(path, capsys):
    """The tool accepts each job with the sample that it names."""
    code = code_of(["validate", str(path)])

    assert code == 0, capsys.readouterr().err


def test_no_sample_is_left_out():
    """Each sample is checked above, by itself or by its job, unless its name says that it is broken."""
    definitions = [tomllib.loads(path.read_text()) for path in (ROOT / "jobs").glob("*.toml")]
    named_by_jobs = {Path(definition["job"]["file"]).name for definition in definitions}
    here = {path.name for path in (ROOT / "samples").iterdir() if "broken" not in path.name}

    assert here == set(SAMPLES) | named_by_jobs
