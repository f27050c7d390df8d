"""Count a tenant's active and inactive users and the sizes of its groups: a proxy for licences in use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from bulkscim.journal.settings import Settings
from bulkscim.model.active import stated
from bulkscim.model.operation import GROUP, USER, JsonObject
from bulkscim.runs.export import HIDES
from bulkscim.runs.tenant_reader import browsing
from bulkscim.scim import paths
from bulkscim.scim.forms import ids_in
from bulkscim.tenants.tenant import Tenant


@dataclass(slots=True)
class Census:
    """Who is there. `inactive` is None where the tenant hides them; `unsaid` users do not say whether they are."""

    active: int = 0
    inactive: int | None = 0
    unsaid: int = 0
    groups: list[tuple[str, str, int]] = field(default_factory=list)  # name, id, members
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
        async for group in browser.resources(GROUP, partial(_only, "members")):
            size = len(list(ids_in(paths.find(group, "members"))))
            found.groups.append((str(paths.find(group, "displayName") or ""), group["id"], size))
        found.warnings += browser.warnings
    found.groups.sort(key=lambda group: (-group[2], group[0].casefold()))
    return found


def _only(name: str, resource: JsonObject) -> JsonObject:
    return {name: paths.find(resource, name)}
