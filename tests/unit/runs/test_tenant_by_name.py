"""Which tenant a name, a URL or a recorded run means, and which token it is sent."""

from dataclasses import replace

import pytest

from bulkscim.errors import CredentialError, UsageError
from bulkscim.journal.header import Header
from bulkscim.model.limits import Limit, StandingGuards
from bulkscim.model.run import RecordedTenant
from bulkscim.model.secret import Secret
from bulkscim.runs.tenant_by_name import tenant, tenant_at, tenant_of_header
from bulkscim.tenants.allowed import allow
from bulkscim.tenants.credentials import TokenSource
from bulkscim.tenants.entries import entries, entries_at

URL = "https://acme.example/scim/v2"
ENTRY = f'[tenant.acme]\nbase_url = "{URL}/"\nprofile = "lucid"\nproduction = true\ntoken_file = "own"\n'
TENANT = RecordedTenant(URL, "generic", name="acme")
HEADER = Header(tenant=TENANT)


def keep(folder, text):
    """Write the folder's bulkscim.toml and allow it."""
    (folder / "bulkscim.toml").write_text(text)
    (entry,) = entries([folder / "bulkscim.toml"])
    allow(entry, folder / "state")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Keep a tenant in the current folder, and three tokens: its own, another file's, the environment's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BULKSCIM_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("BULKSCIM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("BULKSCIM_TOKEN", "environment")
    keep(tmp_path, ENTRY)
    (tmp_path / "own").write_text("own")
    (tmp_path / "other").write_text("other")
    return tmp_path


def test_entry_gives_url_profile_and_token():
    """A tenant's own token goes before the environment's, which may be another tenant's."""
    found = tenant("acme")

    assert (found.base_url, found.profile, found.name, found.production) == (f"{URL}/", "lucid", "acme", True)
    assert found.token.reveal() == "own"


def test_what_is_given_stands_in_for_the_entry(folder):
    """A flag goes before what the entry says."""
    found = tenant("acme", source=TokenSource(file=folder / "other"), profile="generic")

    assert (found.token.reveal(), found.profile) == ("other", "generic")


def test_recorded_run_finds_its_entrys_token():
    """A run that was begun by name goes on with that name's token, under its own profile."""
    found = tenant_of_header(HEADER)

    assert (found.base_url, found.profile, found.token.reveal()) == (URL, "generic", "own")


@pytest.mark.parametrize(
    "recorded", [{"base_url": "https://elsewhere.example"}, {"name": "gone"}, {"name": ""}]
)
def test_entry_that_names_another_url_gives_no_token(recorded):
    """A run is never sent the token of a tenant that it does not belong to."""
    found = tenant_of_header(Header(tenant=replace(TENANT, **recorded)))

    assert found.token.reveal() == "environment"


def test_recorded_run_takes_the_token_that_is_given(folder):
    """A flag goes before all else."""
    assert tenant_of_header(HEADER, source=TokenSource(file=folder / "other")).token.reveal() == "other"


def test_recorded_run_without_any_token_says_so(folder, monkeypatch):
    """Without an entry and without a variable the ways to give a token are named."""
    monkeypatch.delenv("BULKSCIM_TOKEN")
    (folder / "bulkscim.toml").unlink()

    with pytest.raises(CredentialError, match="--token-command"):
        tenant_of_header(HEADER)


def test_production_is_so_by_its_url():
    """The mark belongs to the tenant, however it is named."""
    assert tenant_at("https://ACME.example/scim/v2", Secret("t"), "generic").name == "acme"
    assert tenant_at(URL, Secret("t"), "generic").production
    assert not tenant_at("https://other.example", Secret("t"), "generic").production


def test_a_recorded_run_of_a_production_tenant_wants_its_name():
    """Also where it was begun by its URL: a rollback is approved as the run was."""
    assert tenant_of_header(HEADER).production
    assert tenant_of_header(Header(tenant=replace(TENANT, name=""))).name == "acme"


def test_unknown_name_is_a_usage_error():
    """A name that no file holds is answered with how to."""
    with pytest.raises(UsageError, match="bulkscim connect"):
        tenant("absent")


GUARDED = 'max_delete = 3\nrate = "2/s"\nprotect = ["owner@example.com"]\n'


def test_guards_of_an_entry_hold_however_the_tenant_is_named(folder):
    """By name, by URL, and for a recorded run: a tenant's guards cannot be walked around."""
    keep(folder, ENTRY + GUARDED)
    wanted = StandingGuards((Limit(3),), (), ("owner@example.com",))

    assert tenant("acme").guards == wanted
    assert tenant_at(URL, Secret("t"), "generic").guards == wanted
    assert tenant_of_header(HEADER).guards == wanted
    assert tenant_of_header(Header(tenant=replace(TENANT, name=""))).guards == wanted
    assert tenant_at("https://other.example", Secret("t"), "generic").guards == StandingGuards()
    assert (tenant("acme").rate, tenant_of_header(HEADER).rate) == ("2/s", "2/s")


SHARED = f'[tenant.beta]\nbase_url = "{URL.upper()}"\ntoken_file = "other"\nmax_delete = 9\nprotect = ["ada@example.com"]\n'


def test_what_another_entry_of_the_url_says_holds_too(folder):
    """A second name for a tenant opened it without the approval that the first wants, and without what it protects."""
    keep(folder, ENTRY + GUARDED)
    (folder / "bulkscim.toml").write_text(ENTRY + GUARDED + SHARED)
    for entry in entries([folder / "bulkscim.toml"]):
        allow(entry, folder / "state")
    recorded = tenant_of_header(Header(tenant=replace(TENANT, name="beta")))

    for found in (tenant("beta"), recorded):
        assert (found.name, found.token.reveal()) == ("beta", "other")
        assert (found.production, found.production_name, found.others) == (True, "acme", ("acme",))
        assert sorted(found.guards.protect) == ["ada@example.com", "owner@example.com"]
        assert set(found.guards.max_delete) == {Limit(3), Limit(9)}
    assert (tenant("acme").production_name, tenant("acme").others) == ("acme", ("beta",))


def test_entry_of_the_url_that_is_wrong_is_named_and_no_other(folder):
    """What cannot be read may protect the tenant; a mistake in another tenant's entry is no matter of this one."""
    wrong = '[tenant.beta]\nbase_url = "{}"\nproduktion = true\n'
    keep(folder, ENTRY)
    (folder / "bulkscim.toml").write_text(ENTRY + wrong.format("https://other.example"))
    (entry,) = (each for each in entries_at(URL, [folder / "bulkscim.toml"]))
    allow(entry, folder / "state")
    assert tenant("acme").others == ()

    (folder / "bulkscim.toml").write_text(ENTRY + wrong.format(URL))
    with pytest.raises(UsageError, match=r"tenant\.beta.*did you mean production"):
        tenant("acme", source=TokenSource(file=folder / "other"))


def test_an_entry_that_can_never_apply_is_refused(folder):
    """[tenant.sandbox] was passed over, and its protected accounts with it."""
    (folder / "bulkscim.toml").write_text(ENTRY.replace("acme]", "sandbox]") + GUARDED)

    with pytest.raises(UsageError, match=r"bulkscim\.toml, \[tenant\.sandbox\].*another name"):
        tenant("sandbox")
