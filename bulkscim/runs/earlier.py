"""Refs of an errors file: what an earlier run made under a name that this file's records still use.

An errors file holds only the records that failed. A ref to a record that succeeded is looked up in the run that
the file's `_run` names: its index tells the row, its journal the id.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from bulkscim.errors import BulkScimError
from bulkscim.jobfile.index import Index
from bulkscim.jobfile.validate import index_of
from bulkscim.journal import journal, runfolder
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.base_url import same_base_url
from bulkscim.model.operation import Key, Operation, Reference, Role
from bulkscim.reporting.source import defaults_of, find_source, name_in

INDEX = "index.sqlite"


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
        if not same_base_url(str(header["tenant"]["base_url"]), base_url):
            notes.append(f"refs of {name} are not looked up: it ran against {header['tenant']['base_url']}")
            continue
        found |= dict.fromkeys((str(folder.absolute()), *header.get("earlier", ())))
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
            last = None if row is None else recorded.last(row)
            if last is not None and last.body.get("id"):
                return Key(last.body.get("type") or key.type, "id", last.body["id"])
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
                limit = recorded.header.get("settings", {}).get("limit")
                self._opened.append(
                    (recorded, index_of(source, defaults_of(recorded.header), folder / INDEX, limit))
                )
        return self._opened
