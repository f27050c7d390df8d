"""When a run may be taken back."""

from dataclasses import replace

import pytest

from bulkscim.errors import Refused
from bulkscim.journal import journal
from bulkscim.journal.durable import LocalDisk
from bulkscim.model.secret import Secret
from bulkscim.runs.inverse_job import Chosen
from bulkscim.runs.request import RollbackRequest
from bulkscim.runs.rollback import write_out
from bulkscim.tenants.tenant import Tenant
from tests.support.making.journals import header_of
from tests.support.running.fake_clock import VirtualClock
from tests.support.running.watching import Silent

DISK = LocalDisk()


def asked(runs_dir):
    """Return what is asked of the run `one`."""
    tenant = Tenant("https://tenant.example", Secret("t"))
    return RollbackRequest(run="one", runs_dir=runs_dir, tenant=tenant)


async def left(folder, rows):
    """Leave a run of so many rows, none of which was begun."""
    folder.mkdir(parents=True)
    header = {"run": folder.name, "command": "run", "tenant": {"profile": "generic"}}
    await journal.create(folder, DISK, header_of(header, rows), VirtualClock()).aclose()


@pytest.mark.parametrize("unfinished", ["rollback-1", "rollback-1/rollback-1"])
async def test_a_rollback_that_has_not_finished_comes_first_at_any_depth(tmp_path, unfinished):
    """A later resume would do again what is undone now."""
    for name in ("", "rollback-1", "rollback-1/rollback-1"):
        await left(tmp_path / "one" / name, int(name == unfinished))

    with pytest.raises(Refused, match=rf"one/{unfinished} has not finished: 1 rows"):
        write_out(asked(tmp_path), Silent(), tmp_path / "undo.jsonl")


@pytest.mark.parametrize(
    ("chosen", "told"), [(Chosen(), ""), (Chosen(verbs=frozenset({"create"})), " of what was chosen")]
)
async def test_nothing_to_undo_is_told_from_nothing_chosen(tmp_path, chosen, told):
    """An operation that no row has is not taken for a run that is undone."""
    await left(tmp_path / "one", 1)
    people = Silent()

    assert not write_out(replace(asked(tmp_path), chosen=chosen), people, tmp_path / "undo.jsonl")
    assert people.notes[-1].startswith(f"nothing is left to undo{told}")
