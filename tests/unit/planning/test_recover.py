"""What became of a step whose answer was lost."""

from dataclasses import replace

import pytest

from bulkscim.model.live import Ambiguous, Member, Missing, Unreadable
from bulkscim.model.operation import GROUP, USER
from bulkscim.model.row import Refusal
from bulkscim.model.step import ACCEPTED, Action, Change, Step
from bulkscim.planning.recover import GONE, Evidence, NotApplied, Ours, Theirs, Unclear, recover
from tests.support.making.rows import ADA, group, user

CREATE = Step("create", Action.CREATE, USER, identity=(ADA,))
MODIFY = Step("patch", Action.MODIFY, USER, id="u1", changes=(Change("title", "Engineer", "Lead"),))
DELETE = Step("delete", Action.DELETE, USER, id="u1")
ADD = Step("member:Sales", Action.ADD_MEMBER, GROUP, id="g1", member="u1")
REMOVE = Step("member:Sales", Action.REMOVE_MEMBER, GROUP, id="g1", member="u1")
BLIND = replace(REMOVE, changes=(Change('members[value eq "u1"]', None, None),))


@pytest.mark.parametrize(
    ("step", "read"),
    [
        (CREATE, Missing(by_all=True)),
        (MODIFY, user(title="Engineer")),
        (DELETE, user()),
        (ADD, Member(present=False)),
        (REMOVE, Member(present=True)),
    ],
)
def test_accepted_step_is_never_not_applied(step, read):
    """What was answered with 202 was sent again where nothing showed it."""
    assert recover(step, read, Evidence()) == NotApplied()
    assert recover(step, read, Evidence(accepted=True)) == Unclear(ACCEPTED)


def test_accepted_change_of_which_a_part_shows_stays_in_doubt():
    """It counted as done, with exit 0: the rest was not there and is never sent again."""
    changes = (Change("title", "Engineer", "Lead"), Change("nickName", "A", "B"))
    step, read = replace(MODIFY, changes=changes), user(title="Lead", nickName="A")

    assert recover(step, read, Evidence()) == Ours("u1", ("nickName",))
    assert recover(step, read, Evidence(accepted=True)) == Unclear(f"{ACCEPTED}: nickName")


def test_accepted_change_of_the_spelling_alone_is_not_awaited():
    """The service keeps its own spelling: a row stayed in doubt for ever."""
    changes = (Change("title", "Engineer", "Lead"), Change("nickName", "a-d a", "Ada"))
    step, read = replace(MODIFY, changes=changes), user(title="Lead", nickName="a-d a")

    assert recover(step, read, Evidence(accepted=True)) == Ours("u1")


def test_accepted_password_stays_in_doubt():
    """In a later session its step has no changes that the journal shows: that proves nothing."""
    step = replace(MODIFY, changes=())
    assert recover(step, user(), Evidence(accepted=True)) == Unclear(ACCEPTED)


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("the user is already a member", True),
        ("User already exists in the group", True),
        ("Already in this group", True),
        ("duplicate member", True),
        ("the user is already a member of another group", False),
        ("already assigned to a different team", False),
        ("the group is full already", False),
    ],
)
def test_refusal_says_that_a_member_is_there(detail, expected):
    """A member of another group counted as added, where the addition had been lost before."""
    assert Refusal("member:Sales", 400, None, detail).says_present is expected


def test_accepted_removal_of_members_who_are_not_shown_is_over():
    """Its row stayed in doubt for ever: nothing of it could be seen before or after."""
    step = Step("patch", Action.MODIFY, GROUP, id="g1")
    assert recover(step, group(), Evidence(accepted=True)) == Ours("g1")
    assert recover(step, group(), Evidence()) == NotApplied()


@pytest.mark.parametrize(
    ("step", "read", "expected"),
    [
        (CREATE, Missing(), NotApplied()),
        (CREATE, user(), Theirs("u1")),
        (MODIFY, user(title="Lead"), Ours("u1")),
        (MODIFY, user(title="Engineer"), NotApplied()),
        (MODIFY, user(title="Director"), NotApplied()),
        (MODIFY, Missing(), NotApplied()),
        (DELETE, Missing(), Ours("u1")),
        (DELETE, user(), NotApplied()),
        (ADD, Member(present=True), Ours("g1")),
        (ADD, Member(present=False), NotApplied()),
        (REMOVE, Member(present=False), NotApplied()),  # the group may not show all of its members
        (REMOVE, Member(present=False, proved=True), Ours("g1")),
        (REMOVE, Member(present=True), NotApplied()),
        (BLIND, Member(present=False), NotApplied()),  # it was not shown before, so that this tells nothing
        (BLIND, Member(present=False, proved=True), Ours("g1")),
    ],
)
def test_what_the_tenant_shows_decides(step, read, expected):
    """A step is applied where what it wanted stands."""
    assert recover(step, read, Evidence()) == expected


@pytest.mark.parametrize(
    ("evidence", "ours"),
    [
        (Evidence(absent_before=True), True),
        (Evidence(named="u1"), True),
        (Evidence(named="u2"), False),
        (Evidence(started=100.0, now=110.0, created=105.0), True),
        (Evidence(started=100.0, now=110.0, created=95.5), True),
        (Evidence(started=100.0, now=110.0, created=94.0), False),
        (Evidence(started=100.0, now=110.0, created=116.0), False),
        (Evidence(started=100.0, now=110.0), False),
        (Evidence(absent_before=True, started=90_000.0, now=90_010.0, created=3_590.0), False),
        (Evidence(absent_before=True, started=90_000.0, now=90_010.0, created=3_610.0), True),
    ],
)
def test_what_was_found_is_ours_only_with_proof(evidence, ours):
    """It was absent before, or an answer named it, or it was made between intent and now; but never a day before it."""
    assert recover(CREATE, user(), evidence) == (Ours("u1") if ours else Theirs("u1"))


@pytest.mark.parametrize("after", [False, "False", 0])
def test_user_that_is_gone_after_its_deactivation_is_never_found_not_applied(after):
    """A tenant that deletes or hides deactivated users made the row fail: the user that it had removed was not found."""
    step = Step("deactivate", Action.MODIFY, USER, id="u1", changes=(Change("active", True, after),))
    assert recover(step, Missing(), Evidence()) == Unclear(GONE)
    assert recover(step, Missing(), Evidence(succeeded=True)) == Ours("u1")


@pytest.mark.parametrize("read", [Ambiguous(("u1", "u2")), Unreadable("answered 503")])
def test_what_cannot_be_told_stays_in_doubt(read):
    """Nothing is guessed."""
    assert isinstance(recover(CREATE, read, Evidence(absent_before=True)), Unclear)


LOCALE, TITLE = Change("locale", None, "de_DE"), MODIFY.changes[0]
PHONE = Change('phoneNumbers[value eq "(030) 12"]', None, {"value": "(030) 12"})


@pytest.mark.parametrize(
    ("changes", "shown", "expected"),
    [
        ((LOCALE,), {"locale": "de-DE"}, Ours("u1")),
        ((PHONE,), {"phoneNumbers": [{"value": "03012"}]}, Ours("u1")),
        ((TITLE, LOCALE), {"title": "Lead"}, Ours("u1", ("locale",))),
        ((TITLE, LOCALE), {"title": "Engineer"}, NotApplied()),
        ((Change("locale", "de-DE", "de_DE"),), {"locale": "de-DE"}, NotApplied()),
    ],
    ids=["another spelling", "of an element", "one dropped", "none", "as before"],
)
@pytest.mark.parametrize("action", [Action.MODIFY, Action.REPLACE])
def test_lost_change_of_a_user_took_effect_where_the_service_wrote_it_otherwise(
    action, changes, shown, expected
):
    """It was sent again, and a rollback took what the first request had set for what stood before the run."""
    step = replace(MODIFY, action=action, changes=changes)
    assert recover(step, user(**shown), Evidence()) == expected


def test_lost_change_of_a_group_took_effect_where_all_of_it_stands():
    """Others may have taken one of the members out."""
    gone = tuple(Change(f'members[value eq "{one}"]', {"value": one}, None) for one in ("u1", "u2"))
    step = Step("patch", Action.MODIFY, GROUP, id="g1", changes=gone)
    assert recover(step, user(members=[{"value": "u2"}]), Evidence()) == NotApplied()
