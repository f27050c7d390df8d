"""How much of one department, or of one e-mail domain, a run takes away (pure)."""

from collections import Counter
from collections.abc import Iterator

from bulkscim.model.limits import Limit
from bulkscim.model.operation import ENTERPRISE, JsonObject
from bulkscim.planning.guards import Bounds
from bulkscim.scim import paths

_DEPARTMENT = f"{ENTERPRISE}:department"


def shares_of(user: JsonObject) -> Iterator[str]:
    """Yield the parts of the tenant that a user belongs to: its department, and the domain of its userName or e-mail."""
    department = paths.get(user, _DEPARTMENT)
    if isinstance(department, str) and department.strip():
        yield f"department {department.strip().casefold()}"
    domain = _domain(paths.find(user, "userName")) or _domain(
        paths.get(user, "emails[primary eq true].value")
    )
    if domain:
        yield f"domain {domain}"


def _domain(name: object) -> str:
    return name.rpartition("@")[2].strip().casefold() if isinstance(name, str) and "@" in name else ""


def share_bound(limits: tuple[Limit, ...], size: int) -> int:
    """Return how many of `size` users may go; of a percentage at least one, unless it is 0 %."""
    found = [_bound(one, size) for one in limits]
    return min(found, default=size)


def _bound(limit: Limit, size: int) -> int:
    bound = limit.bound(size)
    if bound is None:
        return size
    return max(1, bound) if limit.percent and limit.number else bound


def share_refusals(ended: Counter[str], allowed: Bounds) -> list[str]:
    """Return of which departments and domains too many users would go."""
    if allowed.share_sizes is None:
        return []
    sizes, limits = allowed.share_sizes, allowed.share_limits
    parts = ((part, count, sizes.get(part, 0)) for part, count in ended.most_common())
    found = [one for one in parts if one[1] > share_bound(limits, one[2])]
    return [
        f"{count:,} of the {size:,} users of {part} would be deleted or deactivated, more than the {share_bound(limits, size):,} "
        f"allowed; to allow {'them' if len(found) == 1 else 'all of these'}: --max-share {found[0][1]}"
        for part, count, size in found
    ]
