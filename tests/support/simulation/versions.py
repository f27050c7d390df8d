"""Tenants whose resources have versions, and what they make of If-Match; a version is that of what is held, without `meta`."""

from dataclasses import replace
from zlib import crc32

import orjson

HEEDED = "heeded"  # a change with another version than the resource's is refused
IGNORED = "ignored"  # versions are shown, and no change is refused
FIXED = "fixed"  # the version is the same whatever changes, and another one is refused
REFUSED = "refused"  # each change with a version is refused; half of the versions have no digits
STRANGE = "strange"  # as heeded; and a version that the resource never had is a 400
LETTERS = str.maketrans("0123456789", "abcdefghij")
WAYS = (HEEDED, HEEDED, HEEDED, IGNORED, FIXED, REFUSED, STRANGE)


def versioned(world, chance):
    """Return the world with one of these ways; where others change something, they change more of what the tool has read.

    Its disk is whole: jobs are long here, and would need too many sessions.
    """
    return replace(world, versions=chance.choice(WAYS), meddles=2 * world.meddles, bad_disk=0.0)


class Versions:
    """The versions of one tenant's resources."""

    def __init__(self, way):
        self._way = way
        self._shown = set()

    def _of(self, resource):
        if self._way == FIXED:
            return 'W/"1"'
        held = {name: value for name, value in resource.items() if name != "meta"}
        number = crc32(orjson.dumps(held, option=orjson.OPT_SORT_KEYS))
        lettered = self._way == REFUSED and number % 2
        return f'W/"{str(number).translate(LETTERS) if lettered else number}"'

    def shown(self, resource, seen):
        """Return what is shown of a resource, with its version where there are any."""
        if not self._way:
            return seen
        version = self._of(resource)
        self._shown.add(version)
        return seen | {"meta": {**seen.get("meta", {}), "version": version}}

    def refusal(self, resource, if_match):
        """Return the status that a change with a version is refused with; None where it is not."""
        if not self._way or self._way == IGNORED or if_match is None:
            return None
        if self._way != REFUSED and if_match == self._of(resource):
            return None
        return 400 if self._way == STRANGE and if_match not in self._shown else 412
