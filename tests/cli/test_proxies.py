"""Which requests go through a proxy: by flag, by the environment, and by its exceptions."""

from pathlib import Path

import pytest
from aiohttp import web

from tests.support.loopback import served

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
