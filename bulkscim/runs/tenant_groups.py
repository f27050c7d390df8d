"""Look up the groups that a job file names and does not create: a run creates those that are missing only if it may."""

from collections.abc import Callable, Iterator
from contextlib import closing

from bulkscim.engine.clock import RealClock
from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.reads import Reads
from bulkscim.errors import BulkScimError
from bulkscim.jobfile.index import Index
from bulkscim.jobfile.reading import taken_rows
from bulkscim.jobfile.source import JobSource
from bulkscim.journal.settings import Settings
from bulkscim.model.live import Missing, Unreadable
from bulkscim.model.operation import GROUP, Defaults, Key, Operation, Role
from bulkscim.model.selection import TakenRows
from bulkscim.runs.session import patient
from bulkscim.runs.tenant import connected
from bulkscim.tenants.tenant import Tenant

MOST = 50  # groups that are looked up: enough to find out whether a file counts on groups that are not there


def named_groups(source: JobSource, defaults: Defaults, index: Index, taken: TakenRows | None) -> list[Key]:
    """Return the first groups that records name by displayName for users to join, and that no record creates."""
    found: dict[Key, Key] = {}
    for _, operation in taken_rows(source, defaults, taken):
        for key in _joined(operation):
            if key.attribute == "displayName" and key.folded not in found and index.makers(key) is None:
                found[key.folded] = key
        if len(found) >= MOST:
            break
    return list(found.values())[:MOST]


def _joined(operation: Operation) -> Iterator[Key]:
    if operation.spec.adds_member:
        yield operation.target
    yield from (one.key for one in operation.references if one.role is Role.GROUP)


async def missing_groups(
    tenant: Tenant, settings: Settings, groups: list[Key], say: Callable[[str], None]
) -> list[str]:
    """Return the names of the groups that the tenant is proved not to have; those found until it cannot be read.

    `say` is told of waits.
    """
    clock, profile, missing = RealClock(), tenant.provider, list[str]()
    if profile.hides(GROUP):
        return missing
    try:
        async with connected(tenant, settings, clock) as transport:
            first = patient(transport, settings, profile, clock, say=say)
            reads = Reads(first, clock, profile)
            with closing(Directory(clock, profile)) as directory:
                for key in groups:
                    answer = await directory.find(key, reads)
                    if isinstance(answer, Unreadable):
                        break
                    if isinstance(answer, Missing) and not answer.unproved:
                        missing.append(key.value)
    except BulkScimError:
        return missing
    return missing
