"""One more oracle: what a run did is taken back, through crashes too, and the tenant is as it was before.

A rollback is a run of its own, and can be taken back in turn. Where a second client has changed something meanwhile, its
change stands: the promise is that undo never knowingly overwrites a later change by someone else.
"""

from dataclasses import replace
from pathlib import Path
from random import Random

from bulkscim.engine.directory.backlinks import MANAGER, MEMBERS
from bulkscim.errors import Refused
from bulkscim.jobfile.validate import index_of
from bulkscim.journal import journal, run_lock, runfolder
from bulkscim.planning.undo.taking_back import PART
from bulkscim.reporting.source import find_source
from bulkscim.runs.assembly import Job, Session
from bulkscim.runs.derived_values import derived_by_service
from bulkscim.runs.rollback import NO_BOUNDS
from bulkscim.runs.session import first_look, go_on, past_of
from tests.support.simulation import world as simulated_world
from tests.support.simulation.directory import ids_of
from tests.support.simulation.ends import audited, unproved_names
from tests.support.simulation.machine import DOUBTED, JOBS, RETRIES, SESSIONS, Machine, job
from tests.support.simulation.names import NamesTold
from tests.support.simulation.oracles import Broken
from tests.support.simulation.own import (
    added_unproved,
    hidden,
    nested_by,
    put_through,
    still_inherited,
    unproved,
)
from tests.support.simulation.undoing import Draft, undo

UNRECORDED = "cannot be recorded here"  # says the tool of who refers to what it deletes
MEANWHILE = 6  # changes of the second client between a run and its rollback


class Undoing(Machine):
    """A machine that knows the command `rollback` as well: begun, or gone on with where its child run is there."""

    def __init__(self, seed, ready, world, random, draft, deaths=None, *, chance=None):
        super().__init__(seed, ready, world, random, deaths, chance=chance)
        self.draft = Path(draft)
        self._taken_back = None  # the folder of the run that is taken back
        self._done = 0  # how many rollbacks of it are done
        self._blurred = set()  # facts that the second client set to what the tool had set them to
        self._nested = set()  # groups that the run has put into groups
        self._adopted = set()  # what the run made and could not know to be its own
        self._earlier = []  # changes of the second client that the last rollbacks found

    async def _process(self, name):
        if name != "rollback":
            return await super()._process(name)
        around = self._around()
        parent = self._taken_back
        begun = runfolder.children(parent, self.disk)
        if len(begun) > self._done:
            return await self._go_on_with(begun[-1], around)
        self.oracles.follow(parent / f"rollback-{self._done + 1}")
        with journal.read(parent, self.disk) as recorded:
            visit = await self._seen(recorded)
            terms = visit.terms(NO_BOUNDS, self.terms.runs_dir, self.terms.protects)
            derived = await self._derived(recorded, visit.first, terms.profile)
            draft = self.draft / f"{self.story.seed}-{self.story.sessions}"
            draft.mkdir()
            try:
                return self._told(
                    await undo(recorded, self.tenant, terms, around, self.disk, Draft(draft, derived))
                )
            except Refused:  # what is left was perhaps no effect of the run; a person may force it
                return self._told(None)

    async def _go_on_with(self, folder, around):
        with run_lock.hold(folder, self.disk, self.time) as held:
            record = journal.open_for_append(folder, self.disk, self.time)
            self.oracles.reopened(record)
            source, defaults = find_source(record.header, folder), record.header.defaults
            with index_of(source, defaults, self.draft / "resumed", None) as index:
                given = Job(source, defaults, index, record.ledger.rows)
                visit = await self._seen(record, died=held.before is not None)
                terms = visit.terms(NO_BOUNDS, self.terms.runs_dir, self.terms.protects)
                session = Session(given, record, self.tenant, terms, around)
                report = await go_on(session, retry=self._has_failed())
            await record.aclose()
            return self._told(report)

    async def _derived(self, recorded, transport, profile):
        """Return what the service derives, where it does; seeds below OWN send no such reads."""
        if not self.world.derives:
            return {}
        return await derived_by_service(recorded, transport, profile, self.time, self.disk)

    async def _seen(self, record, *, died=False):
        """Look at the tenant for a rollback."""
        asked = replace(
            self.terms.settings,
            rules=replace(self.terms.settings.rules, on_exists="fail", create_groups=False),
            on_drift=PART,
        )
        return await first_look(self.tenant, asked, self.terms.profile, self.time, past_of(record, died=died))

    def _told(self, report):
        self.totals, self.reason = (report.totals, report.exit_reason) if report else (None, None)

    def _has_failed(self):
        """Whether the rollback has come to its end with rows that the tenant refused: a lock is gone a moment later."""
        ended = self.totals and not self.totals.pending + self.totals.in_doubt
        return bool(ended and self.totals.failed)

    def take_back_and_forth(self, folder, before):
        """Take a run back as often as the world has it, and the rollback of it as well."""
        client, after, first = self.tenant.client, self._meanwhile(), before
        child = self.take_back(folder, before)
        if self.world.rollbacks == 1 or child is None:
            return
        self._rest()
        before, after = self.tenant.state(whole=True), self._meanwhile(after)
        self.take_back(child, after)
        if self.world.rollbacks > 2:
            before = client.over(before)
            self._rest()
            self.take_back(folder, self._meanwhile(before), kept=before.keys() - first.keys())

    def _rest(self):
        self._earlier += self.tenant.client.foreign.values()
        self.tenant.client.rests()

    def _meanwhile(self, wanted=None):
        """Let the second client change something before a rollback; return what stands, or a wanted state, with that."""
        for _ in range(MEANWHILE if self.world.meddles else 0):
            self.tenant.client.act(self.random)
        return self.tenant.state(whole=True) if wanted is None else self.tenant.client.over(wanted)

    def take_back(self, folder, before, kept=frozenset()):
        """Take a run back, in as many sessions as it needs, and compare; return the folder of the rollback, if any.

        `kept` are the resources in `before` that the run made, and that a change of the second client has kept so far.
        """
        self._taken_back, self._done = folder, len(runfolder.children(folder, self.disk))
        self.tenant.meddling = False
        client, stood = self.tenant.client, self.tenant.state(whole=True)
        later = {key for key in client.foreign if client.is_latest(key, whole=False)}
        unseen = {key for key in client.foreign if client.is_latest(key, whole=True)}
        with journal.read(folder, self.disk) as recorded:
            self._adopted = unproved_names(self, recorded)
            self._adopted |= NamesTold(recorded, self.world.renames).doubted if self.world.renames else set()
            groups = self.tenant.directory.held["Groups"].values()
            self._nested = nested_by(recorded, {one["id"]: one["displayName"] for one in groups})
        self._until_it_ends()
        self._compare(before, stood, later, unseen, kept)
        done = runfolder.children(folder, self.disk)[self._done :]
        for child in done:
            audited(self, child)
        return done[-1] if done else None

    def _until_it_ends(self):
        """Begin the rollback, go on with it, and try again what was refused."""
        self.totals, retries, doubted = None, 0, 0
        for _ in range(SESSIONS):
            ended = self.command("rollback")
            limits = self.terms.profile.buckets
            self.time.advance(max(one.window_s for one in (limits if self.world.limits else limits[:1])))
            left = self.totals and self.totals.pending + self.totals.in_doubt
            doubted += bool(left and not self.totals.pending and "reads" in self.world.hides)
            left = left and doubted < DOUBTED  # a deactivation that was lost and hid its user stays in doubt
            if self.reason is not None:
                self.time.advance(60.0)  # a person waits where the tenant does not answer
            if not ended or self.reason is not None or left:
                continue
            if not self._has_failed() or retries == RETRIES:
                return
            retries += 1
        raise Broken("finish", f"the rollback does not end: {self.totals}, {self.reason}")

    def _compare(self, before, stood, later, unseen, kept):
        """Compare what stands with what was before; `stood` is what stood when the rollback began."""
        now = self.tenant.state(whole=True)
        wanted, found = self._facts(before), self._facts(now)
        # A reference to what an earlier rollback deleted keeps its old id where no one could record who refers to it.
        # What is called by that name since then does not make it another reference.
        was, shown = facts(before), facts(now)
        client = self.tenant.client
        self._blurred |= {change.names for key, change in client.foreign.items() if client.is_blurred(key)}
        free, loose = self._unknown(before, stood) | self._blurred, self._may_go(before, kept) | self._adopted
        free |= {change.names for change in self._earlier if _is_of_another(change, before)}
        blind = self.tenant.directory.blind
        added = self._unseen_members(before, wanted, found)
        self._none_is_granted(blind - added, found)
        free |= blind | {one[:2] for one in blind if len(before.get(one[:2], ())) > 1}
        free |= self._overwritten(wanted.keys() | found.keys())
        free |= self._own_values(was, shown) | added
        left = self._unproved()
        free, loose = free | left, loose | left
        for key, change in client.foreign.items():
            whose = change.names[:2]
            if _is_of_another(change, before):
                free.add(change.names)
                loose |= set() if whose in before else {whose}
            elif whose not in before:  # what the run made is kept by a change that it must not destroy
                loose.add(whose)
                stays = key in unseen and (whose[0] == "Users" or change.value)
                wanted |= {whose: 1, change.names: change.value} if stays else {}
            elif key in later:
                wanted[change.names] = change.value
            elif (
                found.get(change.names, False) in change.values
            ):  # within a round trip of what the tool wrote
                free.add(change.names)
        for name in sorted((wanted.keys() | found.keys()) - free, key=str):
            whose = name[:2]
            gone_or_new = whose not in found if whose in before else name not in wanted
            kept_as_it_was = name[2:] == ("manager",) and was.get(name, False) == shown.get(name, False)
            unlike = wanted.get(name, False) != found.get(name, False) and not kept_as_it_was
            if unlike and not (whose in loose and gone_or_new):
                told = f"is {found.get(name)} after the rollback, was {wanted.get(name)}; {self.totals}"
                raise Broken("undo", f"{name} {told}")

    def _none_is_granted(self, blind, found):
        """Check that a rollback adds no member that no answer has ever shown, though it was in the group.

        One that the run itself has added after it had removed it is no such member.
        """
        shows = self.world.shows_groups or self.world.filters_links or "hidden" not in self.world.veils
        granted = () if shows else [one for one in blind if len(one) == 3 and found.get(one)]
        if granted:
            raise Broken("undo", f"{sorted(granted)} were never shown, and are there after the rollback")

    def _unseen_members(self, before, wanted, found):
        """Return the memberships that a rollback may leave, as its rows then say, with the groups that share their name.

        They were added while their absence was not proved, and some answer has hidden them.
        """
        directory = self.tenant.directory
        held = [
            (own, group, directory.called("Groups", group)) for own, group in directory.held["Groups"].items()
        ]
        added = set(added_unproved(self._taken_back, self.disk)) & directory.left_out
        unseen = {
            ("Groups", name, directory.called(kind, directory.held[kind][member]))
            for own, group, name in held
            for member in ids_of(group)
            for kind in ("Users", "Groups")
            if (own, member) in added and member in directory.held[kind]
        }
        kept = [one for one in unseen if found.get(one, False) != wanted.get(one, False)]
        if kept and not (self.totals and self.totals.skipped):
            raise Broken("undo", f"{sorted(kept)} were left, and no row says so; {self.totals}")
        return unseen | {one[:2] for one in unseen if len(before.get(one[:2], ())) > 1}

    def _unproved(self):
        """Return what a rollback may leave since the service has written into it, and nothing proves that."""
        if not self.world.derives:
            return set()
        directory = self.tenant.directory
        held = [(kind, one) for kind, those in directory.held.items() for one in those.values()]
        names = {(kind.removesuffix("s"), one["id"]): directory.called(kind, one) for kind, one in held}
        return unproved(self._taken_back, self.disk, names)

    def _own_values(self, was, shown):
        """Return the facts that may be otherwise since the service has a way of its own with them."""
        free, directory = set(), self.tenant.directory
        if "reads" in self.world.hides:
            names = {own: directory.called("Users", one) for own, one in directory.held["Users"].items()}
            free |= hidden(self._taken_back, self.disk, names)
        if self.world.shows_groups == "plain":
            hides_members = bool({"hidden", "cut"} & {*self.world.veils})
            free |= still_inherited(was, shown, hides_members=hides_members) | put_through(
                was, shown, self._nested
            )
        return free

    def _may_go(self, before, kept):
        """Return the groups that the run made and whose end depends on members that the second client moved.

        Such a group is kept as long as a user is in it that only the second client has put there. It may go once that
        user has left it, and may stay where that user stays this time.
        """
        changes = [*self._earlier, *self.tenant.client.foreign.values()]
        moved = {change.names[:2] for change in changes if change.names[0] == "Groups" and not change.value}
        of_others = {change.names[:2] for change in self._earlier if _is_of_another(change, before)}
        return (moved & kept) | {one for one in of_others if one in kept or one not in before}

    def _facts(self, state):
        """Return a state as single facts, a manager that is gone by the name that it had."""
        gone = self.tenant.directory.gone
        found = facts(state)
        for name, value in found.items():
            if name[2:] == ("manager",) and ("Users", gone.get(value)) not in state:
                found[name] = gone.get(value, value)
        return found

    def _overwritten(self, names):
        """Return the facts of what a create has overwritten: that cannot be undone. The resource itself stays."""
        return {name for name in names if len(name) == 3 and name[:2] in self.tenant.directory.overwritten}

    def _unknown(self, before, stood):
        """Return the facts of what was deleted that the tool has said it cannot record: the tenant shows them in no cheap way.

        A listing in which an id is one that no URL can hold shows none of them either.
        """
        odd = bool(self.world.odd_ids)
        said = [note for notes in self.notes for note in notes if UNRECORDED in note]
        gone, free = {name for _, name in before.keys() - stood.keys()}, set()
        for name, value in self._facts(before).items():
            if len(name) == 3:
                by_group = (
                    name[0] == "Groups"
                    and name[2] in gone
                    and (odd or any(MEMBERS.told in one for one in said))
                )
                by_manager = (
                    name[2] == "manager"
                    and value in gone
                    and (odd or any(MANAGER.told in one for one in said))
                )
                free |= {name} if by_group or by_manager else set()
        return free


def _is_of_another(change, before):
    """Tell whether a change put a user in a group, or out of it, who is not to be there: a deleted user leaves all groups."""
    collection, _, what = change.names
    return collection == "Groups" and ("Users", what) not in before


def facts(state):
    """Return a state as single facts: whether something is there, each attribute, and each membership."""
    found = {}
    for name, those in state.items():
        found[name] = len(those) if len(those) == 1 else sorted(map(_plain, those))
        for one in those if len(those) == 1 else ():
            found |= {(*name, member): True for member in one.get("members", ())}
            found |= {(*name, what): value for what, value in one.items() if what != "members"}
    return found


def _plain(resource):
    return str(sorted((name, sorted(one) if isinstance(one, set) else one) for name, one in resource.items()))


def undone(seed, draft, operations=30):
    """Live a seed to its end and take it back; in a world whose refusals and lies leave nothing half done."""
    random = Random(seed)
    drawn = simulated_world.draw(random)
    told = {
        "poison": 0,
        "redirects": 0.0,
        "lies": 0.0,
        "shows_created": True,
        "max_errors": None,
        "crashes": 6,
    }
    world = replace(drawn, lag_s=min(drawn.lag_s, 1.9), ahead_s=0.0, **told)
    one = Undoing(seed, job(seed % JOBS, operations), world, random, draft)
    before = one.tenant.state(whole=True)
    try:
        one.until_done()
        one.take_back(one.folder, before)
    except Broken as broken:
        broken.add_note(f"world: {world}")
        raise
    return one.story
