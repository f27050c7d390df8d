"""The parts of an engine over a simulated disk; the tenant is a function from request to reply."""

from dataclasses import dataclass
from typing import Any

from bulkscim.engine.abilities import Abilities
from bulkscim.engine.asking import Asking
from bulkscim.engine.bounds import Bounding, Guards
from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.dispatch import SingleDispatch
from bulkscim.engine.exchange import Exchange, Paced
from bulkscim.engine.outcomes import Outcomes
from bulkscim.engine.permits import Permits
from bulkscim.engine.reads import Reads
from bulkscim.engine.rows import Rows, RunContext
from bulkscim.engine.sending import Sender
from bulkscim.engine.stopping import Stopping
from bulkscim.engine.worker import Worker
from bulkscim.model.request import Response
from bulkscim.planning.before_image import ImageAges
from bulkscim.planning.decision import Policy
from tests.support.making.journals import begin, opened
from tests.support.making.providers import GENERIC
from tests.support.running.virtual_loop import running_time
from tests.support.running.watching import Silent
from tests.support.simulation.disk import FOLDER, SimulatedDisk


class Answering:
    """A transport that answers by a function, and notes what it was sent."""

    def __init__(self, answer):
        self.answer, self.sent = answer, []

    async def send(self, request):
        """Answer."""
        self.sent.append(request)
        return self.answer(request)


@dataclass
class Parts:
    """What a test looks at."""

    context: RunContext
    exchange: Exchange
    directory: Directory
    dispatch: Any
    worker: Worker
    transport: Answering

    def kinds(self, row=1):
        """Return the kinds of a row's entries, oldest first."""
        return [str(entry.kind) for entry in self.context.journal.history(row)]


async def engine_parts(answer=lambda request: Response(404), dispatch=None, profile=GENERIC):
    """Return the parts of an engine over an empty journal; `dispatch` stands in for the one that sends."""
    clock, disk = running_time(), SimulatedDisk()
    disk.make_folder(FOLDER)
    record, stopping, watcher = begin(disk, clock=clock), Stopping(clock), Silent()
    await record.append(opened())
    context = RunContext(record, stopping, watcher, clock, lambda: 0.5, profile)
    transport, directory = Answering(answer), Directory(clock, GENERIC)
    exchange = Exchange(transport, Permits([], clock, stopping), watcher, clock)
    single = dispatch or SingleDispatch(context, exchange, Sender(context, exchange), directory)
    asking = Asking(
        context,
        directory,
        lambda work: Reads(Paced(exchange, work), clock, profile),
        exchange,
        lambda *_: ImageAges(),
    )
    rows = Rows(context, Policy(profile=profile), Bounding(Guards(), record, stopping))
    abilities = Abilities(context)
    outcomes = Outcomes(context, rows, asking, single, directory, abilities)
    worker = Worker(rows, asking, single, outcomes, abilities, clock)
    return Parts(context, exchange, directory, single, worker, transport)
