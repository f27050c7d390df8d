"""Hold back a job that would take away somebody who is protected, under whatever name it knows them."""

import random
from collections.abc import Sequence
from itertools import takewhile

from bulkscim.engine.reads import Reads
from bulkscim.engine.resolver import Resolver
from bulkscim.errors import Refused
from bulkscim.jobfile.operations import Defaults
from bulkscim.jobfile.reading import Wanted, rows
from bulkscim.jobfile.source import JobSource
from bulkscim.model.clock import Clock
from bulkscim.model.live import Found
from bulkscim.model.operation import USER, Key
from bulkscim.planning.protect import folded, names_of, protected
from bulkscim.providers.profile import Profile
from bulkscim.transport.base import Transport
from bulkscim.transport.repeating import Repeating

SHOWN = 20


async def all_names(
    protect: Sequence[str], transport: Transport, profile: Profile, clock: Clock
) -> frozenset[str]:
    """Return every name that the tenant knows the protected by, their ids among them, besides those given.

    Whoever the tenant does not show is known by the given name alone.
    """
    reads = Reads(Repeating(transport, clock, random.random), clock, profile)
    resolver = Resolver(clock, profile)
    names = list(protect)
    for name in protect:
        for attribute in ("userName", "emails.value"):
            answer = await resolver.find(Key(USER, attribute, name.strip()), reads)
            if isinstance(answer, Found):
                names += names_of(answer.resource)
                break
    return folded(names)


def hold_back(
    source: JobSource,
    defaults: Defaults,
    names: frozenset[str],
    limit: int | None,
    wanted: Wanted | None = None,
) -> None:
    """Refuse a job in which a row would delete or deactivate one of these; the rows are named.

    `limit` counts the rows of the job, `wanted` are those that are still to be done.
    """
    asked = takewhile(lambda each: limit is None or each[0] <= limit, rows(source, defaults, 1, wanted))
    found = [
        f"row {number}: {operation.verb} would take away {operation.target}, which is protected ({name})"
        for number, operation in asked
        if (name := protected(operation, names)) is not None
    ]
    if not found:
        return
    more = [f"… and {len(found) - SHOWN:,} more"] if len(found) > SHOWN else []
    advice = (
        "Nothing was sent; take these rows out, or take the names from `protect` (of the job definition, or of the"
        " tenant's entry in bulkscim.toml)."
    )
    raise Refused("\n".join((*found[:SHOWN], *more, advice)))
