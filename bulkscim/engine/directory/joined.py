"""What one request shows of the resources of several rows, as far as that is proved, and what answers to changes show."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from math import inf

import anyio

from bulkscim.engine.directory.absent_names import AbsentNames
from bulkscim.engine.directory.compared import ById, Compared, Seen
from bulkscim.engine.directory.coverage import COMPARED
from bulkscim.engine.directory.filters import Filters
from bulkscim.engine.directory.group_answers import GroupAnswers
from bulkscim.engine.directory.memberships import Memberships, Way
from bulkscim.engine.directory.together import FEWEST, LookupsTogether, NamesAhead, Purpose
from bulkscim.engine.reads import Reads
from bulkscim.model.clock import Clock
from bulkscim.model.live import Answer, Found, Missing
from bulkscim.model.operation import GROUP, JsonObject, Key
from bulkscim.model.step import Action, Step
from bulkscim.providers.profile import Profile
from bulkscim.scim.forms import ids_in
from bulkscim.scim.paths import find

MOST_VAIN = 3


class Joined:
    """Answers for all workers; `by_id`, where it is asked, reads one resource by itself to compare it.

    `names` yields names of a type and an attribute that rows have found.
    """

    def __init__(
        self,
        clock: Clock,
        profile: Profile,
        filters: Filters,
        compared: Compared,
        memberships: Memberships,
        names: Callable[[str, str], Iterable[Key]],
    ) -> None:
        self._clock = clock
        self._profile = profile
        self._filters = filters
        self._compared = compared
        self._memberships = memberships
        self._together = LookupsTogether(clock)
        self._absent_names = AbsentNames(clock, names, self._together)
        self._answers = GroupAnswers(clock, memberships)
        self._first = anyio.Lock()
        self._vain = 0  # controls of which not what is known was shown

    async def find(self, key: Key, purpose: Purpose, reads: Reads, by_id: ById) -> Answer | None:
        """Return what is known of a key, with all that is needed of it; None where it must be looked up by itself."""
        answered = self._answers.of(key, purpose.needed, purpose.ahead)
        if answered is not None:
            return answered
        if not (self.takes_several(key) or self._lists(key)) or not purpose.ahead.most:
            return None
        if key.attribute != "id" or self._compared.is_begun(key.type, self._seen(key)):
            return await self._completed(key, purpose, reads, by_id)
        async with self._first:  # resources that wait for others to be compared get too old
            if not self._compared.is_begun(key.type, self._seen(key)):
                served = max(FEWEST, purpose.ahead.served - COMPARED)
                purpose = replace(purpose, ahead=replace(purpose.ahead, served=served))
            return await self._completed(key, purpose, reads, by_id)

    async def _completed(self, key: Key, purpose: Purpose, reads: Reads, by_id: ById) -> Answer | None:
        control, ahead = self._control(key, purpose), purpose.ahead
        if control is not None:
            since = self._clock.monotonic() if self._is_doubtful(key) else ahead.since
            ahead = replace(ahead, control=control, since=since)
        proves = purpose.makes or self._may_prove(key, purpose)
        found = await self.shown(key, ahead, reads, proves=proves)
        if control is not None:
            await self._learn(control)
        if not isinstance(found, Found):
            return found
        seen = self._seen(key)
        answer = await self._compared.completed(found, key, purpose.needed, seen, by_id)
        is_group = key.type == GROUP and (purpose.needed is None or "members" in purpose.needed)
        if is_group and isinstance(answer, Found) and answer.is_looked_up:
            return self._memberships.completed(answer, Way.LISTED if seen is Seen.PAGED else Way.TOGETHER)
        return answer

    def _lists(self, key: Key) -> bool:
        """Return whether a listing of the groups may stand for filters of their ids."""
        shows = self._profile.lists_all and self._profile.lists_members
        hides = self._compared.hides_members(Seen.PAGED)
        return shows and not hides and self._seen(key) is Seen.PAGED

    def _seen(self, key: Key) -> Seen:
        """Return how what is asked for together is seen."""
        by_listing = self._together.by_listing(key, may_filter=self.takes_several(key))
        return Seen.PAGED if by_listing else Seen.TOGETHER

    def _may_prove(self, key: Key, purpose: Purpose) -> bool:
        """Return whether the absence of what a row only names is worth a proof; what a dry run would make proves nothing."""
        return (
            purpose.ahead.age_s < inf
            and any(purpose.soon())
            and self._absent_names.may_prove(key.type, key.attribute)
        )

    def _control(self, key: Key, purpose: Purpose) -> Key | None:
        """Return a group whose members are known and prove something; what a dry run has changed itself proves nothing."""
        if (
            key.type != GROUP
            or key.attribute != "id"
            or purpose.ahead.age_s == inf
            or self._vain == MOST_VAIN
        ):
            return None
        control = self._answers.control()
        size = self._answers.size(control) if control is not None else 0
        proves = control is not None and not self._compared.shows_members(size, self._seen(key))
        return control if proves else None

    def _is_doubtful(self, group: Key) -> bool:
        """Return whether it is known what was shown of a group, and not whether that is all."""
        found = self._together.shown(group)
        return found is not None and not self._compared.shows_members(len(_members(found)), self._seen(group))

    async def _learn(self, control: Key) -> None:
        """Compare what is known of a group with what it was shown with others; others may have changed it meanwhile."""
        found = self._together.shown(control)
        if found is not None:
            known = self._answers.known(control)
            self._vain += known != _members(found)
            if known == _members(found):
                await self._compared.compare_members(known, known, self._seen(control))

    async def shown(
        self, key: Key, ahead: NamesAhead, reads: Reads, *, proves: bool
    ) -> Found | Missing | None:
        """Look a key up together with others, where such filters may work; None proves nothing, `proves`: an absence too."""
        lists = self._lists(key)
        if not (self.takes_several(key) or lists) or not ahead.most:
            return None
        proves = proves and key.attribute != "id" and key.type not in self._profile.exact_filters
        tells = proves and self._absent_names.is_proved(key.type, key.attribute)  # of what is there, too
        if tells and await self._absent_names.prove(key, ahead, reads):
            return Missing(is_listed=True)
        found = await self._together.find(key, ahead, reads, listed=lists)
        if found is None and proves and not tells and await self._absent_names.prove(key, ahead, reads):
            return Missing(is_listed=True)
        return found

    def may_ask(self, key: Key, ahead: NamesAhead) -> bool:
        """Return whether a key may be worth asking for together with others."""
        return self.takes_several(key) and self._together.may_ask(key, ahead)

    def takes_several(self, key: Key) -> bool:
        """Return whether a filter may take several names."""
        return self._filters.may_find(key) and key.type not in self._profile.unquoted_filters

    def known_id(self, key: Key) -> str | None:
        """Return the id that a name was found to have, which may be outdated."""
        found = self._together.shown(key)
        return None if found is None else found.id

    def changed(self, step: Step, resource_id: str | None = None, left: Iterable[str] = ()) -> None:
        """Drop what a step of the run may have changed; `left`: the groups that it took its user out of."""
        self._together.changed(step, resource_id)
        self._absent_names.changed(step)
        self._answers.changed(step, left)

    def answered(self, step: Step, resource: JsonObject, asked_at: float) -> frozenset[str]:
        """Take in the answer to a change of a group; return the members that it seems to have lost without being asked."""
        return self._answers.took(step, resource, asked_at)

    def refused(self, step: Step) -> None:
        """Drop what the answers to changes have shown of a resource, and that a name is not there: a step was refused."""
        if step.action is Action.CREATE:
            self._absent_names.changed(step)
        self._answers.changed(step)


def _members(group: Found) -> set[str]:
    return set(ids_in(find(group.resource, "members")))
