"""Gather what is wrong with a job file: all of it counted, the first of each kind told."""

from collections import Counter

from bulkscim.jobfile.records import Problem

SHOWN = 50


class Findings:
    """Problems as they come: counted, the first ones kept; of those that are about one thing the first `alike`."""

    def __init__(self, alike: int = 3) -> None:
        self.count = 0
        self._alike = alike
        self._like: Counter[str] = Counter()
        self._kept: list[tuple[Problem, str]] = []

    def add(self, problem: Problem, about: str = "") -> None:
        """Count a problem, and keep it if it is one of the first; `about` groups those of one kind."""
        self.count += 1
        self._like[about] += 1
        if len(self._kept) < SHOWN and (not about or self._like[about] <= self._alike):
            self._kept.append((problem, about))

    def texts(self, name: str) -> tuple[str, ...]:
        """Say the kept problems in the order of the file; the last of one kind says how many more there are."""
        kept = sorted(self._kept, key=lambda each: (each[0].line, each[0].row))
        last = {about: problem for problem, about in kept if about}
        return tuple(
            problem.text(name) + (self._more(about) if last.get(about) is problem else "")
            for problem, about in kept
        )

    def _more(self, about: str) -> str:
        more = self._like[about] - self._alike
        return f" ({more:,} more like it)" if more > 0 else ""

    @property
    def told(self) -> int:
        """How many of the problems the texts speak of, one by one or as more like one."""
        return len(self._kept) + sum(
            self._like[about] - self._alike
            for about in {about for _, about in self._kept if about}
            if self._like[about] > self._alike
        )
