"""Named tenants through the real command line: connect, list, run, resume, production."""

import os
import pty
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.running.command import secrets_on_disk
from tests.support.servers.scim_server import TOKEN
from tests.support.servers.small_tenant import SmallTenant

ADA = {"op": "create", "data": {"userName": "ada@example.com"}}


@pytest.fixture
def small():
    """A tenant with three people."""
    with SmallTenant("a@example.com", "b@example.com", "c@example.com").serving() as running:
        yield running


@pytest.fixture
def bulkscim(bulkscim):
    """The command line, with its settings in its own folder."""
    return replace(bulkscim, environment={"BULKSCIM_CONFIG_DIR": str(bulkscim.folder / "config")})


def connect(bulkscim, small, *more):
    """Connect to the tenant as acme, and expect that to work."""
    outcome = bulkscim("connect", "acme", "--base-url", small.base_url, *more)
    assert outcome.code == 0, outcome.text
    return outcome


def at_terminal(bulkscim, *arguments, typed):
    """Run the command at a terminal, type, and return its exit code and all that the terminal showed."""
    outer, inner = pty.openpty()
    process = subprocess.Popen(
        bulkscim._arguments(arguments),
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env=bulkscim._environment(),
        cwd=bulkscim.folder,
        start_new_session=True,
    )
    os.close(inner)
    shown, waiting = "", list(typed)
    while True:
        try:
            piece = os.read(outer, 4096).decode()
        except OSError:  # Linux: everybody else has closed it
            piece = ""
        if not piece:
            break
        shown += piece
        if waiting and waiting[0][0] in shown:
            os.write(outer, waiting.pop(0)[1].encode() + b"\n")
    os.close(outer)
    return process.wait(timeout=60), shown


def test_connect_says_what_it_talks_to_and_a_run_finds_it(bulkscim, small, job, tmp_path):
    """What connect has written is enough for a run, and for its resume from its folder; nothing was changed before."""
    token_file = tmp_path / "secret" / "token"
    token_file.parent.mkdir()
    token_file.write_text(TOKEN)
    token_file.chmod(0o600)

    outcome = connect(bulkscim, small, "--token-file", token_file)

    assert "3 shown" in outcome.stderr
    assert small.writes == []
    without = replace(bulkscim, token=None)
    ended = without("run", job(ADA), "--tenant", "acme", "--yes")
    assert ended.code == 0, ended.text
    assert "acme (127.0.0.1" in ended.stderr
    assert without("resume", "last").code == 0
    assert secrets_on_disk(tmp_path / "config", TOKEN) == []
    assert secrets_on_disk(tmp_path / "runs", TOKEN) == []


def test_tenants_lists_without_tokens(bulkscim, small):
    """The list says where each token is and not what it is."""
    assert "no tenants yet" in bulkscim("tenants").stdout
    connect(bulkscim, small, "--production")

    outcome = bulkscim("tenants")
    (entry,) = bulkscim("tenants", "--json").json

    assert "PRODUCTION" in outcome.stdout
    assert entry["base_url"] == small.base_url
    assert entry["token"] == "BULKSCIM_TOKEN"


def test_tenant_that_is_not_proved_is_not_kept(bulkscim, tenant, tmp_path):
    """A tenant that cannot be reached, or that rejects the token, gets no entry."""
    unreachable = bulkscim("connect", "acme", "--base-url", "http://127.0.0.1:1/scim")
    rejected = replace(bulkscim, token="another")("connect", "acme", "--base-url", tenant.base_url)

    assert (unreachable.code, rejected.code) == (5, 7), unreachable.text + rejected.text
    assert not (tmp_path / "config").exists()


def test_token_of_the_environment_is_not_kept(bulkscim, small, tmp_path):
    """A token that came from a variable stays there, which is said."""
    outcome = connect(bulkscim, small)

    assert "BULKSCIM_TOKEN" in outcome.stderr
    assert secrets_on_disk(tmp_path, TOKEN) == []


def test_keyring_that_keeps_nothing_is_said(bulkscim, small):
    """Where no keyring stores the token, the entry does not say that one has it."""
    outcome = connect(bulkscim, small, "--keyring")

    assert 'no keyring stores the token (pip install ".[keyring]"' in outcome.stderr
    assert bulkscim("tenants", "--json").json[0]["token"] == "BULKSCIM_TOKEN"


def test_typed_token_is_hidden_and_kept_in_the_keyring(bulkscim, small, job, tmp_path):
    """At a terminal URL and token are asked for; the token is not shown, and a later run takes it from the keyring."""
    (tmp_path / "plain_keyring.py").write_text(KEYRING)
    own = {"PYTHON_KEYRING_BACKEND": "plain_keyring.Folder", "PYTHONPATH": str(tmp_path)}
    tool = replace(bulkscim, token=None, environment=bulkscim.environment | own)

    code, shown = at_terminal(
        tool, "connect", "acme", typed=[("SCIM base URL", small.base_url), ("Token", TOKEN)]
    )

    assert code == 0, shown
    assert TOKEN not in shown
    assert "keyring" in shown
    assert TOKEN not in (tmp_path / "config" / "bulkscim.toml").read_text()
    assert tool("run", job(ADA), "--tenant", "acme", "--yes").code == 0
    assert small.named("ada@example.com") == 1


KEYRING = '''
"""A keyring in a folder, for tests only."""

import hashlib
from pathlib import Path

import keyring.backend


class Folder(keyring.backend.KeyringBackend):
    priority = 1

    def _place(self, service, name):
        return Path(__file__).with_name(hashlib.sha256(f"{service} {name}".encode()).hexdigest())

    def get_password(self, service, name):
        place = self._place(service, name)
        return place.read_text() if place.exists() else None

    def set_password(self, service, name, password):
        self._place(service, name).write_text(password)
'''


def test_entry_that_is_there_is_replaced_only_with_approval(bulkscim, small, tmp_path):
    """A name that has a tenant keeps it until it is changed; it is replaced in its place."""
    (tmp_path / "bulkscim.toml").write_text('# ours\n[tenant.acme]\nbase_url = "https://old.example/scim"\n')

    refused = bulkscim("connect", "acme", "--base-url", small.base_url)

    assert refused.code == 4, refused.text
    assert "--yes" in refused.stderr
    connect(bulkscim, small, "--yes")
    assert f'# ours\n[tenant.acme]\nbase_url = "{small.base_url}"' in (tmp_path / "bulkscim.toml").read_text()


@pytest.mark.parametrize(
    ("approval", "code"),
    [
        (["--yes"], 4),
        (["--yes-production", "other"], 4),
        (["--yes-production", "acme"], 0),
        (["-n"], 0),
    ],
)
def test_production_wants_its_name(approval, code, bulkscim, small, job):
    """A production tenant is changed only by who says its name; --yes alone does not."""
    connect(bulkscim, small, "--production")

    outcome = bulkscim("run", job(ADA), "--tenant", "acme", *approval)

    assert outcome.code == code, outcome.text
    assert len(small.writes) == (approval == ["--yes-production", "acme"])
    assert "PRODUCTION" in outcome.stderr


def test_production_is_so_by_its_url_too(bulkscim, small, job):
    """Who gives the URL instead of the name meets the same question."""
    connect(bulkscim, small, "--production")

    outcome = bulkscim("run", job(ADA), "--base-url", small.base_url + "/", "--yes")

    assert outcome.code == 4, outcome.text
    assert "--yes-production acme" in outcome.stderr
    assert small.writes == []


def second_entry(tmp_path, small, more=""):
    """Write another entry of the tenant's URL into the current folder's file."""
    (tmp_path / "bulkscim.toml").write_text(f'[tenant.beta]\nbase_url = "{small.base_url}/"\n{more}')


def test_production_is_so_by_another_name_too(bulkscim, small, job, tmp_path):
    """A run and its rollback want the approval that another entry of the same URL wants, and say which entry."""
    connect(bulkscim, small, "--production")
    second_entry(tmp_path, small)
    path = job(ADA)

    refused = bulkscim("run", path, "--tenant", "beta", "--yes")
    misnamed = bulkscim("run", path, "--tenant", "beta", "--yes-production", "beta")

    assert (refused.code, misnamed.code, small.writes) == (4, 4, [])
    assert "--yes-production acme" in refused.stderr
    assert "PRODUCTION (by its entry acme)" in refused.stderr
    assert "which acme, an entry of the same base URL, marks as production" in misnamed.stderr
    assert bulkscim("run", path, "--tenant", "beta", "--yes-production", "acme").code == 0
    undone = bulkscim("rollback", "last", "--yes")
    assert (undone.code, "--yes-production acme" in undone.stderr) == (4, True), undone.text


def test_what_another_entry_protects_is_protected(bulkscim, small, job, tmp_path):
    """A second name for a tenant opened the accounts that the first protects."""
    connect(bulkscim, small)
    second_entry(tmp_path, small, 'protect = ["ada@example.com"]\n')
    harm = job({"op": "deactivate", "match": {"userName": "ada@example.com"}})

    held = bulkscim("run", harm, "--tenant", "acme", "--yes", "--protect-unknown", "report")

    assert held.code == 4, held.text
    assert "which is protected (ada@example.com)" in held.stderr
    assert "another one of the same base URL: beta" in held.stderr
    assert small.writes == []


@pytest.mark.parametrize(
    ("typed", "again"),
    [
        (["run", "job.jsonl", "--limit", "3"], "run job.jsonl --limit 3"),
        (["pause"], "pause"),
    ],
)
def test_a_name_that_is_mistyped_is_corrected_in_the_next_command(typed, again, bulkscim, small, job):
    """The command with the name that is meant, not one that saves the mistyped name."""
    connect(bulkscim, small)
    job(ADA)

    outcome = bulkscim(*typed, "--tenant", "acm")

    assert outcome.code == 2
    assert "did you mean acme?" in outcome.stderr
    assert f"next: bulkscim {again} --tenant acme\n" in outcome.stderr
    assert "connect" not in outcome.stderr


@pytest.mark.parametrize(("answer", "code"), [("yes", 4), ("acme", 0)])
def test_production_is_typed_at_a_terminal(answer, code, bulkscim, small, job):
    """At a terminal the name is typed; yes is not enough."""
    connect(bulkscim, small, "--production")

    ended, shown = at_terminal(
        bulkscim, "run", job(ADA), "--tenant", "acme", typed=[("Type acme to go on:", answer)]
    )

    assert ended == code, shown
    assert len(small.writes) == (code == 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["run", "job.jsonl", "--tenant", "acme", "--base-url", "https://x.example"],
            "leave one of them out",
        ),
        (["run", "job.jsonl", "--tenant", "absent"], "bulkscim connect"),
        (["connect", "acme"], "--base-url"),
        (["connect", "a b"], "letters, digits"),
        (["connect", "sandbox"], "choose another"),
        (["connect", "acme", "--base-url", "http://public.example/scim"], "https"),
        (["connect", "acme", "--base-url", "https://x.example", "--profile", "nope"], "no profile"),
    ],
)
def test_what_cannot_be_meant_is_2(arguments, said, bulkscim):
    """Usage errors name the way out."""
    outcome = bulkscim(*arguments)

    assert outcome.code == 2, outcome.text
    assert said in outcome.stderr


def test_run_says_the_tenant_before_it_wants_a_token(bulkscim, small, job):
    """Without any token the ways to give one are named, the exit is 7."""
    connect(bulkscim, small)

    outcome = replace(bulkscim, token=None)("run", job(ADA), "--tenant", "acme")

    assert outcome.code == 7
    assert "BULKSCIM_TOKEN" in outcome.stderr


def test_connect_keeps_the_guards_of_an_entry(bulkscim, small, tmp_path):
    """A tenant that was connected to a second time lost its protected accounts, its rate and its proxy."""
    (tmp_path / "bulkscim.toml").write_text(
        f'[tenant.acme]\nbase_url = "{small.base_url}"\nrate = "500/s"\nmax_delete = "5%"\n'
        'protect = ["owner@example.com"]\n'
    )

    connect(bulkscim, small, "--yes")

    (entry,) = bulkscim("tenants", "--json").json
    assert (entry["rate"], entry["max_delete"], entry["protect"]) == ("500/s", "5%", ["owner@example.com"])
    assert "protect owner@example.com" in bulkscim("tenants").stdout


def test_paths_are_absolute_in_the_entry(bulkscim, small, tmp_path):
    """An entry works from any folder."""
    (tmp_path / "token").write_text(TOKEN)
    connect(bulkscim, small, "--token-file", "token")

    assert Path(bulkscim("tenants", "--json").json[0]["token"].removeprefix("file ")).is_absolute()
