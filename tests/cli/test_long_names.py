"""Names that are too long for a name server or a file system are the user's to correct, and no bug."""

import pytest

from tests.support.running.command import RUN_COMMANDS

LONG = "a" * 6000
LABEL = "h" * 300


@pytest.mark.parametrize("command", RUN_COMMANDS)
@pytest.mark.parametrize("run", [LONG, "a/" * 3000 + "a"])
def test_a_run_of_thousands_of_letters_is_a_usage_error(bulkscim, command, run):
    """The message was the system's, with 60 letters of a path that was not typed."""
    outcome = bulkscim(command, run, *RUN_COMMANDS[command])

    assert outcome.code == 2, outcome.text
    assert f"too long ({len(run):,} characters)" in outcome.stderr
    assert "next: bulkscim runs" in outcome.stderr
    assert len(outcome.stderr) < 500


@pytest.mark.parametrize(
    "host",
    [
        f"{LABEL}.example",
        f"é{LABEL}.example",
        f"xn--{LABEL}.example",
        "xn--'.example..b",
        "ex..ample",
        ".example",
        "a." * 150 + "b",
    ],
)
def test_an_impossible_host_is_a_usage_error(bulkscim, host):
    """A label of 300 letters ended as a bug: exit 1 and a UnicodeError of the idna codec."""
    url = f"https://{host}/scim/v2"
    outcomes = [
        bulkscim("count", "--base-url", url),
        bulkscim("connect", "acme", "--base-url", url),
        bulkscim("export", "users", "--base-url", url),
        bulkscim("count", "--base-url", "https://service.example/scim", "--proxy", f"http://{host}:3128"),
    ]

    for outcome in outcomes:
        assert outcome.code == 2, outcome.text
        assert "host" in outcome.stderr or "--proxy must be a URL" in outcome.stderr
        assert len(outcome.stderr) < 500
