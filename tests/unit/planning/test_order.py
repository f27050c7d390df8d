"""The rules of lanes."""

from dataclasses import replace

import pytest

from bulkscim.model.live import Parent
from bulkscim.model.operation import GROUP, USER, Key, Reference, Role, Verb
from bulkscim.planning.order import Lanes, claims
from tests.support.making.rows import ADA, BOSS, SALES, changes, creates, joins

BY_ID = Key(USER, "id", "u1")
BY_MAIL = Key(USER, "emails.value", "ada@example.com")


def entered(*rows):
    """Return lanes that the rows have entered in order."""
    lanes = Lanes()
    for row in rows:
        lanes.enter(row.number, claims(row))
    return lanes


def test_second_change_of_a_resource_waits_for_the_first():
    """Steps of one lane never overlap, and none overtakes."""
    lanes = entered(changes(Verb.PATCH, number=1), changes(Verb.DELETE, number=2))

    assert lanes.holds(1, ADA)
    assert not lanes.holds(2, ADA)
    assert lanes.leave(1) == {2}
    assert lanes.holds(2, ADA)


def test_names_in_other_case_are_one_lane():
    """userName compares without case."""
    shouting = changes(Verb.DELETE, Key(USER, "userName", " ADA@example.com"), number=2)

    assert not entered(changes(Verb.PATCH, number=1), shouting).holds(2, shouting.operation.target)


def test_those_who_only_refer_do_not_wait_for_one_another():
    """Many people have one manager; a change of that manager waits for them, and they for an earlier one."""
    rows = [creates(Reference(Role.MANAGER, BOSS), number=number) for number in (1, 2)]
    lanes = entered(*rows, changes(Verb.DELETE, BOSS, number=3))

    assert lanes.holds(1, BOSS)
    assert lanes.holds(2, BOSS)
    assert not lanes.holds(3, BOSS)
    assert 3 not in lanes.leave(1)
    assert not lanes.holds(3, BOSS)
    assert lanes.leave(2) == {3}


def test_memberships_of_one_group_go_together_and_those_of_one_member_do_not():
    """A membership claims its group shared and its member exclusively."""
    lanes = entered(joins(number=1), joins(member=BOSS, number=2), joins(Verb.REMOVE_MEMBER, number=3))

    assert lanes.holds(2, SALES)
    assert lanes.holds(2, BOSS)
    assert not lanes.holds(3, ADA)
    assert lanes.leave(1) == {3}


def test_what_changes_a_group_otherwise_waits_for_its_memberships():
    """A delete or a rename follows them, and later memberships follow it."""
    lanes = entered(joins(number=1), changes(Verb.PATCH, SALES, number=2), joins(member=BOSS, number=3))

    assert not lanes.holds(2, SALES)
    assert not lanes.holds(3, SALES)
    assert 2 in lanes.leave(1)


def test_what_an_earlier_row_makes_is_that_rows_lane():
    """A name and a ref of the same record stand in the same lane."""
    by_ref = Key(USER, "ref", "ada")
    lanes = entered(
        creates(number=1),
        changes(Verb.PATCH, number=2, producer=1),
        changes(Verb.DELETE, by_ref, number=3, producer=1),
    )

    assert not lanes.holds(2, Parent(1))
    assert lanes.leave(1) == {2}
    assert not lanes.holds(3, Parent(1))
    assert lanes.leave(2) == {3}


def test_what_a_row_has_made_and_lends_may_be_referred_to_and_not_be_changed():
    """Reports of a user need no more than its id; who changes it waits for its memberships, too."""
    by_ref = Key(USER, "ref", "ada")
    reports = [creates(Reference(Role.MANAGER, by_ref), number=number, producers=(1,)) for number in (2, 3)]
    lanes = entered(creates(number=1), *reports, changes(Verb.DELETE, number=4, producer=1))
    assert not lanes.holds(2, Parent(1))

    lanes.known(1, Parent(1), "u1")
    assert {2, 3} <= lanes.lend(1)
    lanes.known(2, Parent(1), "u1")
    assert lanes.holds(2, Parent(1))
    assert lanes.holds(3, Parent(1))
    assert not lanes.holds(4, Parent(1))
    assert lanes.lend(1) == set()
    assert [4 in lanes.leave(row) for row in (1, 2, 3)] == [False, False, True]


def test_what_is_read_while_a_row_ends_that_lent_its_resource_is_read_again():
    """Its groups may have changed meanwhile."""
    lanes = entered(creates(number=1), changes(Verb.DELETE, BY_MAIL, number=2))
    lanes.known(1, Parent(1), "u1")
    lanes.lend(1)
    lanes.begin_reading(2)
    lanes.leave(1)

    assert lanes.end_reading(2) == {BY_ID}


def test_other_names_wait_until_the_id_behind_the_first_is_known():
    """An e-mail may be the same person as an earlier userName."""
    lanes = entered(changes(Verb.PATCH, number=1), changes(Verb.DELETE, BY_MAIL, number=2))

    assert not lanes.holds(2, BY_MAIL)
    assert lanes.hidden(2, BY_MAIL)
    lanes.known(1, ADA, "u9")
    assert lanes.holds(2, BY_MAIL)


def test_one_resource_under_two_names_is_one_lane_once_both_ids_are_known():
    """The later row waits for the earlier even though they name the person differently."""
    lanes = entered(changes(Verb.PATCH, number=1), changes(Verb.DELETE, BY_MAIL, number=2))
    lanes.known(1, ADA, "u1")
    lanes.known(2, BY_MAIL, "u1")

    assert not lanes.holds(2, BY_MAIL)
    assert lanes.leave(1) == {2}
    assert lanes.holds(2, BY_MAIL)


def test_id_and_name_of_one_resource_meet():
    """A row by id waits for an earlier row by name until that is known to be another user."""
    lanes = entered(changes(Verb.PATCH, number=1), changes(Verb.DELETE, BY_ID, number=2))

    assert not lanes.holds(2, BY_ID)
    lanes.known(1, ADA, "u1")
    assert not lanes.holds(2, BY_ID)
    lanes.leave(1)
    assert lanes.holds(2, BY_ID)


def test_rename_claims_the_new_name_as_well():
    """A row that targets the new name waits for the row that gives it."""
    new = Key(USER, "userName", "ada.king@example.com")
    rename = changes(Verb.PATCH, patch=[("replace", "userName", new.value)], number=1)

    assert not entered(rename, changes(Verb.PATCH, new, number=2)).holds(2, new)


def test_what_a_later_row_makes_is_not_claimed():
    """Else two rows that refer to each other would wait for ever."""
    row = creates(Reference(Role.MANAGER, BOSS), producers=(9,), number=1)

    assert all(claim.need != Parent(9) for claim in claims(row))


def patches(attribute, number):
    """Return a patch of a user who is named by one attribute."""
    return changes(Verb.PATCH, Key(USER, attribute, f"{attribute} {number}"), number=number)


@pytest.mark.parametrize(
    ("one", "other", "hidden"),
    [
        ("userName", "userName", False),
        ("userName", "externalId", True),
        ("userName", "id", True),
        ("emails.value", "id", True),
        ("emails.value", "emails.value", True),
    ],
)
def test_which_names_may_mean_one_resource(one, other, hidden):
    """Two values of one attribute are two resources, where a resource has only one."""
    lanes = entered(patches(one, 1), patches(other, 2))

    assert lanes.hidden(2, patches(other, 2).operation.target) is hidden


@pytest.mark.parametrize(
    ("attribute", "hidden"), [("userName", False), ("externalId", True), ("id", True), ("emails.value", True)]
)
def test_what_an_earlier_row_makes_may_have_other_names(attribute, hidden):
    """A patch by userName of a user that an upsert had found went before an earlier patch by externalId, which hid it."""
    by_row = changes(Verb.PATCH, number=2, producer=1)
    named_first = entered(creates(number=1), patches(attribute, 2), replace(by_row, number=3))
    made_first = entered(creates(number=1), by_row, patches(attribute, 3))
    for lanes in (named_first, made_first):
        lanes.known(1, Parent(1), "u1")
        lanes.leave(1)

    by_id = attribute == "id"
    assert named_first.hidden(3, Parent(1)) is (hidden and not by_id)
    assert made_first.hidden(3, patches(attribute, 3).operation.target) is hidden


def test_names_that_a_row_gives_tell_its_resource_from_others():
    """A row that was given an externalId is not the user with another one."""
    maker = creates(number=1, data={"externalId": "E1"})
    lanes = entered(maker, patches("externalId", 2), changes(Verb.PATCH, number=3, producer=1))

    assert not lanes.hidden(3, Parent(1))


def test_new_name_waits_for_an_earlier_change_under_it():
    """What is renamed or deleted first must be gone before its name is given again."""
    lanes = entered(changes(Verb.DELETE, number=1), creates(number=2))

    assert not lanes.holds(2, ADA)
    assert lanes.leave(1) == {2}


def test_types_do_not_meet():
    """A user and a group of one name are two resources."""
    group = changes(Verb.DELETE, Key(GROUP, "displayName", "ada@example.com"), number=2)

    assert entered(changes(Verb.PATCH, number=1), group).holds(2, group.operation.target)


@pytest.mark.parametrize("updates", [False, True])
def test_row_that_may_find_its_resource_is_ordered_by_id_as_well(updates):
    """An upsert, and a create that updates what it finds, wait for earlier rows under other names, and later rows for them."""
    verb = Verb.CREATE if updates else Verb.UPSERT
    rows = [
        changes(Verb.PATCH, BY_MAIL, number=1),
        creates(number=2, verb=verb),
        changes(Verb.PATCH, BY_ID, number=3),
    ]
    lanes = Lanes()
    for row in rows:
        lanes.enter(row.number, claims(row, updates=updates))

    assert lanes.hidden(2, ADA)
    lanes.known(1, BY_MAIL, "u1")
    assert not lanes.hidden(2, ADA)
    assert lanes.hidden(3, BY_ID)
    lanes.known(2, ADA, "u1")
    assert not lanes.holds(2, ADA)
    assert 2 in lanes.leave(1)
    assert lanes.holds(2, ADA)
    assert not lanes.holds(3, BY_ID)
    assert 3 in lanes.leave(2)


def test_new_people_with_an_external_id_do_not_wait_for_one_another():
    """Two names that a record gives are its own; they hide no other resource's."""
    rows = [
        creates(number=number, data={"userName": f"u{number}", "externalId": f"E{number}"})
        for number in (1, 2)
    ]
    lanes = entered(*rows)

    assert all(lanes.holds(2, claim.need) for claim in claims(rows[1]))


def test_new_resource_waits_until_the_names_are_known_that_an_earlier_row_may_free():
    """Then only the one that takes such a name goes on waiting; a row before the delete never waits."""
    boss = creates(number=4, data={"userName": BOSS.value})
    lanes = entered(
        creates(number=1), changes(Verb.DELETE, BY_ID, number=2), creates(number=3), boss, joins(number=5)
    )
    assert lanes.holds(1, ADA)
    assert lanes.hidden(4, BOSS)

    lanes.leave(1)
    lanes.named(2, [ADA])
    assert not lanes.holds(3, ADA)
    assert lanes.holds(4, BOSS)
    lanes.leave(2)
    assert lanes.holds(3, ADA)


def test_row_that_ends_unread_frees_no_name():
    """Whatever it was to delete is not there."""
    lanes = entered(changes(Verb.DELETE, BY_ID, number=1), creates(number=2))
    assert not lanes.holds(2, ADA)

    lanes.leave(1)
    assert lanes.holds(2, ADA)
