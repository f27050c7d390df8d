"""How many users each department and each e-mail domain of a tenant has, counted before a job that removes users."""

from collections import Counter
from collections.abc import Callable, Mapping

from bulkscim.errors import Refused, Stopped
from bulkscim.model.operation import ENTERPRISE, USER, JsonObject
from bulkscim.planning.shares import shares_of
from bulkscim.runs.request import RunRequest
from bulkscim.runs.session import Visit
from bulkscim.runs.tenant_reader import Browser, reads_over
from bulkscim.scim import paths


async def share_sizes(
    request: RunRequest, removals: int, visit: Visit, say: Callable[[str], None]
) -> Mapping[str, int] | None:
    """Count the users of each; None where no share is bounded, or the job removes no users.

    Refused where the tenant does not show all of its users with these attributes.
    """
    if not removals or not (request.limits.max_share or request.standing.max_share):
        return None
    browser = Browser(visit.seen.profile, (), reads_over(visit), say)
    sizes: Counter[str] = Counter()
    unknown = ""
    try:
        async for user in browser.resources(USER, _part):
            sizes.update(shares_of(user))
    except Stopped as error:
        unknown = str(error)
    unknown = unknown or "; ".join(browser.warnings)
    if unknown:
        raise Refused(
            f"--max-share: the users of each department and domain cannot be counted: {unknown}. Nothing was sent; set no "
            "max_share for this job to go on without this guard"
        )
    return sizes


def _part(user: JsonObject) -> JsonObject:
    names = ("userName", "emails", ENTERPRISE)
    return {name: value for name in names if (value := paths.find(user, name)) is not None}
