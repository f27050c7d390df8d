"""Each key of a profile has an effect."""

import ast
from dataclasses import fields
from pathlib import Path

import pytest

from bulkscim.providers.profile import Advice, AnswerBounds, Bucket, Fact, Integration, Profile
from bulkscim.providers.quirks import Extension, IntegrationQuirks, Quirks
from bulkscim.providers.reversal import Reversal

PACKAGE = Path(__file__).parents[2] / "bulkscim"
READ = {
    node.attr
    for path in PACKAGE.rglob("*.py")
    if path.name != "decoding.py"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
}
KINDS = (
    Profile,
    Bucket,
    AnswerBounds,
    Advice,
    Integration,
    Reversal,
    Fact,
    Quirks,
    IntegrationQuirks,
    Extension,
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda one: one.__name__)
def test_every_key_is_read_by_code(kind):
    """What no code reads is a sentence of a fact, and no key."""
    assert [one.name for one in fields(kind) if one.name not in READ] == []
