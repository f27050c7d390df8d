"""Which requests go through a proxy: by flag, by the environment, and by its exceptions."""

from pathlib import Path

import pytest
from aiohttp import web

from tests.support.servers.loopback import served

URL = "https://acme.invalid/scim"  # the name is reserved never to exist (RFC 6761)
COMMANDS = [
    ("count", "--base-url", URL),
    ("run", "job.csv", "--op", "create", "--base-url", URL, "--yes"),
    ("connect", "acme", "--base-url", URL),
]


@pytest.fixture
def proxy():
    """Serve a proxy that refuses every tunnel; `asked` holds what it was asked for."""
    asked = []

    async def handle(request):
        asked.append(f"{request.method} {request.raw_path}")
        return web.Response(status=502)

    with served(handle) as port:
        yield f"http://127.0.0.1:{port}", asked


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize(
    "case",
    [
        ({}, False, True),
        ({"NO_PROXY": "other.example"}, False, True),
        ({"NO_PROXY": ".invalid"}, False, False),
        ({"no_proxy": "acme.invalid:443"}, False, False),
        ({"no_proxy": "other.example", "NO_PROXY": "*"}, False, True),
        ({"NO_PROXY": "*"}, True, True),
    ],
)
def test_no_proxy_exempts_from_the_proxy_of_the_environment_alone(
    bulkscim, proxy, monkeypatch, command, case
):
    """NO_PROXY was not read: a tenant inside of the company was asked through the proxy."""
    (variables, typed, proxied), (url, asked) = case, proxy
    monkeypatch.setenv("BULKSCIM_RATE", "2000/s")
    Path("job.csv").write_text("userName\nada@example.com\n")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if not typed:
        monkeypatch.setenv("BULKSCIM_PROXY", url)

    outcome = bulkscim(*command, *(("--proxy", url) if typed else ()))

    assert outcome.code == 5, outcome.text
    assert set(asked) == ({"CONNECT acme.invalid:443"} if proxied else set())


def test_the_sandbox_and_its_like_are_never_proxied(bulkscim, tenant, proxy, monkeypatch):
    """Users and token of a tenant on this machine were sent to the proxy in clear."""
    url, asked = proxy
    monkeypatch.setenv("BULKSCIM_PROXY", url)
    Path("job.csv").write_text("userName\nada@example.com\n")

    ran = bulkscim("run", "job.csv", "--op", "create", *tenant.reached, "--yes")
    typed = bulkscim("count", *tenant.reached, "--proxy", url)
    back = bulkscim("rollback", "last", "--yes")

    assert [ran.code, typed.code, back.code] == [0, 0, 0], ran.text + typed.text + back.text
    assert asked == []


def test_a_proxy_that_is_not_used_is_named(bulkscim, tenant, proxy, monkeypatch):
    """--proxy had no effect on a sandbox, and nothing said so; the environment's needs no word for each command."""
    url, _ = proxy
    typed = bulkscim("count", *tenant.reached, "--proxy", url)
    monkeypatch.setenv("BULKSCIM_PROXY", url)
    environment = bulkscim("count", *tenant.reached)

    assert "--proxy is not used: 127.0.0.1 is this machine" in typed.stderr
    assert "proxy" not in environment.stderr


@pytest.mark.parametrize("command", ["retry", "rollback"])
def test_no_proxy_exempts_from_the_proxy_of_a_run(bulkscim, tenant, proxy, monkeypatch, command):
    """A run went on through the proxy that its journal names, though NO_PROXY exempted the tenant by then."""
    url, _ = proxy
    more = ("--yes",) if command == "rollback" else ()
    Path("job.csv").write_text("userName\nada@example.com\n")
    monkeypatch.setenv("BULKSCIM_PROXY", url)
    bulkscim("run", "job.csv", "--op", "create", *tenant.reached, "--yes")
    before = bulkscim(command, "last", "-n") if command == "rollback" else bulkscim(command, "last")
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    monkeypatch.delenv("no_proxy", raising=False)
    after = bulkscim(command, "last", *more)

    [journal] = Path("runs").glob(
        "*/rollback-1/journal.jsonl" if command == "rollback" else "*/journal.jsonl"
    )
    assert (before.code, after.code) == (0, 0), before.text + after.text
    assert "NO_PROXY" not in before.stderr
    assert "the proxy of the run is not used: NO_PROXY exempts 127.0.0.1" in after.stderr
    assert '"proxy":""' in journal.read_text()
