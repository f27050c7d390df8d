"""Find out what became of a step whose answer was lost: look, then decide by `planning/recover`."""

from datetime import datetime

from bulkscim.engine.reads import Reads
from bulkscim.engine.resolver import Resolver
from bulkscim.model.live import Ambiguous, Found, Membership, Missing, Unreadable
from bulkscim.model.step import Action, Step
from bulkscim.planning.effects import deactivates
from bulkscim.planning.recover import Evidence, Read, Recovered, recover


async def look(step: Step, resolver: Resolver, reads: Reads) -> Read:
    """Read what shows whether the step took effect; nothing that was known before is used."""
    if step.action is Action.CREATE:
        return await _find_created(step, resolver, reads)
    if step.id is None:
        return Unreadable("the step names no resource")
    if step.member is not None:
        return await resolver.membership(Membership(step.id, step.member), reads, fresh=True)
    read = await reads.by_id(step.type, step.id)
    if isinstance(read, Missing) and resolver.is_partial(step.type) and deactivates(step.type, step.changes):
        return Unreadable("it is gone, or hidden since it is deactivated", 404)
    return read


async def _find_created(step: Step, resolver: Resolver, reads: Reads) -> Read:
    """Look for what a create would have made, by each identity until one finds something."""
    answer: Read = Unreadable("the record gives no identity to look for")
    for key in step.identity:
        answer = await resolver.find(key, reads, fresh=True)
        if not isinstance(answer, Missing):
            return answer
    return answer


async def recovered(
    step: Step, resolver: Resolver, reads: Reads, evidence: Evidence
) -> tuple[Recovered, Read]:
    """Return what became of the step, and what was read to tell."""
    read = await look(step, resolver, reads)
    if isinstance(read, Found) and step.action is Action.CREATE:
        if not _same_identity(step, read):
            ids = (read.id,)
            return recover(step, Ambiguous(ids), evidence), read
        evidence = Evidence(
            evidence.absent_before, evidence.named, evidence.started, evidence.now, created_at(read)
        )
    return recover(step, read, evidence), read


def _same_identity(step: Step, found: Found) -> bool:
    """Compare the externalId where both sides have one; the name was compared by the lookup."""
    ours = next((key.value for key in step.identity if key.attribute == "externalId"), None)
    theirs = found.resource.get("externalId")
    return not ours or not theirs or ours == theirs


def created_at(found: Found) -> float | None:
    """Return `meta.created` as seconds since 1970, None where there is none that can be read."""
    meta = found.resource.get("meta")
    text = meta.get("created") if isinstance(meta, dict) else None
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None
