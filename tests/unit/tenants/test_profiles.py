"""Profiles by name and by path, those of the user's own too."""

import os

import pytest

from bulkscim.errors import UsageError
from bulkscim.model.run import OwnProfile
from bulkscim.model.secret import Secret
from bulkscim.tenants.entries import entry_named
from bulkscim.tenants.profiles import MOST_CHARACTERS, built_in, own_files, profile_named
from bulkscim.tenants.tenant import Tenant

TEXT = "page_size = 7\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder of the user's own profiles, with one in it."""
    monkeypatch.setenv("BULKSCIM_CONFIG_DIR", str(tmp_path))
    own = tmp_path / "profiles"
    own.mkdir()
    (own / "acme.toml").write_text(TEXT)
    return own


def test_generic_comes_first():
    """It is that of any service."""
    assert built_in()[0] == "generic"
    assert "lucid" in built_in()


def test_an_own_profile_has_the_name_of_its_file(folder):
    """By its name, by its path, and from the current folder."""
    assert [path.name for path in own_files()] == ["acme.toml"]
    for named in ("acme", str(folder / "acme.toml"), os.path.relpath(folder / "acme.toml")):
        assert (profile_named(named).name, profile_named(named).page_size) == ("acme", 7)


def test_a_tenant_reads_an_own_profile_once(folder):
    """What becomes of the file later changes no facts of a run."""
    tenant = Tenant("https://x.example", Secret("t"), "acme")
    (folder / "acme.toml").write_text("page_size = 8\n")

    assert (tenant.profile, tenant.own_profile) == ("acme", OwnProfile(str(folder / "acme.toml"), TEXT))
    assert tenant.provider.page_size == 7
    assert Tenant("https://x.example", Secret("t"), "lucid").own_profile is None


@pytest.mark.parametrize(
    ("named", "words"),
    [
        (
            "generik",
            "no profile named 'generik'; there are: generic, .*lucid, .*acme, .*; a file of your own",
        ),
        ("./none.toml", "there is no profile at .*none.toml"),
        ("./no name.toml", "letters, digits, - and _; rename it"),
        ("lucid", "lucid.toml has the name of a profile that comes with bulkscim"),
        ("./lucid.toml", "lucid.toml has the name of a profile that comes with bulkscim"),
        ("large", "large.toml has more than 65,536 characters"),
        ("wrong", "wrong.toml, page_size: it must be a whole number"),
        ("..", "no profile named"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_fix(folder, named, words):
    """Of two profiles with one name neither is chosen."""
    (folder / "lucid.toml").write_text(TEXT)
    (folder / "large.toml").write_text("#" * (MOST_CHARACTERS + 1))
    (folder / "wrong.toml").write_text("page_size = 'x'")

    with pytest.raises(UsageError, match=words):
        profile_named(named)


@pytest.mark.skipif(os.name == "nt", reason="modes")
def test_a_file_that_others_can_write_is_not_used(folder):
    """It says where a token is sent where no URL is given."""
    (folder / "acme.toml").chmod(0o666)

    with pytest.raises(UsageError, match="can be written by other users"):
        profile_named("acme")


def test_the_path_in_an_entry_is_relative_to_its_file(folder):
    """A tenant is found from anywhere."""
    file = folder.parent / "bulkscim.toml"
    file.write_text('[tenant.acme]\nbase_url = "https://x.example"\nprofile = "profiles/acme.toml"\n')

    assert entry_named("acme", [file]).profile == str(folder / "acme.toml")
