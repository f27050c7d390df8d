"""A sandbox at work: its tenant, the faults and limits before it, and the record of what reached it."""

import anyio
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from bulkscim.model.clock import Clock
from bulkscim.sandbox.requestlog import RequestLog
from bulkscim.sandbox.settings import Place, Settings
from bulkscim.sandbox.tenant import GenericTenant


class Site:
    """What the server serves. `port` is known once it listens."""

    def __init__(self, where: Place, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.port = 0
        self.stopping = anyio.Event()
        self.tenant = GenericTenant(where.resources)
        self.log = RequestLog(where.requests)

    async def answer(self, request: ScimRequest) -> ScimResponse:
        """Answer one request and write down what it came to."""
        response = self.tenant.answer(request)
        self.log.add(self.clock.now(), request, int(response.status))
        return response

    def close(self) -> None:
        """Close what is open."""
        self.tenant.close()
        self.log.close()
