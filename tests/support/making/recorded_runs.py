"""A small run folder with a row in each state, made with the real journal."""

from bulkscim.jobfile.content import content_of
from bulkscim.journal import journal
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.entries import Kind
from bulkscim.model.row import RowState
from bulkscim.model.run import Counters
from tests.support.making.journals import entry_of, header_of
from tests.support.running.fake_clock import VirtualClock

CSV = """op,userName,title,password
create,ada@example.com,Lead,pw-ada
create,bob@example.com,=cmd(),pw-bob
create,eve@example.com,,
create,dan@example.com,,
create,flo@example.com,,
create,kim@example.com,,
create,liz@example.com,,
"""
START = 1_795_300_000.0  # 2026-11-21T22:26:40Z


def header(job, run):
    """Return the header of a run of this job file."""
    found = content_of(job)
    return {
        "run": run,
        "command": "run",
        "bulkscim": "0.1.0",
        "job": {
            "path": str(job),
            "size": found.size,
            "sha256": found.sha256,
            "format": job.suffix[1:],
            "spooled": False,
        },
        "defaults": {"op": None, "type": "User", "match": None},
        "tenant": {"base_url": "https://tenant.example/scim", "profile": "generic"},
        "note": "ticket 7",
    }


def settled(row, state, key, **more):
    """Return the entry that ends a row."""
    body = {"op": "create", "type": "User", "key": key, "attempts": 1, **more}
    return entry_of(Kind.SETTLED, ((row, ""),), state=state, counters=Counters(requests=1), body=body)


def started(row, step, key):
    """Return the entry that begins a create."""
    body = {
        "part": "create",
        "action": "create",
        "method": "POST",
        "type": "User",
        "identity": [["User", "userName", key]],
        "changes": [["userName", None, key], ["title", None, "Lead"]],
    }
    return entry_of(Kind.STARTED, ((row, "create"),), step, body=body)


async def make_run(folder, job, *, end=Kind.STOPPED, why="the tenant is down", now=START):
    """Make a run folder whose rows are done, failed, skipped, in doubt, noop, adopted and pending."""
    folder.mkdir(parents=True)
    clock = VirtualClock(now)
    made = journal.create(folder, LocalDisk(), header_of(header(job, folder.name), 7), clock)
    await made.append(entry_of(Kind.OPENED, body={"pid": 1, "host": "here", "command": "run"}))
    clock.advance(2)
    await made.append(started(1, 1, "ada@example.com"))
    applied = entry_of(Kind.APPLIED, ((1, "create"),), 1, body={"part": "create", "id": "u1", "status": 201})
    await made.append(applied, settled(1, RowState.DONE, "ada@example.com", id="u1", status=201))
    await made.append(started(2, 2, "bob@example.com"))
    detail = {"status": 400, "scim_type": "invalidValue", "detail": "=no good\x1b[2J title"}
    refused = entry_of(Kind.REFUSED, ((2, "create"),), 2, body={"part": "create", **detail})
    await made.append(refused, settled(2, RowState.FAILED, "bob@example.com", **detail))
    why_skipped = "row 2 failed, which was to make its manager"
    await made.append(settled(3, RowState.SKIPPED, "eve@example.com", detail=why_skipped))
    await made.append(started(4, 3, "dan@example.com"))
    await made.append(entry_of(Kind.LOST, ((4, "create"),), 3, body={"detail": "timeout after 30 s"}))
    await made.append(settled(5, RowState.NOOP, "flo@example.com", id="u5"))
    await made.append(settled(6, RowState.ADOPTED, "kim@example.com", id="u6"))
    clock.advance(3)
    if end is not None:
        await made.append(entry_of(end, body={"why": why}))
    await made.aclose()
    return folder
