"""What the log of a sandbox tells of one request."""

import orjson
import pytest
from scim2_server.requests import ScimRequest

from bulkscim.sandbox.requestlog import RequestLog, read_log, shown
from bulkscim.sandbox.settings import SandboxFiles, SandboxSettings
from bulkscim.sandbox.site import Site
from tests.support.running.fake_clock import VirtualClock
from tests.support.servers.sandboxes import ADMIN, TOKENS

PERSON = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada@example.com"}


def posting() -> ScimRequest:
    """Ask for a user."""
    headers = {"Authorization": f"Bearer {ADMIN}", "Content-Type": "application/scim+json"}
    return ScimRequest("POST", "http://127.0.0.1", "/Users", {}, headers, orjson.dumps(PERSON))


@pytest.mark.parametrize(
    ("fault", "status", "makes"),
    [("drop-after", 0, True), ("503-after", 503, True), ("html", 200, True), ("drop-before", 0, False)],
)
async def test_what_was_made_is_told_though_its_answer_was_lost(tmp_path, fault, status, makes):
    """The id of what was created stands in the log whatever left; none where nothing was done."""
    where = SandboxFiles(tmp_path, "generic")
    site = Site(where, SandboxSettings(faults={fault: 1.0}), VirtualClock(), TOKENS)
    try:
        await site.answer(posting())
        (line,) = read_log(where.requests)
    finally:
        site.close()

    assert (line["status"], line["fault"]) == (status, fault)
    assert bool(line.get("made")) is makes
    assert (f"made {line.get('made')}" in shown(line)) is makes


@pytest.mark.parametrize("whole", [b"", b'{"at":1}\n', b'{"at":1}\n{"at":2}\n'], ids=len)
def test_line_that_a_killed_sandbox_left_torn_does_not_spoil_the_next(tmp_path, whole):
    """`sandbox log` failed for good after a sandbox was killed while it wrote a line."""
    path = tmp_path / "requests.jsonl"
    path.write_bytes(whole + b'{"at":3,"meth')
    log = RequestLog(path)
    try:
        log.add(4.0, posting(), 201)
    finally:
        log.close()

    assert [line["at"] for line in read_log(path)] == [*range(1, whole.count(b"\n") + 1), 4.0]
