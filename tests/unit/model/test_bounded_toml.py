"""TOML with bounds: what is read, what is refused, and in which time."""

import pytest

from bulkscim.model.bounded_toml import LARGEST, MOST_PARTS, loads


def key(parts, part="a"):
    """Return a line with a key of so many parts."""
    return ".".join([part] * parts) + " = 1\n"


@pytest.mark.parametrize("part", ["a", '"a.b"', r'"\""', "'a'", " a\t"])
@pytest.mark.parametrize("head", ["", "b = 1\n", 'b = """\n\\\\"""\n', "b = { c = 1, ", "[x]\n"])
def test_a_key_of_many_parts_is_refused(part, head):
    """The parser took minutes for it: its time grows with the square of the parts."""
    with pytest.raises(ValueError, match=f"more than {MOST_PARTS} parts"):
        loads(head + key(MOST_PARTS + 1, part))


def test_what_people_write_is_read():
    """Long values, quoted keys with dots and keys of several parts are no reason to refuse."""
    text = '[map]\n"name.givenName" = "a.b.c"\nurl = "https://a.b.c.d.example/x"\na.b.c = [1.5, 2.5]\n'

    assert loads(text)["map"]["a"] == {"b": {"c": [1.5, 2.5]}}
    assert loads(key(MOST_PARTS))
    assert loads("x = 1.5", parse_float=str) == {"x": "1.5"}


@pytest.mark.parametrize(
    ("text", "told"),
    [("#" * (LARGEST + 1), "characters"), ("a = " + "[" * 100_000, "nested"), ("a", "Expected")],
)
def test_other_faults_are_value_errors(text, told):
    """A text that is too long, too deep or no TOML has one kind of error."""
    with pytest.raises(ValueError, match=told):
        loads(text)


@pytest.mark.parametrize(
    "text",
    [r'a = "x\u0000"', r'a = "\U00000000"', r'b.c = [{ d = ["", "\u0000"] }]', r'"\u0000" = 1'],
)
def test_a_zero_character_is_refused(text):
    """A path that held one ended in an error that was not expected."""
    with pytest.raises(ValueError, match="zero character"):
        loads(text)


def test_the_same_letters_in_a_literal_text_are_read():
    assert loads(r"a = '\u0000'") == {"a": r"\u0000"}


@pytest.mark.parametrize("text", ['"a\\"', "'\"", "a ", '"a"', '\\"', ". ", "a" * 40 + "."])
def test_the_search_is_linear(text):
    """A search that starts inside of words or of quoted text would itself take minutes; it ends in a blink."""
    with pytest.raises(ValueError, match=r".+"):
        loads((text * LARGEST)[:LARGEST])
