"""HTTP by aiohttp, against servers that do exactly what is wrong."""

import asyncio
import gzip
from dataclasses import replace

import pytest

from bulkscim.errors import CredentialError, UsageError
from bulkscim.model.request import Loss, NoAnswer, Request, Response
from bulkscim.model.secret import Secret
from bulkscim.providers.profile import PLAIN, AnswerBounds
from bulkscim.transport.aiohttp_transport import AiohttpTransport, HttpSettings
from bulkscim.transport.authenticated import Authenticated
from tests.support.running.fake_clock import VirtualClock
from tests.support.servers.raw_server import answer, said, talking

TOKEN = "s3cret-token"
PATCH = Request("PATCH", "/Users/1", b"{}")
WRITES = [
    Request("POST", "/Users", b"{}"),
    Request("PUT", "/Users/1", b"{}"),
    Request("DELETE", "/Users/1"),
    PATCH,
]


def opened(base, most_bytes=PLAIN.most_bytes, **settings):
    """Return a transport with a short timeout."""
    http = HttpSettings(**({"timeout_s": 5.0} | settings))
    return AiohttpTransport(base, VirtualClock(), http, replace(PLAIN, most_bytes=most_bytes))


async def sent(talk, request, **settings):
    """Send one request to a server that talks so; return the reply and the heads that arrived."""
    async with talking(talk) as (base, heads), opened(base, **settings) as transport:
        return await transport.send(request), heads


async def test_an_answer_is_returned_whole():
    """Status, headers in lower case, body, and when it came."""
    reply, heads = await sent(said(answer("201 Created", b'{"id":"1"}', "ETag: W/1", "Date: now")), WRITES[0])
    assert isinstance(reply, Response)
    assert (reply.status, reply.body, reply.headers["etag"]) == (201, b'{"id":"1"}', "W/1")
    assert reply.received_at == VirtualClock().now()
    assert heads[0].startswith("POST /scim/Users HTTP/1.1\r\n")


async def test_a_request_carries_what_servers_want():
    """Media types, a User-Agent, If-Match and the token; a path stays as it was encoded."""
    async with talking(said(answer("200 OK"), keep=True)) as (base, heads), opened(base) as transport:
        request = Request(
            "PATCH", "/Users/a%2Fb%2B%20c?filter=x%20eq%20%22%2B%22", b"{}", 'W/"7"\r\nX-Evil: 1'
        )
        await Authenticated(transport, Secret(TOKEN)).send(request)
        await transport.send(Request("GET", "/Users"))
    assert "PATCH /scim/Users/a%2Fb%2B%20c?filter=x%20eq%20%22%2B%22 HTTP/1.1" in heads[0]
    assert "Accept: application/scim+json, application/json" in heads[0]
    assert "Content-Type: application/scim+json" in heads[0]
    assert "User-Agent: bulkscim/" in heads[0]
    assert f"Authorization: Bearer {TOKEN}" in heads[0]
    assert 'If-Match: W/"7"X-Evil: 1' in heads[0]
    assert "Authorization" not in heads[1]
    assert "Content-Type" not in heads[1]


@pytest.mark.parametrize("request_", [*WRITES, Request("GET", "/Users")], ids=lambda one: one.method)
async def test_a_request_leaves_once_even_on_a_dead_connection(request_):
    """A kept connection that the server closes under the second request is a cut, not a reason to send again."""

    async def talk(number, head, writer):
        if number == 1:
            writer.write(answer("200 OK"))
        return number == 1

    async with talking(talk) as (base, heads), opened(base) as transport:
        assert isinstance(await transport.send(request_), Response)
        reply = await transport.send(request_)
        assert isinstance(reply, NoAnswer)
        assert reply.loss is Loss.CUT
        assert len(heads) == 2


async def test_a_refused_connection_means_never_sent():
    """Nothing listens there."""
    async with talking(said(b"")) as (base, _):
        pass
    async with opened(base) as transport:
        reply = await transport.send(PATCH)
    assert isinstance(reply, NoAnswer)
    assert reply.loss is Loss.NEVER_SENT
    assert "ssl" not in reply.detail
    assert reply.detail.endswith("Connection refused")
    assert reply.status is None


async def test_a_host_without_an_address_means_never_sent():
    """The name is reserved never to exist (RFC 6761)."""
    async with opened("https://nowhere.invalid/scim") as transport:
        reply = await transport.send(PATCH)
    assert isinstance(reply, NoAnswer)
    assert reply.loss is Loss.NEVER_SENT


async def test_a_tls_failure_means_never_sent():
    """A server that speaks no TLS never saw the request."""
    async with (
        talking(said(b"")) as (base, heads),
        opened(base.replace("http", "https", 1), timeout_s=0.4) as transport,
    ):
        reply = await transport.send(PATCH)
    assert isinstance(reply, NoAnswer)
    assert reply.loss is Loss.NEVER_SENT
    assert heads == []


@pytest.mark.parametrize(
    ("chunks", "status"),
    [
        ((), None),
        ((b"HTTP/1.1 20",), None),
        ((b"nonsense\r\n\r\n",), None),
        ((b"HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{",), 201),
        ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",), 200),
        ((b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain",), 200),
    ],
    ids=["closed", "half a line", "not HTTP", "short body", "short chunk", "not gzip"],
)
async def test_an_answer_that_breaks_off_is_a_cut(chunks, status):
    """The status is kept where it came."""
    reply, heads = await sent(said(*chunks), PATCH)
    assert isinstance(reply, NoAnswer)
    assert (reply.loss, reply.status) == (Loss.CUT, status)
    assert len(heads) == 1


@pytest.mark.parametrize(
    ("chunks", "status"), [((), None), ((b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",), 200)]
)
async def test_an_answer_that_does_not_come_in_time_is_a_timeout(chunks, status):
    """Sent, and nothing more is known."""
    release = asyncio.Event()

    async def talk(number, head, writer):
        for chunk in chunks:
            writer.write(chunk)
        await release.wait()
        return False

    async with talking(talk) as (base, heads), opened(base, timeout_s=0.2) as transport:
        reply = await transport.send(PATCH)
        release.set()
    assert isinstance(reply, NoAnswer)
    assert (reply.loss, reply.status) == (Loss.TIMEOUT, status)
    assert len(heads) == 1


@pytest.mark.parametrize("bound", [AnswerBounds(page=100_000), AnswerBounds(page=11_000_000)])
async def test_an_answer_without_end_is_cut_off(bound):
    """Memory stays bounded by the profile; a small file of zeros unpacked counts as what it becomes."""
    bomb = gzip.compress(b"0" * 10_000_000)
    talk = said(answer("200 OK", bomb, "Content-Encoding: gzip"))
    async with talking(talk) as (base, _), opened(base, most_bytes=bound) as transport:
        reply = await transport.send(Request("GET", "/Users"))
    if bound.page > 10_000_000:
        assert isinstance(reply, Response)
    else:
        assert (reply.loss, reply.status) == (Loss.CUT, 200)
        assert "over 0.0953" in reply.detail


@pytest.mark.parametrize(
    ("request_", "fits"),
    [
        (Request("GET", "/Users?count=100"), True),
        (Request("GET", "/Groups/1"), True),
        (Request("PATCH", "/Groups/1", b"{}"), True),
        (Request("GET", "/Users/1"), False),
        (Request("POST", "/Users", b"{}"), False),
        (Request("DELETE", "/Users/1"), False),
    ],
    ids=lambda value: f"{value.method} {value.path}" if isinstance(value, Request) else "",
)
async def test_answer_is_bounded_by_what_was_asked(request_, fits):
    """Sixteen answers of 63 MB to creates took 1.6 GB; a group may well have members for 5 MB, no user has."""
    reply, _ = await sent(said(answer("200 OK", b"0" * 5_000_000)), request_)
    assert isinstance(reply, Response if fits else NoAnswer)
    assert fits or (reply.loss, reply.status) == (Loss.CUT, 200)


async def test_storm_of_interim_answers_is_cut():
    """Each took memory until the timeout, 1 GB in all; a few are nothing special."""
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    few, _ = await sent(said(hint * 5 + answer("204 No Content")), PATCH)
    storm, _ = await sent(said(hint * 100_000), PATCH)

    assert isinstance(few, Response)
    assert isinstance(storm, NoAnswer)
    assert storm.loss is Loss.CUT


async def test_no_redirect_is_followed_and_no_cookie_kept():
    """The token goes nowhere else."""
    talk = said(
        answer("307 Temporary Redirect", b"", "Location: /other", "Set-Cookie: a=b; Path=/"), keep=True
    )
    async with talking(talk) as (base, heads), opened(base) as transport:
        first, _ = await transport.send(PATCH), await transport.send(PATCH)
    assert isinstance(first, Response)
    assert (first.status, first.headers["location"]) == (307, "/other")
    assert len(heads) == 2
    assert "Cookie" not in heads[1]


async def test_the_environment_names_no_proxy(monkeypatch):
    """Only --proxy does."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    reply, _ = await sent(said(answer("204 No Content")), PATCH)
    assert isinstance(reply, Response)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.1.2.3", "127.1", "a.localhost"]
)
async def test_a_server_on_this_machine_is_never_reached_through_a_proxy(host):
    """The proxy was sent the users and the token of the sandbox, in clear."""
    async with (
        talking(said(answer("502 Bad Gateway"))) as (proxy, proxied),
        talking(said(answer("204 No Content"))) as (base, heads),
    ):
        port = base.removesuffix("/scim").rpartition(":")[2]
        root = proxy.removesuffix("/scim")
        async with opened(f"http://{host}:{port}/scim", proxy=root) as transport:
            reply = await Authenticated(transport, Secret(TOKEN)).send(PATCH)
    assert proxied == []
    assert isinstance(reply, NoAnswer) or (reply.status, len(heads)) == (204, 1)


async def test_a_proxy_is_used_where_one_is_named():
    """Its refusal to open a tunnel means never sent, and the token is for the tenant alone."""
    async with talking(said(answer("407 Proxy Authentication Required"))) as (proxy, heads):
        root = proxy.removesuffix("/scim")
        async with opened("https://example.invalid/scim", proxy=root) as transport:
            tunnelled = await Authenticated(transport, Secret(TOKEN)).send(PATCH)
    assert isinstance(tunnelled, NoAnswer)
    assert tunnelled.loss is Loss.NEVER_SENT
    assert heads[0].startswith("CONNECT example.invalid:443 ")
    assert TOKEN not in heads[0]


async def test_the_token_is_in_no_text():
    """Not in what the objects show, and not in what failures say."""
    async with talking(said(b"")) as (base, _), opened(base) as transport:
        authenticated = Authenticated(transport, Secret(TOKEN))
        reply = await authenticated.send(PATCH)
    assert TOKEN not in f"{transport!r} {authenticated!r} {vars(authenticated)!r} {reply!r}"


@pytest.mark.parametrize("token", ["", "a\nb", "schlüssel"])
def test_a_token_that_no_header_can_carry_is_refused(token):
    """Before anything is sent, and without showing it."""
    with pytest.raises(CredentialError) as caught:
        Authenticated(opened("https://example.com"), Secret(token))
    assert token == "" or token not in str(caught.value)


@pytest.mark.parametrize("path", ["Users", "/Us ers", "/Users\r\nX: y", "/Üsers", ""])
async def test_a_path_that_is_not_encoded_is_a_bug(path):
    """No request line can be split."""
    async with opened("https://example.invalid") as transport:
        with pytest.raises(ValueError, match="percent-encoded"):
            await transport.send(Request("GET", path))


@pytest.mark.parametrize(
    "settings",
    [{"ca_bundle": "/nowhere/ca.pem"}, {"proxy": "socks5://x"}, {"proxy": "no url"}],
)
def test_settings_that_cannot_be_used_are_usage_errors(settings):
    """Found before the first request."""
    with pytest.raises(UsageError, match=r"ca-bundle|proxy"):
        opened("https://example.com", **settings)
