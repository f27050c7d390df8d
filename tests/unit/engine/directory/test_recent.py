"""What was made a moment ago is known though nobody shows it."""

from bulkscim.engine.directory.recent import Recent
from bulkscim.model.operation import GROUP, USER, Key
from tests.support.virtual_loop import VirtualTime

ADA = {"id": "u1", "userName": "Ada@example.com", "externalId": "E1"}


def test_new_resource_is_known_by_all_its_names_for_twice_the_lag():
    """Then the tenant shows it, and its word counts."""
    clock = VirtualTime()
    recent = Recent(clock, 2.0)
    recent.note(USER, ADA)
    clock.advance(3.9)
    assert recent.ids_of(Key(USER, "userName", "ada@EXAMPLE.com")) == ["u1"]
    assert recent.ids_of(Key(USER, "externalId", "E1")) == ["u1"]
    assert recent.ids_of(Key(GROUP, "displayName", "Ada@example.com")) == []
    clock.advance(0.2)
    assert recent.ids_of(Key(USER, "externalId", "E1")) == []


def test_the_latest_of_a_name_is_the_one_and_what_has_no_id_is_nobody():
    """One that is made again after a delete has another id."""
    recent = Recent(VirtualTime(), 2.0)
    recent.note(USER, {**ADA, "id": None})
    assert recent.ids_of(Key(USER, "externalId", "E1")) == []
    recent.note(USER, ADA)
    recent.note(USER, {**ADA, "id": "u2"})
    assert recent.ids_of(Key(USER, "externalId", "E1")) == ["u2"]
