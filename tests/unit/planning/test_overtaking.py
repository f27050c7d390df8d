"""What an earlier row has yet to change, and which later rows must wait for it."""

from dataclasses import replace

import pytest

from bulkscim.engine.unfinished import UnfinishedRows
from bulkscim.model.live import Membership
from bulkscim.model.operation import GROUP, USER, Key, Operation, Reference, Role, Verb
from bulkscim.model.row import Facts, Row
from bulkscim.model.step import Action, Step
from bulkscim.planning.order import MADE
from bulkscim.planning.overtaking import concerned, left_by, left_open, names_of
from bulkscim.planning.verbs.membership import joining
from tests.support.making.rows import ADA, BOSS, SALES, changes, creates, done, joins

ADA_ID, GROUP_ID = Key(USER, "id", "u1"), Key(GROUP, "id", "g1")
NOTHING = Facts()
ADDS = joins(number=1)
CREATES = creates(Reference(Role.GROUP, SALES), Reference(Role.MANAGER, BOSS), producers=(None, 9), number=1)
ADA_READ = {"userName": "Ada@example.com", "externalId": "E1", "emails": [{"value": "ada@mail.example"}]}
AS_READ = dict.fromkeys(names_of(USER, ADA_READ), ADA_ID)
MADE_BY_1 = Key(USER, MADE, "1")


def waits(earlier, later, *, need=None, ids=None, step=None):
    """Tell whether a later row waits for an earlier row that was left with these facts."""
    row, facts = earlier
    marks = left_open(row, facts, ids or {}) | (left_by(step) if step else set())
    return bool(marks & concerned(later, ids or {}, need))


@pytest.mark.parametrize(
    ("facts", "later", "expected"),
    [
        (NOTHING, changes(Verb.DELETE), True),
        (NOTHING, changes(Verb.DELETE, Key(USER, "userName", " ADA@example.com")), True),
        (NOTHING, changes(Verb.DELETE, BOSS), False),
        (NOTHING, creates(data={"userName": ADA.value}, number=2), True),  # the name must be free first
        (NOTHING, joins(Verb.REMOVE_MEMBER), False),  # a patch of the user changes no membership
        (done("patch"), changes(Verb.DELETE), False),
    ],
)
def test_change_left_open_is_waited_for_by_changes_of_the_same_resource(facts, later, expected):
    """Otherwise the earlier row, once it goes on, overwrites what the later row wrote."""
    assert waits((changes(Verb.PATCH, number=1), facts), later) is expected


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (joins(Verb.REMOVE_MEMBER), True),
        (joins(Verb.REMOVE_MEMBER, BOSS), False),  # other members of the group go on
        (changes(Verb.PATCH, SALES), True),  # it may replace the members
        (changes(Verb.DELETE), True),
        (changes(Verb.PATCH, BOSS), False),
        (creates(number=2), False),  # the membership may be waiting for this user
    ],
)
def test_membership_left_open_is_waited_for_by_the_same_membership(later, expected):
    """And by rows that change its group or its member as a whole."""
    assert waits((ADDS, NOTHING), later) is expected


@pytest.mark.parametrize(
    ("applied", "later", "expected"),
    [
        (("create",), changes(Verb.PATCH, producer=1), True),  # the manager is still to be set
        (("create", "manager"), joins(Verb.REMOVE_MEMBER, producers=(1,)), True),
        (("create", "member:Sales"), joins(Verb.REMOVE_MEMBER, producers=(1,)), False),
        (("create",), joins(member=BOSS), False),
        (("create",), creates(Reference(Role.MANAGER, ADA), producers=(1,), number=2), False),
    ],
)
def test_new_user_whose_parts_are_left_open_is_waited_for(applied, later, expected):
    """A manager that is made further down and a group that refused the user come in a later pass."""
    assert waits((CREATES, done(*applied)), later, ids={MADE_BY_1: ADA_ID}) is expected


def test_group_row_whose_members_are_left_open_is_waited_for():
    """A removal of such a member must come after its addition; a removal of another member need not."""
    operation = Operation(
        Verb.CREATE, GROUP, SALES, {"displayName": "Sales"}, references=(Reference(Role.MEMBER, ADA),)
    )
    row = Row(1, operation, (None,))

    assert waits((row, done("create")), joins(Verb.REMOVE_MEMBER, producer=1))
    assert not waits((row, done("create")), joins(Verb.REMOVE_MEMBER, BOSS, producer=1))


@pytest.mark.parametrize(
    ("member", "expected"), [("u1", True), ("u2", False)], ids=["same member", "another member"]
)
def test_step_without_a_known_end_is_waited_for_by_its_ids(member, expected):
    """A later row that names the group and the user otherwise is found by what it reads."""
    mail = Key(USER, "emails.value", "ada@example.com")
    step, ids = joining("member:Sales", "g1", "u1"), {SALES: GROUP_ID, mail: Key(USER, "id", member)}
    later = joins(Verb.REMOVE_MEMBER, mail)

    assert waits((ADDS, NOTHING), later, need=Membership("g1", member), step=step, ids=ids) is expected


def test_group_in_doubt_is_waited_for_by_rows_that_name_it():
    """Otherwise a second group of this name is made while the tenant does not show the first."""
    step = Step("group:Sales", Action.CREATE, GROUP, identity=(SALES,))

    assert waits((ADDS, NOTHING), joins(member=BOSS), step=step)
    assert waits((ADDS, NOTHING), creates(Reference(Role.GROUP, SALES), number=2), need=SALES, step=step)


def test_row_that_names_the_resource_otherwise_waits_once_it_has_read_its_names():
    """A patch by externalId went before an earlier one by userName, which then overwrote it."""
    earlier = replace(changes(Verb.PATCH, number=3), target_producer=1)
    later = changes(Verb.PATCH, Key(USER, "externalId", "E1"), number=4)
    marks = left_open(earlier, NOTHING, {})

    assert not marks & concerned(later, {})
    assert marks & concerned(later, AS_READ)


@pytest.mark.parametrize(
    "name", [Key(USER, "externalId", "E1"), Key(USER, "emails.value", "ada@mail.example")]
)
def test_membership_is_waited_for_whatever_names_its_group_and_its_member_have(name):
    """An addition by externalId went before an earlier removal by userName, which then took the member out again."""
    later = joins(Verb.ADD_MEMBER, name)

    assert waits((joins(Verb.REMOVE_MEMBER, number=1), NOTHING), later, ids=AS_READ)
    assert waits((joins(Verb.REMOVE_MEMBER, producers=(9,), number=1), NOTHING), later, ids=AS_READ)
    assert not waits((joins(Verb.REMOVE_MEMBER, BOSS, number=1), NOTHING), later, ids=AS_READ)


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        (ADA, Key(USER, "id", "u1"), True),  # it may be the same
        (Key(USER, "id", "u2"), Key(USER, "id", "u1"), False),
        (ADA, BOSS, False),
    ],
)
def test_member_without_a_known_id_may_be_any_that_is_named_by_its_id_alone(earlier, later, expected):
    """An addition by id went before an earlier removal by userName that had not been looked up."""
    left = (joins(Verb.REMOVE_MEMBER, earlier, number=1), NOTHING)

    assert waits(left, joins(Verb.ADD_MEMBER, later)) is expected
    assert not waits(left, joins(Verb.ADD_MEMBER, later), ids={ADA: Key(USER, "id", "u3")})


@pytest.mark.parametrize(("member", "expected"), [("u1", True), ("u2", False)])
def test_members_that_a_left_patch_names_are_waited_for(member, expected):
    """The user was deleted first, so that a rollback of the rollback did not know the membership."""
    patch = [("remove", 'members[value eq "u1"]', None)]
    earlier = changes(Verb.PATCH, SALES, patch=patch, number=1)

    assert waits((earlier, NOTHING), changes(Verb.DELETE, Key(USER, "id", member))) is expected


def test_only_later_rows_are_held_back_until_the_row_is_taken_up_again():
    """A new pass takes up what was left, except what is in doubt."""
    left = UnfinishedRows()
    assert not left

    left.note(2, left_open(changes(Verb.PATCH), NOTHING, {}))
    left.note(4, left_open(changes(Verb.PATCH, BOSS), NOTHING, {}), in_doubt=True)
    asked = {target: concerned(changes(Verb.DELETE, target), {}) for target in (ADA, BOSS)}

    assert left.holds_back(3, asked[ADA])
    assert not left.holds_back(1, asked[ADA])
    left.begin_pass(circle=False)
    assert not left.holds_back(3, asked[ADA])
    assert left.holds_back(5, asked[BOSS])
