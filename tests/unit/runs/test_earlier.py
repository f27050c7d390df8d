"""Which run created a resource, as the journals of the runs folder tell it."""

from pathlib import Path

import pytest

from bulkscim.engine.directory import earlier_runs
from bulkscim.engine.directory.earlier_runs import EarlierRuns, JournalReads
from bulkscim.engine.directory.store import Store
from bulkscim.journal import journal
from bulkscim.journal.entries import Kind
from bulkscim.model.live import Maker, Origin
from bulkscim.model.operation import GROUP, USER, Key
from bulkscim.runs.earlier import SAMPLE, created_by_runs, created_groups, renamed_by_tenant
from tests.support.making.journals import entry_of, header_of
from tests.support.running.fake_clock import VirtualClock
from tests.support.simulation.disk import SimulatedDisk

RUNS = Path("/runs")
URL = "https://tenant.example/scim/v2"


async def record(disk, folder, *steps, base_url=URL):
    """Write a run's journal: each step is a part, the id that it left, and the resource after it (None: no create)."""
    disk.make_folder(folder)
    header = {"run": folder.name, "tenant": {"base_url": base_url}}
    written = journal.create(folder, disk, header_of(header, len(steps)), VirtualClock())
    for number, (part, resource_id, after) in enumerate(steps, 1):
        rows = ((number, part),)
        body = {"part": part, "id": resource_id} | ({} if after is None else {"after": after})
        await written.append(
            entry_of(Kind.STARTED, rows, number, body={"part": part}),
            entry_of(Kind.APPLIED, rows, number, body=body),
        )
    await written.aclose()


def known(disk, *named, own="20261105T000000-own"):
    """Return what the journals tell."""
    return EarlierRuns(
        JournalReads(lambda: created_by_runs(URL, disk, own, [RUNS, RUNS], named), off_loop=_off_loop),
        Store(),
    )


async def _off_loop(work):
    work()


@pytest.mark.parametrize("chunk", [1, 2, 3, 4096])
async def test_created_resources_are_known_by_type_and_id(monkeypatch, chunk):
    """Services with numbers for ids give a user and a group the same one; a journal is read in parts."""
    monkeypatch.setattr(earlier_runs, "CHUNK", chunk)
    disk = SimulatedDisk()
    steps = (("create", "1", {"userName": "ada"}), ("group:Sales", "2", {"displayName": "Sales"}))
    await record(disk, RUNS / "20261101T000000-first", *steps, ("manager", "3", None))
    found = known(disk)

    assert await found.of(Origin(USER, "1")) == Maker("20261101T000000-first")
    assert await found.of(Origin(GROUP, "2")) == Maker("20261101T000000-first")
    with journal.read(RUNS / "20261101T000000-first", disk) as recorded:
        assert list(created_groups(recorded)) == ["2"]
    for other in (Origin(GROUP, "1"), Origin(USER, "2"), Origin(USER, "3")):
        assert await found.of(other) == Maker()


async def test_what_was_undone_deleted_or_made_elsewhere_is_not_known():
    """A rollback that deactivates undoes a creation as well; a deactivation by a run of its own does not."""
    disk, first = SimulatedDisk(), RUNS / "20261101T000000-first"
    await record(disk, first, *(("create", f"u{number}", {"userName": "x"}) for number in range(5)))
    await record(disk, first / "rollback-1", ("delete", "u0", None), ("deactivate", "u1", None))
    await record(disk, RUNS / "20261102T000000-next", ("delete", "u2", None), ("deactivate", "u3", None))
    await record(
        disk,
        RUNS / "20261103T000000-other",
        ("create", "u8", {"userName": "x"}),
        base_url="https://other.example",
    )
    await record(disk, RUNS / "20261105T000000-own", ("create", "u9", {"userName": "x"}))
    found = known(disk)

    runs = {
        name: (await found.of(Origin(USER, name))).run for name in ("u0", "u1", "u2", "u3", "u4", "u8", "u9")
    }
    assert {name for name, run in runs.items() if run == first.name} == {"u3", "u4"}


async def test_a_run_that_is_named_is_found_outside_the_runs_folder_too():
    """An errors file names the run that it comes from; a journal that cannot be read is left out."""
    disk, elsewhere = SimulatedDisk(), Path("/kept/20261101T000000-first")
    await record(disk, elsewhere, ("create", "u1", {"userName": "x"}))
    disk.make_folder(RUNS / "20261102T000000-broken")
    disk.create(RUNS / "20261102T000000-broken" / "journal.jsonl").write(b"no journal\n")

    assert (await known(disk, elsewhere).of(Origin(USER, "u1"))).run == elsewhere.name
    assert (await known(disk).of(Origin(USER, "u1"))).run == ""


async def renaming(disk, folder, *creates, base_url=URL):
    """Write a run's journal: of each create the name in the file, the id, and the name that the tenant gave."""
    disk.make_folder(folder)
    header = {"run": folder.name, "tenant": {"base_url": base_url}, "verbs": {"create User": len(creates)}}
    written = journal.create(folder, disk, header_of(header, len(creates)), VirtualClock())
    for number, (name, resource_id, shown) in enumerate(creates, 1):
        rows = ((number, "create"),)
        start = {"action": "create", "type": USER, "identity": [[USER, "userName", name]]}
        await written.append(
            entry_of(Kind.STARTED, rows, number, body=start),
            entry_of(Kind.APPLIED, rows, number, body={"id": resource_id, "after": {"userName": shown}}),
        )
    await written.aclose()


def names_given(disk):
    """Return the names that the tenant changed."""
    found = EarlierRuns(
        JournalReads(renamed=lambda: renamed_by_tenant(URL, disk, "own", [RUNS], ()), off_loop=_off_loop),
        Store(),
    )

    async def of(name):
        one = await found.renamed(Key(USER, "userName", name))
        return one and (one.id, one.shown)

    return of


async def test_names_that_a_tenant_changed_are_known_by_those_of_the_file():
    """In any capitals; the latest run counts, and a name that was kept is not among them."""
    disk = SimulatedDisk()
    await renaming(disk, RUNS / "20261101T000000-first", ("Ada@x.test", "1", "ada_x"), ("bob", "2", "BOB"))
    await renaming(disk, RUNS / "20261102T000000-second", ("ada@x.test", "3", "ada_x.2"))
    await renaming(disk, RUNS / "20261103T000000-other", ("eve", "4", "e"), base_url="https://o.example/v2")
    of = names_given(disk)

    assert [await of(name) for name in ("ADA@x.test", "bob", "eve")] == [("3", "ada_x.2"), None, None]


async def test_the_first_creates_of_a_run_show_whether_a_tenant_changes_names():
    """A run whose first names were kept is not read to its end."""
    disk = SimulatedDisk()
    kept = [(f"u{number}", str(number), f"u{number}") for number in range(SAMPLE)]
    await renaming(disk, RUNS / "20261101T000000-kept", *kept, ("ada", "99", "a"))
    await renaming(disk, RUNS / "20261102T000000-new", *kept[1:], ("eve", "98", "e"))
    of = names_given(disk)

    assert [await of(name) for name in ("ada", "eve")] == [None, ("98", "e")]
