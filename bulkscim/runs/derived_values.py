"""Find out what the service derives by itself in the resources that a run created, before it is taken back."""

import random
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice

import orjson

from bulkscim.engine.asking import DENIED
from bulkscim.engine.reads import Reads
from bulkscim.errors import CredentialError, Outage
from bulkscim.journal.durable import Disk
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.clock import Clock
from bulkscim.model.live import Found, Unreadable
from bulkscim.model.operation import GROUP, USER, JsonObject, PatchOperation
from bulkscim.model.secret import MASK
from bulkscim.model.step import Action, Change
from bulkscim.planning.compare import WHOLE, drifted, stands
from bulkscim.planning.derived import (
    PROOF,
    Sample,
    comparable,
    derived,
    is_settled,
    kind_of,
    rewrites,
    unasked,
)
from bulkscim.planning.undo.inverse import TakenStep
from bulkscim.providers.profile import Profile
from bulkscim.runs.applied_steps import applied_steps
from bulkscim.runs.child_runs import Recreated, descendants, rollbacks_of_others
from bulkscim.runs.inverse_job import Derived
from bulkscim.scim import patch, paths
from bulkscim.transport.base import Transport
from bulkscim.transport.repeating import Repeating

READ = 3  # resources of a shape, at most
SHAPES = 8  # the most common ones
MOST = 20  # users that were changed
KEPT = 50  # of which these are taken, and a few more for each path that these leave out
LOOKED_AT = 10_000  # steps


async def derived_by_service(
    recorded: RecordedRun, transport: Transport, profile: Profile, clock: Clock, disk: Disk
) -> Derived:
    """Return, by type, what differs from the answers to the creates without a request of ours; see `planning/derived`.

    Of users, also what differs from what the run has changed, where the service may have written it otherwise.

    Of resources that were created with the same attributes one is read, and others only where it differs: what a service
    derives may depend on what it is given. A type of which one resource was created proves nothing. What rollbacks have
    recreated since is read by its new id. CredentialError or Outage where the tenant rejects the token meanwhile, or does not
    answer: what is not read then proves nothing, and would look like changes by others.
    """
    reads = _Reading(Reads(Repeating(transport, clock, random.random), clock, profile))
    created, changed = _created(recorded), _changed(recorded)
    folders = (*rollbacks_of_others(recorded, disk), *descendants(recorded.folder, disk))
    with closing(Recreated(folders, disk)) as recreated:
        now = {
            kind: {recreated.now(own): one for own, one in these.items()} for kind, these in created.items()
        }
        changed = {recreated.now(own): changes for own, changes in changed.items()}
    found = {kind: await _of_type(kind, these, reads) for kind, these in now.items()}
    return found | {USER: (*found[USER], *await _rewritten(changed, reads))}


@dataclass(slots=True)
class _Reading:
    """Reads of resources by their ids; `worked` is the last one that was shown."""

    reads: Reads
    worked: tuple[str, str] | None = None

    async def by_id(self, kind: str, resource_id: str) -> Found | None:
        """Return a resource, None where it is not shown; CredentialError or Outage where one that was shown before is not now either."""
        read = await self.reads.by_id(kind, resource_id)
        if isinstance(read, Found):
            self.worked = (kind, resource_id)
            return read
        again = await self.reads.by_id(*self.worked) if self.worked and isinstance(read, Unreadable) else None
        if isinstance(again, Unreadable):
            if again.status in DENIED and not again.throttled:
                raise CredentialError(f"the tenant rejects the token: {again.why}; pass a valid one")
            raise Outage(f"the tenant does not answer any more: {again.why}; nothing was sent")
        return None


@dataclass(frozen=True, slots=True)
class CreateAnswer:
    """A resource as the answer to its create showed it, and the attributes that later steps of the run have changed.

    Each of these with what puts back the value that it had just before; None where that is not known.
    """

    after: JsonObject
    changed: dict[str, tuple[PatchOperation, ...] | None] = field(default_factory=dict)

    def take(self, step: TakenStep) -> None:
        """Take in a later step: the first change of an attribute tells what was there until then."""
        for attribute in {_attribute(kind_of(change.path)) for change in step.changes} - self.changed.keys():
            self.changed[attribute] = _back(attribute, step.before)

    @property
    def shape(self) -> tuple[frozenset[str], frozenset[str]]:
        """The names of its attributes, on which may depend what the service derives, and what later steps changed."""
        return frozenset(name.lower() for name in comparable(self.after)), frozenset(self.changed)

    def sample(self, live: JsonObject) -> Sample:
        """Return how the resource differs without a request of the run."""
        before = patch.apply((one for back in self.changed.values() for one in back or ()), live)
        changes = drifted({WHOLE: comparable(self.after)}, before, exact=True)
        unknown = {attribute for attribute, back in self.changed.items() if back is None}
        kinds = {kind for kind in unasked(changes) if _attribute(kind) not in unknown}
        others = {kind_of(change.path) for change in changes} - kinds
        return Sample(self.after, before, frozenset(kinds), frozenset(others))


def _attribute(kind: str) -> str:
    schema, _, name = kind.rpartition(":")
    return f"{schema}:{name.partition('.')[0]}"


def _back(attribute: str, before: JsonObject | None) -> tuple[PatchOperation, ...] | None:
    """Return what puts an attribute back to the value that an image shows; None where the image does not tell."""
    path = attribute.removeprefix(":")
    try:
        value = paths.get(before or {}, path)
    except paths.PathError:
        return None
    if before is None or MASK in orjson.dumps(value).decode():
        return None
    remove = PatchOperation("remove", path)
    return (remove,) if value is None else (remove, PatchOperation("replace", path, value))


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
            found[step.type][step.id].take(step)
    return found


async def _of_type(kind: str, created: dict[str, CreateAnswer], reads: _Reading) -> tuple[str, ...]:
    """Read a few resources of each shape until it is clear what the service derives."""
    if len(created) < PROOF:
        return ()
    shapes: dict[tuple[frozenset[str], ...], dict[str, CreateAnswer]] = {}
    for resource_id, one in created.items():
        shapes.setdefault(one.shape, {})[resource_id] = one
    common = sorted(shapes.values(), key=len, reverse=True)[:SHAPES]
    return derived([await _of_shape(kind, some, reads) for some in common])


async def _of_shape(kind: str, created: dict[str, CreateAnswer], reads: _Reading) -> list[Sample]:
    """Read some resources that were created with the same attributes; one is enough where it does not differ."""
    found: list[Sample] = []
    for resource_id in islice(created, 2 * READ):
        read = await reads.by_id(kind, resource_id)
        if read is not None and is_settled(read.resource):
            found.append(created[resource_id].sample(read.resource))
        if len(found) == READ or (found and not found[-1].kinds):
            break
    return found


def _changed(recorded: RecordedRun) -> dict[str, dict[str, Change]]:
    """Return some users that the run changed, a few of each path, with the last change at each path of theirs."""
    found: dict[str, dict[str, Change]] = {}
    kept = Counter[str]()  # users by kind of path
    for step in islice(applied_steps(recorded), LOOKED_AT):
        if step.id is None or step.type != USER:
            continue
        if step.action is Action.DELETE:
            found.pop(step.id, None)
        elif step.action in {Action.MODIFY, Action.REPLACE}:
            kinds = {kind_of(change.path) for change in step.changes}
            if step.id in found or len(found) < KEPT or any(kept[kind] < READ for kind in kinds):
                kept.update(kinds)
                found.setdefault(step.id, {}).update({change.path: change for change in step.changes})
    return found


async def _rewritten(changed: Mapping[str, Mapping[str, Change]], reads: _Reading) -> tuple[str, ...]:
    """Return the kinds of paths that the service writes otherwise in enough users.

    A few are read of each kind, and more where one of them differs alone.
    """
    read, found, users = Counter[str](), Counter[str](), 0
    for own, changes in changed.items():
        kinds = {kind_of(path) for path in changes}
        told = (read[kind] >= READ and found[kind] not in range(1, PROOF) for kind in kinds)
        if users == MOST or all(told):
            continue
        users += 1
        live = await reads.by_id(USER, own)
        if live is not None:
            read.update(kinds)
            differing = (one for one in changes.values() if not stands(one, live.resource))
            found.update({kind_of(one.path) for one in differing if rewrites(one, live.resource)})
    return tuple(sorted(kind for kind, times in found.items() if times >= PROOF))
