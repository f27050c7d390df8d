"""What a run learns of a tenant's limits is there for the next one, for a week."""

import pytest
from click.testing import CliRunner

from bulkscim.commands.tenants import command
from bulkscim.pacing.known_limit import LASTS_S, KnownLimit, Source
from bulkscim.runs.kept_rates import kept_rates

URL = "https://acme.example/scim/v2"


class Clock:
    """Shows a time that a test sets."""

    def __init__(self):
        self.time = 1_000_000.0

    def now(self):
        return self.time


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Return what is kept of a tenant named acme."""
    monkeypatch.setenv("BULKSCIM_STATE_DIR", str(tmp_path / "state"))
    return kept_rates(URL, "generic", "acme", Clock())


def test_it_is_kept_with_its_date(kept):
    """Of other requests what is known stays."""
    kept.keep([KnownLimit(33.0, 38.0), KnownLimit(2.0, None, ("POST",), "/Users", source=Source.HEADER)])
    kept.clock.time += 60
    kept.keep([KnownLimit(30.0, 36.0)])

    known = kept.known()
    assert [(one.per_second, one.too_fast, one.at) for one in known] == [
        (30.0, 36.0, 1_000_060.0),
        (2.0, None, 1_000_000.0),
    ]
    assert known[1].source is Source.HEADER


def test_it_is_forgotten_after_a_week(kept):
    """And where the clock was set back."""
    kept.keep([KnownLimit(33.0)])
    kept.clock.time += LASTS_S - 1
    assert kept.known()
    kept.clock.time += 1
    assert not kept.known()
    kept.clock.time = 999_999.0
    assert not kept.known()


@pytest.mark.parametrize(
    ("profile", "name"), [("lucid", "acme"), ("generic", "other")], ids=["profile", "name"]
)
def test_it_is_that_of_one_tenant(kept, profile, name):
    """Many tenants can have one base URL."""
    kept.keep([KnownLimit(33.0)])

    assert kept_rates(URL + "/", "generic", "acme", kept.clock).known()
    assert not kept_rates(URL, profile, name, kept.clock).known()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"limits": [{}]}', '{"limits": [{"per_second": "x"}]}', "{}" * 60_000]
)
def test_a_damaged_file_is_none(kept, text):
    """A run begins as if nothing were known, and keeps what it learns."""
    kept.keep([KnownLimit(33.0)])
    kept.path.write_text(text)

    assert kept.known() == ()
    kept.keep([KnownLimit(30.0)])
    assert kept.known()


def test_nothing_found_changes_nothing(kept):
    """No file is made for a tenant that has not shown its limit."""
    kept.keep([])

    assert not kept.path.exists()


def test_tenants_shows_it_and_forgets_it(kept, tmp_path, monkeypatch):
    """With its date, and how it is known."""
    monkeypatch.setenv("BULKSCIM_CONFIG_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bulkscim.toml").write_text(f'[tenant.acme]\nbase_url = "{URL}"\n')
    monkeypatch.setattr("bulkscim.engine.clock.RealClock.now", lambda _: 1_764_000_000.0)
    kept.clock.time = 1_764_000_000.0 - 86_400
    kept.keep([KnownLimit(33.04, 38.0)])

    told = CliRunner().invoke(command, ["acme"]).output
    assert "learned: 33/s of all requests passed on 2025-11-23 (inferred)" in told
    assert '"per_second": 33.04' in CliRunner().invoke(command, ["acme", "--json"]).output
    assert "forgotten" in CliRunner().invoke(command, ["acme", "--forget-rate"]).output
    assert "nothing was learned" in CliRunner().invoke(command, ["acme", "--forget-rate"]).output
    assert "learned" not in CliRunner().invoke(command, ["acme"]).output
