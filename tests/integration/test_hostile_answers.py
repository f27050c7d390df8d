"""A server that answers sixteen creates at once with all that it can: memory and disk of the command stay bounded."""

import json
import re
import sys
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
from anyio.from_thread import start_blocking_portal

from tests.support.making.records import create
from tests.support.running.command import Command
from tests.support.servers.raw_server import answer, talking

ROWS = 16
MB = 1 << 20
GROWTH_MB = 200
PEAK = """
import atexit
def _peak():
    import re, sys
    print("peak", re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
atexit.register(_peak)
"""
NAMED = re.compile(r"filter=userName%20eq%20%22(\S+)%22")
JSON = "Content-Type: application/scim+json"
SIZES = {"small": 200, "just under the bound": 4 * MB - 2000, "just over it": 4 * MB + 2000, "huge": 63 * MB}


def shown(name, size=0):
    """Return a new user, as JSON of this size."""
    user = {"id": f"id-{name}", "userName": name, "meta": {"created": datetime.now(UTC).isoformat()}}
    text = json.dumps(user | {"nickName": ""}).encode()
    return text[:-2] + b"x" * max(0, size - len(text)) + text[-2:]


def hostile(kind):
    """Return a talk that answers creates in one way, and lookups as they should be."""

    async def talk(number, head, writer):
        line = head.partition("\r\n")[0]
        if found := NAMED.search(line):
            text = b'{"totalResults":1,"Resources":[%s]}' % shown(unquote(found[1]))
            writer.write(answer("200 OK", text, JSON))
        elif line.startswith("GET"):
            writer.write(answer("200 OK", b'{"totalResults":0,"Resources":[]}', JSON))
        elif kind == "storm of 103":
            while True:  # until the client has closed the connection
                writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n" * 1000)
                await writer.drain()
        else:
            writer.write(answer("201 Created", shown(f"n{number}@example.com", SIZES[kind]), JSON))
        await writer.drain()
        return True

    return talk


def measured(folder, kind):
    """Run the job against such a server; return the peak memory and the size of the run folder in MB, and the outcome."""
    folder.mkdir()
    (folder / "job.jsonl").write_text(
        "".join(json.dumps(create(f"n{number}@example.com")) + "\n" for number in range(ROWS))
    )
    command = Command(folder, prelude=PEAK)
    flags = ("--yes", "--rate", "2000/s", "--concurrency", str(ROWS))
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(talking(hostile(kind))) as (url, _),
    ):
        outcome = command("run", "job.jsonl", "--base-url", url, *flags)
    peak = int(re.search(r"peak (\d+)", outcome.stderr)[1]) / 1024
    disk = sum(path.stat().st_size for path in command.runs.rglob("*") if path.is_file()) / MB
    return peak, disk, outcome


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_memory_and_disk_stay_bounded_whatever_creates_are_answered_with(tmp_path):
    """Sixteen answers of 63 MB took 1.6 GB and a run folder of 1 GB, a storm of 103s 1 GB."""
    plain, _, _ = measured(tmp_path / "first", "small")
    for kind in (*list(SIZES)[1:], "storm of 103"):
        peak, disk, outcome = measured(tmp_path / kind.replace(" ", "-"), kind)
        print(f"{kind}: {peak:.0f} MB, {peak - plain:+.0f} MB, run folder {disk:.3f} MB, exit {outcome.code}")
        assert outcome.code in {0, 3, 5, 6}, outcome.text
        assert peak - plain < GROWTH_MB, kind
        assert disk < 1, kind
