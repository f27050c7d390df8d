"""What earlier runs on a tenant created, and which users they deactivated: ids, which the tenant may not show."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain, islice
from pathlib import Path

from bulkscim.engine import recording
from bulkscim.engine.directory.earlier_runs import Created
from bulkscim.engine.directory.own_names import Named
from bulkscim.errors import JournalDamaged, NoSuchRun
from bulkscim.journal import reader, runfolder
from bulkscim.journal.durable import Disk, Reader
from bulkscim.journal.entries import Kind
from bulkscim.journal.journal import RecordedRun
from bulkscim.journal.writer import JOURNAL
from bulkscim.model.base_url import same_base_url
from bulkscim.model.operation import GROUP, USER, JsonObject, Verb
from bulkscim.model.row import RowState
from bulkscim.planning.effects import deactivates
from bulkscim.runs.child_runs import base_url_of, descendants
from bulkscim.scim.paths import find

SAMPLE = 20  # creates that show whether a tenant changes names
MAKES = frozenset({Verb.CREATE, Verb.UPSERT})


def users(base_url: str, disk: Disk, *places: Path) -> Iterator[JsonObject]:
    """Yield the users that runs of these folders made or began to deactivate on a tenant: ids, and names then.

    Oldest run first. A journal that cannot be read tells nothing: each user is read from the tenant anyway.
    """
    for path in (path for place in places for path in runfolder.runs(place, disk)):
        try:
            with closing(disk.open_read(path / JOURNAL)) as file:
                header = reader.first_line(file, path / JOURNAL).entry.body
                if _same(header, base_url):
                    yield from _users(file)
        except (OSError, NoSuchRun, JournalDamaged):
            continue


def created(
    base_url: str, disk: Disk, own: str, places: Iterable[Path], named: Iterable[Path]
) -> Iterator[Created]:
    """Yield what runs of these folders created on a tenant, and what they or their rollbacks deleted again.

    Oldest run first, without the run `own`. A journal that cannot be read is left out: what it created is not known.
    """
    found = [path for place in dict.fromkeys(places) for path in runfolder.runs(place, disk)]
    for path in dict.fromkeys((*named, *found)):
        for folder in (path, *descendants(path, disk)):
            try:
                with closing(disk.open_read(folder / JOURNAL)) as file:
                    header = reader.first_line(file, folder / JOURNAL).entry.body
                    run = str(header.get("run", folder.name))
                    if run != own and _same(header, base_url):
                        yield from _created(file, run if folder == path else "")
            except (OSError, NoSuchRun, JournalDamaged):
                continue


def _created(file: Reader, run: str) -> Iterator[Created]:
    """Yield what a run created and deleted; a rollback, which has no `run` here, may deactivate instead."""
    for entry in reader.entries_of(file, Kind.APPLIED):
        body = entry.body
        part, resource_id, after = body.get("part"), body.get("id"), body.get("after")
        if not resource_id:
            continue
        if isinstance(after, dict) and run and not body.get("unsure"):
            yield Created(USER if "userName" in after else GROUP, str(resource_id), run)
        elif part == Verb.DELETE or (part == Verb.DEACTIVATE and not run):
            yield from (Created(kind, str(resource_id), "") for kind in (USER, GROUP))


def created_groups(recorded: RecordedRun) -> Iterator[str]:
    """Yield the ids of the groups that a run has created."""
    for entry in recorded.entries(Kind.APPLIED, holding=b'"displayName"'):
        after = entry.body.get("after")
        if isinstance(after, dict) and "userName" not in after and entry.body.get("id"):
            yield str(entry.body["id"])


def own_names(recorded: RecordedRun) -> Iterator[Named]:
    """Yield names in the file of what a run has created: of all groups that rows created for their users, and of others.

    A few of the others are enough to show whether the tenant changes names: what a row creates for itself is known by
    the row. A resource that the run has renamed since is left out.
    """
    renamed = {entry.body.get("id") for entry in recorded.entries(Kind.STARTED, holding=b'["displayName",')}
    rows = islice(recorded.entries(Kind.APPLIED, holding=b'"part":"create"'), SAMPLE)
    for entry in chain(rows, recorded.entries(Kind.APPLIED, holding=b'"part":"group:')):
        begun, body = recorded.beginning_of(entry), entry.body
        for key in recording.step_of(begun.body).identity if begun and body.get("id") not in renamed else ():
            shown = find(body.get("after") or {}, key.attribute)
            yield Named(key, str(body.get("id") or ""), shown if isinstance(shown, str) else key.value)


def left_out(recorded: RecordedRun) -> Iterator[tuple[str, str]]:
    """Yield what earlier sessions found that lookups leave out: a resource type and an attribute."""
    for entry in recorded.entries(Kind.STARTED, holding=b'"left_out":'):
        yield from entry.body.get("left_out", ())


def _same(header: JsonObject, base_url: str) -> bool:
    return same_base_url(base_url_of(header), base_url)


def _users(file: Reader) -> Iterator[JsonObject]:
    for entry in reader.entries_of(file, Kind.STARTED, RowState.DONE, RowState.ADOPTED):
        user = _begun(entry.body) if entry.kind is Kind.STARTED else _made(entry.body)
        if user is not None:
            yield user


def _begun(body: JsonObject) -> JsonObject | None:
    step = recording.step_of(body)
    return step.before if deactivates(step.type, step.changes) else None


def _made(body: JsonObject) -> JsonObject | None:
    made = body.get("type") == USER and body.get("op") in MAKES and body.get("id")
    return {"id": body["id"], "userName": body["key"]} if made else None
