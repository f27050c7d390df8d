"""What a reader takes for a torn tail, and what for damage."""

import pytest

from bulkscim.errors import JournalDamaged, NoSuchRun
from bulkscim.journal import entries, journal, reader
from bulkscim.journal.entries import Kind
from tests.support.making.journals import PATH, applied, begin, done, entry_of, opened, started, work
from tests.support.simulation.disk import FOLDER, SimulatedDisk


@pytest.fixture(autouse=True)
def _in_format_1(monkeypatch):
    """Have the end of a row on a line of its own; what format 2 adds has tests of its own."""
    monkeypatch.setattr("tests.support.making.journals.FORMAT", 1)


@pytest.fixture
async def disk():
    """A journal of seven lines: header, opened, started, (applied, settled), started, (applied, settled)."""
    disk = SimulatedDisk()
    run = begin(disk)
    await run.append(opened())
    await work(run, [1, 2])
    return disk


def lines_of(disk):
    """Return the journal's lines, newlines included."""
    return disk.contents(PATH).splitlines(keepends=True)


def read(disk, data):
    """Read the journal with other bytes in it."""
    disk.put(PATH, data)
    return journal.read(FOLDER, disk)


async def test_an_unfinished_line_is_left_out(disk):
    """A line without its newline was never acknowledged."""
    lines = lines_of(disk)
    recorded = read(disk, b"".join(lines[:-1]) + lines[-1][:-1])

    assert [entry.kind for entry in recorded.history(2)] == ["started", "applied"]


@pytest.mark.parametrize("tail", [b"\0" * 4096, b"\0" * 100 + b"\n", b"\n", b"{}\n{}\n", b"\xff" * 3_000_000])
async def test_rubbish_behind_the_last_line_is_left_out(disk, tail):
    """Zeros and fragments, as a crash leaves them, end the good part."""
    fold = fold_of(disk, disk.contents(PATH) + tail)

    assert (fold.end.lines, fold.torn) == (8, len(tail))


def fold_of(disk, data):
    """Fold these bytes."""
    disk.put(PATH, data)
    return reader.fold(disk.open_read(PATH), PATH)


async def test_a_hole_in_the_last_commit_is_cut_from_there(disk):
    """A line of the same commit behind the hole does not make it damage: it was never acknowledged."""
    lines = lines_of(disk)
    fold = fold_of(disk, b"".join(lines[:-2]) + b"\0" * len(lines[-2]) + lines[-1])

    assert fold.end.lines == 6
    assert fold.torn == len(lines[-2]) + len(lines[-1])


@pytest.mark.parametrize("index", range(1, 6))
async def test_a_bad_line_before_a_later_commit_is_damage(disk, index):
    """It was acknowledged before the later commit was written; the offset is named."""
    lines = lines_of(disk)
    offset = len(b"".join(lines[:index]))
    lines[index] = lines[index].replace(b'"rows"', b'"rowz"')

    with pytest.raises(
        JournalDamaged, match=rf"journal\.jsonl, byte {offset}: line {index + 1} cannot be read"
    ):
        read(disk, b"".join(lines))


@pytest.mark.parametrize("index", range(1, 6))
async def test_a_missing_line_before_a_later_commit_is_damage(disk, index):
    """A line that was taken out is missed, though all that is left is intact."""
    lines = lines_of(disk)

    with pytest.raises(JournalDamaged, match=f"line {index + 1} cannot be read"):
        read(disk, b"".join(lines[:index] + lines[index + 1 :]))


async def test_lines_that_changed_places_are_not_believed(disk):
    """The chain binds each line to the one before."""
    lines = lines_of(disk)
    lines[-1], lines[-2] = lines[-2], lines[-1]

    assert fold_of(disk, b"".join(lines)).end.lines == 6


async def test_a_damaged_header_before_later_commits_is_damage(disk):
    """Something was recorded under it."""
    data = disk.contents(PATH).replace(b'"command"', b'"kommando"', 1)

    with pytest.raises(JournalDamaged, match="byte 0: line 1 cannot be read"):
        read(disk, data)


@pytest.mark.parametrize("keep", [0, 1, 100, -1])
async def test_without_a_whole_header_there_is_no_run(disk, keep):
    """A crash while the header was written leaves nothing that was ever sent."""
    with pytest.raises(NoSuchRun, match="no complete header"):
        read(disk, lines_of(disk)[0][:keep])


async def test_a_folder_without_journal_holds_no_run():
    """The message names the folder."""
    with pytest.raises(NoSuchRun, match=FOLDER.name):
        journal.read(FOLDER, SimulatedDisk())


def sealed(*written):
    """Return lines with a right chain, whatever they say."""
    chain, lines = entries.FIRST_CHAIN, []
    for number, entry in enumerate(written, 1):
        text = entries.encode((entry,), number, number, 0.0, (0,) * len(entry.rows), 1)
        chain = entries.link(chain, text)
        lines.append(entries.seal(text, chain))
    return b"".join(lines)


@pytest.mark.parametrize("member", [entries.TIME, entries.COMMIT, entries.STEP])
def test_a_sealed_line_whose_numbers_are_none_is_damage(member):
    """A chain that was recomputed passes, and the entries are still found to be wrong."""
    header, last = sealed(entry_of(Kind.HEADER, body={"format": 1, "rows": 2}), started(1, 1)).splitlines(
        keepends=True
    )
    text = last[: member.start] + b"Z".ljust(member.stop - member.start) + last[member.stop :]
    text = text[:-1][entries.HASHED]
    chain = entries.link(header[:-1][entries.SEAL].removesuffix(entries.END), text)

    with pytest.raises(JournalDamaged):
        read(SimulatedDisk(), header + entries.seal(text, chain))


@pytest.mark.parametrize("version", [0, 3, "1", None])
def test_an_unknown_format_is_named(version):
    """A journal of a later version is not guessed at."""
    with pytest.raises(JournalDamaged, match=r"format .* is not known here"):
        read(SimulatedDisk(), sealed(entry_of(Kind.HEADER, body={"format": version, "rows": 1})))


@pytest.mark.parametrize("rows", [None, -1, "3"])
def test_a_header_must_say_how_many_rows_there_are(rows):
    """The ledger is made from it."""
    with pytest.raises(JournalDamaged, match="how many rows"):
        read(SimulatedDisk(), sealed(entry_of(Kind.HEADER, body={"format": 1, "rows": rows})))


def test_a_whole_line_that_cannot_follow_is_damage():
    """A right chain does not excuse a step that ends without a start."""
    header = entry_of(Kind.HEADER, body={"format": 1, "rows": 3})

    with pytest.raises(JournalDamaged, match=r"byte \d+: row 2, step 5: applied cannot follow pending"):
        read(SimulatedDisk(), sealed(header, applied(2, 5)))


def test_a_line_of_many_rows_moves_them_all():
    """A merged step is read from its body."""
    header = entry_of(Kind.HEADER, body={"format": 1, "rows": 3})
    merged = entry_of(Kind.STARTED, ((1, "member:A"), (3, "member:A")), 4)
    recorded = read(SimulatedDisk(), sealed(header, merged, done(2)))

    assert list(recorded.ledger.open_rows()) == [1, 3]
    assert recorded.last(3).rows == ((1, "member:A"), (3, "member:A"))


def test_a_line_longer_than_a_block_is_read_whole():
    """Before-images of large groups are long."""
    header = entry_of(Kind.HEADER, body={"format": 1, "rows": 3})
    large = entry_of(Kind.STARTED, ((1, "create"),), 4, body={"before": {"x": "x" * 3_000_000}})
    recorded = read(SimulatedDisk(), sealed(header, large, started(2, 5)))

    assert recorded.last(1).body == large.body
    assert recorded.ledger.is_open(2)
