"""What the tests of the command line share: a folder of one's own, and commands in this very process."""

from pathlib import Path

import pytest

from bulkscim.cli import code_of
from bulkscim.engine import asking, worker
from bulkscim.pacing.retry import backoff
from bulkscim.providers import profile
from bulkscim.transport import repeating
from tests.support.running.command import FAST, Outcome
from tests.support.servers.scim_server import TOKEN
from tests.support.servers.small_tenant import SmallTenant


@pytest.fixture(autouse=True)
def _time_is_short(monkeypatch):
    """Repeat what failed as often as ever, and twenty times sooner; the tenants of these tests show at once what is written."""
    for module in (repeating, asking):
        monkeypatch.setattr(module, "backoff", lambda *given: backoff(*given) / 20)
    for module, name in ((asking, "FIRST_REST_S"), (worker, "_UNDER_WAY_S"), (profile, "SOON_S")):
        monkeypatch.setattr(module, name, getattr(module, name) / 20)


@pytest.fixture
def bulkscim(monkeypatch, tmp_path, capsys):
    """Return what carries out a command line here, in an empty folder with its own state."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BULKSCIM_TOKEN", TOKEN)
    monkeypatch.setenv("BULKSCIM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("BULKSCIM_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("BULKSCIM_RUNS_DIR", str(tmp_path / "runs"))

    def carry_out(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        code = code_of([str(each) for each in arguments])
        said = capsys.readouterr()
        assert TOKEN not in said.out + said.err
        return Outcome(code, said.out, said.err)

    return carry_out


@pytest.fixture
def tenant():
    """Serve a small tenant with three users; `reached` is how a command reaches it."""
    with SmallTenant(*(f"user{number}@example.com" for number in range(3))).serving() as serving:
        serving.reached = ("--base-url", serving.base_url, *FAST)
        yield serving
