"""Lines break at words within the width of a terminal, and commands stay whole."""

import io

import pytest

from bulkscim.reporting.wrapping import cells, fitted, width_of, wrapped


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("short", ["short"]),
        ("error: one two three four five six seven", ["error: one two three four", "  five six seven"]),
        ("tenant    one two three four five", ["tenant    one two three", "          four five"]),
        ("  at all  one two three four five", ["  at all  one two three", "          four five"]),
        ("    the reason is a long one, and goes on", ["    the reason is a long", "      one, and goes on"]),
        (
            "next: bulkscim run people.csv --op create --yes",
            ["next: bulkscim run people.csv --op create --yes"],
        ),
        (
            "write it with this: printf '[map] x = 1' > m",
            ["write it with this:", "  printf '[map] x = 1' > m"],
        ),
        ("bulkscim run people.csv --op create --yes", ["bulkscim run people.csv --op create --yes"]),
        (
            "do it again with bulkscim run people.csv --yes",
            ["do it again with", "  bulkscim run people.csv --yes"],
        ),
        ("results: /a/path/that/is/longer/than/a/line", ["results:", "  /a/path/that/is/longer/than/a/line"]),
        ("名名名名名名名名名名 名名名", ["名名名名名名名名名名", "  名名名"]),
    ],
)
def test_a_line_breaks_at_words(line, lines):
    assert wrapped(line, 25).split("\n") == lines


def test_a_text_is_left_as_it_is_without_a_terminal():
    text = "word " * 40
    assert fitted(text, None) == text
    assert width_of(io.StringIO()) is None


@pytest.mark.parametrize("width", range(20, 120, 7))
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(width):
    text = (
        "undo      13 create User: reversible; 2 delete User: new id (lost: password, MFA and all else)\nnot "
        * 3
    )

    found = fitted(text, width)

    assert found.split() == text.split()
    assert all(cells(line.rstrip()) <= width for line in found.split("\n"))
