"""What a row asks for, and what rows to come name: one request may serve many of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from sys import maxsize

from bulkscim.engine.directory.coverage import NAMES_ONLY, needed_by
from bulkscim.engine.directory.together import NamesAhead, Purpose
from bulkscim.engine.feed import Coming, changed_groups, looked_up, made_names
from bulkscim.engine.work import Work
from bulkscim.model.live import ListedGroups, Membership, NameHeld, Question, Shown
from bulkscim.model.operation import GROUP, USER, Key
from bulkscim.model.row import Row
from bulkscim.planning.before_image import LONGEST_S, ImageAges
from bulkscim.planning.lookup_costs import MOST, served


def purpose_of(work: Work, need: Question, coming: Coming, ages: ImageAges) -> Purpose:
    """Return what a row asks for; `ages`: how old answers may be."""
    operation = work.row.operation
    if isinstance(need, Membership):
        return _of_membership(work, coming)
    if isinstance(need, Shown):
        return Purpose(since=work.shows_since)
    if isinstance(need, ListedGroups) or (isinstance(need, Key) and asks_groups(work, need)):
        may_list = work.is_new and not work.facts.lost_members
        age_s = ages.lookup(operation)
        served_ = served(age_s, ages.interval_s, maxsize)
        return Purpose(joins=may_list, ahead=NamesAhead(age_s=age_s, served=served_))
    is_own = isinstance(need, Key) and work.is_own(need)
    age_s = ages.lookup(operation) if is_own else ages.named_s
    named = (
        made_names if isinstance(need, NameHeld) else _all_named if _makes_group(work, need) else looked_up
    )
    only_id = isinstance(need, Key) and needs_only_id(work, need)
    used = served(age_s, ages.interval_s, maxsize) if is_own else maxsize
    rows = maxsize if only_id else used
    ahead = NamesAhead(partial(_names_of, work, coming, named, rows), min(MOST, used), age_s, served=used)
    return Purpose(
        needed=needed_by(operation) if is_own else NAMES_ONLY,
        only_id=only_id,
        listed=operation.makes and not work.reads_alone,
        changes=is_own and work.changes_first and _may_join(work, need),
        makes=is_own and operation.spec.updates and work.makes_first,
        ahead=replace(ahead, since=work.sent_at) if _may_join(work, need) else NamesAhead(),
        soon=partial(_names_of, work, coming, named, served(LONGEST_S, ages.interval_s, maxsize))
        if _may_be_listed(work, need)
        else tuple,
    )


def _makes_group(work: Work, need: Question) -> bool:
    """Return whether the row creates the group that it asks for."""
    operation = work.row.operation
    return operation.makes and need == operation.target and need.type == GROUP


def _all_named(row: Row) -> Iterator[Key]:
    """Yield the names that a row looks up, with that of what it creates."""
    yield from looked_up(row)
    yield from made_names(row)


def _may_be_listed(work: Work, need: Question) -> bool:
    """Return whether a listing may prove that a group is not there which the row creates, or may create to add members."""
    if isinstance(need, NameHeld):
        return need.exact and need.key.type == GROUP
    if not isinstance(need, Key) or need.type != GROUP or need.attribute == "id" or not _may_join(work, need):
        return False
    if not needs_only_id(work, need):
        return _makes_group(work, need) and work.makes_first
    part, facts = f"group:{need.value}", work.facts
    tried = part in work.create_sent or part in facts.refused or part in facts.lost
    return not (tried or work.reads_alone or work.row.operation.spec.removes_member)


def _of_membership(work: Work, coming: Coming) -> Purpose:
    """Return what a membership is asked for: before the step is sent, it is asked for again where it got too old.

    What was lost before is read by the group's id alone.
    """
    if work.read_again or not work.is_new or work.facts.lost_members:
        return Purpose()
    ahead = NamesAhead(partial(_groups_of, coming), MOST, LONGEST_S)
    removes = work.row.operation.spec.removes_member
    return Purpose(outdated=None if work.sends else removes, adds=not removes, ahead=ahead)


def _groups_of(coming: Coming) -> Iterator[Key]:
    """Yield the groups whose members rows change, each once."""
    seen = set[Key]()
    for row in coming.unfinished():
        for key in changed_groups(row):
            if key not in seen:
                seen.add(key)
                yield key


def _may_join(work: Work, need: Question) -> bool:
    """Return whether what rows to come name may be asked for with this.

    Of ids only those of resources that rows change, and do not replace: who asks for another one wants it as a read by its
    id shows it, as does a membership that expects something of its group.
    """
    if work.read_again or not work.is_new:
        return False
    if not isinstance(need, Key) or need.attribute != "id":
        return True
    spec = work.row.operation.spec
    return work.is_own(need) and spec.method != "PUT" and not spec.is_membership


def _names_of(work: Work, coming: Coming, named: Callable[[Row], Iterable[Key]], rows: int) -> Iterator[Key]:
    """Yield what a row itself has still to ask for, and then what so many rows to come name."""
    yield from (key for key in named(work.row) if key not in work.live)
    yield from (key for row in islice(coming.coming(), rows) for key in named(row))


def asks_groups(work: Work, need: Key) -> bool:
    """Return whether the row asks in which groups a member is that it adds to a group."""
    return work.row.operation.type == GROUP and need.type == USER and need.attribute == "id"


def needs_only_id(work: Work, need: Key) -> bool:
    """Return whether the row names a resource and does not change it: then all that matters is its id.

    Where a row gives the id, it asks for what the resource shows, as for the groups that a member leaves.
    """
    operation = work.row.operation
    if need.attribute == "id":
        return False
    if need == operation.target:
        return operation.spec.is_membership
    return any(reference.key == need for reference in operation.references)
