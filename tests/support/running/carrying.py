"""The engine over a simulated tenant and disk, on virtual time, at a real rate."""

import json
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from bulkscim.jobfile.source import open_source
from bulkscim.jobfile.validate import check
from bulkscim.journal import journal, typed_json
from bulkscim.journal.entries import Entry
from bulkscim.journal.settings import Settings
from bulkscim.model.operation import Defaults
from bulkscim.planning.guards import Bounds
from bulkscim.runs.assembly import Around, Job, Session, Terms, opened
from bulkscim.runs.attempts import carry_out
from bulkscim.runs.options import built
from bulkscim.runs.session import first_look, past_of
from bulkscim.tenants.profiles import profile_named
from tests.support.making.journals import header_of
from tests.support.running.virtual_loop import running_time
from tests.support.running.watching import Silent
from tests.support.simulation.disk import FOLDER, SimulatedDisk
from tests.support.simulation.tenant import SimulatedTenant

SETTINGS = {"concurrency": 2}


@pytest.fixture
def carried(tmp_path):
    """Return what carries a job to its end in an empty tenant.

    Its `on` goes on with the same journal; where settings are changed, as another process, which looks at the tenant first.
    """

    indexes = []

    async def carry(
        lines,
        bounds=Bounds(None, None, None),
        faults=(),
        held=(),
        kind=SimulatedTenant,
        *,
        fail_at=(),
        profile=None,
        rates=None,
        live=False,
        **settings,
    ):
        path = tmp_path / "job.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        source = open_source(str(path))
        checked = check(source, Defaults(), tmp_path / "index")
        clock, disk = running_time(), SimulatedDisk()
        disk.make_folder(FOLDER)
        asked = built(Settings, SETTINGS | settings)
        record = journal.create(FOLDER, disk, _header(lines, asked, checked.rows), clock)
        disk.fail_at = {disk.calls + number for number in fail_at}
        tenant = carry.tenant = kind(clock, Random(1), faults)
        for user in held:
            tenant.hold("Users", user)
        generic = replace(profile_named("generic"), **(profile or {}))
        terms = Terms(generic, asked, bounds, rates=rates)
        watcher = Silent()
        carry.notes = watcher.notes
        around = Around(watcher, clock, Random(1).random, heed_signals=False, live=live)
        index = checked.sound_index()
        indexes.append(index)
        job, first = Job(source, Defaults(), index, checked.rows), [record]

        async def on(**changed):
            own = await _looked(tenant, terms, clock, disk, changed) if changed else terms
            record = first.pop() if first else journal.open_for_append(FOLDER, disk, clock)
            carry.record = record
            try:
                await record.append(Entry(opened("resume")))
                return await carry_out(Session(job, record, tenant, own, around))
            finally:
                await record.aclose()
                carry.record = journal.read(FOLDER, disk)

        carry.on, carry.disk = on, disk
        return await on()

    yield carry
    for index in indexes:
        index.close()


def _header(lines, settings, rows):
    """Return the header of a run of so many rows under these settings."""
    verbs = Counter(f"{line['op']} {line.get('type', 'User')}" for line in lines)
    return header_of({"job": {}, "verbs": dict(verbs), "settings": typed_json.write(settings)}, rows)


async def _looked(tenant, terms, clock, disk, changed):
    """Return the terms of a process that resumes with settings that are changed."""
    asked = replace(terms.settings, connection=replace(terms.settings.connection, **changed))
    with journal.read(FOLDER, disk) as recorded:
        visit = await first_look(tenant, asked, terms.profile, clock, past_of(recorded))
    return replace(visit, rates=terms.rates).terms(terms.bounds)
