"""A profile of the user's own, through the real command line."""

import os
from dataclasses import replace

import pytest

from tests.support.making.records import create
from tests.support.servers.small_tenant import SmallTenant

ACME = 'title = "Acme"\n[headers]\nX-Acme = "yes"\n'


class Asked(SmallTenant):
    """A tenant that counts the requests with the profile's own header."""

    def __init__(self, *names):
        super().__init__(*names)
        self.known = self.others = 0

    async def handle(self, request):
        """Count, and answer."""
        self.known += "X-Acme" in request.headers
        self.others += "X-Acme" not in request.headers
        return await super().handle(request)


@pytest.fixture
def bulkscim(bulkscim):
    """The command line, with its settings in its own folder, and a profile next to it."""
    (bulkscim.folder / "acme.toml").write_text(ACME)
    return replace(bulkscim, environment={"BULKSCIM_CONFIG_DIR": str(bulkscim.folder / "config")})


def test_a_run_goes_on_and_is_taken_back_by_the_facts_that_it_began_with(bulkscim, job):
    """The file is gone by then; the journal has its text."""
    with Asked().serving() as tenant:
        path = job(create("ada@example.com"), create("bob@example.com"))
        begun = bulkscim(
            "run", path, "--base-url", tenant.base_url, "--profile", "./acme.toml", "--yes", "--limit", "1"
        )
        assert begun.code in {0, 3, 4, 5}, begun.text
        (bulkscim.folder / "acme.toml").unlink()
        resumed = bulkscim("resume", "last", "--yes")
        undone = bulkscim("rollback", "last", "--yes")

    assert (resumed.code, undone.code) == (0, 0), resumed.text + undone.text
    assert tenant.held["Users"] == {}
    assert (tenant.known > 0, tenant.others) == (True, 0)


def test_a_tenant_is_saved_with_an_own_profile(bulkscim, job):
    """Its entry names the whole path, so that it is found from any folder."""
    with Asked().serving() as tenant:
        saved = bulkscim("connect", "acme", "--base-url", tenant.base_url, "--profile", "./acme.toml")
        done = bulkscim("run", job(create("ada@example.com")), "--tenant", "acme", "--yes")

    assert (saved.code, done.code) == (0, 0), saved.text + done.text
    assert str(bulkscim.folder / "acme.toml") in (bulkscim.folder / "config" / "bulkscim.toml").read_text()
    assert (tenant.named("ada@example.com"), tenant.others) == (1, 0)


def test_a_file_is_checked_listed_and_shown(bulkscim):
    """What is wrong is named with its fix; what no fact is about is listed."""
    checked = bulkscim("profiles", "check", "./acme.toml")
    own = bulkscim.folder / "config" / "profiles"
    own.mkdir(parents=True)
    (own / "acme.toml").write_text(ACME)
    listed, shown = bulkscim("profiles"), bulkscim("profiles", "acme")
    (bulkscim.folder / "acme.toml").write_text("page_sise = 7")
    wrong = bulkscim("profiles", "check", "./acme.toml")

    assert checked.code == 0
    assert "headers: no fact says how this is known" in checked.stdout
    assert "acme " in listed.stdout
    assert shown.stdout.startswith("acme: Acme\n")
    assert wrong.code == 2
    assert "acme.toml, page_sise: this key is not known; did you mean page_size?" in wrong.stderr


def test_a_sandbox_wears_an_own_profile(bulkscim, job):
    """By its path; it is stopped by its name."""
    (bulkscim.folder / "acme.toml").write_text(ACME + "[sandbox]\nrequired = ['title']\n")
    refused = bulkscim(
        "run", job(create("ada@example.com")), "--tenant", "sandbox", "--profile", "./acme.toml", "--yes"
    )
    stopped = bulkscim("sandbox", "stop", "--profile", "acme")

    assert "title is required" in (bulkscim.results()[0]["detail"]), refused.text
    assert "stopped the sandbox with profile acme" in stopped.text


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_is_no_file_is_named_and_not_to_be_removed(bulkscim):
    """It was said of a profile that tenants are kept in a file, and that it is to be removed."""
    os.mkfifo(bulkscim.folder / "pipe.toml")
    checked = bulkscim("profiles", "check", "./pipe.toml")

    assert checked.code == 2
    assert "is a pipe, and only a regular file is read" in checked.stderr
