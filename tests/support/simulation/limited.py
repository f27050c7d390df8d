"""Tenants with several limits at once: by method, type of resource and size; or of which only a share may be used, at once or not."""

from dataclasses import replace

from bulkscim.providers.profile import Bucket

SORTS = (  # methods, the path, and from which size on requests count
    (("POST",), "/Users", 0),
    (("POST", "PUT", "PATCH", "DELETE"), "", 0),
    (("PATCH",), "/Groups", 0),
    (("PATCH", "PUT"), "/Users", 0),
    (("DELETE",), "", 0),
    (("GET",), "", 0),
    (("GET",), "/Users", 0),
    ((), "/Groups", 0),
    (("POST", "PATCH"), "", 120),
)
WINDOWS_S = (1.0, 6.67, 10.0, 60.0)
MOST_PER_SECOND, LEAST_PER_SECOND = 5.0, 0.5
BURSTS = (None, None, 5, 1000)
SHARES = (None, None, "60%", "50%")


def limited(world, chance):
    """Return the world with one to four further limits, and perhaps a share of all that is used, or a burst.

    Its disk is whole, and a limit of requests in an hour is one of as many in ten minutes: what is slow takes too many sessions.
    """
    limits = tuple(_limit(sort, chance) for sort in chance.sample(SORTS, chance.randrange(1, 5)))
    rate = (world.rate[0], min(600.0, world.rate[1]))
    share, burst = chance.choice(SHARES), chance.choice(BURSTS)
    return replace(world, rate=rate, limits=limits, share=share, burst=burst, bad_disk=0.0)


def _limit(sort, chance):
    window_s = chance.choice(WINDOWS_S)
    per_second = chance.uniform(LEAST_PER_SECOND, MOST_PER_SECOND)
    return (max(2, round(per_second * window_s)), window_s, *sort)


def bucket_of(limit):
    """Return a limit as a profile has it."""
    requests, window_s, methods, prefix, body_over = limit
    name = f"{' '.join(methods)} {prefix}".strip()
    return Bucket(requests, window_s, name, frozenset(methods), prefix, body_over)
