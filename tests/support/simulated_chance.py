"""Where the chance of a simulated network comes from: one stream for all requests, or one of each request's own."""

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
