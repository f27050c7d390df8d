"""What the end of a step means for its row and for the run, and what became of a step whose answer was lost."""

from collections.abc import Sequence
from dataclasses import replace

from bulkscim.engine import recording
from bulkscim.engine.abilities import Abilities
from bulkscim.engine.asking import Asking
from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.dispatch import Dispatch, Outcome
from bulkscim.engine.recording import Sent
from bulkscim.engine.recovery import is_broken, located, named
from bulkscim.engine.rows import Next, Rows, RunContext
from bulkscim.engine.work import Work
from bulkscim.errors import Outage
from bulkscim.journal import bodies
from bulkscim.journal.entries import Entry
from bulkscim.model.live import Found, Missing, Unreadable
from bulkscim.model.operation import JsonObject, Key
from bulkscim.model.request import Reply
from bulkscim.model.row import Applied, Existed, Refusal, RowState
from bulkscim.model.step import Action, Step
from bulkscim.pacing.retry import Judgement, Verdict, is_empty_success
from bulkscim.planning.decision import Settle
from bulkscim.planning.derived import doubted
from bulkscim.planning.effects import is_thin
from bulkscim.planning.lookups import answers
from bulkscim.planning.newness import Age
from bulkscim.planning.recover import NotApplied, Ours, Read, Recovered, Theirs, Unclear, is_explained
from bulkscim.scim.protocol import usable_id

LOSSES = 5  # steps of one row that may be lost and found not applied
GOOD = 200
UNSURE = "it may have existed before: its time of creation is before that of its create"


class Outcomes:
    """Takes in the ends of steps; one for all workers, since all state of a row is in its Work.

    `applied` counts the steps that took effect. `accepted` are the rows whose step was answered with 202 and is to be
    looked for.
    """

    def __init__(
        self,
        context: RunContext,
        rows: Rows,
        asking: Asking,
        dispatch: Dispatch,
        directory: Directory,
        abilities: Abilities,
    ) -> None:
        self._stopping = context.stopping
        self._watcher = context.watcher
        self._pulse = context.pulse
        self._clock = context.clock
        self._profile = context.profile
        self._rows = rows
        self._asking = asking
        self._dispatch = dispatch
        self._directory = directory
        self._abilities = abilities
        self.applied = 0
        self.accepted: set[int] = set()
        self._accepted_at = 0.0  # when the last one was

    async def take_in(self, outcome: Outcome) -> Next | None:
        """Journal a step's end and take it into its row; return what the row does next, None where its stay ends here."""
        sent, judgement, reply = outcome.sent, outcome.judgement, outcome.reply
        if not sent.is_shared and self._asking.not_yet(sent, judgement):
            await self._dispatch.end(recording.refused(sent, judgement))
            return self._rows.decide(sent.work)
        if sent.leads:
            self._abilities.ended(sent.work, sent.step, judgement)
        if sent.leads and judgement.verdict is not Verdict.LOST:
            self._rows.bounds.answered(fault=judgement.verdict is Verdict.AGAIN, detail=judgement.detail)
        if outcome.read is not None:
            how = Applied(sent.step.part, sent.step.id, judgement.status)
            return await self._applied(sent, how, outcome.read, is_read=True)
        return await self._end(sent, judgement, reply)

    async def answered(self, outcomes: Sequence[Outcome]) -> None:
        """Take in what a request has changed as its answer shows it, once all of its steps are taken in."""
        first, steps = outcomes[0], [one.sent.step for one in outcomes]
        work, read = first.sent.work, first.read
        lost = frozenset[str]()
        if read is not None and steps[0].member is not None:
            lost = self._directory.members.answered(steps, read, work.sent_at, is_read=True)
        elif first.judgement.verdict is Verdict.APPLIED and first.judgement.resource:
            lost = self._directory.answered(steps, first.judgement.resource, work.sent_at)
        reason = await self._asking.stop_where_lost(work, str(steps[0].id), lost) if lost else None
        if reason is not None:
            stopped = bodies.Stopped(str(reason), reason.cause, step=first.sent.number, lost=reason.members)
            await self._dispatch.end(Entry(stopped))

    async def _end(self, sent: Sent, judgement: Judgement, reply: Reply) -> Next | None:
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
                await self._dispatch.end(recording.refused(sent, judgement))
                return await self._refused(sent, judgement)

    async def _unexplained(self, sent: Sent, judgement: Judgement) -> Next | None:
        """Look whether a create was refused since its identity exists; without a look the row stays pending."""
        met = await self._asking.met(sent)
        await self._dispatch.end(recording.refused(sent, judgement))
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
        self._accepted_at = self._clock.monotonic()

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
            read = await self._asking.made(key, sent.work)
            unknown = isinstance(read, Unreadable) and (made is None or read.may_pass)
            if unknown or (self._stopping.requested and not isinstance(read, Found)):
                # Not believed unseen: a later look, or a resume, reads which it is and how old.
                await self._lost(sent, judgement, made)
                return await self._look_after(sent, judgement) if unknown else None
            if isinstance(read, Found):
                made, shown = usable_id(read.resource) or made, read.resource
        back = self._rows.policy.takes_back and made == sent.work.row.operation.ref
        known = None if made is None or back else {**(shown or {}), "id": made}
        age = await self._asking.age(sent, known, reply)
        if age is Age.OLD and made is not None:
            return await self._met(sent, judgement, made)
        if age is Age.NEW and made is not None and self._asking.is_dated_now(step, known, reply):
            self._directory.members.created(made)
        note = UNSURE if age is Age.UNSURE else ""
        if judgement.resource and step.type in self._profile.restores:
            note = self._asking.evidence_of(sent, judgement).restored(step, judgement.resource)
        how = Applied(step.part, made, judgement.status, note=note, unsure=age is Age.UNSURE)
        return await self._applied(sent, how, shown)

    async def _met(self, sent: Sent, judgement: Judgement, resource_id: str) -> Next:
        """Take in that a create was answered with a resource that existed; from then on each create is looked up before."""
        existed = Existed(resource_id, touched=True)
        told = replace(judgement, detail=f"answered {judgement.status}: id {resource_id} existed already")
        await self._dispatch.end(recording.refused(sent, told, existed))
        self._rows.look_up_before_creates()
        sent.work.taken(replace(self._refusal(sent.step, told), existed=existed))
        sent.work.forget()
        return self._rows.decide(sent.work)

    async def _applied(
        self, sent: Sent, how: Applied, shown: JsonObject | None = None, *, is_read: bool = False
    ) -> Next | None:
        """Journal that a step took effect, with the row's end in the same write where it has ended.

        `shown` is the resource as the tenant shows it after the step, where it does; `is_read`: not by the answer.
        """
        work, step = sent.work, sent.step
        note = how.note or recording.note_of(step, shown, takes_back=self._rows.policy.takes_back)
        stripped = await self._directory.applied(step, self._asking.reads(work), how.id, shown)
        doubts = doubted(step, shown, is_read=is_read)
        doubts = doubts if doubts and self._directory.members.denied(step) else ()
        how = replace(how, left=step.left, leaves=step.leaves, note=note, doubted=doubts)
        entries = [recording.applied(sent, how, shown, stripped)]
        work.losses = 0
        self.applied += 1
        self._pulse.applied(work, step)
        work.applied(how, () if how.partial else (step.part, *step.covers))
        work.forget()
        decision = self._rows.decide(work)
        if isinstance(decision, Settle):
            entries.append(recording.settled(work, decision))
        await self._dispatch.end(*entries)
        if isinstance(decision, Settle):
            self._rows.ended(work, decision)
            return None
        return decision

    async def _lost(self, sent: Sent, judgement: Judgement, known: str | None = None) -> None:
        """Journal that it is unknown whether a step took effect; `known` is the id that an answer names."""
        self._directory.doubts(sent.step)
        await self._dispatch.end(recording.lost(sent, judgement, known))

    async def _refused(self, sent: Sent, judgement: Judgement) -> Next | None:
        """Say what a refusal means for the row and for the run."""
        work, step = sent.work, sent.step
        refusal, outdated = self._refusal(step, judgement), self._directory.refused(step, work.refused_at)
        work.refused_at = min(work.refused_at, self._clock.monotonic())
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
            case _ if outdated or self._is_read_again(work, step, judgement):
                pass  # what was read is read again
            case _:
                work.refused(refusal, step.member_parts if step.covers else ())
        return self._rows.decide(work)

    def _is_read_again(self, work: Work, step: Step, judgement: Judgement) -> bool:
        """Return whether a change with an old version is decided again; one that is tried with it is not."""
        is_tried = self._rows.policy.rules.as_asked and work.row.operation.version is not None
        return not is_tried and self._abilities.versions.decides_again(work, step, judgement)

    def _not_now(self, judgement: Judgement) -> None:
        """Leave a row whose budget of "not now" is spent; without any answer the run stops."""
        if judgement.status is None and not self._stopping.requested:
            self._stopping.stop(Outage(f"the tenant cannot be reached: {judgement.detail}"))

    async def wait_for_accepted(self) -> bool:
        """Wait until what was accepted last can be seen; return whether the run goes on."""
        shown_at = self._accepted_at + self._profile.visibility_lag_s
        return await self._stopping.confirmation(shown_at - self._clock.monotonic())

    async def recover(self, sent: Sent, judgement: Judgement) -> None:
        """Find out what became of a lost step, and journal it; the row stays in doubt where that cannot be told."""
        told, read = await self._asking.look(sent)
        await self._recovered(sent, judgement, (told, read))

    async def _look_after(self, sent: Sent, judgement: Judgement) -> Next | None:
        """Recover a step that was lost just now. It counts as a fault of the tenant unless a lookup explains it.

        A request that served several rows counts once, where no record can be to blame for its answer.
        """
        told, read = await self._asking.look(sent, answered=judgement.status is not None)
        if sent.is_shared:
            broken = judgement.status is None or is_broken(judgement.status)
            if sent.leads and broken:
                self._rows.bounds.answered(fault=True, detail=judgement.detail)
        elif told is not None:
            explained = is_explained(told, read)
            fails = isinstance(told, NotApplied) and not explained and is_broken(judgement.status)
            if not (fails and self._abilities.faulty.explains(sent.work.number, sent.step)):
                self._rows.bounds.answered(fault=not explained, detail=judgement.detail)
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
                await self._dispatch.end(recording.refused(sent, judgement, Existed(told.id)))
                return self._exists(sent, judgement, read)
            case NotApplied():
                if isinstance(read, Missing) and read.by_all:
                    sent.work.absent.update(key.folded for key in sent.step.identity)
                not_applied = replace(judgement, detail=f"not applied: {judgement.detail}")
                await self._dispatch.end(recording.refused(sent, not_applied))
                if is_explained(told, read):
                    return self._exists(sent, judgement, read)
                return self._not_applied(sent, judgement)
            case Unclear() if sent.work.accepted and sent.work.number not in self.accepted:
                # Of an earlier session: looked for at the end too. A lag later, as one may have ended just before this one.
                self.accepted.add(sent.work.number)
                self._accepted_at = max(self._accepted_at, self._clock.monotonic())
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
        return self._rows.decide(work)

    def _not_applied(self, sent: Sent, judgement: Judgement) -> Next:
        """Let the row try again within its budget, with fewer others where its request served several rows."""
        work = sent.work
        if sent.is_shared and self._asking.not_yet(sent, judgement):
            return self._rows.decide(work)
        work.forget()
        work.not_applied(sent.step, sent.together)
        if sent.is_shared:
            return self._rows.decide(work)
        if work.losses >= LOSSES and is_broken(judgement.status):
            self._abilities.faulty.used_up(work.number, sent.step)
        if work.losses >= LOSSES or (is_broken(judgement.status) and self._abilities.faulty.holds(sent.step)):
            work.refused(self._refusal(sent.step, judgement))
        return self._rows.decide(work)

    def _as_wanted(self, sent: Sent, judgement: Judgement) -> Applied | None:
        """Return the end of a step whose refusal says that the tenant is as it wanted; None where it does not."""
        step = sent.step
        gone = judgement.verdict is Verdict.GONE and step.action is Action.DELETE
        told = self._refusal(step, judgement)
        says_so = told.says_absent if step.removes_member else told.says_present
        seen = says_so and step.part in sent.work.facts.lost_members
        return Applied(step.part, step.id, judgement.status, seen=seen) if seen or gone else None

    def _refusal(self, step: Step, judgement: Judgement) -> Refusal:
        advice = self._profile.advice_for(step.action, step.type, judgement.status)
        return Refusal(step.part, judgement.status, judgement.scim_type, judgement.detail, advice)
