"""A journal that cannot be written any more ends the run by its own name."""

import pytest

from bulkscim.errors import JournalDead
from tests.support.making.records import create


@pytest.mark.parametrize("call", range(1, 15))
async def test_whenever_the_journal_dies_the_run_says_so(carried, call):
    """Workers that wait do not take the rows of one that was stopped for a circle."""
    rows = [create(f"person{number}@example.com") for number in range(6)]

    with pytest.raises(JournalDead, match=r"No space left|cannot be written"):
        await carried(rows, fail_at=(call,), concurrency=4)
