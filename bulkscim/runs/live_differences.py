"""Read a tenant back, and find what is not as runs have recorded it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import anyio

from bulkscim.engine.clock import RealClock
from bulkscim.engine.reads import Reads
from bulkscim.errors import CredentialError, Stopped
from bulkscim.journal import journal
from bulkscim.journal.audit import audit
from bulkscim.journal.durable import Disk
from bulkscim.journal.settings import Settings
from bulkscim.journal.writer import JOURNAL
from bulkscim.model.active import last_set
from bulkscim.model.live import Found, Missing, Unreadable
from bulkscim.model.operation import GROUP, USER
from bulkscim.planning.expected import Unlike
from bulkscim.providers.profile import Profile
from bulkscim.reporting.proof import Live
from bulkscim.reporting.statement import Difference
from bulkscim.runs.child_runs import descendants
from bulkscim.runs.expectations import GONE, THERE, Expectations, Resource
from bulkscim.runs.same_tenant import same_tenant, settings_to_send
from bulkscim.runs.session import past_of, visiting
from bulkscim.runs.tenant_reader import reads_over
from bulkscim.tenants.tenant import Tenant
from bulkscim.transport.repeating import say_nothing

FEW = 50  # resources that are read one by one, where listings would read the whole tenant
UNAUTHORIZED = 401


async def read_live(
    folder: Path,
    tenant: Tenant,
    settings: Settings,
    known: Expectations,
    disk: Disk,
    say: Callable[[str], None] = say_nothing,
) -> Live:
    """Compare a tenant with what is recorded; reading only, paced as every reading command is.

    It waits behind what the run's last process may have sent; `say` gets a message where that takes long. Mismatch
    where nothing proves that the tenant is the run's own, and the user did not name it.
    """
    clock = RealClock()
    with journal.read(folder, disk) as recorded:
        settings_to_send(recorded.header, tenant.token, tenant.named_url)
    told = Live(clock.now())
    children = list(descendants(folder, disk))
    for child in children:
        told.children.append(str(child.relative_to(folder)))
        take(child, known, disk)
    pasts = []
    for one in (folder, *children):
        with journal.read(one, disk) as recorded:
            pasts.append(past_of(recorded))
    past = min(pasts, key=lambda one: one.passed_s(clock))
    async with visiting(tenant, settings, clock, past, say) as visit:
        profile = visit.seen.profile
        with journal.read(folder, disk) as recorded:
            await same_tenant(recorded, tenant.token, visit.first)
        back = _Back(reads_over(visit), profile, known, told)
        for kind in (USER, GROUP):
            await back.take(kind, settings.concurrency(profile).number)
    told.differences.sort(key=lambda one: (one.row, one.type, one.id, one.path))
    return told


def take(folder: Path, known: Expectations, disk: Disk) -> None:
    """Take in the whole journal of a run."""
    known.next_run()
    with closing(journal.open_to_read(folder, disk)) as file:
        audit(file, folder / JOURNAL, watch=known.watch)


class _Back:
    """Reads a tenant back: many at once by listings, and what these do not show as recorded one by one."""

    def __init__(self, reads: Reads, profile: Profile, known: Expectations, told: Live) -> None:
        self._reads, self._profile, self._known, self._told = reads, profile, known, told

    async def take(self, kind: str, workers: int) -> None:
        """Read back all recorded resources of a type."""
        count = self._known.count(kind)
        self._told.resources += count
        if count > FEW:
            await self._listed(kind)
        unseen = self._known.unseen(kind)
        async with anyio.create_task_group() as group:
            for _ in range(min(workers, count)):
                group.start_soon(self._one_by_one, unseen)

    async def _listed(self, kind: str) -> None:
        """Tick off what a listing shows as recorded; whatever else it shows, or leaves out, is read by its id."""
        async for page in self._reads.pages(kind):
            if isinstance(page, Unreadable):
                return
            for resource in page:
                one = self._known.resource(kind, resource["id"])
                if one is not None and not self._known.unlike(one, resource):
                    self._known.seen(one)

    async def _one_by_one(self, unseen: Iterator[Resource]) -> None:
        for one in unseen:
            answer = await self._reads.by_id(one.kind, one.id)
            for found in self._unlike(one, answer):
                self._told.differences.append(Difference(found.row, one.kind, one.id, *found[:3]))

    def _unlike(self, one: Resource, answer: Found | Missing | Unreadable) -> list[Unlike]:
        match answer:
            case Found():
                return self._known.unlike(one, answer.resource)
            case Missing():
                return [] if one.gone or self._may_hide(one) else [Unlike("", THERE, GONE, one.row)]
            case _ if answer.status == UNAUTHORIZED:
                raise CredentialError(f"the tenant rejects the token: {answer.why}; pass a valid one")
            case _ if answer.status is None:
                raise Stopped(f"the tenant cannot be reached: {answer.why}; nothing was changed")
            case _:
                return [Unlike("", THERE, f"not readable: {answer.why}", one.row)]

    def _may_hide(self, one: Resource) -> bool:
        """Return whether not to be shown is what the tenant does to one who was deactivated."""
        last = last_set((path, recorded.value) for path, recorded in one.state.items())
        return one.kind == USER and not self._profile.lists_inactive and last is False
