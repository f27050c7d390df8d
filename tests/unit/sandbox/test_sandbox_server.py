"""Who is answered by a sandbox's server, and which server counts as a sandbox."""

import asyncio
import json
import stat
from contextlib import asynccontextmanager

import pytest

from bulkscim.sandbox.launch import running
from bulkscim.sandbox.server import serve
from bulkscim.sandbox.settings import Address, SandboxFiles, SandboxSettings, read_address, write_address
from tests.support.running.fake_clock import VirtualClock


@asynccontextmanager
async def serving(where):
    """Serve a sandbox in this process; yield where it answers."""
    ready = asyncio.Event()
    task = asyncio.create_task(serve(where, SandboxSettings(), VirtualClock(), lambda _: ready.set()))
    try:
        await asyncio.wait_for(ready.wait(), 20)
        yield read_address(where)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def status_of(port, head, *headers):
    """Send a request whose head is written as given; return the status of its answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("\r\n".join((head, *headers, "Connection: close", "", "")).encode())
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return int(answer.split(b" ", 2)[1])


async def test_a_sandbox_answers_only_to_its_own_random_token(tmp_path):
    """Any account of the machine read, changed and emptied the sandbox with the constant `sandbox-admin`."""
    where = SandboxFiles(tmp_path / "sandbox", "generic")
    async with serving(where) as first:
        host = f"Host: 127.0.0.1:{first.port}"
        for token in ("sandbox-admin", "sandbox-content", "", "\udcff", "Bearer"):
            auth = f"Authorization: Bearer {token}".encode(errors="surrogateescape").decode("latin-1")
            asked = (
                "GET /scim/v2/Users",
                "POST /_sandbox/reset",
                "POST /_sandbox/stop",
                "POST /_sandbox/seed",
            )
            statuses = [await status_of(first.port, f"{one} HTTP/1.1", host, auth) for one in asked]
            assert statuses == [401] * 4, token
        content = f"Authorization: Bearer {first.tokens['sandbox-content']}"
        assert await status_of(first.port, "POST /_sandbox/reset HTTP/1.1", host, content) == 401
        own = f"Authorization: Bearer {first.tokens['sandbox']}"
        assert await status_of(first.port, "GET /scim/v2/Users HTTP/1.1", host, own) == 200
        assert await status_of(first.port, "POST /_sandbox/reset HTTP/1.1", host, own) == 200
        assert stat.S_IMODE(where.address.stat().st_mode) == 0o600
    async with serving(where) as second:
        assert second.tokens == first.tokens
    async with serving(SandboxFiles(tmp_path / "other", "generic")) as other:
        assert set(other.tokens.values()).isdisjoint(first.tokens.values())
    assert min(map(len, first.tokens.values())) >= 40
    assert first.tokens["sandbox"] not in repr(first)


async def test_the_constant_tokens_of_an_older_sandbox_are_replaced(tmp_path):
    """Its file held them, and the port of its runs, which stays."""
    where = SandboxFiles(tmp_path / "sandbox", "generic")
    async with serving(where) as first:
        pass
    constant = {"sandbox": "sandbox-admin", "sandbox-content": "sandbox-content"}
    write_address(where, Address(first.port, first.pid, first.settings, constant))
    async with serving(where) as second:
        assert second.port == first.port
        assert min(map(len, second.tokens.values())) >= 40


@pytest.mark.parametrize(
    ("head", "hosts", "status"),
    [
        ("GET /scim/v2/Users HTTP/1.1", ["localhost"], 200),
        ("GET /scim/v2/Users HTTP/1.1", ["127.0.0.1:9"], 200),
        ("GET /scim/v2/Users HTTP/1.1", ["[::1]:9"], 200),
        ("GET http://localhost/scim/v2/Users HTTP/1.1", ["localhost"], 200),
        ("GET /scim/v2/Users HTTP/1.1", ["evil.example"], 421),
        ("GET /scim/v2/Users HTTP/1.1", ["evil.example:80"], 421),
        ("GET /scim/v2/Users HTTP/1.1", ["127.0.0.1.evil.example"], 421),
        ("GET /scim/v2/Users HTTP/1.1", ["evil.example#127.0.0.1"], 421),
        ("GET /scim/v2/Users HTTP/1.1", ["127.0.0.1@evil.example"], 421),
        ("GET /scim/v2/Users HTTP/1.1", ["evil.example@127.0.0.1"], 421),
        ("GET /scim/v2/Users HTTP/1.1", ["192.168.0.7"], 421),
        ("GET /scim/v2/Users HTTP/1.1", [""], 421),
        ("GET /scim/v2/Users HTTP/1.0", [], 421),
        ("GET http://evil.example/scim/v2/Users HTTP/1.1", ["localhost"], 421),
        ("GET /scim/v2/ServiceProviderConfig HTTP/1.1", ["evil.example"], 421),
        ("GET /_sandbox/ping HTTP/1.1", ["evil.example"], 421),
    ],
)
async def test_a_host_that_is_not_this_machine_is_refused(tmp_path, head, hosts, status):
    """A web page whose name leads to 127.0.0.1 read the sandbox: `Host` was not looked at."""
    async with serving(SandboxFiles(tmp_path / "sandbox", "generic")) as address:
        own = f"Authorization: Bearer {address.tokens['sandbox']}"
        assert await status_of(address.port, head, *(f"Host: {host}" for host in hosts), own) == status


@pytest.mark.parametrize(
    "answer", [{"sandbox": "generic"}, {"sandbox": "generic", "proof": "0" * 64}, [1], "x", None]
)
async def test_another_program_at_the_port_is_no_sandbox_and_gets_no_token(tmp_path, answer):
    """It was taken for the sandbox, was sent the token, and then all users of the run."""
    heads = []

    async def talk(reader, writer):
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        body = json.dumps(answer).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        writer.close()

    where = SandboxFiles(tmp_path / "sandbox", "generic")
    async with serving(where) as address:
        assert await asyncio.to_thread(running, where) == address
    async with await asyncio.start_server(talk, "127.0.0.1", address.port):
        assert await asyncio.to_thread(running, where) is None
    assert len(heads) == 1
    assert b"authorization" not in heads[0].lower()
    assert address.tokens["sandbox"].encode() not in heads[0]
