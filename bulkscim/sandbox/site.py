"""A sandbox at work: its tenant, the limits and faults before it, and the record of what reached it."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import anyio
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from bulkscim.model.clock import Clock
from bulkscim.providers.quirks import Dialect
from bulkscim.sandbox.faults import FaultDraw, InjectedFault, ProviderLimits
from bulkscim.sandbox.requestlog import RequestLog
from bulkscim.sandbox.settings import SandboxFiles, SandboxSettings
from bulkscim.sandbox.tenant import SandboxTenant
from bulkscim.tenants.profiles import provider_named

WAIT_S = 1.0  # of a provider's time
_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


@dataclass(frozen=True, slots=True)
class OutgoingAnswer:
    """What leaves: an answer or none, and how much is done to it on its way; `made` is what was created, seen or not."""

    response: ScimResponse | None
    fault: InjectedFault | None = None
    made: str = ""


class Site:
    """What the server serves, to clients with one of its tokens. `port` is known once it listens."""

    def __init__(
        self, where: SandboxFiles, settings: SandboxSettings, clock: Clock, tokens: Mapping[str, str]
    ) -> None:
        provider = provider_named(settings.profile)
        quirks = provider.quirks.speaking(Dialect(settings.patch) if settings.patch else None)
        buckets = provider.profile.buckets if quirks.is_limited else ()
        self.settings = settings
        self.profile = provider.profile.name
        self.tokens = tokens
        self.clock = clock
        self.port = 0
        self.stopping = anyio.Event()
        self.tenant = SandboxTenant(where.resources, quirks, tokens)
        self.log = RequestLog(where.requests)
        self._faults = FaultDraw(settings.faults, settings.seed)
        self._limits = ProviderLimits(buckets, settings.speed)
        self._retry_after = f"{round(WAIT_S / settings.speed, 3):g}"

    async def answer(self, request: ScimRequest) -> OutgoingAnswer:
        """Answer one request and write down what it came to."""
        fault = self._faults.draw()
        if self._faults.latency_s:
            await self.clock.sleep(self._faults.latency_s)
        now = self.clock.monotonic()
        path = f"{request.path}?" if request.query else request.path
        if fault is None and not self._limits.admits(now, request.method, path, len(request.body)):
            sent, limited = OutgoingAnswer(_error(HTTPStatus.TOO_MANY_REQUESTS, "too many requests")), "limit"
        else:
            sent, limited = self._sent(request, fault), ""
        status = int(sent.response.status) if sent.response else 0
        self.log.add(self.clock.now(), request, status, fault or limited, sent.made)
        return sent

    def _sent(self, request: ScimRequest, fault: InjectedFault | None) -> OutgoingAnswer:
        """Ask the tenant where the fault leaves it to, and return what the fault makes of it."""
        response = None if fault and fault.is_before else self.tenant.answer(request)
        made = _made(response)
        match fault:
            case InjectedFault.THROTTLED:
                response = _error(HTTPStatus.TOO_MANY_REQUESTS, "too many requests")
                response.headers["Retry-After"] = self._retry_after
            case InjectedFault.THROTTLED_BARE:
                response = _error(HTTPStatus.TOO_MANY_REQUESTS, "too many requests")
            case InjectedFault.BUSY_BEFORE | InjectedFault.BUSY_AFTER:
                response = _error(HTTPStatus.SERVICE_UNAVAILABLE, "busy")
            case InjectedFault.DROP_BEFORE | InjectedFault.DROP_AFTER:
                response = None
            case InjectedFault.PAGE:
                response = ScimResponse(HTTPStatus.OK)
            case InjectedFault.TRUNCATED | None:
                pass
        return OutgoingAnswer(response, fault, made)

    def close(self) -> None:
        """Close what is open."""
        self.tenant.close()
        self.log.close()


def _made(response: ScimResponse | None) -> str:
    """Return the id of what an answer says was created."""
    if response is None or response.status != HTTPStatus.CREATED:
        return ""
    return str((response.body or {}).get("id", ""))


def _error(status: HTTPStatus, detail: str) -> ScimResponse:
    body = {"schemas": [_ERROR], "status": str(int(status)), "detail": detail}
    return ScimResponse(status, body)
