"""What a running sandbox can be told beside SCIM: that it is one, to be empty, to be full, to stop."""

from http import HTTPStatus
from typing import TYPE_CHECKING

from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from bulkscim.sandbox.settings import CONTROL, TOKENS
from bulkscim.sandbox.tenant import token_of

if TYPE_CHECKING:
    from bulkscim.sandbox.site import Site


def answer_control(site: "Site", request: ScimRequest) -> ScimResponse:
    """Do what is told, if a sandbox's token says so."""
    if token_of(request) not in TOKENS.values():
        return ScimResponse(HTTPStatus.UNAUTHORIZED)
    match request.method, request.path.removeprefix(CONTROL):
        case "GET", "ping":
            return ScimResponse(HTTPStatus.OK, {"sandbox": site.settings.profile})
        case "POST", "stop":
            site.stopping.set()
        case "POST", "reset":
            site.tenant.reset()
            site.log.clear()
        case _:
            return ScimResponse(HTTPStatus.NOT_FOUND)
    return ScimResponse(HTTPStatus.OK, {})
