"""Secrets on the command line are refused, and never repeated."""

import pytest

from bulkscim.commands.argv import refuse_secrets
from bulkscim.errors import UsageError


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "x.csv", "--token", "sEcReT"],
        ["run", "x.csv", "--token=sEcReT"],
        ["run", "x.csv", "--bearer-token=sEcReT"],
        ["run", "x.csv", "--api-key", "sEcReT"],
        ["run", "x.csv", "--PASSWORD", "sEcReT"],
        ["run", "x.csv", "--note", "Bearer sEcReT-sEcReT-sEcReT"],
        ["run", "x.csv", "--note", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sEcReT"],
        ["run", "x.csv", "--token-command", "echo xoxp-12345678-sEcReT"],
        ["run", "x.csv", "--base-url", "https://user:sEcReT@tenant.example/scim"],
        ["run", "x.csv", "--proxy=http://user:sEcReT@proxy.example:8080"],
    ],
)
def test_secret_in_an_argument_is_refused(arguments):
    """What is, or announces, a secret is refused with another way, and its value is not shown."""
    with pytest.raises(UsageError) as caught:
        refuse_secrets(arguments)

    assert "BULKSCIM_" in str(caught.value)
    assert "sEcReT" not in str(caught.value)


def test_ways_around_argv_are_welcome():
    """The flags that keep a token out of argv, and ordinary texts, pass."""
    refuse_secrets(
        [
            "run",
            "tokens.csv",
            "--token-file",
            "/run/token",
            "--token-command=pass scim",
            "--note",
            "bearer of news",
            "--base-url",
            "https://tenant.example:8443/scim",
            "--max-delete",
            "5%",
        ]
    )
