"""Find what rows name: by id, by a filter that is known to work, else by a whole listing."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from math import inf

from bulkscim.engine.directory.absence import Absence
from bulkscim.engine.directory.compared import Compared, Seen
from bulkscim.engine.directory.earlier_runs import EarlierRuns, JournalReads
from bulkscim.engine.directory.groups_of_users import JoiningUsers
from bulkscim.engine.directory.groups_together import ways_of
from bulkscim.engine.directory.held_names import HeldUsers, Resemblances, may_be_changed_to
from bulkscim.engine.directory.joined import Joined
from bulkscim.engine.directory.known_ids import KnownIds
from bulkscim.engine.directory.listing import Listings, names_of
from bulkscim.engine.directory.members import Members
from bulkscim.engine.directory.memberships import Memberships
from bulkscim.engine.directory.named_ids import NamedIds
from bulkscim.engine.directory.one_by_one import OneByOne
from bulkscim.engine.directory.own_names import NamedResource, OwnNames
from bulkscim.engine.directory.single import SingleLookups
from bulkscim.engine.directory.store import Store
from bulkscim.engine.directory.tied import Due, Tied
from bulkscim.engine.directory.together import NamesAhead, Purpose
from bulkscim.engine.reads import Reads
from bulkscim.model.active import is_inactive
from bulkscim.model.clock import Clock
from bulkscim.model.live import (
    Answer,
    Found,
    Holders,
    ListedGroups,
    Maker,
    Membership,
    MembershipAnswer,
    Missing,
    NameHeld,
    OfTenant,
    Origin,
    Referrers,
    Reports,
    Resembling,
    Shown,
    Unreadable,
)
from bulkscim.model.names import is_name
from bulkscim.model.operation import GROUP, USER, JsonObject, Key
from bulkscim.model.plan import planned_number
from bulkscim.model.step import Action, Step
from bulkscim.planning.effects import deactivates
from bulkscim.planning.lookups import answers
from bulkscim.providers.profile import Profile
from bulkscim.scim.forms import ids_in
from bulkscim.scim.paths import get
from bulkscim.scim.protocol import is_usable, printable

PLAIN = Purpose()
UNNAMED = "this run created it, but its id is not known, and no lookup shows it by this name"
HIDDEN = "this run has deactivated it, and the tenant does not show it since"
UNUSABLE = "{} has the id {!r}, which no URL can hold"


class Directory:
    """What this process knows of the tenant, shared by all workers; to be closed when the session ends.

    `recorded` reads what journals tell; `makes` is how many rows create users, if they are not there, `changes` how many
    change users that are there. `ids` are the resources that the
    run has seen, `note` reports to people what cannot be known.
    """

    def __init__(
        self,
        clock: Clock,
        profile: Profile,
        recorded: JournalReads | None = None,
        due: Due | None = None,
        makes: int = 0,
        changes: int = 0,
    ) -> None:
        self._clock, self._profile = clock, profile
        self._store = store = Store()
        self._one_by_one, self._named = OneByOne(), NamedIds(clock)
        self._listings, self._resemblances = Listings(clock, store), Resemblances(store)
        self.ids, self._memberships = KnownIds(clock, store, profile.visibility_lag_s), Memberships(clock)
        self._single = SingleLookups(clock, profile, self._listings, self._memberships)
        due = due or Due()
        self.note = due.note
        self._tied = Tied(clock, profile, due, store)
        self._earlier = EarlierRuns(recorded or JournalReads(), store)
        self._compared, self.own_memberships = Compared(self._earlier), self._earlier.own_memberships
        filters, names = self._single.filters, self._named.names
        self._joined = Joined(clock, profile, filters, self._compared, self._memberships, names)
        self._own = OwnNames(store, self._earlier.own_names)
        self._unnamed_until = 0.0  # when what was created without an id must be shown by its name
        self._held = HeldUsers(store, clock, profile, makes, changes)
        self._absence = Absence(
            self._memberships, lambda: self._tied.shows_groups("id"), self._earlier.own_groups
        )
        self._joining = JoiningUsers(self._held, self._compared, due.note)
        ways, several = ways_of(self._memberships, self._compared, profile), self._joined.takes_several
        self.members = Members(
            self._memberships, ways, self._absence, several, self._known_id, self._listings
        )

    def take_left_out(self) -> list[tuple[str, str]]:
        """Return what lookups were found to leave out since the last call, as (resource type, attribute)."""
        return self._compared.take_left_out()

    def close(self) -> None:
        """Delete what is kept off the heap."""
        self._store.close()

    async def answer(
        self, need: OfTenant, reads: Reads, purpose: Purpose = PLAIN
    ) -> Answer | MembershipAnswer | Referrers | Maker | tuple[JsonObject, ...] | bool:
        """Answer what a row must know."""
        match need:
            case Origin():
                return await self.maker(need)
            case NameHeld():
                return await self._name_held(need, reads, purpose)
            case Resembling(key):
                return await self._resemblances.of(key, reads)
            case ListedGroups(key, group):
                is_known = self._memberships.held(group, key.value) is not None
                listed = None if is_known else await self._joining.listed(key, purpose.ahead, reads)
                return listed or Missing()
            case Shown():
                if isinstance(need.on, Membership):
                    return await self.members.shown(need.on, reads, purpose.since)
                return await self._single.by_id(need.on, reads)
            case Membership():
                return await self.members.membership(need, reads, purpose)
            case Holders() | Reports():
                return await self._tied.read(need, reads)
            case Key():
                ask = self._named_only if purpose.only_id else self._held_or_found
                return await ask(need, reads, purpose)

    async def _name_held(self, need: NameHeld, reads: Reads, purpose: Purpose) -> bool:
        """Return whether a resource of a name was seen; for a plan also whether an earlier run created it under the name."""
        joined, ahead = self._joined, purpose.ahead
        shown = partial(joined.shown, ahead=ahead, reads=reads, proves=True)
        known = need.exact and await self._earlier.renamed(need.key) is not None
        listed = None if known else await self._single.listed(need.key, purpose, reads, self._known_id)
        if isinstance(listed, Missing):
            return False
        return known or await self._held.holds(need, reads, shown, together=joined.may_ask(need.key, ahead))

    async def maker(self, origin: Origin) -> Maker:
        """Return the earlier run that created a resource, an empty one where none is known."""
        return await self._earlier.of(origin)

    async def find(self, key: Key, reads: Reads, purpose: Purpose = PLAIN, *, fresh: bool = False) -> Answer:
        """Find the one resource that a key names; `fresh`: no listing taken before now will do.

        Where a lookup is not known to show what is needed of it, it is read by its id. Missing means proved absent, or, of
        a type that the tenant does not show whole, not to be found. What this run has created is found by the name in the
        file, whatever name the tenant shows, and so is what an earlier run has created.
        A resource whose id no URL can hold is Unreadable: it can neither be changed nor referred to.
        """
        by_id = partial(self._single.by_id, reads=reads)
        is_listed = any(purpose.soon()) and self._listings.are_kept(key.type)
        joined = None if is_listed else await self._joined.find(key, purpose, reads, by_id)
        together = joined or await self._listed_lately(key, reads, purpose)
        listed = together or await self._single.listed(key, purpose, reads, self._known_id)
        answer = listed or await self._single.find(key, reads, fresh=fresh)
        if isinstance(answer, Found) and not is_usable(answer.id):
            return Unreadable(UNUSABLE.format(key.type, printable(answer.id, 40)), HTTPStatus.OK)
        if isinstance(answer, Found) and answer.is_looked_up and not together:
            answer = await self._compared.completed(answer, key, purpose.needed, Seen.ALONE, by_id)
        if isinstance(answer, Found):
            self._tied.saw(key.type, answer.resource, answer.read_by(key))
        if not isinstance(answer, Missing) or key.attribute == "id":
            return answer
        own = await self._own.id_of(key)
        if own is not None:
            read = await self._created(key.type, own, reads)
            if not isinstance(read, Missing) or read.shown_by is not None:
                return read
        before = await self._earlier.still_named(key, by_id)
        return before or (await self._hidden(key, answer, reads) if key.type == USER else answer)

    async def _hidden(self, key: Key, missing: Missing, reads: Reads) -> Answer:
        """Find a user by its id that a run has deactivated: lookups may not show it.

        One that this run has deactivated, and that no read shows since, is not proved absent.
        """
        for resource_id in await self._earlier.hidden(key):
            read = await reads.by_id(key.type, resource_id)
            if isinstance(read, Unreadable) or (isinstance(read, Found) and answers(key, read.resource)):
                return read
            if isinstance(read, Missing) and not self.is_partial(key.type):
                missing = replace(missing, unproved=missing.unproved or f"{HIDDEN}: id {resource_id}")
        return missing

    async def _held_or_found(self, key: Key, reads: Reads, purpose: Purpose) -> Answer:
        return await self._held_user(key, reads, purpose) or await self.find(key, reads, purpose)

    async def _held_user(self, key: Key, reads: Reads, purpose: Purpose) -> Found | Missing | None:
        """Return the user that a listing read for many rows shows, with all that is needed of it; None proves nothing.

        That it shows none counts for who creates the user then, unless the run or an earlier one knows of such a user.
        """
        if purpose.joins:
            return await self._joining.of(key, purpose.ahead, reads)
        found = None
        if purpose.changes and purpose.ahead.age_s == inf and self._joined.may_ask(key, purpose.ahead):
            found = await self._held.shown_for_plan(key, reads)
        elif purpose.listed and not purpose.changes:
            found = await self._held.shown(key, reads, together=self._joined.may_ask(key, purpose.ahead))
        if found is None and purpose.makes and self._held.is_absent(key):
            is_known = await self._own.id_of(key) is not None or await self._earlier.knows(key)
            return None if is_known else Missing(is_listed=True)
        return await self._completed(found, key, reads, purpose)

    async def _listed_lately(self, key: Key, reads: Reads, purpose: Purpose) -> Found | None:
        """Return the resource that a listing shows where the tenant takes no filter with several names; None proves nothing.

        It may have refused the first such filter just now, while other rows waited for the answer.
        """
        if purpose.only_id:
            return await self._listed_name(key, purpose.ahead, reads)
        if not purpose.changes or self._joined.may_ask(key, purpose.ahead):
            return None
        found = await self._held.shown_lately(key, purpose.ahead, reads)
        return await self._completed(found, key, reads, purpose)

    async def _completed(self, found: Found | None, key: Key, reads: Reads, purpose: Purpose) -> Found | None:
        """Return a user of a listing with all that is needed of it; None where it cannot be read whole."""
        if found is None or not is_usable(found.id):
            return None
        by_id = partial(self._single.by_id, reads=reads)
        read = await self._compared.completed(found, key, purpose.needed, Seen.LISTED, by_id)
        return read if isinstance(read, Found) and answers(key, read.resource) else None

    async def _created(self, kind: str, resource_id: str, reads: Reads) -> Answer:
        """Read what the run has created; without an id it can only be shown by its name, once the lag is over."""
        if resource_id:
            return await self._single.by_id(Key(kind, "id", resource_id), reads)
        if self._clock.monotonic() < self._unnamed_until:
            return Missing(shown_by=self._unnamed_until)
        return Unreadable(UNNAMED, HTTPStatus.CONFLICT)

    async def _named_only(self, key: Key, reads: Reads, purpose: Purpose) -> Answer:
        """Find what a row names and does not change: its id, once found, is taken as known."""
        async with self._one_by_one.asking(key.folded):
            known = self._named.of(key)
            if known is not None:
                return known
            own = await self._own.id_of(key) if key.type == GROUP else None
            answer: Answer = Missing() if not own else await reads.by_id(GROUP, own)
            if isinstance(answer, Missing) and answer.shown_by is None:
                purpose = self._named.of_unknown(purpose)
                listed = await self._listed_name(key, purpose.ahead, reads)
                answer = listed or await self.find(key, reads, purpose)
            if isinstance(answer, Found):
                self._named.keep(key, answer)
            return answer

    async def _listed_name(self, key: Key, ahead: NamesAhead, reads: Reads) -> Found | None:
        """Find a name whose id alone matters in a listing, where that costs less than filters; None proves nothing."""
        together = self._joined.may_ask(key, ahead) and key.type not in self._profile.exact_filters
        if not ahead.most:
            return None
        names = self._held if key.type == USER else self._single
        found = await names.named(key, ahead, reads, together=together)
        return found if found is not None and is_usable(found.id) else None

    def _known_id(self, key: Key) -> str | None:
        """Return the id that a name was found to have, which may be outdated."""
        return self._joined.known_id(key) if (found := self._named.of(key)) is None else found.id

    async def known(self, key: Key, reads: Reads) -> Answer:
        """Find what a key names, by a listing of any age too. Only what is found counts: it is read by its id."""
        if known := await self._listed_before(key, reads):
            return known
        answer = await self.find(key, reads, Purpose(needed=None))
        if isinstance(answer, Unreadable):  # also of a listing that breaks off
            return await self._listed_before(key, reads) or answer
        return answer

    async def _listed_before(self, key: Key, reads: Reads) -> Found | None:
        resource_id = self._listings.known(key)
        read = await reads.by_id(key.type, resource_id) if resource_id is not None else None
        return read if isinstance(read, Found) and answers(key, read.resource) else None

    async def perhaps_made(self, step: Step, reads: Reads) -> tuple[JsonObject, ...] | Unreadable:
        """Return what the create of a group may have made under another name: groups of a name like it in a listing begun now.

        Names of users are found otherwise: by an externalId, or in the form in which they compare.
        """
        asked = step.identity[0] if step.type == GROUP else None
        if asked is None or asked.attribute != "displayName":
            return ()
        alike = await self._resemblances.of(asked, reads, fresh=True)
        if not alike and self._resemblances.wrong is not None:
            return self._resemblances.wrong
        renamed = [one for one in alike if may_be_changed_to(asked.value, one["displayName"])]
        return tuple([one for one in renamed if not await self._own.knows(GROUP, one["id"])])

    async def misses(self, step: Step) -> bool:
        """Return whether a lookup may miss what a create made, since the tenant changes names."""
        return await self._own.are_changed(step.identity)

    def is_partial(self, kind: str) -> bool:
        """Return whether the tenant leaves some resources of a type out of what it shows."""
        return kind == USER and self._earlier.hides_users

    def give_up(self, need: Holders | Reports, why: str, *, deletes: bool) -> str:
        """Take what refers to resources as unknown from now on; return why a delete must not go on, empty where it may."""
        return self._tied.give_up(need, why, deletes=deletes)

    async def applied(
        self, step: Step, reads: Reads, resource_id: str | None = None, shown: JsonObject | None = None
    ) -> tuple[str, ...]:
        """Take in a step that took effect; return the groups that it took its user out of by deactivating it.

        `resource_id` is that of its resource, `shown` the resource as the tenant shows it after the step.
        """
        left = await self._tied.stripped(step, shown, reads)
        for group in left:
            self._memberships.forget(group)
        if step.before is not None and deactivates(step.type, step.changes):
            self._earlier.hides(step.before)
        if step.action is Action.CREATE:
            self._made(step, resource_id or "", shown or {})
        if step.id is not None and step.action is Action.DELETE:
            self.ids.forget(step.type, step.id)
            self._own.drop(step.type, step.id)
            self._earlier.deleted(step.id)
        elif step.id is not None:
            self.ids.saw(step.type, ({"id": step.id},))
            for name in (change.path for change in step.changes if is_name(change.path)):
                self._own.drop(step.type, step.id, "emails.value" if name.startswith("emails") else name)
        self.own_memberships.applied(step, resource_id, shown or {})
        self.members.applied(step, resource_id)
        self._memberships.applied(step)
        self._tied.applied(step)
        self._held.changed(step, resource_id)
        self._joined.changed(step, resource_id, left)
        self._joining.applied(step)
        self._drop_names(step)
        return left

    def _made(self, step: Step, resource_id: str, shown: JsonObject) -> None:
        """Take in what a create of this run made: listings taken before, and filters for a while, do not show it."""
        kind, resource = step.type, {**step.body, **shown, "id": resource_id}
        for key in step.identity:
            name = get(shown, key.attribute)
            self._own.shown(NamedResource(key, "", name if isinstance(name, str) else key.value))
        names = (*step.identity, *names_of(kind, step.body), *names_of(kind, resource))
        self._own.created(names, resource_id)
        if not resource_id:
            self._unnamed_until = self._clock.monotonic() + self._profile.visibility_lag_s
            return
        if self.is_partial(kind) and is_inactive(resource):
            self._earlier.hides(resource)
        self.ids.created(kind, resource_id)
        self._tied.made(kind, resource)
        if kind == GROUP:
            self._absence.created(resource_id)
            # What is restored has its old members; a plan restores nothing.
            if kind not in self._profile.restores or planned_number(resource_id) is not None:
                self._memberships.created(resource, set(ids_in(step.body.get("members"))))
            for key in step.identity:
                self._named.keep(key, Found({"id": resource_id}, self._clock.monotonic()))
        self._listings.made(kind, resource)
        self._resemblances.made(kind, resource)

    def answered(self, steps: Sequence[Step], resource: JsonObject, asked_at: float) -> frozenset[str]:
        """Take in a resource as the answer to steps shows it, once each was taken in; return members that it seems to have lost."""
        if steps[0].type != GROUP or steps[0].id != resource.get("id"):
            return frozenset()
        if steps[0].member is not None:
            return self.members.answered(steps, resource, asked_at)
        return self._joined.answered(steps[0], resource, asked_at)

    def doubts(self, step: Step) -> None:
        """Drop what was read before a write whose answer was lost, as far as the write may have changed it."""
        self._memberships.doubt(step)
        self._held.changed(step)
        self._joined.changed(step)
        self._drop_names(step)
        self._listings.doubt(step)

    def refused(self, step: Step, before: float = inf) -> bool:
        """Drop what was read of what a refused step names; return whether a name is older than this and its row's refusal before."""
        self._joined.refused(step)
        self._memberships.doubt(step)
        self._held.refused(step)
        self._listings.doubt(step)
        return self._named.refused(step, before)

    def _drop_names(self, step: Step) -> None:
        if step.action is Action.DELETE or any(is_name(change.path) for change in step.changes):
            self._listings.outdate(step.type)
            self._named.drop(step.type)
