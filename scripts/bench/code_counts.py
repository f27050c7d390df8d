"""Count what makes this code easy or hard to follow: `.venv/bin/python scripts/bench/code_counts.py [CHECKOUT]`.

The functions of a row are those that a run of plain creates enters once per row or more, counted in a run against a
tenant on this machine. Another checkout is counted by the same rules, to compare.
"""

import ast
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.servers.scim_server import TOKEN  # noqa: E402 - the path is set above
from tests.support.servers.small_tenant import SmallTenant  # noqa: E402

ROWS = 400
SMALL = 40
COUNTING = """
import atexit, collections, json, sys
entered = collections.Counter()
def note(frame, event, arg):
    if event == "call" and "/bulkscim/" in frame.f_code.co_filename and frame.f_code.co_name[0] != "<":
        entered[frame.f_code] += 1
from bulkscim.cli import code_of
sys.setprofile(note)
code = code_of(sys.argv[3:])
sys.setprofile(None)
often = [one.co_filename for one, times in entered.items() if times >= int(sys.argv[2])]
open(sys.argv[1], "w").write(json.dumps([code, len(often), len(set(often))]))
"""


def modules_of(checkout: Path) -> dict[str, tuple[str, ast.Module]]:
    """Return the text and tree of each module of the package."""
    paths = sorted((checkout / "bulkscim").rglob("*.py"))
    texts = {str(path.relative_to(checkout)): path.read_text(encoding="utf-8") for path in paths}
    return {name: (text, ast.parse(text)) for name, text in texts.items()}


def private_functions(trees: list[ast.Module]) -> tuple[int, int]:
    """Return how many private functions there are, and how many of them are named in one place alone."""
    private: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for node in (node for tree in trees for node in ast.walk(tree)):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                private[name] += name.startswith("_") and not name.startswith("__")
            case ast.Name(id=name) | ast.Attribute(attr=name):
                named[name] += 1
    found = {name: count for name, count in private.items() if count}
    return sum(found.values()), sum(count for name, count in found.items() if named[name] <= count)


def classes_defined_twice(modules: dict[str, tuple[str, ast.Module]]) -> dict[str, list[str]]:
    """Return the names of classes that several modules define."""
    places: dict[str, list[str]] = defaultdict(list)
    for name, (_, tree) in modules.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(name)
    return {name: found for name, found in places.items() if len(found) > 1}


def entered_per_row(checkout: Path) -> tuple[int, int]:
    """Return how many functions, and how many modules, a run of plain creates enters once per row or more."""
    with SmallTenant().serving() as tenant, tempfile.TemporaryDirectory() as folder:
        job, answer = Path(folder, "job.csv"), Path(folder, "answer.json")
        rows = [f"create,u{number}@example.com,Given,Family" for number in range(ROWS)]
        job.write_text("\n".join(("op,userName,givenName,familyName", *rows, "")), encoding="utf-8")
        words = ["run", str(job), "--base-url", tenant.base_url, "--rate", "100000/s", "--yes"]
        own = dict.fromkeys(("BULKSCIM_STATE_DIR", "BULKSCIM_CONFIG_DIR"), folder)
        subprocess.run(
            [sys.executable, "-c", COUNTING, str(answer), str(ROWS), *words],
            env={**os.environ, **own, "BULKSCIM_TOKEN": TOKEN, "PYTHONPATH": str(checkout)},
            cwd=folder,
            check=True,
            capture_output=True,
        )
        code, functions, modules = json.loads(answer.read_text())
    if code != 0:
        raise SystemExit(f"the run ended with {code}")
    return functions, modules


def main() -> None:
    """Print all counts."""
    checkout = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT).resolve()
    modules = modules_of(checkout)
    lengths = [text.count("\n") for name, (text, _) in modules.items() if not name.endswith("__init__.py")]
    private, once = private_functions([tree for _, tree in modules.values()])
    twice = classes_defined_twice(modules)
    functions, entered = entered_per_row(checkout)
    print(
        f"modules                      {len(modules)}, with {sum(text.count(chr(10)) for text, _ in modules.values()):,} lines"
    )
    print(f"lines of a module            {median(lengths):.0f} in the middle, {max(lengths)} at most")
    print(f"modules below {SMALL} lines       {sum(length < SMALL for length in lengths)}")
    print(f"private functions            {private}, {once} of them named in one place")
    print(f"class names in two modules   {len(twice)}: {', '.join(sorted(twice))}")
    print(f"entered once per plain row   {functions} functions in {entered} modules")


if __name__ == "__main__":
    main()
