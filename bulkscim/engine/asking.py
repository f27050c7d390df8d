"""What a worker asks of the tenant: what its row must know, and what became of a step whose answer was lost."""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from math import inf
from typing import Any

from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.exchange import Exchange
from bulkscim.engine.feed import Coming
from bulkscim.engine.lookahead import asks_groups, needs_only_id, purpose_of
from bulkscim.engine.reads import Reads
from bulkscim.engine.recording import Sent
from bulkscim.engine.recovery import dated, find_met, is_foreign, judged, look
from bulkscim.engine.rows import RunContext
from bulkscim.engine.stopping import members_lost
from bulkscim.engine.work import Work
from bulkscim.errors import CredentialError, MembersLost, Outage, ReferencesUnknown
from bulkscim.model.active import is_inactive
from bulkscim.model.live import (
    Found,
    Holders,
    ListedGroups,
    Member,
    Membership,
    Missing,
    NameHeld,
    Origin,
    OwnGroups,
    Question,
    Referrers,
    Reports,
    Shown,
    Unreadable,
)
from bulkscim.model.operation import GROUP, USER, JsonObject, Key
from bulkscim.model.request import Reply, Response
from bulkscim.model.step import Action, Step
from bulkscim.pacing.hints import stated_time
from bulkscim.pacing.retry import Judgement, Verdict, backoff
from bulkscim.planning.before_image import ImageAges
from bulkscim.planning.named_resources import may_miss, refers_to
from bulkscim.planning.newness import Age, created_of, is_exact
from bulkscim.planning.recover import (
    Evidence,
    NotApplied,
    Read,
    Recovered,
    Unclear,
    proved_ours,
    renamed,
)
from bulkscim.scim.forms import ids_in
from bulkscim.scim.paths import find

LOOKS = 3  # looks at what became of one lost step
ASKED = 2  # times that a row asks for what may fail for every record
DENIED = frozenset({401, 403})
FIRST_REST_S, LEAST_REST_S = 0.5, 0.05
MOST_VAIN = 3
NOT_NOW = frozenset({403, 408, 429})
MOVED, BROKEN = 300, 500


class Asking:
    """The reads of all workers: by the directory, and a run that cannot go on is stopped."""

    def __init__(
        self,
        context: RunContext,
        directory: Directory,
        reads: Callable[[Work | None], Reads],
        exchange: Exchange,
        ages: Callable[[str, str], ImageAges],
    ) -> None:
        self._stopping = context.stopping
        self._clock = context.clock
        self._random = context.random
        self._profile = context.profile
        self._directory = directory
        self._exchange = exchange
        self.reads = reads  # how a row reads the tenant
        self.ages = ages  # for a method and a resource type, at the present pace
        self._noted = False
        self._vain = 0  # waits for members and managers to be shown that changed nothing
        self._exact = False  # whether a create has shown that times of creation follow the server's clock

    async def read(self, work: Work, need: Question, coming: Coming) -> Any:
        """Read what a row must know; None where the run is to stop instead. `coming`: the rows that come next."""
        if isinstance(need, Shown) and not await self._is_shown_by_now(work, need):
            return None
        answer: Any = None
        for _ in range(ASKED):
            answer = await self._asked(work, need, coming)
            if not isinstance(answer, Unreadable):
                break
            is_side = isinstance(need, Holders | Reports)
            if await self.ends_run(work, answer, is_side=is_side):
                return None
            if not _may_be_all(answer.status) or (is_side and answer.status == BROKEN):
                break
        if isinstance(answer, Unreadable) and isinstance(need, Holders | Reports):
            return self._without(work, need, answer)
        if isinstance(answer, Missing) and answer.shown_by is not None:
            self._rest(work, answer.shown_by)
            return answer
        if isinstance(answer, Found) and answer.is_listed and isinstance(need, Key | ListedGroups):
            work.is_listed = work.is_listed or work.is_own(need)
            joins = isinstance(need, ListedGroups) or asks_groups(work, need)
            work.joins_at = min(work.joins_at, answer.read_at if joins else inf)
        is_proved = isinstance(answer, Missing) and not (answer.unproved or answer.is_listed)
        if is_proved and isinstance(need, Key):
            work.absent.add(need.folded)
        work.read_at = min(work.read_at, self._image_at(work, need, answer))
        return answer

    async def _is_shown_by_now(self, work: Work, need: Shown) -> bool:
        """Wait until the tenant may show what a row's step did, and note from when on reads do; False where the run is to stop."""
        lags, told = (0.0, self._profile.look_after_s, self._profile.visibility_lag_s), work.told_at
        soon, gone = lags[need.looks], 0.0 if told == -inf else self._clock.monotonic() - told
        if need.looks and not await self._stopping.confirmation(max(soon - gone, 0.0)):
            return False
        work.shows_since = inf if told == -inf else told + soon
        return True

    def _image_at(self, work: Work, need: Question, answer: Any) -> float:
        """Return when what a row is to change was read; inf of what it only names, whose age does not matter."""
        if isinstance(need, Membership):
            is_old = isinstance(answer, Member) and answer.is_old
            return -inf if is_old else self._clock.monotonic()
        is_own = isinstance(need, Key) and work.is_own(need) and not needs_only_id(work, need)
        return answer.read_at if is_own and isinstance(answer, Found) else inf

    def _without(self, work: Work, need: Holders | Reports, answer: Unreadable) -> Referrers | None:
        """Go on without side information that cannot be read; a delete stops the run where its approval does not cover that."""
        deletes = work.row.operation.spec.deletes
        stop = self._directory.give_up(need, answer.why, deletes=deletes)
        if stop:
            self._stopping.stop(ReferencesUnknown(stop))
            return None
        return Referrers(None)

    def _rest(self, work: Work, until: float) -> None:
        """Let a row wait, a little longer each time, while the tenant may not show yet what the run has created."""
        left = until - self._clock.monotonic()
        work.rests_s = max(min(left, FIRST_REST_S * 2.0**work.rests), LEAST_REST_S)
        work.rests += 1

    def not_yet(self, sent: Sent, judgement: Judgement) -> bool:
        """Let a row wait whose step was refused only because the tenant does not show yet what the run has just created.

        This is the resource that the step changes, or a member or manager that it names. Where waiting for those was in
        vain a few times, the tenant refuses them for another reason.
        """
        step, ids, asked_at = sent.step, self._directory.ids, sent.work.sent_at
        own = (
            ids.shown_by(step.type, step.id, asked_at)
            if step.id and judgement.verdict is Verdict.GONE
            else None
        )
        misses = may_miss(step, judgement.status, judgement.scim_type, judgement.detail)
        named = refers_to(step) if misses and judgement.verdict is not Verdict.CONFLICT else ()
        times = [own, *(ids.shown_by(kind, one, asked_at) for kind in (USER, GROUP) for one in named)]
        until = max((one for one in times if one is not None), default=None)
        if until is None:
            self._vain += bool(sent.work.rests and named)
            return False
        if own is None and self._vain >= MOST_VAIN:
            return False
        sent.work.forget()
        self._rest(sent.work, until)
        return True

    async def _asked(self, work: Work, need: Question, coming: Coming) -> Any:
        if isinstance(need, NameHeld) and not work.is_new:
            return False  # a listing may show what a lost create of the row has made
        if isinstance(need, OwnGroups):
            found = {one: self._directory.own_memberships.groups_of(one) for one in need.members}
            return {member: groups for member, groups in found.items() if groups}
        operation = work.row.operation
        purpose = purpose_of(work, need, coming, self.ages(operation.spec.method, operation.type))
        return await self._directory.answer(need, self.reads(work), purpose)

    async def ends_run(self, work: Work, answer: Unreadable, *, is_side: bool = False) -> bool:
        """Stop the run where an answer, to a read or a write, shows that no record is to blame.

        A row is at fault only where the control read works, or where the tenant answers and does not show all. Side
        information (`is_side`) may be all that is not answered.
        """
        if answer.partial:
            return self._stopping.requested
        control = await self._control(work) if is_side or _may_be_all(answer.status) else None
        told = control or answer
        denied = control is not None and control.status in DENIED and not control.throttled
        if told.status == HTTPStatus.UNAUTHORIZED or denied:
            self._stopping.stop(rejected(told.why))
        elif control and self._says_nothing(answer.status):
            self._note(
                f"whether others are refused as well is not known: a control read fails ({control.why})"
            )
        elif control or (told.status is None and not is_side):
            self._stopping.stop(Outage(f"the tenant does not answer: {told.why}"))
        return self._stopping.requested

    async def made(self, key: Key, work: Work) -> Read:
        """Read what a create has made; the run stops where reads that worked before are refused altogether."""
        read = await self._directory.find(key, self.reads(work), fresh=True)
        if isinstance(read, Unreadable) and read.status in DENIED and self._exchange.worked:
            await self.ends_run(work, read)
        return read

    def _says_nothing(self, status: int | None) -> bool:
        """Return whether a control read that fails tells nothing of a refusal: no read has worked yet, and a write has."""
        refused = status is not None and status < BROKEN
        return refused and self._exchange.has_applied and not self._exchange.worked

    def _note(self, text: str) -> None:
        """Report it once."""
        if not self._noted:
            self._noted = True
            self._directory.note(text)

    async def _control(self, work: Work) -> Unreadable | None:
        """Ask for what worked in this run before, else for a listing of users; return why it does not work now.

        None where it works, and where it is refused for good, as by a tenant that lists no users: this shows nothing.
        """
        wrong: Unreadable | None = None
        for request in reversed(self._exchange.worked):
            wrong = await self.reads(work).again(request)
            if wrong is None:
                return None
        if wrong is not None:
            return wrong
        async for page in self.reads(work).pages(USER):
            if not isinstance(page, Unreadable):
                return None
            tells = page.status is None or page.status in DENIED or _may_be_all(page.status)
            return page if tells else None
        return None

    async def stop_where_lost(self, work: Work, group: str, members: frozenset[str]) -> MembersLost | None:
        """Stop the run where a read by id confirms that a group has lost members by a change of others; return why."""
        read = await self.reads(work).by_id(GROUP, group)
        lost = members.difference(ids_in(find(read.resource, "members"))) if isinstance(read, Found) else ()
        if not lost or 2 * len(lost) <= len(members):
            return None
        reason = members_lost(work.number, group, tuple(sorted(lost)))
        self._stopping.stop(reason)
        return reason

    async def look(self, sent: Sent, *, answered: bool = False) -> tuple[Recovered | None, Read | None]:
        """Look until it is clear what became of a step, or the looks are spent; None where the run is to stop.

        What was read last comes with it. `answered`: the tenant has just answered the step, so it is looked at once
        for what a create met. That nothing is found then proves nothing: what was created may show late.
        """
        met = await self.met(sent) if answered else None
        if isinstance(met, Found):
            return judged(sent.step, met, self.evidence(sent)), met
        if sent.work.accepted:
            return await self._look_once(sent)
        lag = self._profile.look_after_s if sent.step.action is Action.CREATE else 0.0
        told: Recovered | None = None
        read: Read | None = None
        for attempt in range(1, LOOKS + 1):
            if not await self._stopping.confirmation(max(lag, backoff(attempt, self._random))):
                return None, None
            told, read = await self._look_once(sent)
            if not isinstance(told, Unclear):
                break
        return told, read

    async def _look_once(self, sent: Sent) -> tuple[Recovered | None, Read | None]:
        read = await self._look(sent)
        # After it: an answer shows the server's clock.
        told = judged(sent.step, read, self.evidence(sent))
        if isinstance(read, Unreadable) and await self.ends_run(sent.work, read):
            return None, None
        if isinstance(told, NotApplied) and sent.step.action is Action.CREATE:
            told = await self._under_another_name(sent) or told
        return told, read

    async def _under_another_name(self, sent: Sent) -> Unclear | None:
        """Doubt that a create took no effect where it may have made a resource whose name the tenant has changed."""
        step, reads = sent.step, self.reads(sent.work)
        begun = sent.work.create_sent.get(step.part, -inf)
        alike = await self._directory.perhaps_made(step, reads)
        if isinstance(alike, Unreadable):
            return Unclear(f"whether a group has a name like it is not known: {alike.why}")
        for one in alike:
            if self._directory.ids.before(step.type, one["id"], begun):
                continue
            read = await reads.by_id(step.type, one["id"])
            if isinstance(read, Unreadable):
                return Unclear(f"id {one['id']} may be what it created, and cannot be read: {read.why}")
            if isinstance(read, Found) and dated(self.evidence(sent), read).age is not Age.OLD:
                return Unclear(renamed(step.identity[0], read.resource))
        return None

    async def met(self, sent: Sent) -> Found | Unreadable | None:
        """Return a resource that a create may have met, or made; see `find_met`."""
        if sent.step.action is not Action.CREATE:
            return None
        return await find_met(sent.step, self._directory, self.reads(sent.work))

    async def _look(self, sent: Sent) -> Read:
        """Look once, by the id too that the answer to a create has named."""
        reads, step = self.reads(sent.work), sent.step
        read = await look(sent, self._directory, reads)
        sent.work.told_at = self._clock.monotonic()
        named = sent.work.named.get(step.part)
        return await reads.by_id(step.type, named) if named and isinstance(read, Missing) else read

    async def own_create(self, sent: Sent) -> Found | None:
        """Return what a create met that exists already, where an earlier step of the row, lost and not found, made it.

        That it was absent in between proves nothing here: it may have been made by either.
        """
        read = await self._look(sent)
        if not isinstance(read, Found):
            return None
        evidence = dated(replace(self.evidence(sent), absent_before=False), read)
        return read if proved_ours(read.id, evidence) else None

    def is_new(self, sent: Sent, judgement: Judgement) -> bool:
        """Return whether the answer to a create shows something that it made."""
        shown = Found(judgement.resource or {})
        return proved_ours("", self.evidence_of(sent, judgement)) and not is_foreign(sent.step, shown)

    async def age(self, sent: Sent, shown: JsonObject | None, reply: Reply) -> Age:
        """Return how old the resource is that a create was answered with, by its id and its time of creation.

        From one that is new it is learned whether times of creation can be compared exactly. Where a create is known to
        bring old resources back, it counts as new.
        """
        step = sent.step
        if shown is None or step.type in self._profile.restores:
            return Age.NEW
        begun = sent.work.create_sent.get(step.part, -inf)
        if self._directory.ids.before(step.type, str(shown.get("id")), begun):
            return Age.OLD
        age = dated(self.evidence(sent), Found(shown)).age
        if age is Age.NEW and isinstance(reply, Response):
            self._exact = self._exact or is_exact(created_of(shown), stated_time(reply.headers))
        if age is Age.UNSURE and (await self._directory.maker(Origin(step.type, str(shown["id"])))).run:
            return Age.OLD
        return age

    def is_dated_now(self, step: Step, shown: JsonObject | None, reply: Reply) -> bool:
        """Return whether the answer to a create shows that its resource was created when the answer was sent."""
        stated = stated_time(reply.headers) if isinstance(reply, Response) else None
        return step.type not in self._profile.restores and is_exact(created_of(shown or {}), stated)

    def evidence_of(self, sent: Sent, judgement: Judgement) -> Evidence:
        """Return what is known of a create, its answer included.

        That lookups did not show a user proves nothing where the answer shows it inactive: they may hide such users. Unless
        the profile says that they do not, and the create itself makes the user inactive.
        """
        found = Found(judgement.resource or {})
        evidence = dated(self.evidence(sent), found)
        may_show = self._profile.lists_inactive and is_inactive(sent.step.body)
        hidden = sent.step.type == USER and is_inactive(found.resource) and not may_show
        return replace(evidence, absent_before=False) if hidden else evidence

    def evidence(self, sent: Sent) -> Evidence:
        """Return what this process knows of a create."""
        work, step = sent.work, sent.step
        server, begun = self._exchange.server, work.create_started.get(step.part)
        started = server.shown(begun) if begun else None
        return Evidence(
            absent_before=any(key.folded in work.absent for key in step.identity),
            named=work.named.get(step.part),
            started=started.at if started else None,
            now=server.now(),
            earliest=started.at - started.early_s if started else None,
            exact=self._exact,
            accepted=work.accepted,
            succeeded=work.succeeded,
        )


def _may_be_all(status: int | None) -> bool:
    """Return whether a request that failed with this status, after all its attempts, may fail for every record."""
    return status is not None and (status in NOT_NOW or status < MOVED or status >= BROKEN)


def rejected(detail: str) -> CredentialError:
    """Return what ends a run whose token is not taken."""
    return CredentialError(f"the tenant rejects the token: {detail}; pass a valid one and resume")
