"""The fewest requests that a job can cost under the rules of sending: arithmetic, and nothing else.

docs/performance.md says what is counted and why.
"""

from collections import Counter
from dataclasses import dataclass
from math import ceil, inf

Kinds = Counter[str]

CONFIG = "GET ServiceProviderConfig"
FORWARD_S = 60.0  # how old a before-image may be when its change leaves
CAREFUL_S = 5.0  # or two requests' time; before deletes, and in a rollback
PROOFS = "proofs"
EQUAL = 3  # groups of one size that are compared
# Two users join a second group, each by a request of its own, after a read by its id and before another; their two groups each are read.
TELLING = 2 * (1 + 2 + 2)
MANY = 30  # rows for which it is tried whether versions are heeded
WINDOW = 5_000  # rows of memberships that are under way


@dataclass(frozen=True, slots=True)
class Server:
    """What a server takes, and how fast it may be asked.

    `names` is how many names one filter asks for, 0 where there are no filters. `members` is how many go into one
    request. With `if_match` a change of a user is refused that others changed meanwhile, so an image may be older. `may_move`:
    it is not known whether a user leaves the first group by joining a second one.
    """

    page: int = 100
    names: int = 50
    members: int = 100
    if_match: bool = False
    per_minute: float = inf
    may_move: bool = False

    def within(self, age_s: float) -> int:
        """Return how many requests leave while an image is young enough."""
        interval_s = 60.0 / self.per_minute
        return int(max(age_s, 2 * interval_s) / interval_s + 1e-9)


@dataclass(frozen=True, slots=True)
class Group:
    """Members that a job adds to one group, or takes out of it; `new` where the job creates it."""

    members: int
    new: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """What a job asks of a tenant that shows so many `users` and `groups`.

    `found`: users that have to be found. `imaged`: those of them that are changed, each by a request of its own and
    with an image that is `age_s` old at most. `managers`: users whose manager goes are looked up too, as before
    deletes. `leave`: a changed user is in no listing any more; `hidden`: it is in none before. `posts`,
    `patches` and `deletes` are writes of users, `group_deletes` of groups. `in_turn`: rows name the groups in turn,
    so that a window of rows holds some members of each. `second`: some rows put users into a second group. `dry`: nothing is
    written.
    """

    users: int = 0
    groups: int = 0
    found: int = 0
    imaged: int = 0
    age_s: float = FORWARD_S
    managers: bool = False
    leave: bool = False
    hidden: bool = False
    posts: int = 0
    patches: int = 0
    deletes: int = 0
    members: tuple[Group, ...] = ()
    in_turn: bool = False
    group_deletes: tuple[int, ...] = ()  # the members of each
    second: bool = False
    dry: bool = False


def minimum(job: Job, server: Server) -> Kinds:
    """Return the fewest requests that a job costs, by kind."""
    kinds = Kinds({CONFIG: 1, "GET Users": _user_reads(job, server), "GET Groups": _group_reads(job, server)})
    kinds[PROOFS] = _proofs(job, server)
    if not job.dry:
        kinds += Kinds({"POST Users": job.posts, "PATCH Users": job.patches, "DELETE Users": job.deletes})
        kinds += _group_writes(job, server)
    return +kinds


def pages(held: int, server: Server) -> int:
    """Return the pages of a listing; one of nothing has a page, too.

    Each begins with the last resource of the page before, so that it shows when something was deleted meanwhile.
    """
    return 1 + max(0, ceil((held - server.page) / (server.page - 1)))


def lookups(wanted: int, held: int, server: Server) -> int:
    """Return the fewest reads that show some of the resources that a tenant holds."""
    if not wanted:
        return 0
    listing = pages(held, server)
    return min(listing, ceil(wanted / server.names)) if server.names else listing


def _proofs(job: Job, server: Server) -> int:
    """Return what proves the tenant once in a run: a user and groups that are read by id, and versions by two requests.

    What a listing or a filter shows is an image only once a read by id has shown the same. A group proves it for smaller
    ones; of equally large ones three are read, since a tenant may cut lists at this length.
    """
    user = job.imaged > 0 and not job.hidden
    held = [*(one.members for one in job.members), *job.group_deletes]
    touched, sizes = len(held), set(held)
    group = (min(EQUAL, touched) if len(sizes) == 1 else 1) if touched > 1 and job.groups > 0 else 0
    kept = job.age_s == CAREFUL_S or server.names < 2
    versions = server.if_match and server.per_minute < inf and not job.dry and not job.hidden
    tells = TELLING if job.second and server.may_move and not job.dry else 0
    return user + group + tells + 2 * (versions and kept and job.imaged >= MANY)


def _age_s(job: Job, server: Server) -> float:
    """Return how old the image of a user may be. Answers to deletes show no version, so nothing tells that versions change."""
    if job.dry or server.per_minute == inf:
        return inf
    if not server.if_match:
        return job.age_s
    return inf if job.patches else FORWARD_S


def _user_reads(job: Job, server: Server) -> int:
    """Return the reads of users: one at least, which counts them for the guards."""
    if job.hidden:
        return 1 + job.imaged  # each by its id
    reports = lookups(job.imaged, job.users, server) if job.managers else 0
    if _age_s(job, server) == inf:
        return max(1, reports or lookups(job.found, job.users, server))
    finding = lookups(job.found, job.users, server) if job.found > job.imaged else 0
    return max(1, reports + finding + _images(job, server))


def _images(job: Job, server: Server) -> int:
    """Return the fewest reads such that each image is young enough when its change leaves."""
    within = server.within(_age_s(job, server))
    ids = 0 if server.names or job.found > job.imaged or job.managers else pages(job.users, server)
    ways = [job.imaged + ids, _listed_again(job, server, within)]
    if server.names:
        ways.append(ceil(job.imaged / min(server.names, within)))
    return min(way for way in ways if way is not None)


def _listed_again(job: Job, server: Server, within: int) -> int | None:
    """Return the pages of as many listings as it takes until all changes have left; None where they are too long."""
    left, held, read = job.imaged, job.users, 0
    while left > 0:
        size = pages(held, server)
        useful = within - (size - 1)
        if useful <= 0:
            return None
        read += size
        left -= useful
        held -= useful if job.leave or job.deletes else 0
    return read


def _group_reads(job: Job, server: Server) -> int:
    """Return the reads of groups, as often as they get too old for the changes that follow."""
    touched = len(job.members) + len(job.group_deletes)
    if not touched:
        return 0
    size = lookups(touched, job.groups, server)
    if job.dry or server.per_minute == inf or not job.groups:
        return size
    useful = server.within(job.age_s) - (size - 1)  # after its first change the answer shows a group
    again = size * ceil(touched / useful) if useful > 0 else None
    return min(way for way in (again, touched) if way is not None)


def _group_writes(job: Job, server: Server) -> Kinds:
    """Return the writes of groups: as many members in each as the server takes, and as the window holds."""
    most = server.members
    if job.in_turn:
        most = min(most, max(1, 2 * WINDOW // (len(job.members) + 1)))
    requests = Kinds({"DELETE Groups": len(job.group_deletes)})
    for one in job.members:
        needed = ceil(one.members / most)
        requests["POST Groups"] += one.new
        requests["PATCH Groups"] += max(0, needed - one.new)
    return +requests
