"""Make a case that breaks an oracle smaller, as long as it breaks the same one.

First the lines of its job, by delta debugging; then its world, one feature after the other; then what the tenant holds
before. A case that is changed takes another way by chance, so that each candidate is lived several times.
"""

import time
from dataclasses import fields, replace
from functools import partial

from tests.support.simulation.oracles import Broken
from tests.support.simulation.plan import pruned
from tests.support.simulation.seeds import live
from tests.support.simulation.world import World

TRIES = 12  # lives of a candidate before it counts as one that holds


def kind_of(error):
    """Return what broke: the name of an oracle, or of an exception."""
    return error.oracle if isinstance(error, Broken) else type(error).__name__


def breaks(case, kind, *, live=live, tries=TRIES, over=lambda: False):
    """Return the case with a chance by which it breaks; None where each of several lives holds."""
    chances = [case.chance, *(f"chance {number}" for number in range(tries))]
    for chance in chances:
        if over():
            return None
        candidate = replace(case, chance=chance)
        try:
            live(candidate)
        except Exception as error:  # noqa: BLE001 - each is a finding
            if kind_of(error) == kind:
                return candidate
    return None


def shrink(case, kind, *, seconds=60.0, live=live, tries=TRIES):
    """Return the smallest case found within some seconds of real time that breaks the same oracle."""
    end = time.monotonic() + seconds

    def over():
        return time.monotonic() > end

    test = partial(breaks, kind=kind, live=live, tries=tries, over=over)
    case, smaller = _told_deaths(case, kind, live), None
    while case is not smaller:
        smaller = case
        for less in (_fewer_lines, _plainer_world, _fewer_deaths, _fewer_held):
            case = less(case, test)
    return case


def _told_deaths(case, kind, live):
    """Return the case with the deaths that it met, if it breaks by them: they stay where they are in a smaller job."""
    try:
        live(case)
    except Exception as error:  # noqa: BLE001 - each is a finding
        told = replace(case, deaths=getattr(error, "deaths", None))
        return breaks(told, kind, live=live, tries=0) or case
    return case


def _fewer_lines(case, test):
    """Remove lines as long as the rest breaks; what names a line that is gone goes as well."""
    return _fewer(case, "lines", test)


def _fewer_deaths(case, test):
    """Remove deaths of processes."""
    return _fewer(case, "deaths", test) if case.deaths else case


def _fewer_held(case, test):
    """Remove resources that are there before."""
    return _fewer(case, "held", test)


def _fewer(case, name, test):
    """Remove elements of one field: half of them at a time, then ever smaller pieces, then each by itself."""
    size = max(1, len(getattr(case, name)) // 2)
    while size:
        at = 0
        while at < len(getattr(case, name)):
            whole = getattr(case, name)
            found = _without(case, name, whole[:at] + whole[at + size :], test)
            at += size if found is None else 0
            case = case if found is None else found
        size //= 2
    return case


def _without(case, name, rest, test):
    """Return the case with these elements only, if that is a job and breaks."""
    candidate = replace(case, **{name: rest})
    if name == "deaths":
        return test(candidate)
    lines = tuple(pruned(list(candidate.held), list(candidate.lines), candidate.elsewhere))
    whole = name == "lines" or lines == candidate.lines
    return test(replace(candidate, lines=lines)) if lines and whole else None


def _plainer_world(case, test):
    """Put each feature of the world back to what is usual, the single faults as well."""
    plain = World()
    for name in [one.name for one in fields(World)]:
        usual = getattr(plain, name)
        if getattr(case.world, name) != usual:
            case = test(replace(case, world=replace(case.world, **{name: usual}))) or case
    for name in list(case.world.faults):
        rest = {other: share for other, share in case.world.faults.items() if other != name}
        case = test(replace(case, world=replace(case.world, faults=rest))) or case
    return case
