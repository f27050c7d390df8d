"""Count a tenant's active and inactive users and the sizes of its groups: a proxy for licences in use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from bulkscim.journal.settings import Settings
from bulkscim.model.active import stated
from bulkscim.model.operation import GROUP, USER, JsonObject
from bulkscim.planning.sent_form import MEMBERS
from bulkscim.runs.export import HIDES
from bulkscim.runs.tenant_reader import Browser, browsing
from bulkscim.scim import paths
from bulkscim.scim.forms import ids_in
from bulkscim.tenants.tenant import Tenant

HIDES_MEMBERS = "the tenant shows members of no group: how many these have is unknown"


@dataclass(slots=True)
class Census:
    """Who is there. `inactive` is None where the tenant hides them; `unsaid` users do not say whether they are.

    `groups` have a name, an id and how many members; None where the tenant shows members of no group.
    """

    active: int = 0
    inactive: int | None = 0
    unsaid: int = 0
    groups: list[tuple[str, str, int | None]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


async def count(tenant: Tenant, settings: Settings, say: Callable[[str], None] | None = None) -> Census:
    """Read all users and groups; Stopped where the tenant does not show them all. `say` as in `browsing`."""
    found = Census()
    async with browsing(tenant, settings, say) as browser:
        found.notes += browser.notes
        inactive = 0
        async for user in browser.resources(USER, partial(_only, "active")):
            match stated(user):
                case True:
                    found.active += 1
                case False:
                    inactive += 1
                case None:
                    found.unsaid += 1
        hidden = not browser.profile.lists_inactive and not inactive
        found.inactive = None if hidden else inactive
        found.notes += [HIDES] if hidden else []
        found.groups = await _groups(browser)
        found.warnings += browser.warnings
    if any(size is None for _, _, size in found.groups):
        found.notes.append(HIDES_MEMBERS)
    return found


async def _groups(browser: Browser) -> list[tuple[str, str, int | None]]:
    """Return the groups, the largest first. One without `members` has none where others show theirs."""
    found: list[tuple[str, str, int | None]] = []
    async for group in browser.resources(GROUP, partial(_only, MEMBERS)):
        shown = paths.find(group, MEMBERS)
        size = None if shown is None else len(list(ids_in(shown)))
        found.append((str(paths.find(group, "displayName") or ""), group["id"], size))
    absent = 0 if any(size for _, _, size in found) else None
    found = [(name, key, absent if size is None else size) for name, key, size in found]
    return sorted(found, key=lambda group: (-(group[2] or 0), group[0].casefold()))


def _only(name: str, resource: JsonObject) -> JsonObject:
    return {name: paths.find(resource, name)}
