"""What docs/journal.md says is true."""

import re
import sys
from pathlib import Path

import anyio
import pytest

from bulkscim.journal import entries, ledger, writer
from bulkscim.journal.entries import Kind
from bulkscim.model.row import RowState
from tests.support.making.journals import PATH, begin, opened, work
from tests.support.simulation.disk import SimulatedDisk

PAGE = (Path(__file__).parents[2] / "docs" / "journal.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_entry_is_described(kind):
    """Each has a line in a table."""
    assert f"\n| `{kind}` |" in PAGE


@pytest.mark.parametrize(
    ("member", "place"),
    [
        ("`n`", entries.NUMBER),
        ("`c`", entries.COMMIT),
        ("`t`", entries.TIME),
        ("`k`, `v`", entries.WORDS),
        ("`r`", entries.ROW),
        ("`s`", entries.STEP),
        ("`q`", entries.COUNTERS),
    ],
)
def test_fixed_places_are_those_of_the_code(member, place):
    """The table of bytes is what the slices say."""
    assert f"\n| {member} | {place.start} to {place.stop} |" in PAGE


def test_the_line_that_is_shown_is_one():
    """Joined again, it decodes, and its words stand where they should."""
    block = re.search(r"```\n(\{\"n\".*?)```", PAGE, re.DOTALL).group(1)
    line = block.replace("\n", "").encode()

    assert [entry.word for entry in entries.decode(line).entries] == ["applied", "done"]
    assert line[entries.WORDS] == entries.words(Kind.APPLIED, RowState.DONE)


async def test_the_chain_check_that_is_shown_works(tmp_path):
    """It prints the head of a good journal, and names the line of a bad one."""
    disk = SimulatedDisk()
    run = begin(disk)
    await run.append(opened())
    await work(run, [1, 2])
    program = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL).group(1)
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_bytes(disk.contents(PATH))
    bad.write_bytes(disk.contents(PATH).replace(b"row1@", b"row9@"))
    results = [
        await anyio.run_process([sys.executable, "-c", program, str(path)], check=False)
        for path in (good, bad)
    ]

    assert results[0].stdout.decode().strip() == run.chain
    assert (results[1].returncode, results[1].stderr.strip()) == (1, b"line 4 does not follow")


def test_the_table_is_the_code_s():
    """Each place that a row can move from is a line of the table, with where it goes."""
    table = PAGE.partition("## What may follow what")[2].partition("A row has at most")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()]
    heads = cells[0]
    shown = {
        (place, head): after
        for places, *afters in cells[2:]
        for place in places.split(", ")
        for head, after in zip(heads[1:], afters, strict=True)
        if after
    }
    names = ["pending", "started", "lost", *(str(state) for state in ledger._STATES[3:])]
    ends = "done, adopted, noop, failed or skipped"
    expected = {
        (names[before], str(word) if isinstance(word, Kind) else "settled"): names[after]
        if isinstance(word, Kind)
        else ends
        for word, column in ledger._TABLE.items()
        for before, after in column.items()
    }

    assert shown == expected


def test_the_checkpoint_s_cadence_is_the_code_s():
    """Lines and seconds are those of the writer."""
    text = " ".join(PAGE.split())

    assert f"every {writer._CHECKPOINT_LINES:,} lines" in text
    assert f"every {writer._CHECKPOINT_SECONDS:.0f} seconds" in text
    assert f"if {writer._CHECKPOINT_LEAST_LINES:,} lines" in text
