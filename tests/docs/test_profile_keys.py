"""Each key of a profile has an effect."""

import ast
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from bulkscim.providers.profile import Advice, AnswerBounds, Bucket, Fact, Integration, Profile
from bulkscim.providers.quirks import Extension, IntegrationQuirks, Quirks
from bulkscim.providers.reversal import Reversal

PACKAGE = Path(__file__).parents[2] / "bulkscim"
TELLING = ("reporting", "providers/probing")


@cache
def attributes(path):
    """Return the attributes that a module reads."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)}


def read(*but):
    """Return the attributes that code reads, that of some folders apart."""
    return {
        name
        for path in PACKAGE.rglob("*.py")
        if path.name != "decoding.py" and not path.relative_to(PACKAGE).as_posix().startswith(but)
        for name in attributes(path)
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
    known = read("-")
    assert [one.name for one in fields(kind) if one.name not in known] == []


def test_a_key_of_a_profile_is_more_than_told():
    """What a run does depends on it."""
    acted_on = read(*TELLING)
    assert [one.name for one in fields(Profile) if one.name not in acted_on] == []
