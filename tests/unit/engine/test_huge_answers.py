"""Answers to creates that are too large to be kept."""

from tests.support.simulation.disk import FOLDER
from tests.support.simulation.tenant import SimulatedTenant


class Verbose(SimulatedTenant):
    """Shows 1 MB for each new user."""

    def _create(self, collection, body):
        reply = super()._create(collection, body | {"nickName": "x" * 1_000_000})
        self.held[collection][f"{collection[0]}{len(self.created)}"].pop("nickName")
        return reply


async def test_journal_keeps_what_was_sent_and_the_row_says_so(carried):
    """The run folder grew by all of them."""
    lines = [
        {"op": "create", "type": "User", "data": {"userName": f"n{number}@example.com"}}
        for number in range(3)
    ]
    report = await carried(lines, kind=Verbose)

    assert report.totals.done == 3
    text = carried.disk.contents(FOLDER / "journal.jsonl")
    assert len(text) < 20_000
    assert text.count(b"too large to be kept") >= 3
