"""An error that mixes rows up repeats no secret of another row."""

import json

import pytest

from bulkscim.journal.writer import JOURNAL
from bulkscim.model.request import Response
from tests.support.making.records import create
from tests.support.simulation.disk import FOLDER
from tests.support.simulation.tenant import SimulatedTenant

pytestmark = pytest.mark.anyio
PASSWORDS = ("Correct-Horse+Battery", "Another<Horse>26", "abc12")


class MixingUp(SimulatedTenant):
    """Refuses each create but the first with all passwords that it was sent, and shows them to lookups by errors."""

    sent = ()

    def _create(self, collection, body):
        self.sent = (*self.sent, body.get("password"))
        if len(self.sent) == 1:
            return super()._create(collection, body)
        return Response(400, {}, json.dumps({"detail": f"not one of {self.sent}"}).encode())


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_password_of_another_row_is_masked_in_an_error(carried, concurrency):
    """Only the row's own were: those of other rows went into journal and results."""
    job = [create(f"n{n}@example.com", password=password) for n, password in enumerate(PASSWORDS)]

    ended = await carried(job, kind=MixingUp, concurrency=concurrency)

    journal = carried.disk.contents(FOLDER / JOURNAL).decode()
    assert ended.totals.failed == 2
    assert "not one of" in journal
    assert not [password for password in PASSWORDS if password in journal]


async def test_name_of_another_user_stays_as_it_is(carried):
    """A password that is part of a later user's name, as a default password may be, changes nothing of that user."""
    job = [create("jane.doe@example.com", password="jane.doe"), create("jane.doe2@example.com")]
    held = [{"id": "j2", "userName": "jane.doe2@example.com"}]

    ended = await carried(job, kind=SimulatedTenant, held=held, concurrency=1)

    assert (ended.totals.done, ended.totals.adopted) == (1, 1)
