"""What earlier runs on a tenant did, by their journals: ids behind refs, created resources, deactivated users.

An errors file holds only the records that failed. A ref to a record that succeeded is looked up in the run that
the file's `_run` names: its index tells the row, its journal the id. Ids matter where the tenant does not show what
earlier runs created or deactivated.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from bulkscim.engine.directory.earlier_runs import CreatedResource
from bulkscim.engine.directory.own_names import NamedResource
from bulkscim.errors import BulkScimError, JournalDamaged, NoSuchRun
from bulkscim.jobfile.index import Index
from bulkscim.jobfile.validate import index_of
from bulkscim.journal import journal, reader, runfolder
from bulkscim.journal.bodies import Applied, Body, Settled, Started
from bulkscim.journal.durable import Disk, LocalDisk, Reader
from bulkscim.journal.entries import Kind
from bulkscim.journal.header import Header
from bulkscim.journal.journal import RecordedRun
from bulkscim.journal.writer import JOURNAL
from bulkscim.model.base_url import same_base_url
from bulkscim.model.operation import GROUP, MAKES, USER, JsonObject, Key, Operation, Reference, Role, Verb
from bulkscim.model.row import RowState
from bulkscim.model.step import Action
from bulkscim.planning.effects import deactivates
from bulkscim.planning.step_effects import MemberChange, member_changes
from bulkscim.reporting.source import find_source, name_in
from bulkscim.runs.applied_steps import applied_steps
from bulkscim.runs.child_runs import descendants
from bulkscim.scim.paths import find

INDEX = "index.sqlite"
SAMPLE = 20  # creates that show whether a tenant changes names


def folders_of(
    runs: Iterable[str], runs_dir: Path, run_folder: Path, base_url: str
) -> tuple[list[str], list[str]]:
    """Return the folders of earlier runs on this tenant, those that they refer to included, and notes.

    A run is looked for among the others, and as the folder that the errors file still lies in.
    """
    found: dict[str, None] = {}
    notes: list[str] = []
    disk = LocalDisk()
    for name in runs:
        try:
            folder = runfolder.find(str(run_folder) if run_folder.name == name else name, runs_dir, disk)
            with journal.read(folder, disk) as recorded:
                header = recorded.header
        except BulkScimError as error:
            notes.append(f"refs of {name} cannot be looked up: {error}")
            continue
        if not same_base_url(header.tenant.base_url, base_url):
            notes.append(f"refs of {name} are not looked up: it ran against {header.tenant.base_url}")
            continue
        found |= dict.fromkeys((str(folder.absolute()), *header.earlier))
    return list(found), notes


def moved(folders: Iterable[str], folder: Path) -> list[str]:
    """Return where earlier runs are now: in their old place, else next to a run folder that may have moved with them."""
    return [each if Path(each).is_dir() else str(folder.parent / name_in(each)) for each in folders]


@contextmanager
def known_before(folders: Sequence[str]) -> Iterator["Earlier | None"]:
    """Open what earlier runs know of refs; None where there are none."""
    if not folders:
        yield None
        return
    with closing(Earlier(folders)) as earlier:
        yield earlier


class Earlier:
    """Looks refs up in earlier runs, the one that was named first first."""

    def __init__(self, folders: Iterable[str]) -> None:
        self.folders = [Path(folder) for folder in folders]
        self._opened: list[tuple[RecordedRun, Index]] | None = None

    def close(self) -> None:
        """Close what was opened."""
        for recorded, index in self._opened or ():
            recorded.close()
            index.close()
        self._opened = None

    def resolved(
        self, operations: Iterator[tuple[int, Operation]], own: Index
    ) -> Iterator[tuple[int, Operation]]:
        """Name by its id whatever an earlier run made and this file does not."""
        for number, operation in operations:
            references = tuple(
                each if each.role is Role.VALUE else Reference(each.role, self._known(each.key, own))
                for each in operation.references
            )
            target = self._known(operation.target, own)
            yield number, operation._replace(target=target, references=references)

    def _known(self, key: Key, own: Index) -> Key:
        """Return the key by id, where an earlier run knows it; else the key as it is."""
        if key.attribute != "ref" or own.makers(key) is not None:
            return key
        for recorded, index in self._runs():
            row = index.makers(key)
            end = None if row is None else recorded.end_of(row)
            if end is not None and end.id:
                return Key(end.type or key.type, "id", end.id)
        return key

    def _runs(self) -> list[tuple[RecordedRun, Index]]:
        """Open the runs at the first question."""
        if self._opened is None:
            self._opened = []
            disk = LocalDisk()
            for folder in self.folders:
                try:
                    recorded = journal.read(folder, disk)
                    source = find_source(recorded.header, folder)
                except BulkScimError:  # the row then says which ref is not known
                    continue
                taken, defaults = recorded.header.taken_rows, recorded.header.defaults
                self._opened.append((recorded, index_of(source, defaults, folder / INDEX, taken)))
        return self._opened


def users_of_runs(base_url: str, disk: Disk, *places: Path) -> Iterator[JsonObject]:
    """Yield the users that runs of these folders made or began to deactivate on a tenant: ids, and names then.

    Oldest run first. A journal that cannot be read tells nothing: each user is read from the tenant anyway.
    """
    for path in (path for place in places for path in runfolder.runs(place, disk)):
        try:
            with closing(disk.open_read(path / JOURNAL)) as file:
                header = reader.header_of(file, path / JOURNAL)
                if same_base_url(header.tenant.base_url, base_url):
                    yield from _users(file)
        except (OSError, NoSuchRun, JournalDamaged):
            continue


def created_by_runs(
    base_url: str, disk: Disk, own: str, places: Iterable[Path], named: Iterable[Path]
) -> Iterator[CreatedResource]:
    """Yield what runs of these folders created on a tenant, and what they or their rollbacks deleted again.

    Oldest run first, without the run `own`. A journal that cannot be read is left out: what it created is not known.
    """
    for file, header, is_child in _others(base_url, disk, own, places, named):
        with suppress(OSError, JournalDamaged):
            yield from _created(file, "" if is_child else header.run)


def renamed_by_tenant(
    base_url: str, disk: Disk, own: str, places: Iterable[Path], named: Iterable[Path]
) -> Iterator[NamedResource]:
    """Yield names in the file of what runs of these folders created on a tenant, where the tenant gave other names.

    As `created_by_runs` reads journals. The first creates of a run show whether the tenant changes names.
    """
    for file, header, is_child in _others(base_url, disk, own, places, named):
        makes = any(header.count(verb, kind) for verb in MAKES for kind in (USER, GROUP))
        if not is_child and (makes or header.settings.rules.create_groups):
            with suppress(OSError, JournalDamaged):
                yield from _renamed(file, b'"create"')
                yield from _renamed(file, b'"group:')


def _renamed(file: Reader, part: bytes) -> Iterator[NamedResource]:
    begun: dict[int, Started] = {}
    looked = changed = 0
    for entry in reader.entries_of(file, Kind.STARTED, Kind.APPLIED, holding=part):
        if isinstance(entry.body, Started):
            begun[entry.step] = entry.body
            continue
        start, how = begun.pop(entry.step, None), entry.body
        if start is None or not isinstance(how, Applied) or not how.id or how.unsure:
            continue
        looked += 1
        for key in start.identity:
            shown = find(how.after or {}, key.attribute)
            if isinstance(shown, str) and Key(key.type, key.attribute, shown).folded != key.folded:
                changed += 1
                yield NamedResource(key, how.id, shown)
        if looked == SAMPLE and not changed:
            return


def _others(
    base_url: str, disk: Disk, own: str, places: Iterable[Path], named: Iterable[Path]
) -> Iterator[tuple[Reader, Header, bool]]:
    """Open the journals of other runs on a tenant, oldest first, each with its header, and whether a rollback wrote it."""
    found = [path for place in dict.fromkeys(places) for path in runfolder.runs(place, disk)]
    for path in dict.fromkeys((*named, *found)):
        for folder in (path, *descendants(path, disk)):
            with (
                suppress(OSError, NoSuchRun, JournalDamaged),
                closing(disk.open_read(folder / JOURNAL)) as file,
            ):
                header = reader.header_of(file, folder / JOURNAL)
                header = replace(header, run=header.run or folder.name)
                if header.run != own and same_base_url(header.tenant.base_url, base_url):
                    yield file, header, folder != path


def _created(file: Reader, run: str) -> Iterator[CreatedResource]:
    """Yield what a run created and deleted; a rollback, which has no `run` here, may deactivate instead."""
    for entry in reader.entries_of(file, Kind.APPLIED):
        how = entry.body
        if not isinstance(how, Applied) or not how.id:
            continue
        if how.after is not None and run and not how.unsure:
            yield CreatedResource(USER if "userName" in how.after else GROUP, how.id, run)
        elif entry.part == Verb.DELETE or (entry.part == Verb.DEACTIVATE and not run):
            yield from (CreatedResource(kind, how.id, "") for kind in (USER, GROUP))


def own_users(recorded: RecordedRun) -> Iterator[JsonObject]:
    """Yield the users that a run began to deactivate, as they were before."""
    found = (_begun(begun) for _, begun in recorded.each(Started, holding=b'"type":"User"'))
    return (user for user in found if user is not None)


def created_groups(recorded: RecordedRun) -> Iterator[str]:
    """Yield the ids of the groups that a run has created."""
    for _, how in recorded.each(Applied, holding=b'"displayName"'):
        if how.id and how.after is not None and "userName" not in how.after:
            yield how.id


def own_memberships(recorded: RecordedRun) -> Iterator[MemberChange]:
    """Yield what a run has done to members of groups, in order."""
    for step in applied_steps(recorded):
        if step.id and step.type == GROUP:
            body = step.after or {} if step.action is Action.CREATE else {}
            yield from member_changes(step.type, step.id, step.changes, body)


def kept_memberships(recorded: RecordedRun, named: Iterable[Path]) -> Iterator[MemberChange]:
    """Yield what a run and those before it, whose records it goes on with, have done to members of groups, in order."""
    for folder in reversed([*named]):
        with suppress(BulkScimError), journal.read(folder, LocalDisk()) as before:
            yield from own_memberships(before)
    yield from own_memberships(recorded)


def own_names(recorded: RecordedRun) -> Iterator[NamedResource]:
    """Yield names in the file of what a run has created: of all groups that rows created for their users, and of others.

    A few of the others are enough to show whether the tenant changes names: what a row creates for itself is known by
    the row. A resource that the run has renamed since is left out.
    """
    renamed = {begun.id for _, begun in recorded.each(Started, holding=b'["displayName",')}
    rows = islice(recorded.each(Applied, holding=b',"create",'), SAMPLE)
    for entry, how in chain(rows, recorded.each(Applied, holding=b',"group:')):
        begun = recorded.beginning_of(entry)
        for key in begun.identity if begun and how.id not in renamed else ():
            shown = find(how.after or {}, key.attribute)
            yield NamedResource(key, how.id or "", shown if isinstance(shown, str) else key.value)


def left_out(recorded: RecordedRun) -> Iterator[tuple[str, str]]:
    """Yield what earlier sessions found that lookups leave out: a resource type and an attribute."""
    for _, begun in recorded.each(Started, holding=b'"left_out":'):
        yield from begun.left_out


def _users(file: Reader) -> Iterator[JsonObject]:
    for entry in reader.entries_of(file, Kind.STARTED, RowState.DONE, RowState.ADOPTED):
        user = _begun(entry.body) if isinstance(entry.body, Started) else _made(entry.body)
        if user is not None:
            yield user


def _begun(begun: Started) -> JsonObject | None:
    return begun.before if deactivates(begun.type, begun.changes) else None


def _made(body: Body) -> JsonObject | None:
    if not isinstance(body, Settled) or body.type != USER or body.op not in MAKES or not body.id:
        return None
    return {"id": body.id, "userName": body.key}
