"""What a worker does with one row: send a step between two journal entries, settle; what it reads is `asking`."""

from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any

from bulkscim.engine import recording
from bulkscim.engine.abilities import Abilities
from bulkscim.engine.asking import Asking
from bulkscim.engine.bounds import Bounding, Guards
from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.reads import Reads
from bulkscim.engine.recording import Sent
from bulkscim.engine.recovery import is_broken, located, named
from bulkscim.engine.sending import Sender, request_of
from bulkscim.engine.stopping import Stopping
from bulkscim.engine.work import Work
from bulkscim.errors import Stopped
from bulkscim.journal.entries import Kind
from bulkscim.journal.journal import Journal
from bulkscim.model.clock import Clock
from bulkscim.model.events import Watcher
from bulkscim.model.live import Found, Missing, Question, Unreadable
from bulkscim.model.operation import JsonObject, Key
from bulkscim.model.request import Reply
from bulkscim.model.row import Applied, Existed, Refusal, Row, RowState
from bulkscim.model.step import Action, Step
from bulkscim.pacing.retry import Judgement, Verdict, is_empty_success
from bulkscim.planning.decision import Decision, Policy, Rest, Settle
from bulkscim.planning.effects import is_thin
from bulkscim.planning.lookups import answers
from bulkscim.planning.newness import Age
from bulkscim.planning.next_step import next_step
from bulkscim.planning.order import Claim
from bulkscim.planning.recover import NotApplied, Ours, Read, Recovered, Theirs, Unclear, is_explained
from bulkscim.providers.generic import GENERIC
from bulkscim.providers.profile import Profile
from bulkscim.scim.messages import usable_id

FRESH_S = 5.0  # a before-image older than this when its permit comes is read again
LOSSES = 5  # steps of one row that may be lost and found not applied
STALE = 2  # refused versions, before the version is no longer sent
GOOD = 200
Next = Decision | Rest
UNSURE = "it may have existed before: its time of creation is before that of its create"


class Worker:
    """The hands of the engine; one for all tasks, since all state of a row is in its Work."""

    def __init__(  # noqa: PLR0913 - the parts of the engine meet here
        self,
        journal: Journal,
        sender: Sender,
        directory: Directory,
        reads: Callable[[Work | None], Reads],
        watcher: Watcher,
        clock: Clock,
        *,
        policy: Policy,
        profile: Profile = GENERIC,
        guards: Guards | None = None,
    ) -> None:
        self._journal = journal
        self._sender = sender
        self._directory = directory
        self._reads = reads
        self._watcher = watcher
        self._clock = clock
        self._profile = profile
        self.policy = replace(policy, looks_always=policy.looks_always or _has_met(journal))
        self._bounds = Bounding(guards or Guards(), journal, sender.stopping)
        self._abilities = Abilities(journal, sender.stopping, watcher.note, takes_patch=profile.patch)
        self.applied = 0  # steps that took effect
        self.unproved: set[int] = set()  # rows whose earlier writes are to be read back
        self.found: dict[int, str] = {}  # ids that rows left for later did not create, by row
        self.accepted: set[int] = set()  # rows whose step was answered with 202 and is to be looked for
        self.accepted_at = 0.0  # when the last one was
        self._asking = Asking(directory, reads, sender, clock, profile)

    @property
    def _stopping(self) -> Stopping:
        return self._sender.stopping

    def begun(self, row: Row, claims: tuple[Claim, ...]) -> Work:
        """Bring a row under way, with what it has done so far by the journal."""
        unproved = row.number in self.unproved
        self.unproved.discard(row.number)  # read back in this stay, or never: others may come in between
        return recording.work_of(row, self._journal.history(row.number), claims, unproved=unproved)

    def decide(self, work: Work) -> Next:
        """Return what the row does next, by all that is known of it now."""
        if work.rests_s:
            seconds, work.rests_s = work.rests_s, 0.0
            return Rest(seconds)
        return next_step(work.row, work.facts, work.live, self.policy)

    async def read(self, work: Work, need: Question) -> Any:
        """Read what a row must know; None where the run is to stop instead."""
        return await self._asking.read(work, need)

    async def settle(self, work: Work, decision: Settle) -> None:
        """Journal a row's end."""
        await self._journal.append(recording.settled(work, decision))
        self._ended(work, decision)

    def _ended(self, work: Work, decision: Settle) -> None:
        """Report the row's end to the watcher, and count it."""
        self._watcher.settled(work.number, decision.state)
        self._bounds.ended(work, decision)

    async def carry_out(self, work: Work, step: Step) -> Next | None:
        """Send a step between its two entries; return what the row does next, None where its stay ends here."""
        if work.stale >= STALE or not self._abilities.sends_versions:
            step = replace(step, if_match=None)
        if lacking := self._abilities.lacking(step):
            work.refused(Refusal(step.part, None, None, lacking))
            return self.decide(work)
        if work.is_listed and not work.reads_alone:
            work.reads_alone = True
            work.forget()
            return self.decide(work)
        request = request_of(step)
        if step.adopts and not self._bounds.may_adopt(work.number):
            return None
        if not await self._sender.permits.obtain(request, urgent=True):
            return None
        if self._is_old(work, step):
            work.read_again = True
            work.forget()
            return self.decide(work)
        if (
            step.action is Action.CREATE
            and self.policy.looks_always
            and not work.has_looked_up(step.identity)
        ):
            work.forget()
            return self.decide(work)
        work.read_again = False
        sent = Sent(work, step, self._journal.next_step())
        intent = self._sender.server.moment()
        if step.action is Action.CREATE:
            work.begins(step.part, step.covers)
            work.create_started.setdefault(step.part, intent)
            work.create_sent.setdefault(step.part, self._clock.monotonic() if work.is_new else -inf)
        await self._journal.append(recording.started(sent, intent, self._directory.take_left_out()))
        judgement, reply = await self._sender.send(work, step, request)
        if self._asking.not_yet(sent, judgement):
            await self._journal.append(recording.refused(sent, judgement))
            return self.decide(work)
        return await self._end(sent, judgement, reply)

    def _is_old(self, work: Work, step: Step) -> bool:
        """Return whether what was read is to be read again, once, before the step."""
        looked = step.before is not None or step.member is not None
        limit = max(FRESH_S, 2 * self._sender.permits.interval_s)
        return looked and not work.read_again and self._clock.monotonic() - work.read_at > limit

    async def _end(self, sent: Sent, judgement: Judgement, reply: Reply) -> Next | None:
        """Journal the step's end and take it into the row's facts."""
        self._abilities.ended(sent.work, sent.step, judgement)
        if judgement.verdict is not Verdict.LOST:
            self._bounds.answered(fault=judgement.verdict is Verdict.AGAIN, detail=judgement.detail)
        match judgement.verdict:
            case Verdict.APPLIED:
                return await self._answered(sent, judgement, reply)
            case Verdict.LOST:
                sent.work.succeeded = is_empty_success(reply)
                if known := named(sent.step, judgement, reply):
                    sent.work.named[sent.step.part] = known
                await self._lost(sent, judgement, known)
                return await self._look_after(sent, judgement)
            case Verdict.ACCEPTED:
                await self._accepted(sent, judgement, reply)
                return None
            case Verdict.CONFLICT | Verdict.UNEXPLAINED if sent.step.part in sent.work.facts.lost and (
                own := await self._asking.own_create(sent)
            ):
                how = Applied(sent.step.part, own.id, judgement.status, seen=True)
                return await self._applied(sent, how, own.resource)
            case Verdict.GONE if sent.may_have_removed:  # the earlier, lost deactivation took effect late
                await self._lost(sent, judgement)
                return await self._look_after(sent, judgement)
            case _ if wanted := self._as_wanted(sent, judgement):
                return await self._applied(sent, wanted)
            case Verdict.UNEXPLAINED:
                return await self._unexplained(sent, judgement)
            case _:
                await self._journal.append(recording.refused(sent, judgement))
                return await self._refused(sent, judgement)

    async def _unexplained(self, sent: Sent, judgement: Judgement) -> Next | None:
        """Look whether a create was refused since its identity exists; without a look the row stays pending."""
        met = await self._asking.met(sent)
        await self._journal.append(recording.refused(sent, judgement))
        if isinstance(met, Found):
            return self._exists(sent, judgement, met)
        if isinstance(met, Unreadable) and await self._asking.ends_run(sent.work, met):
            sent.work.forget()
            return None
        return await self._refused(sent, judgement)

    async def _accepted(self, sent: Sent, judgement: Judgement, reply: Reply) -> None:
        """Leave a row whose step was accepted: it is looked for when all others have been worked on."""
        shown = judgement.resource if sent.step.action is Action.CREATE else None
        known = usable_id(shown) or named(sent.step, judgement, reply)
        await self._lost(sent, judgement, known)
        self.accepted.add(sent.work.number)
        self.accepted_at = self._clock.monotonic()

    async def _answered(self, sent: Sent, judgement: Judgement, reply: Reply) -> Next | None:
        """Take in a success; a create's answer must show that something new was made, and under which id."""
        step = sent.step
        if step.action is not Action.CREATE:
            return await self._applied(
                sent, Applied(step.part, step.id, judgement.status), judgement.resource
            )
        made = usable_id(judgement.resource) or located(step, reply)
        if judgement.status == GOOD and made and not self._asking.is_new(sent, judgement):
            return await self._met(sent, judgement, made)
        shown = judgement.resource
        if made is None or is_thin(step.body, shown):
            key = step.identity[0] if made is None else Key(step.type, "id", made)
            read = await self._directory.find(key, self._reads(sent.work), fresh=True)
            unknown = isinstance(read, Unreadable) and (made is None or read.may_pass)
            if unknown or (self._stopping.requested and not isinstance(read, Found)):
                # Not believed unseen: a later look, or a resume, reads which it is and how old.
                await self._lost(sent, judgement, made)
                return await self._look_after(sent, judgement) if unknown else None
            if isinstance(read, Found):
                made, shown = usable_id(read.resource) or made, read.resource
        back = self.policy.takes_back and made == sent.work.row.operation.ref
        known = None if made is None or back else {**(shown or {}), "id": made}
        age = await self._asking.age(sent, known, reply)
        if age is Age.OLD and made is not None:
            return await self._met(sent, judgement, made)
        note = UNSURE if age is Age.UNSURE else ""
        if judgement.resource and step.type in self._profile.restores:
            note = self._asking.evidence_of(sent, judgement).restored(step, judgement.resource)
        how = Applied(step.part, made, judgement.status, note=note, unsure=age is Age.UNSURE)
        return await self._applied(sent, how, shown)

    async def _met(self, sent: Sent, judgement: Judgement, resource_id: str) -> Next:
        """Take in that a create was answered with a resource that existed; from then on each create is looked up before."""
        existed = Existed(resource_id, touched=True)
        told = replace(judgement, detail=f"answered {judgement.status}: id {resource_id} existed already")
        await self._journal.append(recording.refused(sent, told, existed))
        self.policy = replace(self.policy, looks_always=True)
        sent.work.taken(replace(self._refusal(sent.step, told), existed=existed))
        sent.work.forget()
        return self.decide(sent.work)

    async def _applied(self, sent: Sent, how: Applied, shown: JsonObject | None = None) -> Next | None:
        """Journal that a step took effect, with the row's end in the same write where it has ended.

        `shown` is the resource as the tenant shows it after the step, where it does.
        """
        work, step = sent.work, sent.step
        note = how.note or recording.note_of(step, shown, takes_back=self.policy.takes_back)
        how = replace(how, left=step.left, note=note)
        stripped = await self._directory.applied(step, self._reads(work), how.id, shown)
        entries = [recording.applied(sent, how, shown, stripped)]
        work.losses = 0
        self.applied += 1
        work.applied(how, () if how.partial else (step.part, *step.covers))
        work.forget()
        decision = self.decide(work)
        if isinstance(decision, Settle):
            entries.append(recording.settled(work, decision))
        await self._journal.append(*entries)
        if isinstance(decision, Settle):
            self._ended(work, decision)
            return None
        return decision

    async def _lost(self, sent: Sent, judgement: Judgement, known: str | None = None) -> None:
        """Journal that it is unknown whether a step took effect; `known` is the id that an answer names."""
        self._directory.doubts(sent.step)
        await self._journal.append(recording.lost(sent, judgement, known))

    async def _refused(self, sent: Sent, judgement: Judgement) -> Next | None:
        """Say what a refusal means for the row and for the run."""
        work, step = sent.work, sent.step
        refusal, outdated = self._refusal(step, judgement), self._directory.refused(step)
        work.forget()
        match judgement.verdict:
            case Verdict.AGAIN:
                self._not_now(judgement)
                return None
            case Verdict.UNAUTHORIZED | Verdict.FORBIDDEN if await self._asking.ends_run(
                work, Unreadable(judgement.detail, judgement.status)
            ):
                return None
            case Verdict.CONFLICT if step.part == "create" and work.facts.taken is None:
                work.taken(refusal)
            case Verdict.STALE if work.stale < STALE:
                work.stale += 1
            case _ if outdated:
                pass  # names are looked up again
            case _:
                work.refused(refusal)
        return self.decide(work)

    def _not_now(self, judgement: Judgement) -> None:
        """Leave a row whose budget of "not now" is spent; without any answer the run stops."""
        if judgement.status is None and not self._stopping.requested:
            self._stopping.stop(Stopped(f"the tenant cannot be reached: {judgement.detail}"))

    async def wait_for_accepted(self) -> bool:
        """Wait until what was accepted last can be seen; return whether the run goes on."""
        shown_at = self.accepted_at + self._profile.visibility_lag_s
        return await self._stopping.pause(shown_at - self._clock.monotonic())

    async def recover(self, sent: Sent, judgement: Judgement) -> None:
        """Find out what became of a lost step, and journal it; the row stays in doubt where that cannot be told."""
        told, read = await self._asking.look(sent)
        await self._recovered(sent, judgement, (told, read))

    async def _look_after(self, sent: Sent, judgement: Judgement) -> Next | None:
        """Recover a step that was lost just now. It counts as a fault of the tenant unless a lookup explains it."""
        told, read = await self._asking.look(sent, answered=judgement.status is not None)
        if told is not None:
            explained = is_explained(told, read)
            fails = isinstance(told, NotApplied) and not explained and is_broken(judgement.status)
            if not (fails and self._abilities.faulty.explains(sent.work.number, sent.step)):
                self._bounds.answered(fault=not explained, detail=judgement.detail)
        return await self._recovered(sent, judgement, (told, read))

    async def _recovered(
        self, sent: Sent, judgement: Judgement, looked: tuple[Recovered | None, Read | None]
    ) -> Next | None:
        """Journal what became of a lost step, by what the look at it has shown."""
        told, read = looked
        match told:
            case None:
                return None
            case Ours():
                shown = read.resource if isinstance(read, Found) else None
                seen, partial = not sent.work.accepted, bool(told.unlike)
                note = "" if seen else "found after the tenant had accepted it (202)"
                how = Applied(sent.step.part, told.id, judgement.status, seen, note, partial=partial)
                return await self._applied(sent.found(), how, shown)
            case Theirs():
                judgement = replace(
                    judgement, detail=f"exists as id {told.id}; not proved to be made by this run"
                )
                await self._journal.append(recording.refused(sent, judgement, Existed(told.id)))
                return self._exists(sent, judgement, read)
            case NotApplied():
                if isinstance(read, Missing) and read.by_all:
                    sent.work.absent.update(key.folded for key in sent.step.identity)
                not_applied = replace(judgement, detail=f"not applied: {judgement.detail}")
                await self._journal.append(recording.refused(sent, not_applied))
                if is_explained(told, read):
                    return self._exists(sent, judgement, read)
                return self._not_applied(sent, judgement)
            case Unclear() if sent.work.accepted and sent.work.number not in self.accepted:
                self.accepted.add(sent.work.number)  # of an earlier session: looked for at the end too
                return None
            case Unclear():
                self._watcher.settled(sent.work.number, RowState.IN_DOUBT)
                self._watcher.note(f"row {sent.work.number} is in doubt: {told.why}")
                return None

    def _exists(self, sent: Sent, judgement: Judgement, read: Read | None) -> Next:
        """Let the row go on with what its create met; what was just read of it by its id is not read again."""
        work, target = sent.work, sent.work.row.operation.target
        work.forget()
        if sent.step.part == "create":
            work.taken(self._refusal(sent.step, judgement))
        if isinstance(read, Found) and not read.is_looked_up and answers(target, read.resource):
            work.live[target] = read
            work.read_at = read.read_at
        return self.decide(work)

    def _not_applied(self, sent: Sent, judgement: Judgement) -> Next:
        """Let the row try again within its budget."""
        work = sent.work
        work.forget()
        work.not_applied(sent.step)
        if work.losses >= LOSSES and is_broken(judgement.status):
            self._abilities.faulty.used_up(work.number, sent.step)
        if work.losses >= LOSSES or (is_broken(judgement.status) and self._abilities.faulty.holds(sent.step)):
            work.refused(self._refusal(sent.step, judgement))
        return self.decide(work)

    def _as_wanted(self, sent: Sent, judgement: Judgement) -> Applied | None:
        """Return the end of a step whose refusal says that the tenant is as it wanted; None where it does not."""
        step = sent.step
        gone = judgement.verdict is Verdict.GONE and step.action is Action.DELETE
        told = self._refusal(step, judgement)
        says_so = told.says_absent if step.removes_member else told.says_present
        seen = says_so and step.part in sent.work.facts.lost_members
        return Applied(step.part, step.id, judgement.status, seen=seen) if seen or gone else None

    def recall(self) -> None:
        """Take in what earlier sessions created and changed."""
        if self._journal.timeline.sessions > 1:
            self._directory.ids.recall(self._journal)

    def _refusal(self, step: Step, judgement: Judgement) -> Refusal:
        advice = self._profile.advice_for(step.action, step.type, judgement.status)
        return Refusal(step.part, judgement.status, judgement.scim_type, judgement.detail, advice)


def _has_met(journal: Journal) -> bool:
    """Return whether a create of an earlier session was answered with a resource that existed."""
    return journal.timeline.sessions > 1 and any(
        entry.body.get("touched") for entry in journal.entries(Kind.REFUSED, holding=b'"touched":true')
    )
