"""scim2-server as its own process under gunicorn: a server that this project did not write."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).parents[3]
TOKEN = "a-token-for-tests-only"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant as its administrator sees it, without the tool under test."""

    host: str
    port: int
    token: str = TOKEN
    prefix: str = "/v2"

    @property
    def base_url(self) -> str:
        """The URL that `--base-url` takes."""
        return f"http://{self.host}:{self.port}{self.prefix}"

    def call(self, method: str, path: str, body: Json | None = None) -> tuple[int, Any]:
        """Send one request below the prefix; return its status and parsed body."""
        return self._call(method, self.prefix + path, body)

    def requests(self) -> dict[str, int]:
        """Return how many requests came in, by `METHOD Collection`; these calls count too."""
        return self._call("GET", "/_requests", None)[1]

    def writes(self) -> int:
        """Return how many requests that change something came in."""
        return sum(count for kind, count in self.requests().items() if not kind.startswith("GET "))

    def create(self, collection: str, resource: Json) -> str:
        """Create a resource and return its id."""
        status, answer = self.call("POST", f"/{collection}", resource)
        assert status == 201, answer
        return str(answer["id"])

    def patch(self, collection: str, resource_id: str, *operations: Json) -> None:
        """Patch a resource."""
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}
        status, answer = self.call("PATCH", f"/{collection}/{quote(resource_id, safe='')}", body)
        assert status in {200, 204}, answer

    def everything(self, collection: str) -> list[Json]:
        """Return all resources of a collection."""
        found: list[Json] = []
        while True:
            status, page = self.call("GET", f"/{collection}?startIndex={len(found) + 1}&count=500")
            assert status == 200, page
            found += page.get("Resources") or []
            if not page.get("Resources") or len(found) >= page["totalResults"]:
                return found

    def users(self) -> list[Json]:
        """Return all users."""
        return self.everything("Users")

    def groups(self) -> list[Json]:
        """Return all groups."""
        return self.everything("Groups")

    def _call(self, method: str, path: str, body: Json | None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/scim+json"}
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, headers)
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text else None
        finally:
            connection.close()


@contextmanager
def scim_server(log: Path, token: str = TOKEN, threads: int = 16) -> Iterator[Tenant]:
    """Run an empty tenant in its own process until the block ends; its log goes to a file."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(256)
        with log.open("ab") as output, _gunicorn(listening, output, token, threads) as process:
            tenant = Tenant("127.0.0.1", listening.getsockname()[1], token)
            try:
                _wait_until_it_answers(tenant, process, log)
                yield tenant
            finally:
                process.terminate()
                process.wait(timeout=20)


def _gunicorn(listening: socket.socket, output: Any, token: str, threads: int) -> "subprocess.Popen[bytes]":
    arguments = [
        *(sys.executable, "-m", "gunicorn", "--pythonpath", str(ROOT / "tests" / "support" / "servers")),
        *("--workers", "1", "--worker-class", "gthread", "--threads", str(threads), "--timeout", "120"),
        *("--graceful-timeout", "1", "--keep-alive", "30", "--no-control-socket"),
        *("--bind", f"fd://{listening.fileno()}", "scim2_wsgi:application()"),
    ]
    environment = os.environ | {"SCIM2_TOKEN": token}
    return subprocess.Popen(
        arguments, stdout=output, stderr=output, env=environment, pass_fds=[listening.fileno()]
    )


def _wait_until_it_answers(tenant: Tenant, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            status, _ = tenant.call("GET", "/ServiceProviderConfig")
        except OSError:
            status = 0
        if status == 200:
            return
        time.sleep(0.05)
    raise AssertionError(f"scim2-server did not start:\n{log.read_text()[-2000:]}")
