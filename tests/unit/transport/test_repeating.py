"""Repeating reads."""

import json

import pytest

from bulkscim.model.request import Loss, NoAnswer, Request, Response
from bulkscim.transport.repeating import ATTEMPTS, Repeating
from tests.support.running.fake_clock import VirtualClock

GOOD = Response(200, {}, b'{"id":"1"}')
READ = Request("GET", "/Users/1")


class Scripted:
    """A transport that answers from a list, its last answer for ever."""

    def __init__(self, *replies):
        self.replies = list(replies)
        self.requests = []

    async def send(self, request):
        """Return the next reply."""
        self.requests.append(request)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@pytest.mark.parametrize(
    "bad",
    [
        Response(429),
        Response(503),
        Response(200, {}, b"<html>"),
        Response(200, {}, json.dumps({"id": "1"}).encode()[:-1]),
        NoAnswer(Loss.CUT, "cut"),
        NoAnswer(Loss.TIMEOUT, "late"),
        NoAnswer(Loss.NEVER_SENT, "refused"),
    ],
)
async def test_a_read_is_asked_until_its_answer_is_good(bad):
    """Faults of the moment are waited out."""
    inner = Scripted(bad, bad, GOOD)
    assert await Repeating(inner, VirtualClock(), lambda: 1.0).send(READ) == GOOD
    assert len(inner.requests) == 3


@pytest.mark.parametrize("final", [Response(404), Response(400), Response(403), Response(302), GOOD])
async def test_an_answer_that_will_not_change_is_taken(final):
    """Once is enough."""
    inner = Scripted(final)
    assert await Repeating(inner, VirtualClock(), lambda: 1.0).send(READ) == final
    assert len(inner.requests) == 1


async def test_refused_token_is_tried_again_once():
    """A read of one worker met a single 401 of a gateway, and the whole run stopped."""
    inner = Scripted(Response(401), GOOD)
    assert await Repeating(inner, VirtualClock(), lambda: 1.0).send(READ) == GOOD

    inner = Scripted(Response(401))
    assert await Repeating(inner, VirtualClock(), lambda: 1.0).send(READ) == Response(401)
    assert len(inner.requests) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_write_is_never_repeated(method):
    """Whatever came of it."""
    inner = Scripted(Response(503))
    await Repeating(inner, VirtualClock(), lambda: 1.0).send(Request(method, "/Users/1"))
    assert len(inner.requests) == 1


async def test_attempts_are_bounded_and_the_waits_grow():
    """The last answer is handed on."""
    clock = VirtualClock()
    inner = Scripted(Response(503))
    assert await Repeating(inner, clock, lambda: 1.0).send(READ) == Response(503)
    assert len(inner.requests) == ATTEMPTS
    assert clock.monotonic() == 0.5 + 1 + 2 + 4 + 8


async def test_retry_after_is_obeyed():
    """The tenant's own wish comes before our guess."""
    clock = VirtualClock()
    await Repeating(Scripted(Response(429, {"retry-after": "7"}), GOOD), clock, lambda: 1.0).send(READ)
    assert clock.monotonic() == 7


async def test_a_run_that_stops_asks_no_more():
    """The pause says so."""
    waits = []

    async def pause(seconds):
        waits.append(seconds)
        return False

    inner = Scripted(Response(503))
    assert await Repeating(inner, VirtualClock(), lambda: 1.0, pause).send(READ) == Response(503)
    assert (len(inner.requests), waits) == (1, [0.5])
