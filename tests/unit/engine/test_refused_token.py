"""A token that is refused while other things go wrong as well: the run stops, and no row fails by it."""

import pytest

from bulkscim.errors import CredentialError, Outage
from bulkscim.journal.bodies import Applied
from bulkscim.model.request import Response
from tests.support.simulation.tenant import SimulatedTenant

HELD = [{"id": f"u{number}", "userName": f"p{number}@example.com"} for number in range(3)]
LINES = [
    {"op": "patch", "type": "User", "id": user["id"], "patch": [{"op": "replace", "path": "title", "value": "x"}]}
    for user in HELD
]  # fmt: skip
DENIED, BUSY, UNAUTHORIZED = Response(403), Response(503), Response(401)
ASKED_TO_WAIT = Response(403, {"retry-after": "2"})
LIMIT_SPENT = Response(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "5"})
CONTROL = "/Users?"


class Failing(SimulatedTenant):
    """Answers some requests in another way: `answer` gets the request, and how often this one was asked before."""

    answer = staticmethod(lambda request, times: None)

    def __init__(self, *given):
        super().__init__(*given)
        self.asked = {}

    async def send(self, request):
        key = request.method, request.path
        self.asked[key] = self.asked.get(key, 0) + 1
        reply = type(self).answer(request, self.asked[key] - 1)
        return await super().send(request) if reply is None else reply


def write_is_denied_and_the_control_is_busy(request, times):
    return DENIED if request.method == "PATCH" else BUSY if request.path.startswith(CONTROL) else None


def read_is_busy_until_the_token_is_revoked(request, times):
    if request.path.startswith(CONTROL):
        return DENIED if times else None
    return BUSY if times < 6 else DENIED


def read_is_busy_until_the_token_has_expired(request, times):
    if request.path.startswith(CONTROL):
        return UNAUTHORIZED if times else None
    return BUSY if times < 6 else UNAUTHORIZED


def read_is_busy_until_the_tenant_is_out(request, times):
    if request.path.startswith(CONTROL):
        return BUSY if times else None
    return BUSY


def write_is_denied_for_the_record(request, times):
    return DENIED if request.method == "PATCH" else None


def write_is_denied_where_users_are_not_listed(request, times):
    return (
        DENIED if request.method == "PATCH" else Response(404) if request.path.startswith(CONTROL) else None
    )


def each_request_is_throttled_once(request, times):
    return (ASKED_TO_WAIT if request.method == "PATCH" else LIMIT_SPENT) if times == 0 else None


def write_is_denied_with_a_retry_after(request, times):
    return ASKED_TO_WAIT if request.method == "PATCH" else None


def all_is_throttled_after_the_first_look(request, times):
    return None if request.path.startswith(CONTROL) and times == 0 else LIMIT_SPENT


@pytest.mark.parametrize(
    ("answer", "reason", "failed"),
    [
        (write_is_denied_and_the_control_is_busy, type(None), 3),
        (read_is_busy_until_the_token_is_revoked, CredentialError, 0),
        (read_is_busy_until_the_token_has_expired, CredentialError, 0),
        (read_is_busy_until_the_tenant_is_out, Outage, 0),
        (write_is_denied_for_the_record, type(None), 3),
        (write_is_denied_where_users_are_not_listed, type(None), 3),
        (each_request_is_throttled_once, type(None), 0),
        (write_is_denied_with_a_retry_after, type(None), 3),
        (all_is_throttled_after_the_first_look, Outage, 0),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_refused_token_fails_no_row(carried, answer, reason, failed):
    """Rows failed with 403, 401 or 503: the control read that got no answer counted as one that works.

    So did the second read of a row, after whose answer nothing asked for the token. What the tenant refuses for one
    record still fails its row, also where the listing of users is busy and other reads are answered.
    """
    tenant = type("Tenant", (Failing,), {"answer": staticmethod(answer)})
    report = await carried(LINES, held=HELD, kind=tenant, concurrency=1)

    assert type(report.exit_reason) is reason
    done = 0 if reason is not type(None) else 3 - failed
    assert (report.totals.failed, report.totals.done, report.totals.pending) == (
        failed,
        done,
        3 - failed - done,
    )


async def test_403_that_throttles_is_waited_out_once(carried):
    """It failed the row at once. A refusal that carries a Retry-After each time is sent twice, and no more."""
    tenant = type("Tenant", (Failing,), {"answer": staticmethod(write_is_denied_with_a_retry_after)})
    await carried(LINES[:1], held=HELD, kind=tenant, concurrency=1)

    assert carried.tenant.asked["PATCH", "/Users/u0"] == 2
    assert carried.tenant.clock.monotonic() >= 2.0


class Untold(SimulatedTenant):
    """Answers a create with an id alone, keeps names in lower case, and may refuse the token of reads from then on."""

    revokes = reads = True

    async def send(self, request):
        if request.method == "GET" and not self.reads:
            return DENIED
        return await super().send(request)

    def _create(self, collection, body):
        super()._create(collection, body | {"userName": body["userName"].lower()})
        made = list(self.held[collection])[-1]
        self.reads = not self.revokes
        return self._answer(201, None, {"location": f"https://t.example/{collection}/{made}"})


@pytest.mark.parametrize("revokes", [True, False])
async def test_what_was_made_as_the_token_was_refused_is_read_before_it_is_recorded(carried, revokes):
    """It was recorded as it was sent. A rollback then took the name that the tenant shows for a change by others."""
    rows = [LINES[0], {"op": "create", "type": "User", "data": {"userName": "Ada@example.com"}}]
    kind = type("Tenant", (Untold,), {"revokes": revokes})
    report = await carried(rows, held=HELD, kind=kind, concurrency=1)
    assert type(report.exit_reason) is (CredentialError if revokes else type(None))

    carried.tenant.reads = True
    report = await carried.on()
    assert report.totals.done == 2
    made = next(how.after for _, how in carried.record.each(Applied) if how.after)
    assert made["userName"] == "ada@example.com"


async def test_a_token_that_never_reads_still_creates(carried):
    """That reads are refused shows nothing of a token which no read has worked with."""
    rows = [{"op": "create", "type": "User", "data": {"userName": "ada@example.com"}}]
    kind = type("Tenant", (Untold,), {"reads": False})
    report = await carried(rows, kind=kind, concurrency=1)

    assert (report.totals.done, report.exit_reason) == (1, None)
