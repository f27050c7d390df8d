"""Whatever bytes come back, a request has left once, and ends in an answer or in the reason why there is none."""

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkscim.engine.clock import RealClock
from bulkscim.model.request import NoAnswer, Request, Response
from bulkscim.model.step import Action
from bulkscim.pacing.hints import retry_after
from bulkscim.pacing.retry import judge, judge_read
from bulkscim.scim import protocol
from bulkscim.transport.aiohttp_transport import AiohttpTransport, HttpSettings
from tests.support.making.few import examples
from tests.support.servers.raw_server import said, talking

POST = Request("POST", "/Users", b"{}")
TYPES = (
    "application/scim+json",
    "text/html",
    "application/json; charset=bogus",
    "image/png; charset=utf-16",
    ";",
    "multipart/form-data; boundary=x",
    "\x7f",
    "a/b; " * 50,
)
NAMES = (
    "Content-Type",
    "Content-Encoding",
    "Transfer-Encoding",
    "Content-Length",
    "Location",
    "Date",
    "Retry-After",
)
NAMES += ("Set-Cookie", "ETag", "Connection", "Content-Disposition")
VALUES = (
    *TYPES,
    "gzip",
    "br",
    "deflate",
    "chunked",
    "-1",
    "9999999999999",
    "0x1",
    "close",
    "keep-alive",
    "",
    "http://[",
    "/Users/%ff",
    "/Users/..",
)
BODIES = (
    b'{"id":"1"}',
    b"<html>",
    b"",
    b"\xff\xfe{",
    b"\x1f\x8b\x08",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"[" * 2000,
)


@st.composite
def answers(draw):
    """Draw an HTTP answer whose headers lie."""
    status = draw(
        st.sampled_from(("200 OK", "201 Created", "429 Slow", "500 Oh", "100 Continue", "999 ?", "20 x"))
    )
    headers = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=4))
    body = draw(st.one_of(st.sampled_from(BODIES), st.binary(max_size=60)))
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    if draw(st.booleans()):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode("latin-1") + body


@given(st.one_of(answers(), st.binary(max_size=80)))
@settings(max_examples=examples(100), database=None)
def test_bytes_of_any_kind_are_an_answer_or_the_want_of_one(data):
    """Nothing else is raised, and every header and body that came can be judged."""
    anyio.run(exchanged, data)


async def exchanged(data):
    """Send one write, and judge what came of it as if it were each kind of step."""
    async with (
        talking(said(data)) as (base, heads),
        AiohttpTransport(base, RealClock(), HttpSettings(timeout_s=2.0)) as transport,
    ):
        reply = await transport.send(POST)
    assert len(heads) == 1
    assert isinstance(reply, Response | NoAnswer)
    for action in Action:
        judge(action, reply)
    judge_read(reply)
    if isinstance(reply, Response):
        retry_after(reply)
        protocol.list_of(reply.body)
        protocol.id_of_location(reply.headers.get("location", ""), "User")
