"""Named tenants as bulkscim.toml has them."""

from dataclasses import replace
from pathlib import Path

import pytest

from bulkscim.errors import UsageError
from bulkscim.model.limits import Limit, StandingGuards
from bulkscim.tenants.credentials import TokenSource
from bulkscim.tenants.entries import TenantEntry, UnknownTenant, entries, entry_named, places
from bulkscim.tenants.writing import with_entry, write_entry

ACME = '[tenant.acme]\nbase_url = "https://acme.example/scim/v2"\n'


@pytest.fixture
def file(tmp_path):
    """Return where a bulkscim.toml goes."""
    return tmp_path / "bulkscim.toml"


def written(file, text):
    """Write the file and return it as the only place to look."""
    file.write_text(text, encoding="utf-8")
    return [file]


def test_entry_has_defaults(file):
    """A base URL is enough."""
    (entry,) = entries(written(file, ACME))

    assert entry == TenantEntry("acme", "https://acme.example/scim/v2", file)
    assert entry.token_source == TokenSource()


def test_token_file_is_next_to_the_file_that_names_it(file):
    """A relative token file is found from anywhere."""
    entry = entry_named("acme", written(file, ACME + 'token_file = "secrets/acme"\n'))

    assert entry.token_source == TokenSource(file=file.parent / "secrets/acme")


def test_entry_holds_guards_and_ways(file):
    """What must hold for every run on a tenant stands with the tenant: it was refused as unknown."""
    text = (
        'rate = "5/s"\nbudget_share = "60%"\nproxy = "http://proxy.example:3128"\nca_bundle = "ca.pem"\n'
        'max_delete = 5\nmax_create = "10%"\nprotect = ["owner@example.com"]\n'
    )
    entry = entry_named("acme", written(file, ACME + text))

    assert (entry.rate, entry.budget_share) == ("5/s", "60%")
    assert entry.proxy == "http://proxy.example:3128"
    assert entry.ca_bundle == file.parent / "ca.pem"
    assert entry.guards == StandingGuards((Limit(5),), (Limit(10, percent=True),), ("owner@example.com",))


def test_keyring_account_holds_the_url(file):
    """An entry that names another host does not get the token that was kept for this one."""
    kept = entry_named("acme", written(file, ACME + "keyring = true\n"))
    moved = replace(kept, base_url="https://evil.example/scim/v2")

    assert kept.token_source.keyring == "acme https://acme.example/scim/v2"
    assert moved.token_source.keyring != kept.token_source.keyring


def test_a_name_is_in_one_file_only(tmp_path):
    """The current folder's entry took the place of the user's own without a word."""
    here, own = tmp_path / "here.toml", tmp_path / "own.toml"
    here.write_text(ACME)
    own.write_text(
        '[tenant.acme]\nbase_url = "https://old.example"\n[tenant.beta]\nbase_url = "https://b.example"\n'
    )

    for read in (entries, lambda files: entry_named("acme", files)):
        with pytest.raises(UsageError, match=r"acme is in two files, .*here\.toml and .*own\.toml"):
            read([here, own])
    assert entry_named("beta", [here, own]).file == own
    here.write_text(ACME.replace("acme]", "gamma]"))
    assert [(each.name, each.file) for each in entries([here, own])] == [
        ("acme", own),
        ("beta", own),
        ("gamma", here),
    ]


def test_unknown_tenant_names_what_is_near_and_where_it_looked(file):
    """A name that is not there is answered with the one that is meant."""
    with pytest.raises(UnknownTenant, match=r"acne.*did you mean acme\?$") as caught:
        entry_named("acne", written(file, ACME))
    with pytest.raises(UnknownTenant, match=r"other.*\n.*connect other$") as unlike:
        entry_named("other", written(file, ACME))

    assert str(file) in str(caught.value)
    assert (caught.value.near, unlike.value.near) == ("acme", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[tenant.acme]\nprofile = "lucid"\n', "base_url is missing"),
        (ACME + 'token = "abc"\n', "must not be written here"),
        (ACME + 'api_key = "abc"\n', "must not be written here"),
        (ACME + "produktion = true\n", "did you mean production"),
        (ACME + 'production = "yes"\n', "must be true or false"),
        (ACME + "profile = 3\n", "must be text in quotes"),
        (ACME + 'token_file = "t"\nkeyring = true\n', "exclude each other"),
        ('[tenants.acme]\nbase_url = "x"\n', "'tenants' is not known"),
        ("tenant = 3\n", "must be tables"),
        ("[tenant.acme\n", "correct it"),
        (ACME + 'rate = "fast"\n', "rate: "),
        (ACME + 'rate = ["5/s", "fast"]\n', "rate: "),
        (ACME + "rate = []\n", "rate: it must be a rate in quotes"),
        (ACME + "rate = [5]\n", "rate: it must be a rate in quotes"),
        (ACME + "rate = 5\n", "rate must be a rate in quotes"),
        (ACME + 'budget_share = "60"\n', "budget_share: '60' is not a share"),
        (ACME + "max_delete = true\n", "max_delete must be a number or a percentage"),
        (ACME + 'max_create = "many"\n', "max_create: 'many' is not a limit"),
        (ACME + f"max_create = {'9' * 5000}\n", "correct it"),
        (ACME + 'protect = "owner@example.com"\n', "protect must be a list of names"),
        (ACME + 'protect = ["owner@example.com", 3]\n', "protect: it must be a list of names"),
        (ACME + 'proxy = "http://me:abc@proxy.example"\n', "BULKSCIM_PROXY"),
        ('[tenant."a b"]\nbase_url = "https://x.example"\n', "letters, digits"),
    ],
)
def test_what_is_wrong_is_named(file, text, said):
    """Each mistake names the file and the fix, and never shows a value that may be a secret."""
    with pytest.raises(UsageError, match=said) as caught:
        entries(written(file, text))

    assert str(file) in str(caught.value)
    assert "abc" not in str(caught.value)


def test_only_the_entry_that_is_asked_for_need_be_right(file):
    """A mistake in another entry does not stop a run."""
    assert entry_named("acme", written(file, ACME + "[tenant.beta]\nbase_uri = 3\n")).name == "acme"


def test_places_are_this_folder_then_the_users(tmp_path, monkeypatch):
    """bulkscim.toml is looked for here, then where BULKSCIM_CONFIG_DIR says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BULKSCIM_CONFIG_DIR", str(tmp_path / "own"))

    assert places() == (Path.cwd() / "bulkscim.toml", tmp_path / "own" / "bulkscim.toml")


def test_written_entry_is_read_back(tmp_path):
    """What is written means what was meant; the file and its folder are the owner's."""
    file = tmp_path / "new" / "bulkscim.toml"
    entry = TenantEntry(
        "acme", "https://acme.example", file, "lucid", production=True, token_command='pass "scim\\x" \x7f',
        rate="5/s", proxy="http://proxy.example:3128", ca_bundle=tmp_path / "zertifikate-ü.pem",
        max_delete=Limit(0), max_create=Limit(2.5, percent=True), protect=("owner@example.com", "büro 😀"),
    )  # fmt: skip

    write_entry(entry)

    assert entries([file]) == [entry]
    assert file.stat().st_mode & 0o077 == 0


def test_other_entries_and_comments_stay(file):
    """An entry that is replaced leaves all around it as it stands."""
    before = (
        f'# ours\n{ACME}keyring = true # here\n\n# theirs\n[tenant.beta]\nbase_url = "https://b.example"\n'
    )

    after = with_entry(before, TenantEntry("acme", "https://new.example", file))

    assert after == before.replace("https://acme.example/scim/v2", "https://new.example").replace(
        "keyring = true # here", 'profile = "generic"'
    )


def test_new_entry_comes_last(file):
    """An entry that is new is put at the end."""
    after = with_entry(ACME, TenantEntry("beta", "https://b.example", file))

    assert after.startswith(ACME + "\n[tenant.beta]\n")


@pytest.mark.parametrize(
    "text",
    ['tenant = {acme = {base_url = "https://x.example"}}\n', 'tenant.acme.base_url = "https://x.example"\n'],
)
def test_file_written_otherwise_is_left_alone(file, text):
    """What cannot be changed safely is said, with the lines to put there."""
    with pytest.raises(UsageError, match=r"by hand:\n\[tenant.acme\]"):
        with_entry(text, TenantEntry("acme", "https://new.example", file))


def test_mode_of_a_file_that_is_there_stays(file):
    """A project's own file stays readable for those who could read it."""
    file.write_text(ACME)
    file.chmod(0o644)

    write_entry(TenantEntry("beta", "https://b.example", file))

    assert file.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("text", "paced"),
    [
        ("", None),
        ('rate = "20/s"\n', "20/s"),
        ('rate = ["20/s", "POST /Users 20/10s"]\n', "20/s, POST /Users 20/10s"),
        ('rate = ["20/s", "auto"]\n', "20/s, auto"),
        ("probe = true\n", "auto"),
        ('rate = "20/s"\nprobe = true\n', "20/s, auto"),
        ("probe = false\n", None),
    ],
)
def test_probe_permits_a_faster_pace(file, text, paced):
    """As `--rate auto` does, for all runs on the tenant."""
    assert entry_named("acme", written(file, ACME + text)).paced == paced
