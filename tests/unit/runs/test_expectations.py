"""What a journal says that the tenant is to show."""

import pytest

from bulkscim.journal.entries import Kind, Line
from bulkscim.model.operation import GROUP, USER
from bulkscim.model.row import RowState
from bulkscim.runs.expectations import Expectations
from tests.support.making.journals import entry_of

LISTS = {"id": "g1", "displayName": "Sales", "members": [{"value": "u1"}, {"value": "u2"}]}


@pytest.fixture
def known():
    """Nothing recorded yet."""
    expectations = Expectations()
    yield expectations
    expectations.close()


class Told:
    """Steps told to expectations as a journal's lines tell them, numbered as they come."""

    def __init__(self, known):
        self._known = known
        self._step = 0

    def step(self, row, action, kind, resource_id=None, *, changes=(), member=None, ends=Kind.APPLIED, **end):
        """Begin a step and end it."""
        self._step += 1
        body = {"part": "p", "action": action, "type": kind, "id": resource_id, "member": member}
        body |= {"changes": [list(change) for change in changes]}
        self.line(entry_of(Kind.STARTED, ((row, "p"),), self._step, body=body))
        self.line(entry_of(ends, ((row, "p"),), self._step, body={"part": "p", "id": resource_id, **end}))

    def line(self, entry):
        """Tell one line."""
        self._known.watch(Line(1, 1, (entry,), (0,) * len(entry.rows), ""))

    def joins(self, row, group, member, *, adds=True, left=()):
        """Add a member to a group, or remove it."""
        entry = {"value": member}
        changes = [(f'members[value eq "{member}"]', None if adds else entry, entry if adds else None)]
        changes += [("groups", [{"value": one} for one in left], [{"value": group}])] if left else []
        action = "add_member" if adds else "remove_member"
        self.step(row, action, GROUP, group, changes=changes, member=member)


@pytest.fixture
def told(known):
    """Tells lines."""
    return Told(known)


def wrong(known, kind, resource_id, live):
    """Return row and path of what is not as recorded."""
    return [(found.row, found.path) for found in known.unlike(known.resource(kind, resource_id), live)]


def test_what_was_made_and_changed_is_one_expectation(known, told):
    """The row that had the last word is named."""
    told.step(1, "create", USER, "u1", after={"id": "u1", "userName": "ada", "title": "Dev"})
    told.step(2, "modify", USER, "u1", changes=[("title", "Dev", "Lead")])

    assert wrong(known, USER, "u1", {"userName": "ada", "title": "Lead"}) == []
    assert wrong(known, USER, "u1", {"userName": "bob", "title": "Dev"}) == [(1, "userName"), (2, "title")]
    assert known.count(USER) == 1


def test_what_did_not_take_effect_is_not_expected(known, told):
    """Neither is what is not known."""
    told.step(1, "modify", USER, "u1", changes=[("title", "Dev", "Lead")], ends=Kind.REFUSED)
    told.step(2, "modify", USER, "u2", changes=[("title", "Dev", "Lead")], ends=Kind.LOST)

    assert known.resource(USER, "u1") is None
    assert known.resource(USER, "u2") is None


def test_what_was_found_in_place_is_to_be_there(known, told):
    """An adopted resource was not changed; that it is there was recorded."""
    body = {"type": USER, "id": "u1"}
    told.line(entry_of(Kind.SETTLED, ((1, ""),), state=RowState.ADOPTED, body=body))

    assert known.resource(USER, "u1").gone is False
    assert wrong(known, USER, "u1", {"title": "anything"}) == []


def test_what_was_deleted_is_to_be_gone_from_its_groups_too(known, told):
    """A membership of a deleted user is not missed."""
    told.joins(1, "g1", "u1")
    told.step(2, "delete", USER, "u1")

    assert wrong(known, USER, "u1", {}) == [(2, "")]
    assert wrong(known, GROUP, "g1", {"id": "g1", "members": []}) == []


def test_each_membership_is_expected_as_it_was_left(known, told):
    """Added and removed again is removed; members that no run changed are not looked at."""
    told.joins(1, "g1", "u1")
    told.joins(2, "g1", "u3")
    told.joins(3, "g1", "u1", adds=False)

    assert wrong(known, GROUP, "g1", LISTS) == [(2, 'members[value eq "u3"]'), (3, 'members[value eq "u1"]')]


def test_members_that_a_group_was_made_with_are_expected(known, told):
    """Each for itself."""
    told.step(1, "create", GROUP, "g1", after=LISTS)

    assert wrong(known, GROUP, "g1", {**LISTS, "members": [{"value": "u2"}]}) == [
        (1, 'members[value eq "u1"]')
    ]


def test_groups_that_a_user_left_by_the_way_are_not_expected(known, told):
    """By joining another one where there can be but one, or by being deactivated."""
    told.joins(1, "g1", "u1")
    told.joins(2, "g2", "u1", left=["g1"])
    assert wrong(known, GROUP, "g1", {"id": "g1"}) == []

    told.step(3, "modify", USER, "u1", changes=[("active", True, False)], stripped=["g2"])
    assert wrong(known, GROUP, "g2", {"id": "g2"}) == []


def test_a_later_run_has_the_last_word(known, told):
    """A rollback speaks over the run that it takes back, though its steps have the same numbers."""
    told.step(1, "create", USER, "u1", after={"id": "u1", "title": "Dev"})
    known.next_run()
    again = Told(known)
    again.step(1, "delete", USER, "u1")

    assert known.resource(USER, "u1").gone


def test_what_was_seen_is_not_read_again(known, told):
    """The others come, each once, however many there are."""
    for number in range(250):
        told.step(number + 1, "create", USER, f"u{number}", after={})
    for one in list(known.unseen(USER))[:100]:
        known.seen(one)

    assert len({one.id for one in known.unseen(USER)}) == 150
