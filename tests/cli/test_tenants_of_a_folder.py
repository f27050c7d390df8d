"""`bulkscim.toml` in a current folder that may be anyone's: what of it is used, and after whose word."""

import json
import os
import shlex
import ssl
import sys
from pathlib import Path

import pytest

from bulkscim.runs.sandbox_tenants import SANDBOXES
from bulkscim.tenants.entries import BUILT_IN
from tests.support.servers.scim_server import TOKEN

ADA = {"op": "create", "data": {"userName": "ada@example.com"}}
NEXT = "next: bulkscim "


def written(path, tenant, *lines, name="acme"):
    """Write an entry for the tenant into a file."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "\n".join((f"[tenant.{name}]", f'base_url = "{tenant.base_url}"', 'rate = "2000/s"', *lines))
    )


def command_of(path):
    """Return the token_command of an entry, which leaves a file when it runs."""
    code = f"import pathlib; pathlib.Path({str(path)!r}).touch(); print({TOKEN[::-1]!r}[::-1])"
    return f"token_command = {json.dumps(shlex.join([sys.executable, '-c', code]))}"


@pytest.fixture
def run(bulkscim):
    """Return what runs a job of one row on the tenant acme."""
    Path("job.jsonl").write_text(json.dumps(ADA) + "\n")
    return lambda *more: bulkscim("run", "job.jsonl", "--tenant", "acme", "--yes", *more)


def test_a_name_in_both_files_is_refused_naming_both(bulkscim, tenant, run):
    """The folder's entry silently took the place of the user's own: its token_command ran, production was lost."""
    own, here = Path("config/bulkscim.toml").absolute(), Path("bulkscim.toml").absolute()
    written(own, tenant, "production = true")
    written(here, tenant, command_of(Path("ran").absolute()))
    outcomes = [
        run(),
        bulkscim("count", "--base-url", tenant.base_url),
        bulkscim("tenants"),
        bulkscim("connect", "acme", "--base-url", tenant.base_url, "--yes"),
    ]
    here.unlink()
    shadowing = bulkscim("connect", "acme", "--here", "--base-url", tenant.base_url, "--yes")

    for outcome in outcomes:
        assert outcome.code == 2, outcome.text
        assert f"tenant acme is in two files, {here} and {own}" in outcome.stderr
    assert shadowing.code == 2, shadowing.text
    assert f"{own} has tenant acme" in shadowing.stderr
    assert not Path("ran").exists()
    assert tenant.seen == []


@pytest.mark.parametrize("key", ["token_command", "token_file", "ca_bundle"])
def test_keys_that_must_be_trusted_wait_for_the_users_word(bulkscim, tenant, run, key):
    """A token_command of any folder ran, and any file of the user was sent as a token, without a question."""
    ran, token = Path("ran").absolute(), Path("secret").absolute()
    token.write_text(TOKEN)
    token.chmod(0o600)
    bundle = ssl.get_default_verify_paths().cafile or ""
    lines = {
        "token_command": command_of(ran),
        "token_file": 'token_file = "secret"',
        "ca_bundle": f"ca_bundle = {json.dumps(bundle)}",
    }
    if key == "ca_bundle" and not bundle:
        pytest.skip("this system has its certificates elsewhere")
    written(Path("bulkscim.toml"), tenant, lines[key])
    refused, listed = run(), bulkscim("tenants")
    assert refused.code == 4, refused.text
    assert all(
        word in refused.stderr for word in ("bulkscim.toml, [tenant.acme]", key, "nothing was run or sent")
    )
    assert f"not allowed yet: {key}" in listed.stdout
    assert not ran.exists()
    assert tenant.seen == []

    [line] = [line for line in refused.stderr.splitlines() if line.startswith(NEXT)]
    allowed = bulkscim(*shlex.split(line.removeprefix(NEXT)))
    assert allowed.code == 0, allowed.text
    assert key in allowed.stdout
    assert run().code == 0
    assert ran.exists() == (key == "token_command")
    assert "not allowed" not in bulkscim("tenants").stdout

    if os.geteuid() == 0:
        [record] = Path("state/allowed").iterdir()
        os.chown(record, 12345, -1)
        assert run().code == 4
        os.chown(record, 0, -1)
    Path("bulkscim.toml").write_text(Path("bulkscim.toml").read_text() + "\n# changed\n")
    assert run().code == 4
    assert bulkscim("resume", "last").code == 4


def test_a_token_that_the_user_names_needs_no_allowance(bulkscim, tenant, run):
    """Neither does the environment's: what the folder's file says of tokens is then not used."""
    Path("token").write_text(TOKEN)
    Path("token").chmod(0o600)
    written(Path("bulkscim.toml"), tenant, command_of(Path("ran").absolute()))
    named = run("--token-file", "token")
    written(Path("bulkscim.toml"), tenant)
    environment = run()

    assert (named.code, environment.code) == (0, 0), named.text + environment.text
    assert not Path("ran").exists()


def test_what_connect_writes_here_is_allowed_unless_the_file_held_more(bulkscim, tenant, run):
    """The user's own words need no second question; those of others that are in the same file do."""
    Path("token").write_text(TOKEN)
    Path("token").chmod(0o600)
    more = ("--base-url", tenant.base_url, "--here", "--token-file", "token", "--yes")
    assert bulkscim("connect", "acme", *more).code == 0
    assert run().code == 0
    written(Path("bulkscim.toml"), tenant, command_of(Path("ran").absolute()), name="other")
    mixed = bulkscim("connect", "acme", *more)

    assert mixed.code == 0, mixed.text
    assert "next: bulkscim tenants allow" in mixed.stderr
    assert run().code == 4


@pytest.mark.parametrize("where", [".", "config"])
@pytest.mark.parametrize("how", ["group", "world", "owner", "pipe"])
def test_files_that_others_can_write_are_refused(bulkscim, tenant, run, where, how):
    """Any user of the machine could say where a tenant's token goes."""
    file = Path(where, "bulkscim.toml").absolute()
    written(file, tenant)
    if how == "owner":
        if os.geteuid() != 0:
            pytest.skip("only root gives a file away")
        os.chown(file, 12345, -1)
    elif how == "pipe":
        file.unlink()
        os.mkfifo(file)
    else:
        file.chmod({"group": 0o620, "world": 0o602}[how])
    outcome = run()

    assert outcome.code == 2, outcome.text
    assert str(file) in outcome.stderr
    assert {"owner": "uid 12345", "pipe": "is a pipe"}.get(how, f"chmod go-w {file}") in outcome.stderr
    assert tenant.seen == []


def test_a_key_of_many_parts_and_an_endless_file_are_refused_at_once(bulkscim, tenant, run):
    """A key of 200,000 dots held every command in this folder for 40 seconds, in a definition and a map as well."""
    for text, told in (
        ("a." * 200_000 + "a = 1\n", "line 1 has more than 32 parts"),
        ("#" * (2 << 20), "1,048,576"),
    ):
        for name in ("bulkscim.toml", "job.toml", "map.toml"):
            Path(name).write_text(text)
        outcomes = [
            run(),
            bulkscim("validate", "job.toml"),
            bulkscim("validate", "job.jsonl", "--map", "map.toml"),
        ]
        for outcome in outcomes:
            assert outcome.code == 2, outcome.text
            assert told in outcome.stderr


def test_what_is_allowed_is_shown_first(bulkscim, tenant):
    """`tenants allow` named keys alone: the command that was to run, and where the token goes, had to be read elsewhere."""
    ran = Path("ran").absolute()
    line = f"token_command = {json.dumps(shlex.join(['touch', str(ran)]))}"
    written(Path("bulkscim.toml"), tenant, line, 'proxy = "http://proxy.example:1"')
    shown = bulkscim("tenants", "allow", "--show")
    state = list(Path("state/allowed").glob("*")) if Path("state").exists() else []
    allowed = bulkscim("tenants", "allow")

    assert (shown.code, allowed.code, state) == (0, 0, []), shown.text
    for told in (f"{tenant.base_url} through http://proxy.example:1", f"run as you: touch {ran}"):
        assert told in shown.stdout
        assert told in allowed.stdout
    assert not ran.exists()


@pytest.mark.parametrize("name", sorted(SANDBOXES))
def test_an_entry_named_as_a_built_in_tenant_is_refused(bulkscim, tenant, name):
    """It was ignored, and so were the accounts that it protects."""
    assert SANDBOXES == BUILT_IN
    written(Path("bulkscim.toml"), tenant, 'protect = ["owner@example.com"]', name=name)
    for command in (("count", "--tenant", name), ("tenants",), ("count", "--base-url", tenant.base_url)):
        outcome = bulkscim(*command)
        assert outcome.code == 2, outcome.text
        assert f"[tenant.{name}]: {name} is a built-in tenant" in outcome.stderr
