"""Which integration a token opens, learned during the run where the first look could not tell.

As long as it may be one in which a user is in few groups, each addition may move its user, so that it goes alone. A user
that shows more groups makes the other likely, and so do two users in groups of which none is the same. It is proved by the groups themselves, read by their ids: the same rule
holds as for the first look. A user that is read after an addition and has left the group before proves the one in which
users move.
"""

from collections.abc import Awaitable, Callable, Iterable

import anyio

from bulkscim.model.live import Answer, Found, ListedGroups, Question, Shown
from bulkscim.model.operation import USER, JsonObject, Key
from bulkscim.model.row import Applied
from bulkscim.planning.before_removal import groups_shown
from bulkscim.providers.profile import Integration, Profile, integration_of, may_be_in, with_integration

TRIED = 3  # users whose groups are read
GroupById = Callable[[str], Awaitable[Answer]]


class Integrations:
    """One for all workers; learned again by each process. `note` reports what was learned."""

    def __init__(self, profile: Profile, note: Callable[[str], None]) -> None:
        self._profile = profile
        self._note = note
        self._most = max((one.most_groups or 0 for one in profile.integrations), default=0)
        self._left = TRIED if self._most and profile.one_group and not profile.is_one_group_sure else 0
        self._seen: list[tuple[str, ...]] = []  # the groups of users that are in as many as may be
        self._turn = anyio.Lock()

    def moves(self, applied: Iterable[Applied], need: Question, answer: object) -> Profile | None:
        """Return the profile of the one integration that fits where a user is read after an addition that has moved it."""
        if not (self._left and isinstance(need, Shown) and isinstance(answer, Found)):
            return None
        shown = set(groups_shown(answer.resource))
        moved = any(made.leaves and made.id in shown and shown.isdisjoint(made.leaves) for made in applied)
        fitting = [one for one in self._profile.integrations if one.most_groups is not None]
        if not moved or len(fitting) != 1:
            return None
        return self._fits(fitting[0], "as adding a user to one took it out of the one before")

    async def learn(self, need: Question, answer: object, read: GroupById) -> Profile | None:
        """Learn from what a row has read; return the profile of the integration, None where it is not known by that."""
        on = need.on if isinstance(need, Shown | ListedGroups) else need
        is_user = isinstance(on, Key) and on.type == USER and isinstance(answer, Found)
        if not (self._left and is_user and isinstance(answer, Found)):
            return None
        shown = self._telling(tuple(dict.fromkeys(groups_shown(answer.resource)))[: self._most + 1])
        if not shown:
            return None
        async with self._turn:
            return await self._told_by(shown, read) if self._left else None

    def _telling(self, shown: tuple[str, ...]) -> tuple[str, ...]:
        """Return the groups of one user, or of two, that are more than the users of some integration are in; else none."""
        if len(shown) < self._most:
            return ()
        if len(shown) > self._most:
            return shown
        other = next((one for one in self._seen if not may_be_in(self._most, (set(one), set(shown)))), ())
        if len(self._seen) < TRIED:
            self._seen.append(shown)
        return tuple(dict.fromkeys((*other, *shown))) if other else ()

    async def _told_by(self, groups: tuple[str, ...], read: GroupById) -> Profile | None:
        self._left -= 1
        shown: list[JsonObject] = []
        for group in groups:
            answer = await read(group)
            shown += [answer.resource] if isinstance(answer, Found) else []
        found = integration_of(self._profile, shown)
        if found is None:
            return None
        return self._fits(found, "as a user's groups show")

    def _fits(self, found: Integration, why: str) -> Profile:
        self._left = 0
        self._note(f"the token opens {found.name}: groups are {found.groups_are}, {why}")
        return with_integration(self._profile, found)
