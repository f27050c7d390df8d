"""What a lookup is believed in, by comparisons with reads by id."""

import pytest

from bulkscim.engine.directory.coverage import Coverage, needed_by
from bulkscim.model.operation import ENTERPRISE, USER, Verb
from tests.support.rows import changes, creates, joins

ADA = {"id": "u1", "userName": "ada", "title": "Lead", "emails": [{"value": "a@x"}], "meta": {"version": "1"}}
TITLE = frozenset({"title"})


def after(*pairs):
    """Return what is known after these comparisons of a lookup with a read by id."""
    coverage = Coverage()
    for shown, by_id in pairs:
        coverage.compare(USER, shown, by_id)
    return coverage


@pytest.mark.parametrize(
    ("pairs", "needed", "expected"),
    [
        ([], frozenset(), True),
        ([], TITLE, False),
        ([(ADA, ADA)], TITLE, True),
        ([({**ADA, "meta": {}}, ADA)], frozenset({"title", "username"}), True),
        ([({"id": "u1", "userName": "ada"}, ADA)], TITLE, False),
        ([({**ADA, "title": "Head"}, ADA)], TITLE, False),
        ([(ADA, ADA), ({"id": "u2"}, {"id": "u2", "title": "Boss"})], TITLE, False),  # a contradiction lasts
        (
            [({"id": "u2", "userName": "bob"},) * 2],
            TITLE,
            False,
        ),  # where nobody has a title, nothing is proved
        ([(ADA, ADA)], frozenset({"emails"}), True),
        ([(ADA, {**ADA, "emails": [*ADA["emails"], {"value": "b@x"}]})], frozenset({"emails"}), False),  # cut
    ],
)
def test_attribute_is_believed_once_a_lookup_has_shown_it(pairs, needed, expected):
    """A patch took for its before-image what a filter left out, so that the undo emptied it."""
    assert after(*pairs).shows(USER, ADA, needed) is expected


def test_longer_lists_may_be_cut():
    """One address was compared; of three, others may be missing."""
    longer = {**ADA, "emails": [{"value": one} for one in "abc"]}

    assert not after((ADA, ADA)).shows(USER, longer, frozenset({"emails"}))


def test_whole_resources_are_compared_at_first_and_then_now_and_then():
    """A deleted user came back without what lookups do not show."""
    coverage, asked = Coverage(), []
    for number in range(1, 70):
        if not coverage.shows(USER, ADA, None):
            asked.append(number)
            coverage.compare(USER, ADA, ADA)

    assert asked == [1, 2, 3, 4, 8, 16, 32, 64]
    coverage.compare(USER, {"id": "u2"}, {"id": "u2", "nickName": "Bo"})
    assert not coverage.shows(USER, ADA, None)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (changes(Verb.DELETE), None),
        (changes(Verb.REPLACE, data={"userName": "ada"}), None),
        (changes(Verb.PATCH, patch=[("replace", "title", "x")], expect={"*": {"title": "y"}}), None),
        (changes(Verb.DEACTIVATE, expect={"name.givenName": "Ada"}), {"active", "name"}),
        (changes(Verb.PATCH, patch=[("replace", 'emails[type eq "work"].value', "x")]), {"emails"}),
        (changes(Verb.PATCH, patch=[("add", None, {"nickName": "A", ENTERPRISE: {"division": "D"}})]),
         {"nickname", f"{ENTERPRISE}:division".lower()}),
        (creates(data={"title": "x"}, verb=Verb.UPSERT), {"active", "username", "title"}),
        (joins(), set()),
    ],
)  # fmt: skip
def test_row_needs_what_it_looks_at(row, expected):
    """All of a resource that goes, else the attributes that are written or expected."""
    assert needed_by(row.operation) == (None if expected is None else frozenset(expected))
