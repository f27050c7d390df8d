"""What is fed with arbitrary bytes: each target takes them as some part of the outside world would send them.

A target returns where the bytes were taken or refused as is stated, and raises anything else: that is a finding.
"""

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import orjson

from bulkscim.errors import JobFileInvalid, JournalDamaged, NoSuchRun, UsageError
from bulkscim.jobfile.reading import rows
from bulkscim.jobfile.source import open_source
from bulkscim.jobfile.validate import check
from bulkscim.journal import audit, checkpoint, entries, journal
from bulkscim.journal.entries import Kind
from bulkscim.model.operation import GROUP, USER, Defaults, JsonObject, PatchOperation, Verb
from bulkscim.model.request import Response
from bulkscim.model.row import RowState
from bulkscim.model.step import Action
from bulkscim.pacing import hints
from bulkscim.pacing.retry import judge, judge_read
from bulkscim.providers import quirks
from bulkscim.runs import definition
from bulkscim.runs.options import RecordDefaults
from bulkscim.scim import discovery, patch, paths, protocol
from bulkscim.tenants import entries as tenant_entries
from tests.support.making.journals import (
    PATH,
    applied,
    begin,
    done,
    entry_of,
    lost,
    opened,
    started,
    told,
    work,
)
from tests.support.making.providers import LUCID_QUIRKS
from tests.support.running.fake_clock import VirtualClock
from tests.support.servers.asked import asked_for
from tests.support.simulation.disk import FOLDER, SimulatedDisk

Target = Callable[[bytes], None]

CHECKPOINT = FOLDER / checkpoint.CHECKPOINT
SEPARATOR = b"\xff\n"
ROWS = 6


@cache
def journal_and_checkpoint() -> tuple[bytes, bytes]:
    """Return a sound journal of two sessions, and a checkpoint of it."""
    disk = SimulatedDisk()
    anyio.run(_two_sessions, disk)
    return disk.contents(PATH), disk.contents(CHECKPOINT)


async def _two_sessions(disk: SimulatedDisk) -> None:
    run = begin(disk, ROWS)
    await run.append(opened())
    await work(run, [1, 2])
    await run.append(started(3, run.next_step()))
    await run.append(lost(3, 3), entry_of(Kind.STOPPED, body={"why": "told to"}))
    await run.aclose()
    run = journal.open_for_append(FOLDER, disk, VirtualClock())
    merged = ((4, "member:A"), (5, "member:A"))
    await run.append(opened(), applied(3, 3), done(3))
    await run.append(entry_of(Kind.STARTED, merged, run.next_step()))
    await run.append(entry_of(Kind.APPLIED, merged, 4), done(4), done(5, RowState.NOOP))
    await run.aclose()


def journal_bytes(data: bytes) -> None:
    """Read bytes as a journal: sound, torn, damaged, or no journal at all; what is whole in front is kept."""
    disk = SimulatedDisk()
    disk.make_folder(FOLDER)
    disk.put(PATH, data)
    with suppress(JournalDamaged, NoSuchRun), journal.read(FOLDER, disk) as recorded:
        told(recorded)
    with suppress(JournalDamaged, NoSuchRun):
        audit.audit(disk.open_read(PATH), PATH)
    with suppress(JournalDamaged, NoSuchRun):
        journal.open_for_append(FOLDER, disk, VirtualClock())
    with suppress(ValueError):
        entries.decode(data)


def journal_behind_a_good_one(data: bytes) -> None:
    """Read bytes that stand behind a sound journal, which must not be lost by them."""
    good = journal_and_checkpoint()[0]
    disk = SimulatedDisk()
    disk.put(PATH, good + data)
    with suppress(JournalDamaged), journal.read(FOLDER, disk) as recorded:
        assert recorded.ledger.state(4) is RowState.DONE
        assert recorded.chain.encode() in good + data


def journal_resealed(data: bytes) -> None:
    """Read lines that were changed and sealed again, so that the chain holds and only the sense is wrong."""
    texts = [line[entries.HASHED] for line in journal_and_checkpoint()[0].split(b"\n")[:-1]]
    for edit in data.split(SEPARATOR):
        if len(edit) >= 3:
            number, place = edit[0] % len(texts), edit[1] * 256 % 1024 + edit[2] % 256
            text = texts[number]
            texts[number] = text[:place] + edit[3:] + text[place + len(edit[3:]) :]
    chain, written = entries.FIRST_CHAIN, b""
    for text in texts:
        chain = entries.link(chain, text)
        written += entries.seal(text, chain)
    journal_bytes(written)


def checkpoint_bytes(data: bytes) -> None:
    """Read bytes as a checkpoint: what it says is no more than what the journal says."""
    good = journal_and_checkpoint()[0]
    plain, cached = SimulatedDisk(), SimulatedDisk()
    plain.put(PATH, good)
    cached.put(PATH, good)
    cached.put(CHECKPOINT, data)
    assert told(journal.read(FOLDER, cached)) == told(journal.read(FOLDER, plain))


def checkpoint_resealed(data: bytes) -> None:
    """Read a checkpoint that was changed and given a fitting checksum: it is left alone, or read to the end."""
    good, kept = journal_and_checkpoint()
    body = kept[: kept.rfind(b'","checksum"')]
    if len(data) >= 2:
        place = (data[0] * 256 + data[1]) % len(body)
        body = body[:place] + data[2:] + body[place + len(data[2:]) :]
    checksum = hashlib.blake2b(body, digest_size=16).hexdigest().encode()
    disk = SimulatedDisk()
    disk.put(PATH, good)
    disk.put(CHECKPOINT, body + b'","checksum":"' + checksum + b'"}\n')
    with suppress(JournalDamaged), journal.read(FOLDER, disk) as recorded:
        told(recorded)


def job_csv(data: bytes) -> None:
    """Check bytes as a CSV job file."""
    _job(data, ".csv", Defaults(op=Verb.UPSERT))


def job_jsonl(data: bytes) -> None:
    """Check bytes as a JSONL job file."""
    _job(data, ".jsonl", Defaults())


def _job(data: bytes, suffix: str, defaults: Defaults) -> None:
    """Check a file and, where it is sound, read it again; then check it as it comes from a pipe."""
    with tempfile.TemporaryDirectory(prefix="bulkscim-") as folder:
        path = Path(folder) / f"job{suffix}"
        path.write_bytes(data)
        for number, stdin in enumerate((None, BytesIO(data))):
            with suppress(JobFileInvalid, UsageError):
                source = open_source(str(path) if stdin is None else "-", stdin)
                try:
                    checked = check(source, defaults, Path(folder) / f"index{number}")
                    assert (checked.index is None) == bool(checked.problem_count)
                    if checked.index is not None:
                        with checked.index:
                            assert sum(1 for _ in rows(source, defaults)) == checked.rows
                finally:
                    source.discard()


def definitions(data: bytes) -> None:
    """Read bytes as a job definition, and as the file of tenants."""
    with tempfile.TemporaryDirectory(prefix="bulkscim-") as folder:
        path = Path(folder) / "job.toml"
        path.write_bytes(data)
        with suppress(UsageError):
            definition.load(path)
        with suppress(UsageError):
            definition.said_of("people.csv", RecordDefaults(map=path))
        with suppress(UsageError):
            tenant_entries.entries([path])


def path_texts(data: bytes) -> None:
    """Use a text as an attribute path, and as a filter, on resources of any shape."""
    text, _, rest = data.decode("utf-8", "replace").partition("\n")
    value = protocol.json_of(rest.encode())
    resource: JsonObject = value if isinstance(value, dict) else {"emails": [{"value": "a@example.com"}]}
    with suppress(paths.PathError):
        paths.get(resource, text)
    for op in ("add", "replace", "remove"):
        for one in ("x", {"value": "x"}, [{"value": "x"}], None):
            operation = PatchOperation(op, text, one)
            with suppress(paths.PathError):
                patch.apply([operation], resource)
            patch.in_effect(operation, resource)


def filter_texts(data: bytes) -> None:
    """Use a text as a filter that a client sent, and as a value that is looked for."""
    text = data.decode("utf-8", "replace")
    for kind in (USER, GROUP):
        quirks.filter_of(LUCID_QUIRKS, kind, text)
    asked_for(f"/Users?{data.decode('latin-1')}")
    with suppress(ValueError):
        asked_for(text)
    asked = protocol.lookup_path(USER, "userName", text)
    assert asked.isascii()
    assert asked_for(asked) == ("userName", text)


def patch_bodies(data: bytes) -> None:
    """Take bytes as the body of a PATCH or a resource that came to the sandbox."""
    value = protocol.json_of(data)
    if not isinstance(value, dict):
        return
    for kind in (USER, GROUP):
        quirks.patch_of(LUCID_QUIRKS, kind, value)
    quirks.refused_user(LUCID_QUIRKS, value, creating=True)
    quirks.names_in(value)
    quirks.without(value, ("urn:",))


def headers(data: bytes) -> None:
    """Read a header's text as a date, and as a time to come back."""
    text, _, date = data.decode("latin-1").partition("\n")
    for named in ({"retry-after": text}, {"retry-after": text, "date": date}, {"date": text}):
        response = Response(429, named, b"", 1_795_299_003.0)
        seconds = hints.retry_after(response)
        assert seconds is None or 0.0 <= seconds <= hints.MOST_S
        assert hints.server_time(response) == hints.server_time(response)


def answers(data: bytes) -> None:
    """Judge an answer with these bytes as its body, whatever was asked; what it shows can be journaled and told."""
    for status in (200, 201, 204, 400, 409, 429, 500):
        response = Response(status, {}, data, 1_795_299_003.0)
        judgements = [judge(action, response) for action in Action]
        judge_read(response)
        for one in judgements:
            assert len(one.detail) <= 2 * protocol.DETAIL_LENGTH
            assert one.detail.isprintable(), one.detail
            _journaled(Kind.REFUSED, {"detail": one.detail, "scim_type": one.scim_type})
            _journaled(Kind.APPLIED, {"after": one.resource})
    listing = protocol.list_of(data)
    for resource in listing.resources if listing else ():
        _journaled(Kind.STARTED, {"before": resource, "id": resource["id"]})
        with suppress(ValueError):
            assert protocol.resource_path(USER, resource["id"]).isascii()
        _compared(resource)
    discovery.capabilities_of(Response(200, {}, data))


def _journaled(kind: Kind, body: JsonObject) -> None:
    """Write what was read on a line of the journal, and read it back."""
    entry = entry_of(kind, ((1, "create"),), 1, body=body)
    line = entries.encode((entry,), 1, 1, 0.0, (0,), 2)
    assert isinstance(orjson.loads(line + b'"}'), dict)


def _compared(resource: JsonObject) -> None:
    """Ask of a resource what a worker would."""
    operation = PatchOperation("replace", 'emails[type eq "work"].value', "x")
    patch.in_effect(operation, resource)
    with suppress(paths.PathError):
        patch.apply([operation], resource)


TARGETS: Mapping[str, Target] = {
    target.__name__: target
    for target in (
        journal_bytes,
        journal_behind_a_good_one,
        journal_resealed,
        checkpoint_bytes,
        checkpoint_resealed,
        job_csv,
        job_jsonl,
        definitions,
        path_texts,
        filter_texts,
        patch_bodies,
        headers,
        answers,
    )
}


def _round_and_round() -> bytes:
    """Return the edit that lets a row's link point behind the line that holds it."""
    line = journal_and_checkpoint()[0].splitlines()[3]
    place = line.index(b'"create",') + len(b'"create",')
    return bytes((3, place // 256, place % 256)) + b"9" * 3


def _deep(opening: bytes, depth: int, closing: bytes = b"}") -> bytes:
    """Return JSON that is nested further than some readers and writers go."""
    return opening + b"[" * depth + b"]" * depth + closing


def starts(name: str) -> list[bytes]:
    """Return bytes that a target takes, to begin from."""
    good, kept = journal_and_checkpoint()
    texts: dict[str, list[Any]] = {
        "journal_bytes": [good, good[: len(good) // 2]],
        "journal_behind_a_good_one": [good.splitlines(keepends=True)[-1], b"{"],
        "journal_resealed": [
            b"\x03\x00\x5a         9",
            b"\x00\x00\x05" + SEPARATOR + b"\x04\x00\x9c{}",
            b"\x02\x00Z\t        1",
            b"\x02\x00Z\x00",
            b"\x01\x00{\x00",
            b"\x00\x00\x02 ",
            b"\x00\x00\x00\x00",
            _round_and_round(),
        ],
        "checkpoint_bytes": [kept],
        "checkpoint_resealed": [b"\x00\x20[]", b"\x00\x0a-1"],
        "job_csv": [
            b"userName,title,op\na@example.com,Lead,create\n",
            b'_row;userName;"emails[type eq ""work""].value"\n1;\'=a;b\n',
        ],
        "job_jsonl": [
            b'{"op":"patch","type":"User","match":{"userName":"a"},"patch":[{"op":"add","path":"title","value":1}]}\n',
            b'{"method":"POST","path":"/Users","bulkId":"q1","data":{"userName":"e"}}\n',
            _deep(b'{"op":"create","type":"User","data":{"userName":"a","x":', 600, b"}}\n"),
            _deep(b'{"op":"create","type":"User","data":{"userName":"a","x":', 200, b"}}\n"),
            b'{"op":"create","data":{"userName":"a","n":' + b"9" * 400 + b',"e":1e400}}\n',
        ],
        "definitions": [
            b'[job]\nfile = "people.csv"\nop = "deactivate"\n[map]\nactive = { column = "S", values = { A = true } }\n',
            b'[job]\nfile = "a.csv"\n[guard]\nmax_delete = "5%"\nprotect = ["a"]\n[then]\nop = "delete"\nafter = "30d"\n',
            b'[tenant.acme]\nbase_url = "https://x.example/scim"\nprofile = "lucid"\ntoken_env = "X"\nproduction = true\n',
            b"a = " + b"[" * 2000,
            b"a = {b = " * 600,
        ],
        "path_texts": [
            b'emails[type eq "work" and primary pr].value\n{"emails":[{"type":"work","value":1}]}',
            b"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value\n{}",
            b"a" + b"[a eq 1" * 300 + b"]" * 300 + b"\n{}",
            _deep(b'a.b\n{"a":', 900),
        ],
        "filter_texts": [
            b'userName eq "a\\"b"',
            b"filter=userName%20eq%20%22a%22",
            b"filter=A%20eq%20%22%22\x00",
            b"filter=A%20eq%20%22",
        ],
        "patch_bodies": [
            b'{"schemas":[{"op":"rove","path":"","value":[]}]}',
            b'{"schemas":["x"],"Operations":[{"op":"remove","path":"members","value":[{"value":"1"}]}]}',
        ],
        "headers": [
            b"120\nSat, 21 Nov 2026 22:10:03 GMT",
            b"Sunday, 06-Nov-94 08:49:37 GMT",
            b"2026-11-21T22:10:03Z",
        ],
        "answers": [
            b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"detail":"no","scimType":"uniqueness"}',
            b'{"totalResults":1,"Resources":[{"id":"1","userName":"a","meta":{"created":"2026-11-21T22:10:03Z"}}]}',
            b"<html><title>Sign in</title></html>",
            b'{"error":' * 990 + b"1" + b"}" * 990,
            _deep(b'{"id":"1","a":', 600),
            _deep(b'{"a":', 300),
            _deep(b'{"totalResults":1,"Resources":[{"id":"1","a":', 300, b"}]}"),
            b'{"totalResults":"' + b"9" * 5000 + b'","Resources":[]}',
            b'{"id":1e400,"totalResults":1e400,"a":' + b"9" * 400 + b"}",
            b'{"id":"\\u0000\\u2028","detail":"\\u001b[2J"}',
        ],
    }
    return texts[name]
