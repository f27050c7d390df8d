"""Frozen classes are read from JSON by the types of their fields, and written in their order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from bulkscim.journal.typed_json import FLAT, OMITTED, REST, merged, named, read, write


class Colour(StrEnum):
    """A word of a few."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Size:
    """Two numbers."""

    width: int = 0
    height: float = 0.0


@dataclass(frozen=True)
class Thing:
    """A field of each kind."""

    kind: str = field(metadata=named("type"))
    colour: Colour = Colour.RED
    place: Path | None = None
    size: Size = field(default=Size(), metadata=FLAT)
    parts: tuple[Size, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    any: Any = None
    note: str | None = field(default=None, metadata=OMITTED)
    rest: Mapping[str, Any] = field(default_factory=dict, metadata=REST)


DATA = {
    "type": "box",
    "colour": "blue",
    "place": "/srv",
    "width": 3,
    "height": 4.5,
    "parts": [{"width": 1, "height": 0.0}],
    "counts": {"a": 1},
    "any": [{"b": None}],
    "note": "n",
}
THING = Thing("box", Colour.BLUE, Path("/srv"), Size(3, 4.5), (Size(1),), {"a": 1}, [{"b": None}], "n")


def test_what_is_written_is_read():
    """In the order of the fields, flat ones in their place."""
    assert write(THING) == DATA
    assert list(write(THING)) == list(DATA)
    assert read(Thing, DATA) == THING


def test_what_is_not_named_has_its_default_and_so_has_null():
    """A field that None omits is not written; a whole number may stand for any number."""
    assert read(Thing, {"type": "box"}) == read(Thing, dict.fromkeys(DATA) | {"type": "box"}) == Thing("box")
    assert "note" not in write(Thing("box"))
    assert read(Size, {"height": 4}) == Size(height=4.0)


def test_what_no_field_names_is_kept():
    """Objects in lists excepted: which of them is which is not known."""
    more = merged(DATA, {"later": 1, "counts": {"b": 2}})

    thing = read(Thing, more)
    assert (thing.rest, thing.counts) == ({"later": 1}, {"a": 1, "b": 2})
    assert write(thing) == more
    assert read(Size, {"width": 1, "depth": 2}) == Size(1)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ([], "it: [] stands where an object should"),
        ({}, "it does not say all that it must"),
        ({"type": 7}, "type: 7 stands where a text should"),
        ({"type": "box", "width": True}, "width: True stands where a whole number should"),
        ({"type": "box", "height": "x"}, "height: 'x' stands where a number should"),
        ({"type": "box", "parts": {}}, "parts: {} stands where a list should"),
        ({"type": "box", "parts": [{"width": "x"}]}, "parts.width: 'x' stands where a whole number should"),
        ({"type": "box", "counts": {"a": None}}, "counts.a: None stands where a whole number should"),
        ({"type": "box", "colour": []}, "colour: [] stands where one of red, blue should"),
    ],
)
def test_what_does_not_fit_is_named(data, why):
    """The member, its value, and what is wanted."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        read(Thing, data)
    assert str(refused.value) == why
