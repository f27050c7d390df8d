"""scim2-server as a WSGI application, for gunicorn: the tenant of the demo and of the integration tests.

Its state is in memory, so it must run in exactly one worker process (with threads). The bearer token comes
from SCIM2_TOKEN. Apart from SCIM it answers `GET /_requests` with the requests that it was sent, by method and
kind of path, so that a test can say "nothing was sent".
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any

from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME, BearerTokenApplication
from scim2_server.utils import load_default_resource_types, load_default_schemas
from scim2_server.utils import load_default_service_provider_config as load_config

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def application() -> Wsgi:
    """Build the tenant, empty."""
    from scim2_models import ScimProvider
    from scim2_server.service import ScimService

    config = load_config()
    config.authentication_schemes = [BEARER_TOKEN_SCHEME]
    provider = ScimProvider.from_discovery(
        load_default_schemas().values(), load_default_resource_types().values(), config=config
    )
    service = ScimService(provider, secret="position in pages")
    tokens = [os.environ["SCIM2_TOKEN"]]
    return counted(BearerTokenApplication(InMemoryStorage(), provider, service=service, bearer_tokens=tokens))


def counted(inner: Wsgi) -> Wsgi:
    """Count what comes in, and show the counts at /_requests."""
    counts: Counter[str] = Counter()
    lock = Lock()

    def outer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/_requests":
            with lock:
                body = json.dumps(counts).encode()
            start_response("200 OK", [("Content-Type", "application/json")])
            return [body]
        with lock:
            counts[f"{environ['REQUEST_METHOD']} {collection(path)}"] += 1
        return inner(environ, start_response)

    return outer


def collection(path: str) -> str:
    """Name the kind of a path: `/v2/Users/1` is `Users`."""
    parts = [part for part in path.split("/") if part]
    return parts[1] if len(parts) > 1 else path
