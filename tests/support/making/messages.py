"""Collect the texts that a user may see from the source, so that they can be read at one go; providers are in files of their own.

A text is every string of two words or more in the package, except docstrings, patterns and SQL: it cannot reach a user
without being listed. The help of commands, which stands in docstrings, is listed too. What is filled in is shown as
{name}. `python -m tests.support.making.messages` writes the list to tests/docs/messages.txt.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
LIST = ROOT / "tests" / "docs" / "messages.txt"
AGAIN = "python -m tests.support.making.messages"
_WORDS = re.compile(r"[A-Za-z]{2}.* |^ *[^ ]+ .*[A-Za-z]{2}", re.DOTALL)
_SQL = re.compile(
    r"\s*(?:select|delete from|insert (?:or \S+ )?into|create (?:table|index)|pragma|update \w+ set|attach|union)\b"
    r"|.* = \?|\w+ (?:text|integer|real|blob)\b|(?:distinct )?[a-z]+(?:, [a-z]+)+$|\({columns}",
    re.IGNORECASE,
)
_PATTERNS = frozenset({"compile", "fullmatch", "match", "search", "sub", "findall", "split"})


def collected() -> str:
    """Return all texts, module by module, in the order of the source."""
    modules = sorted((ROOT / "bulkscim").rglob("*.py"))
    found = ((path.relative_to(ROOT).as_posix(), list(dict.fromkeys(_texts(path)))) for path in modules)
    return "\n".join("\n".join((f"# {name}", *texts, "")) for name, texts in found if texts)


def _texts(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield from _in_order(tree)


def _in_order(node: ast.AST) -> Iterator[str]:
    """Yield the texts below a node."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_command(node):
        yield f"help of {node.name}: {' '.join((ast.get_docstring(node) or '').split())}"
    if isinstance(node, ast.Constant | ast.JoinedStr):
        text = _shown(node)
        if _WORDS.search(text) and not _SQL.match(text):
            yield text.replace("\n", "\\n")
        return
    for child in ast.iter_child_nodes(node):
        if not (_is_docstring(child) or _is_pattern(child) or _is_type(node, child)):
            yield from _in_order(child)


def _is_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether a function is a command or a group of commands."""
    called = [each.func for each in node.decorator_list if isinstance(each, ast.Call)]
    return any(isinstance(each, ast.Attribute) and each.attr in {"command", "group"} for each in called)


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _is_pattern(node: ast.AST) -> bool:
    """Return whether a call takes a regular expression."""
    func = node.func if isinstance(node, ast.Call) else None
    return (
        isinstance(func, ast.Attribute)
        and isinstance(func.value, ast.Name)
        and func.value.id == "re"
        and func.attr in _PATTERNS
    )


def _is_type(node: ast.AST, child: ast.AST) -> bool:
    """Return whether a child is an annotation."""
    return child in (getattr(node, "annotation", None), getattr(node, "returns", None))


def _shown(node: ast.expr) -> str:
    """Return a string as it is written, with what is filled in as {name}."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_shown, node.values))
    if isinstance(node, ast.FormattedValue):
        return _filled_in(node.value)
    return ""


def _filled_in(value: ast.expr) -> str:
    """Return what is filled in by a short name; the s of a plural as (s)."""
    match value:
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mult()):
            return f"({text})"
        case (
            ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name)))
        ):
            return f"{{{name}}}"
        case ast.Call(args=[ast.Name(id=name) | ast.Attribute(attr=name), *_]):
            return f"{{{name}}}"
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return f"{{{name}}}"
        case _:
            return "{…}"


if __name__ == "__main__":
    LIST.write_text(collected(), encoding="utf-8")
