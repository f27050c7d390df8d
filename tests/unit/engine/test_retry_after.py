"""A Retry-After on any answer closes the way for all that is sent after it."""

import pytest

from tests.support.simulation.tenant import SimulatedTenant

WAIT_S = 40.0


class Asking(SimulatedTenant):
    """Answers the first write with a status and a Retry-After, and notes when each request came."""

    status = 503
    times = ()

    async def send(self, request):
        self.times = (*self.times, self.clock.monotonic())
        if request.method == "GET" or self.asked:
            return await super().send(request)
        self.asked = self.clock.monotonic()
        reply = await super().send(request) if self.status < 300 else self._answer(self.status, {})
        return (
            self._answer(self.status, {}, {"retry-after": f"{WAIT_S}"})
            if self.status >= 300
            else _with(reply)
        )

    asked = 0.0


def _with(reply):
    reply.headers["retry-after"] = f"{WAIT_S}"
    return reply


@pytest.mark.parametrize("status", [201, 403, 408, 413, 429, 500, 503])
async def test_nothing_is_sent_before_it_is_over(carried, status):
    """Only answers of 429 and from 500 on were heeded."""
    kind = type("Asking", (Asking,), {"status": status})
    lines = [
        {"op": "create", "type": "User", "data": {"userName": f"n{number}@example.com"}}
        for number in range(9)
    ]
    await carried(lines, kind=kind, concurrency=1)

    tenant = carried.tenant
    assert tenant.asked
    after = [time for time in tenant.times if time > tenant.asked]
    assert after
    assert min(after) >= tenant.asked + WAIT_S
