"""A sandbox without a network: who may ask, and what scim2-server's core answers."""

import secrets
from pathlib import Path

from scim2_models import AuthenticationScheme, External, Reference, ScimProvider, UnauthorizedException
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

from bulkscim.sandbox.settings import TOKENS
from bulkscim.sandbox.store import Database, KeptStorage

_BEARER = AuthenticationScheme(
    type=AuthenticationScheme.Type.oauthbearertoken,
    name="bearer_token",
    description="HTTP Bearer Token",
    spec_uri=Reference[External]("https://datatracker.ietf.org/doc/html/rfc6750"),
)


class GenericTenant:
    """A tenant that keeps to the RFCs."""

    def __init__(self, path: Path) -> None:
        config = load_default_service_provider_config()
        config.authentication_schemes = [_BEARER]
        provider = ScimProvider.from_discovery(
            load_default_schemas().values(), load_default_resource_types().values(), config=config
        )
        self._database = Database(path)
        self._storage = KeptStorage(self._database, "all", provider)
        self._service = ScimService(provider, secret=secrets.token_hex())
        self._handler = ScimHandler(self._service, self._storage)

    def answer(self, request: ScimRequest) -> ScimResponse:
        """Answer one request, whatever is wrong with it."""
        try:
            if (
                request.path.strip("/") != "ServiceProviderConfig"
                and token_of(request) not in TOKENS.values()
            ):
                raise UnauthorizedException
            return self._handler.handle(request)
        except Exception as error:  # noqa: BLE001 - the service tells errors of the client from its own
            return self._service.error_response(error)

    def reset(self) -> None:
        """Be empty."""
        self._database.clear()
        self._storage.forget()

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def token_of(request: ScimRequest) -> str:
    """Return the bearer token of a request."""
    scheme, _, token = (request.header("Authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
