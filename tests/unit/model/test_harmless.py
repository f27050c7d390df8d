"""Foreign text is harmless on a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkscim.model.harmless import escaped_lines, estimated_duration, one_line, shown_duration, shown_value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Zoë 李", "Zoë 李"),
        ("two\nlines", "two\nlines"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\u202eb", "a\\u202eb"),
        ("\x9b1m\x7f\r", "\\x9b1m\\x7f\\r"),
    ],
)
def test_controls_are_shown_as_escapes(text, shown):
    """Control and direction characters are written as escapes, all else stays."""
    assert escaped_lines(text) == shown


@given(st.text())
def test_no_control_character_survives(text):
    """Whatever comes in, nothing that moves a cursor goes out."""
    shown = one_line(text)

    assert "\n" not in shown
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)


def test_values_read_as_json():
    """Values are shown as JSON, None as nothing."""
    assert [shown_value(value) for value in (None, "a", True, ["x"])] == ["nothing", '"a"', "true", '["x"]']


@pytest.mark.parametrize(
    ("seconds", "shown"), [(7.36, "7.4 s"), (59.9, "59.9 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_durations_read_as_people_say_them(seconds, shown):
    """Seconds become minutes and hours."""
    assert shown_duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(7.6, "8 s"), (100, "2 min"), (3590, "1 h 0 min"), (7500, "2 h 5 min")]
)
def test_guessed_times_are_not_exact(seconds, shown):
    """An estimate said "about 48.4 s left"."""
    assert estimated_duration(seconds) == shown
