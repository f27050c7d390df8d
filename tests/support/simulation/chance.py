"""Where the chance of a simulation comes from, so that it replays, and a job that loses a line meets the same fates.

A network draws from one stream for all requests, or from one of each request's own. Deaths happen by chance, or are
told: so many turns of the loop after a request, whatever comes before it.
"""

from collections import Counter
from random import Random


class OneStream:
    """All requests draw from one stream, in the order in which they come to it."""

    def __init__(self, random):
        self._random = random

    def of(self, name):
        """Return the number of a request and its stream."""
        return name, self._random


class OwnStreams:
    """Each request draws from a stream that only its name and its number of that name decide.

    So a job that loses a line meets the same fates in its other lines, and can be shrunk.
    """

    def __init__(self, seed):
        self._seed, self._seen = seed, Counter()

    def of(self, name):
        """Return the number of a request and its stream."""
        self._seen[name] += 1
        key = f"{name} {self._seen[name]}"
        return key, Random(f"{self._seed} {key}")


class Deaths:
    """When processes die. `happened` has each death as (the request that left last, turns of the loop since).

    `told` are deaths in this form, in order; a bare number counts turns since the process began. None: by chance.
    """

    def __init__(self, told=None):
        self.happened = []
        self._told = (
            told if told is None else [one if isinstance(one, tuple) else (None, one) for one in told]
        )
        self._loop, self._last = None, (None, 0)

    def turn(self, by_chance):
        """Return the turn in which the next process dies, 0 for never or not yet known."""
        if self._told is None:
            return by_chance()
        return self._told.pop(0)[1] if self._told and self._told[0][0] is None else 0

    def begins(self, loop):
        """Note that a process begins on a loop."""
        self._loop, self._last = loop, (None, 0)

    def left(self, key):
        """Note that a request leaves."""
        self._last = key, self._loop.turns
        for death in self._told or ():
            if death[0] == key:
                self._told.remove(death)
                self._loop.dies_at = self._loop.turns + death[1]
                return

    def died(self):
        """Note that a process died."""
        key, turn = self._last
        self.happened.append((key, self._loop.turns - turn))
