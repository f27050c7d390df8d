"""Find out what became of a step whose answer was lost: look, then decide by `planning/recover`."""

from dataclasses import replace
from http import HTTPStatus

from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.directory.together import Purpose
from bulkscim.engine.reads import Reads
from bulkscim.engine.recording import Sent
from bulkscim.model.active import is_inactive
from bulkscim.model.live import Found, Membership, Missing, Unreadable
from bulkscim.model.request import Reply, Response
from bulkscim.model.step import Action, Step
from bulkscim.pacing.retry import Judgement
from bulkscim.planning.newness import created_of
from bulkscim.planning.recover import Evidence, Read, Recovered, recover
from bulkscim.scim import protocol


async def look(sent: Sent, directory: Directory, reads: Reads) -> Read:
    """Read what shows whether the step took effect; what was known before it was answered is not used.

    An addition that was sent with others may be sent again, so its absence needs no proof.
    """
    step = sent.step
    if step.action is Action.CREATE:
        return await _find_created(step, directory, reads)
    if step.id is None:
        return Unreadable("the step names no resource", partial=True)
    if step.member is not None:
        proves = step.removes_member or not sent.is_shared
        need = Membership(step.id, step.member, proof=proves, asks_member=proves)
        return await directory.members.membership(need, reads, since=sent.work.told_at)
    read = await reads.by_id(step.type, step.id)
    if isinstance(read, Missing) and read.shown_by is not None and step.action is Action.DELETE:
        return Unreadable("it was just created, and the tenant may not show it yet", 404)
    return read


async def _find_created(step: Step, directory: Directory, reads: Reads) -> Read:
    """Look for what a create would have made, by each identity until one finds it.

    Who has its name and another externalId is not it, and keeps it from being made only where names are unique.
    """
    answer: Read = Unreadable("the record gives no identity to look for", partial=True)
    absent, held = True, False
    for key in step.identity:
        answer = await directory.find(
            key, reads, Purpose(needed=None), fresh=True
        )  # it must be known whole and how old it is
        absent = absent and isinstance(answer, Missing) and not answer.unproved
        held = held or isinstance(answer, Found)
        if not isinstance(answer, Missing) and not (isinstance(answer, Found) and is_foreign(step, answer)):
            return answer
    if isinstance(answer, Missing) and directory.is_partial(step.type) and is_inactive(step.body):
        return Unreadable("this tenant does not show deactivated users", partial=True)
    if isinstance(answer, Missing) and await directory.misses(step):
        why = "this tenant changes names, so what was created may have another one"
        return Unreadable(why, partial=True)
    if isinstance(answer, Missing):
        return Missing(by_all=absent, is_held=held)
    if isinstance(answer, Found):
        return Unreadable(f"there is another one: id {answer.id}", partial=True)
    return answer


async def find_met(step: Step, directory: Directory, reads: Reads) -> Found | Unreadable | None:
    """Find a resource that a create may have met, or made; None proves nothing. Unreadable: a look could not be had."""
    unreadable: Unreadable | None = None
    for key in step.identity:
        answer = await directory.known(key, reads)
        if isinstance(answer, Found) and not is_foreign(step, answer):
            return answer
        unreadable = answer if isinstance(answer, Unreadable) else unreadable
    return unreadable


def judged(step: Step, read: Read, evidence: Evidence) -> Recovered:
    """Return what became of the step, by what was read of it."""
    if isinstance(read, Found) and step.action is Action.CREATE:
        evidence = dated(evidence, read)
    return recover(step, read, evidence)


def is_foreign(step: Step, found: Found) -> bool:
    """Compare the externalId where both sides have one; the name was compared by the lookup or the server."""
    ours = next((key.value for key in step.identity if key.attribute == "externalId"), None)
    theirs = found.resource.get("externalId")
    return bool(ours and theirs and ours != theirs)


def dated(evidence: Evidence, found: Found) -> Evidence:
    """Return the evidence with the time at which a resource says that it was created."""
    created = created_of(found.resource)
    if created is None:
        return replace(evidence, created=None)
    return replace(evidence, created=created.at, zoned=created.zoned)


def named(step: Step, judgement: Judgement, reply: Reply) -> str | None:
    """Return the id that the answer to a create names, where the rest of it cannot be believed."""
    success = judgement.status is not None and HTTPStatus.OK <= judgement.status < HTTPStatus.MULTIPLE_CHOICES
    return located(step, reply) if success and step.action is Action.CREATE else None


def located(step: Step, reply: Reply) -> str | None:
    """Return the id at the end of the Location of the answer to a create."""
    location = reply.headers.get("location") if isinstance(reply, Response) else None
    return protocol.id_of_location(location, step.type) if location else None


def is_broken(status: int | None) -> bool:
    """Return whether an answer is an error of the server."""
    return status is not None and status >= HTTPStatus.INTERNAL_SERVER_ERROR
