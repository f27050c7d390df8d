"""What is known of a resource's ties before it goes."""

from dataclasses import replace

import pytest

from bulkscim.model.live import Found, Holders, Referrers, Reports, Unreadable
from bulkscim.model.operation import GROUP, USER, Key, PatchOperation, Verb
from bulkscim.model.row import Facts, RowState
from bulkscim.model.step import Action, Change, Step, Ties
from bulkscim.planning.before_removal import stripped
from bulkscim.planning.decision import Policy, Settle, Wait
from bulkscim.planning.next_step import next_step
from tests.support.making.providers import GENERIC
from tests.support.making.rows import ADA, SALES, changes, group, user

HOLDERS = Holders(USER, "u1", "id")  # read by its id, though it is known by name
REPORTS = Reports("u1")
IN_TWO = [{"value": "g1"}, {"value": "g2", "type": "direct"}, {"value": "g3", "type": "indirect"}]


def decide(row, live, policy=Policy()):  # noqa: B008 - frozen
    return next_step(row, Facts(), live, policy)


def test_a_delete_waits_for_groups_and_reports():
    """Afterwards nothing shows them."""
    row, live = changes(Verb.DELETE), {ADA: user()}

    assert decide(row, live) == Wait(HOLDERS)
    live[HOLDERS] = Referrers(("g1",))
    assert decide(row, live) == Wait(REPORTS)
    live[REPORTS] = Referrers(("u7", "u8"))
    assert decide(row, live).ties == Ties(("g1",), ("u7", "u8"))


def test_groups_that_a_user_shows_are_asked_for_no_more():
    """Except those that it is in through another group."""
    step = decide(changes(Verb.DEACTIVATE), {ADA: user(groups=IN_TWO)})

    assert step.ties == Ties(("g1", "g2"), None)


def test_groups_that_a_deleted_user_shows_may_not_be_all():
    """What it shows may be cut, and nothing shows the others afterwards."""
    row, live = changes(Verb.DELETE), {ADA: user(groups=IN_TWO)}
    need = HOLDERS._replace(shown=("g1", "g2"))

    assert decide(row, live) == Wait(need)
    live |= {need: Referrers(("g1", "g2", "g3")), REPORTS: Referrers(())}
    assert decide(row, live).ties == Ties(("g1", "g2", "g3"), ())


def test_a_deleted_group_is_tied_to_groups_alone():
    """It may be a member itself; it is no user's manager."""
    row, live = changes(Verb.DELETE, SALES), {SALES: group()}
    need = Holders(GROUP, "g1", "id")

    assert decide(row, live) == Wait(need)
    assert decide(row, {**live, need: Referrers(None)}).ties == Ties()


@pytest.mark.parametrize(
    ("row", "waits"),
    [
        (changes(Verb.DEACTIVATE), True),
        (changes(Verb.PATCH, patch=[("replace", "active", "False")]), True),
        (changes(Verb.PATCH, patch=[("replace", None, {"active": False})]), True),
        (changes(Verb.REPLACE, data={"userName": "ada@example.com", "active": False}), True),
        (changes(Verb.ACTIVATE), False),
        (changes(Verb.PATCH, patch=[("replace", "title", "Lead")]), False),
    ],
)
def test_every_way_to_deactivate_waits_for_groups(row, waits):
    """Some servers take deactivated users out of their groups."""
    live = {ADA: user(active=row.operation.verb is not Verb.ACTIVATE)}

    assert (decide(row, live) == Wait(HOLDERS)) is waits


def test_where_deactivation_is_known_to_strip_nothing_nothing_is_asked():
    """A request for each would be wasted."""
    step = decide(
        changes(Verb.DEACTIVATE), {ADA: user()}, Policy(profile=replace(GENERIC, strips_groups=False))
    )

    assert (step.action, step.ties) == (Action.MODIFY, None)


def test_what_cannot_be_recorded_for_now_is_not_taken_away():
    """A tenant that answers 503 may tell later; the row can be retried."""
    live = {ADA: user(), HOLDERS: Unreadable("answered 503: busy", 503)}

    decision = decide(changes(Verb.DELETE), live)

    assert isinstance(decision, Settle)
    assert (decision.state, decision.status) == (RowState.FAILED, 503)
    assert decision.detail == "who refers to it could not be recorded: answered 503: busy"


def test_drift_is_found_before_anything_more_is_read():
    """A row that is skipped costs no request for its ties."""
    row = changes(Verb.DEACTIVATE, expect={"title": "Lead"})

    assert decide(row, {ADA: user(title="CTO")}).state is RowState.SKIPPED


def test_the_way_a_user_was_read_is_part_of_the_need():
    """A user that was read by its id may show what a lookup leaves out."""
    key = Key(USER, "id", "u1")

    assert decide(changes(Verb.DELETE, key), {key: user()}) == Wait(Holders(USER, "u1", "id"))


@pytest.mark.parametrize(
    ("after", "shows", "strips", "expected"),
    [
        ({"groups": [{"value": "g2"}]}, False, True, ("g1",)),
        ({"groups": []}, False, None, ("g1", "g2")),
        ({}, False, None, ()),
        ({}, True, None, ("g1", "g2")),
        (None, True, None, ()),
        ({}, False, True, ("g1", "g2")),
        (None, False, True, ("g1", "g2")),
        (None, False, False, ()),
    ],
)
def test_groups_that_deactivation_took_are_told_by_the_answer(after, shows, strips, expected):
    """An answer that never shows groups tells nothing; then what the tenant is known to do counts."""
    step = Step(
        "deactivate",
        Action.MODIFY,
        USER,
        id="u1",
        operations=(PatchOperation("replace", "active", False),),
        changes=(Change("active", True, False),),
        ties=Ties(("g1", "g2")),
    )

    assert stripped(step, after, shows=shows, strips=strips) == expected
    assert stripped(Step("patch", Action.MODIFY, USER, id="u1"), after, shows=shows, strips=strips) == ()


def test_a_user_that_is_gone_needs_no_ties():
    """There is nothing to take away."""
    assert (
        decide(changes(Verb.DEACTIVATE), {ADA: Found({"id": "u1", "active": False})}).state is RowState.NOOP
    )


@pytest.mark.parametrize(("key", "by"), [(ADA, "userName"), (Key(USER, "id", "u1"), "filter by id")])
def test_a_user_that_a_filter_shows_is_not_taken_for_one_read_by_its_id(key, by):
    """A filter may leave its groups out, where a read by its id would show them."""
    found = replace(user(), is_looked_up=True)

    assert decide(changes(Verb.DELETE, key), {key: found}) == Wait(Holders(USER, "u1", by))
