"""What a worker asks of the tenant: what its row must know, and what became of a step whose answer was lost."""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from bulkscim.engine.reads import Reads
from bulkscim.engine.recording import Sent
from bulkscim.engine.recovery import created_at, recovered
from bulkscim.engine.resolver import Resolver
from bulkscim.engine.sending import Sender
from bulkscim.engine.stopping import Stopping
from bulkscim.engine.work import Work
from bulkscim.errors import CredentialError, Stopped
from bulkscim.model.clock import Clock
from bulkscim.model.live import Found, Holders, Membership, Missing, Reports, Shown, Unreadable
from bulkscim.model.operation import GROUP, USER, Key, Role, Verb
from bulkscim.model.step import Action
from bulkscim.pacing.retry import Judgement, backoff
from bulkscim.planning.recover import Evidence, Read, Recovered, Unclear, proved_ours
from bulkscim.providers.profile import Profile

LOOKS = 3  # looks at what became of one lost step
DENIED = frozenset({401, 403})


class Asking:
    """The reads of all workers: by the resolver, and a run that cannot go on is stopped."""

    def __init__(
        self,
        resolver: Resolver,
        reads: Callable[[Work | None], Reads],
        sender: Sender,
        clock: Clock,
        profile: Profile,
    ) -> None:
        self._resolver = resolver
        self._reads = reads
        self._sender = sender
        self._clock = clock
        self._profile = profile

    @property
    def _stopping(self) -> Stopping:
        return self._sender.stopping

    async def read(self, work: Work, need: Key | Membership | Holders | Reports | Shown) -> Any:
        """Read what a row must know; None where the run is to stop instead."""
        reads = self._reads(work)
        if isinstance(need, Shown):
            if need.again and not await self._stopping.pause(self._profile.visibility_lag_s):
                return None
            answer: Any = await self._resolver.shown(need.on, reads)
        elif isinstance(need, Membership):
            answer = await self._resolver.membership(need, reads)
        elif isinstance(need, Holders | Reports):
            answer = await self._resolver.tied.read(need, reads)
        elif need.type == GROUP and _needs_only_id(work, need):
            answer = await self._resolver.group(need, reads)
        else:
            answer = await self._resolver.find(need, reads)
        if isinstance(answer, Unreadable) and self.ends_run(answer):
            return None
        if isinstance(answer, Missing) and isinstance(need, Key):
            work.absent.add(need.folded)
        if not isinstance(need, Holders | Reports):
            work.read_at = self._clock.monotonic()
        return answer

    def ends_run(self, answer: Unreadable) -> bool:
        """Stop the run where a read shows that no record is to blame."""
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._stopping.stop(rejected(answer.why))
        elif answer.status is None:
            self._stopping.stop(Stopped(f"the tenant does not answer: {answer.why}"))
        return self._stopping.requested

    async def control_is_denied(self, work: Work) -> bool:
        """Ask for what worked when the run began: is it the token, or this record?"""
        async for page in self._reads(work).pages(USER):
            return isinstance(page, Unreadable) and page.status in DENIED
        return False

    async def look(self, sent: Sent) -> tuple[Recovered | None, Read | None]:
        """Look until it is clear what became of a step, or the looks are spent; None where the run is to stop.

        What was read last comes with it.
        """
        lag = self._profile.visibility_lag_s if sent.step.action is Action.CREATE else 0.0
        told: Recovered | None = None
        read: Read | None = None
        for look in range(1, LOOKS + 1):
            if not await self._stopping.pause(max(lag, backoff(look, self._sender.random))):
                return None, None
            reads = self._reads(sent.work)
            told, read = await recovered(sent.step, self._resolver, reads, self.evidence(sent))
            if isinstance(read, Unreadable) and self.ends_run(read):
                return None, None
            if not isinstance(told, Unclear):
                break
        return told, read

    def is_new(self, sent: Sent, judgement: Judgement) -> bool:
        """Say whether the answer to a create shows something that it made."""
        return proved_ours("", self.evidence_of(sent, judgement))

    def evidence_of(self, sent: Sent, judgement: Judgement) -> Evidence:
        """Return what is known of a create, its answer included."""
        found = Found(judgement.resource or {})
        return replace(self.evidence(sent), created=created_at(found))

    def evidence(self, sent: Sent) -> Evidence:
        """Return what this process knows of a create."""
        work, step = sent.work, sent.step
        absent = any(key.folded in work.absent for key in step.identity)
        return Evidence(
            absent_before=absent,
            started=work.create_started.get(step.part),
            now=self._sender.server.now(),
        )


def _needs_only_id(work: Work, need: Key) -> bool:
    """Tell whether a group is only named, not changed by its own row: then all that matters is its id."""
    operation = work.row.operation
    if operation.verb in {Verb.ADD_MEMBER, Verb.REMOVE_MEMBER} and need == operation.target:
        return need.attribute != "id"
    return any(reference.role is Role.GROUP and reference.key == need for reference in operation.references)


def rejected(detail: str) -> CredentialError:
    """Return what ends a run whose token is not taken."""
    return CredentialError(f"the tenant rejects the token: {detail}; pass a valid one and resume")
