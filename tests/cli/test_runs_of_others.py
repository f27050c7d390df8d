"""A run folder names a base URL: what of ours may be sent there, and what the user must say before."""

import json
import shlex
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from bulkscim.journal.header import Header
from bulkscim.journal.settings import Connection, Settings
from bulkscim.model.run import RecordedTenant
from bulkscim.model.secret import Secret
from bulkscim.runs.same_tenant import UnprovedToken, settings_to_send
from bulkscim.runs.tenant import fingerprint
from tests.support.making.forging import rewritten, saying
from tests.support.making.pasted import printed
from tests.support.making.records import create
from tests.support.running.command import FAST
from tests.support.servers.scim_server import TOKEN
from tests.support.servers.small_tenant import SmallTenant

SENDING = [("resume",), ("retry",), ("rollback", "--yes"), ("rollback", "-n"), ("verify", "--live")]


@pytest.fixture
def ran(bulkscim, tenant):
    """Run a job on the tenant with the token of the environment; return its run folder."""
    Path("job.jsonl").write_text(json.dumps(create("new@example.com")) + "\n")
    assert bulkscim("run", "job.jsonl", *tenant.reached, "--yes").code == 0
    return next(Path("runs").iterdir())


@pytest.mark.parametrize("command", SENDING, ids=" ".join)
def test_another_token_is_sent_nowhere_until_the_user_names_the_tenant(
    bulkscim, tenant, ran, monkeypatch, command
):
    """The token went to the URL of the journal first, which may be a stranger's, and only then the command ended."""
    monkeypatch.setenv("BULKSCIM_TOKEN", "a-token-of-ours")
    tenant.seen.clear()
    refused = bulkscim(command[0], str(ran), *command[1:], *FAST)

    assert refused.code == 12, refused.text
    assert tenant.seen == []
    assert tenant.base_url in refused.stderr
    (line,) = printed(refused.stderr)
    assert f"--base-url {tenant.base_url}" in line
    elsewhere = bulkscim(command[0], str(ran), *command[1:], "--base-url", "https://other.example/scim")
    assert elsewhere.code == 12, elsewhere.text
    assert tenant.seen == []

    named = bulkscim(*shlex.split(line)[1:])

    assert named.code == 0, named.text
    assert tenant.seen != []


def test_a_tenant_of_the_users_own_file_may_be_named(bulkscim, tenant, ran, monkeypatch):
    """There was no way to say which tenant is meant; the name in the journal proves nothing by itself."""
    monkeypatch.setenv("BULKSCIM_TOKEN", "a-token-of-ours")
    Path("bulkscim.toml").write_text(
        f'[tenant.acme]\nbase_url = "{tenant.base_url}"\n[tenant.other]\nbase_url = "https://other.example/scim"\n'
    )
    tenant.seen.clear()
    refused = bulkscim("resume", str(ran), *FAST)
    other = bulkscim("resume", str(ran), *FAST, "--tenant", "other")
    monkeypatch.setenv("BULKSCIM_TENANT", "other")
    still = bulkscim("resume", str(ran), *FAST)

    assert [refused.code, other.code, still.code] == [12, 12, 12]
    assert tenant.seen == []
    (line,) = printed(refused.stderr)
    assert "--tenant acme" in line
    assert bulkscim(*shlex.split(line)[1:]).code == 0
    monkeypatch.setenv("BULKSCIM_TENANT", "acme")
    assert bulkscim("verify", str(ran), "--live", *FAST).code == 0


@pytest.mark.parametrize("command", SENDING[:-1], ids=" ".join)  # verify reports the edit itself (13)
def test_a_journal_that_was_edited_to_name_another_url_gets_no_token(bulkscim, ran, command):
    """The keyed hash covered the token alone: our own folder, its URL changed, got our token sent to that URL."""
    with SmallTenant("eve@example.com").serving() as stranger:
        journal = ran / "journal.jsonl"

        def elsewhere(line):
            return saying(line, tenant=asdict(line.entry.body.tenant) | {"base_url": stranger.base_url})

        journal.write_bytes(rewritten(journal.read_bytes(), 1, elsewhere))
        (ran / "checkpoint.json").unlink(missing_ok=True)
        refused = bulkscim(command[0], str(ran), *command[1:], *FAST)

        assert refused.code == 12, refused.text
        assert stranger.base_url in refused.stderr
        assert stranger.seen == []


def test_a_journals_proxy_and_certificates_are_not_used_without_proof():
    """A stranger's proxy, with certificates that vouch for it, would read the token on its way to our own tenant."""
    base_url = "https://acme.example/scim"
    tenant = RecordedTenant(**asdict(fingerprint(base_url, "generic", Secret(TOKEN))))
    connection = Connection("7/s", proxy="http://eve.example:3128", ca_bundle=Path("/eve.pem"))
    header = Header(tenant=tenant, settings=Settings(connection=connection))

    proved = settings_to_send(header, Secret(TOKEN))
    named = settings_to_send(header, Secret("rotated"), base_url)

    assert proved.connection == connection
    assert named.connection == Connection("7/s")
    assert settings_to_send(header, Secret("rotated"), same_tenant="acme.example").connection.proxy is None
    for salt in ("", "zz"):
        with pytest.raises(UnprovedToken):
            settings_to_send(replace(header, tenant=replace(tenant, salt=salt)), Secret(TOKEN))


@pytest.mark.parametrize("command", [SENDING[0], SENDING[2], SENDING[4]], ids=" ".join)
def test_a_named_tenants_own_certificates_are_used_with_another_token(
    bulkscim, tenant, ran, monkeypatch, command
):
    """With `--tenant` the journal's certificates are left out, so those of the entry must be taken."""
    monkeypatch.setenv("BULKSCIM_TOKEN", "a-token-of-ours")
    Path("config").mkdir(mode=0o700)
    Path("config/bulkscim.toml").write_text(
        f'[tenant.acme]\nbase_url = "{tenant.base_url}"\nca_bundle = "of-the-entry.pem"\n'
    )
    outcome = bulkscim(command[0], str(ran), *command[1:], "--tenant", "acme", *FAST)

    assert outcome.code == 2, outcome.text
    assert "of-the-entry.pem cannot be used" in outcome.stderr
