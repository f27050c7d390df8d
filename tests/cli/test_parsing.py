"""Flags parse, errors speak, and nothing is sent."""

import pytest

from bulkscim.cli import bulkscim, code_of

RUN = ["run", "people.csv", "--base-url", "http://127.0.0.1:1/scim"]


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch, tmp_path):
    """Run where no setting of this machine is seen."""
    for name in ("TOKEN", "BASE_URL", "TENANT", "RUNS_DIR", "RATE"):
        monkeypatch.delenv(f"BULKSCIM_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "error: missing argument"),
        (["fly"], "error: no such command"),
        ([*RUN, "--wings"], "error: no such option"),
        ([*RUN, "--token", "abc"], "--token-file"),
        (["run", "people.csv"], "--base-url"),
        ([*RUN, "--tenant", "acme"], "--tenant"),
        ([*RUN, "--map", "acme.toml"], "acme.toml: cannot be read"),
        (["validate", "jobs/none.toml"], "none.toml: cannot be read"),
        (["resume", "last", "--job", "none.toml"], "none.toml: cannot be read"),
        (["map", "test", "people.csv"], "no such file"),
        ([*RUN, "--op", "explode"], "not an operation"),
        ([*RUN, "--max-delete", "many"], "percentage"),
        ([*RUN, "--max-create", "101%"], "100%"),
        ([*RUN, "--on-exists", "shrug"], "adopt"),
        ([*RUN, "--limit", "0"], "--limit"),
        ([*RUN, "--rate", "fast"], "100/min"),
        ([*RUN, "--timeout", "0"], "--timeout"),
        ([*RUN, "-v", "-q"], "-v and -q"),
        (["plan", "people.csv"], "--base-url"),
        (["rollback", "last", "--on-drift", "shrug"], "skip"),
        (["rollback", "last", "--op", "explode"], "not an operation"),
        (["rollback"], "error: missing argument"),
        (["audit", "--anything"], "audit"),
        (["explain", "last"], "--row"),
        (["settle", "last", "--row", "1", "--as", "done"], "--note"),
        (["settle", "last", "--row", "1", "--as", "undone", "--note", "x"], "not-applied"),
    ],
)
def test_usage_error_is_2_and_says_why(arguments, said, capsys):
    """What cannot be carried out as typed ends with 2 and names what is wrong."""
    assert code_of(arguments) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (
            ["export"],
            (
                "error: missing argument '{users|groups}'. Choose from: users, groups\n"
                "usage: bulkscim export [OPTIONS] {users|groups}\nnext: bulkscim export --help\n"
            ),
        ),
        (
            ["fly"],
            "error: no such command 'fly'\nusage: bulkscim [OPTIONS] COMMAND [ARGS]...\nnext: bulkscim --help\n",
        ),
        (
            ["runs", "purge"],
            "error: missing option '--older-than'\nusage: bulkscim runs purge [OPTIONS]\nnext: bulkscim runs purge --help\n",
        ),
    ],
)
def test_usage_errors_look_as_all_others(arguments, shown, capsys):
    """They began with a capital, and ended without a command to paste."""
    assert code_of(arguments) == 2
    assert capsys.readouterr().err == shown


@pytest.mark.parametrize("arguments", [[], ["map"]])
def test_command_without_its_subcommand_shows_its_help(arguments, capsys):
    """It is no error that has a text of its own."""
    assert code_of(arguments) == 2
    assert capsys.readouterr().err.startswith("Usage: bulkscim")


def test_missing_token_is_7(capsys):
    """A run without any token ends with 7 and names the ways to give one."""
    assert code_of(RUN) == 7
    assert "BULKSCIM_TOKEN" in capsys.readouterr().err


def test_flag_may_come_from_the_environment(monkeypatch, capsys):
    """A flag is read from its variable too, and its errors name the variable."""
    monkeypatch.setenv("BULKSCIM_LIMIT", "none")

    assert code_of(RUN) == 2
    assert "BULKSCIM_LIMIT" in capsys.readouterr().err


def walk(command=bulkscim, name="bulkscim"):
    """Yield every command under its full name."""
    yield name, command
    for word in getattr(command, "commands", {}):
        yield from walk(command.commands[word], f"{name} {word}")


DECIDING = [
    "--yes",
    "--yes-production",
    "--max-delete",
    "--max-create",
    "--max-removals",
    "--max-errors",
    "--max-adopt",
    "--op",
    "--on-exists",
    "--create-groups",
    "--leavers",
    "--on-drift",
    "--protect-unknown",
    "--same-tenant",
    "--force",
]


def test_what_decides_what_a_run_does_is_never_read_from_the_environment():
    """BULKSCIM_OP=delete of a forgotten shell turned an import into a mass deletion."""
    options = [
        (name, one) for name, command in walk() for one in command.params if set(one.opts) & set(DECIDING)
    ]

    assert len(options) > 20
    assert [(name, one.opts) for name, one in options if one.envvar] == []


@pytest.mark.parametrize("name", ["YES", "MAX_DELETE", "MAX_CREATE", "MAX_ERRORS"])
def test_approval_and_guards_never_come_from_the_environment(name, monkeypatch, capsys):
    """A variable that is left set somewhere neither approves nor loosens a guard."""
    monkeypatch.setenv(f"BULKSCIM_{name}", "nonsense")

    assert code_of(RUN) == 7
    assert "nonsense" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    ["run", "validate", "resume", "retry", "status", "results", "explain", "settle", "verify", "runs"],
)
def test_every_command_has_help(command, capsys):
    """Each command explains itself on stdout and ends with 0."""
    assert code_of([command, "--help"]) == 0
    assert f"bulkscim {command}" in capsys.readouterr().out


def test_no_such_run_is_10(capsys):
    """A run that is not there ends with 10 and says how to see those that are."""
    assert code_of(["status", "last"]) == 10
    assert "--runs-dir" in capsys.readouterr().err
    assert code_of(["status", "20261121T221003-people"]) == 10
    assert "bulkscim runs" in capsys.readouterr().err


def test_no_runs_yet_is_no_error(capsys):
    """An empty list of runs is an answer."""
    assert code_of(["runs"]) == 0
    assert "no runs" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["resume", "retry", "status", "results", "verify"])
def test_missing_run_goes_before_a_missing_token(command, capsys):
    """Of several errors the one that stands first in the table of exit codes is told."""
    assert code_of([command, "nowhere"]) == 10
    assert "nowhere" in capsys.readouterr().err
