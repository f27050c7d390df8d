"""Arbitrary bytes never crash a reader, never keep it for ever, and never lose a whole valid beginning."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.making.few import examples
from tests.support.making.fuzzing import TARGETS, starts

EXAMPLES = examples(80)
PIECES = (b'"', b"{", b"[", b"\n", b"\0", b"\xff", b",", b"1e400", b"-1", b"null", b"\\u0000", b"9" * 30, b"")


@st.composite
def bent(draw, name):
    """Draw what a target takes, with some pieces of it cut out, doubled or inserted again."""
    data = draw(st.sampled_from(starts(name)))
    chance = random.Random(draw(st.integers(0, 2**32)))
    for _ in range(draw(st.integers(0, 4))):
        first = chance.randrange(len(data) + 1)
        last = min(len(data), first + chance.choice((0, 1, 8, 200)))
        piece = chance.choice((*PIECES, data[first:last] * 2, chance.randbytes(4)))
        data = data[:first] + piece + data[last:]
    return data


@pytest.mark.parametrize("name", TARGETS)
def test_bytes_of_any_kind_are_taken_or_refused(name):
    """Each reader of the outside world, fed with noise and with bent versions of what it takes."""

    @given(st.one_of(st.binary(max_size=300), bent(name), bent(name)))
    @settings(max_examples=EXAMPLES, database=None)
    def fed(data):
        TARGETS[name](data)

    for data in starts(name):
        TARGETS[name](data)
    fed()
