"""Find out what the service derives by itself in the resources that a run created, before it is taken back."""

import random
from dataclasses import dataclass, field
from itertools import islice

from bulkscim.engine.reads import Reads
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.clock import Clock
from bulkscim.model.live import Found
from bulkscim.model.operation import GROUP, USER, JsonObject
from bulkscim.model.step import Action
from bulkscim.planning.compare import WHOLE, drifted
from bulkscim.planning.derived import PROOF, comparable, derived, is_settled, kind_of, unasked
from bulkscim.providers.profile import Profile
from bulkscim.runs.applied_steps import applied_steps
from bulkscim.runs.inverting import Derived
from bulkscim.transport.base import Transport
from bulkscim.transport.repeating import Repeating

READ = 3  # resources of a type, at most
KEPT = 50  # of which these are taken
LOOKED_AT = 10_000  # steps


async def derived_by_service(
    recorded: RecordedRun, transport: Transport, profile: Profile, clock: Clock
) -> Derived:
    """Return, by type, what differs from the answers to the creates without a request of ours; see `planning/derived`.

    One resource is read, and others only where it differs. A type of which one resource was created proves nothing.
    """
    reads = Reads(Repeating(transport, clock, random.random), clock, profile)
    created = _created(recorded)
    return {kind: await _of_type(kind, created[kind], reads) for kind in created}


@dataclass(frozen=True, slots=True)
class CreateAnswer:
    """A resource as the answer to its create showed it, and the attributes that later steps of the run have changed."""

    after: JsonObject
    changed: set[str] = field(default_factory=set)

    def unasked(self, live: JsonObject) -> set[str]:
        """Return the kinds of paths that differ without a request of the run."""
        kinds = unasked(drifted({WHOLE: comparable(self.after)}, live, exact=True))
        return {kind for kind in kinds if _attribute(kind) not in self.changed}


def _attribute(kind: str) -> str:
    schema, _, name = kind.rpartition(":")
    return f"{schema}:{name.partition('.')[0]}"


def _created(recorded: RecordedRun) -> dict[str, dict[str, CreateAnswer]]:
    """Return some resources of each type that the run created and did not delete."""
    found: dict[str, dict[str, CreateAnswer]] = {USER: {}, GROUP: {}}
    for step in islice(applied_steps(recorded), LOOKED_AT):
        if step.id is None or step.type not in found:
            continue
        if step.action is Action.CREATE and step.after is not None and not step.unsure:
            if len(found[step.type]) < KEPT:
                found[step.type][step.id] = CreateAnswer(step.after)
        elif step.action is Action.DELETE:
            found[step.type].pop(step.id, None)
        elif step.id in found[step.type]:
            changed = (_attribute(kind_of(change.path)) for change in step.changes)
            found[step.type][step.id].changed.update(changed)
    return found


async def _of_type(kind: str, created: dict[str, CreateAnswer], reads: Reads) -> tuple[str, ...]:
    """Read a few resources until it is clear what the service derives."""
    if len(created) < PROOF:
        return ()
    differing: list[set[str]] = []
    for resource_id in islice(created, 2 * READ):
        if len(differing) == READ:
            break
        read = await reads.by_id(kind, resource_id)
        if not isinstance(read, Found) or not is_settled(read.resource):
            continue
        kinds = created[resource_id].unasked(read.resource)
        if not kinds and not differing:
            break
        differing.append(kinds)
    return derived(differing)
