"""A web server that is no SCIM service: nothing is written, nothing is sent, and the right URL is named."""

from pathlib import Path

import pytest
from aiohttp import web

from tests.support.running.command import FAST
from tests.support.servers.small_tenant import PREFIX, SmallTenant, error, scim

PAGE = "<!doctype html><title>Welcome</title><p>It works!"
WAYS = {
    "pages that are not found": lambda: web.Response(status=404, text=PAGE, content_type="text/html"),
    "one page for everything": lambda: web.Response(
        status=200, text=PAGE, content_type="application/scim+json"
    ),
    "JSON that is not found": lambda: web.json_response({"message": "no route"}, status=404),
    "JSON of another kind": lambda: web.json_response({"message": "Welcome"}),
    "a SCIM error": lambda: error(404, "no such endpoint"),
    "a redirect": lambda: web.Response(status=302, headers={"Location": "/login"}),
}


class WebServer(SmallTenant):
    """Serves SCIM below /scim/v2, if at all, and answers elsewhere in the way chosen."""

    def __init__(self, way, *names, has_scim=True):
        super().__init__(*names)
        self.way, self.has_scim, self.elsewhere = way, has_scim, []

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, request):
        if self.has_scim and request.path.startswith(PREFIX + "/"):
            return await super().handle(request)
        self.elsewhere.append(request.method)
        return WAYS[self.way]()


def is_refused(outcome, url):
    """Tell whether a command said what is wrong, and where the service is."""
    return (
        outcome.code == 2
        and "not a SCIM base URL" in outcome.stderr
        and f"answers at {url}:" in outcome.stderr
    )


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_sent_to_a_server_without_scim(bulkscim, way):
    """`connect` kept the tenant, and a run sent token and users to it: 100 of 100 rows failed."""
    Path("a.csv").write_text("userName\nada@example.com\n")
    with WebServer(way, "bob@example.com").serving() as server:
        reached = ("--base-url", server.origin, *FAST)
        outcomes = [
            bulkscim("connect", "acme", "--base-url", server.origin, "--yes"),
            bulkscim("run", "a.csv", "--op", "create", "--yes", *reached),
            bulkscim("run", "a.csv", "--op", "create", "-n", *reached),
            bulkscim("export", "users", "--out", "users.jsonl", *reached),
            bulkscim("count", *reached),
        ]
        right = bulkscim("run", "a.csv", "--op", "create", "--yes", "--base-url", server.base_url, *FAST)

    assert [is_refused(each, server.base_url) for each in outcomes] == [True] * 5, [
        each.text for each in outcomes
    ]
    assert right.code == 0, right.text
    assert set(server.elsewhere) == {"GET"}
    assert len(server.writes) == 1
    assert not any(Path(name).exists() for name in ("config/bulkscim.toml", "users.jsonl"))
    assert len(list(Path("runs").iterdir())) == 1


@pytest.mark.parametrize("command", ["resume", "retry", "rollback", "verify"])
def test_a_recorded_run_sends_nothing_to_what_has_taken_its_tenants_place(bulkscim, command):
    """They read, and sent, wherever the base URL had come to lead."""
    Path("a.csv").write_text("userName\nada@example.com\n")
    more = {"rollback": ("--yes",), "verify": ("--live",)}.get(command, ())
    with WebServer("one page for everything").serving() as server:
        assert (
            bulkscim("run", "a.csv", "--op", "create", "--yes", "--base-url", server.base_url, *FAST).code
            == 0
        )
        server.has_scim = False
        outcome = bulkscim(command, "last", *more)

    assert outcome.code == 2, outcome.text
    assert "may be down" in outcome.stderr
    assert set(server.elsewhere) == {"GET"}


@pytest.mark.parametrize("below", ["/scim", "/scim/v2/Users", "/scim/v2/Groups/"])
def test_a_url_that_is_nearly_right_is_corrected(bulkscim, below):
    """The endpoint of the users, and a base URL without its version, were taken for tenants."""
    with WebServer("a SCIM error").serving() as server:
        outcome = bulkscim("count", "--base-url", server.origin + below, *FAST)

    assert is_refused(outcome, server.base_url), outcome.text


class Partial(SmallTenant):
    """Answers ServiceProviderConfig and listings of users as it is told."""

    def __init__(self, config, listing):
        super().__init__()
        self.answers = {"ServiceProviderConfig": config, "Users": listing}

    async def answer(self, request, collection, resource_id, body):
        given = self.answers.get(collection)
        if request.method == "GET" and given is not None and "filter" not in request.query:
            return given()
        return await super().answer(request, collection, resource_id, body)


@pytest.mark.parametrize(
    ("config", "listing"),
    [
        (lambda: error(404, "no"), None),
        (lambda: web.Response(status=404, text=PAGE), lambda: error(501, "no listings")),
        (None, lambda: error(404, "no")),
        (None, lambda: web.Response(text=PAGE)),
        (lambda: error(501, "no"), lambda: error(404, "no")),
        (lambda: web.Response(status=500, text=PAGE), lambda: web.Response(status=404, text=PAGE)),
        (lambda: error(404, "no"), lambda: error(404, "no users yet")),
        (lambda: error(403, "no"), lambda: scim(200, {"totalResults": 0})),
        (lambda: web.Response(status=200), lambda: web.Response(status=204)),
    ],
)
def test_a_service_that_lacks_or_refuses_an_endpoint_is_one(bulkscim, config, listing):
    """What is not known about a server is no proof that it is no SCIM service: its groups are there, say."""
    Path("a.csv").write_text("userName\nada@example.com\n")
    with Partial(config, listing).serving() as tenant:
        outcome = bulkscim("run", "a.csv", "--op", "create", "--yes", "--base-url", tenant.base_url, *FAST)

    assert outcome.code == 0, outcome.text
    assert tenant.named("ada@example.com") == 1
