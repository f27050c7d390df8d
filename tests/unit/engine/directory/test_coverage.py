"""What lookups and listings are believed in, by comparisons with reads by id."""

import pytest

from bulkscim.engine.directory.coverage import Coverage, ListingCoverage, needed_by
from bulkscim.model.operation import ENTERPRISE, GROUP, USER, Operation, Reference, Role, Verb
from bulkscim.model.row import Row
from tests.support.making.rows import BOSS, SALES, changes, creates, joins

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
        ),  # where no user has a title, nothing is proved
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


def test_what_an_earlier_session_found_left_out_is_not_proved_again():
    """A resumed run believed a lookup that an earlier session had found short, as one resource was shown whole."""
    first, later = after((ADA, {**ADA, "nickName": "Bo"})), Coverage()
    later.recall(first.take_found())
    later.compare(USER, {"nickName": "Bo"}, {"nickName": "Bo"})

    assert not later.shows(USER, ADA, frozenset({"nickname"}))
    assert first.take_found() == later.take_found() == []


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


@pytest.mark.parametrize(("name", "first"), [("active", 3), ("title", 8)])
def test_an_attribute_that_no_read_by_id_shows_is_believed_absent_after_some_and_compared_now_and_then(
    name, first
):
    """A second import of users without `active` took one request for each of them."""
    coverage, asked, bare = Coverage(), [], {"id": "u1", "userName": "ada"}
    for number in range(1, 80):
        if not coverage.shows(USER, bare, frozenset({name})):
            asked.append(number)
            coverage.compare(USER, bare, bare, frozenset({name}))

    assert asked == [*range(1, first + 1), *(first + at for at in (1, 2, 4, 8, 16, 32, 64))]
    coverage.compare(USER, bare, {**bare, name: "Boss"}, frozenset({name}))
    assert not any(coverage.shows(USER, bare, frozenset({name})) for _ in range(9))


def test_members_that_no_group_shows_are_never_believed_absent():
    """Many groups have none."""
    coverage, needed = Coverage(), frozenset({"members"})
    for _ in range(20):
        coverage.compare(GROUP, {"id": "g1"}, {"id": "g1"}, needed)

    assert not coverage.shows(GROUP, {"id": "g1"}, needed)


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
        (creates(Reference(Role.MANAGER, BOSS), Reference(Role.GROUP, SALES)),
         {"active", "username", f"{ENTERPRISE}:manager".lower()}),
        (Row(1, Operation(Verb.CREATE, GROUP, SALES, {"displayName": "Sales"}, references=(Reference(Role.MEMBER, BOSS),))),
         {"displayname", "members"}),
        (joins(), set()),
    ],
)  # fmt: skip
def test_row_needs_what_it_looks_at(row, expected):
    """All of a resource that goes, else the attributes that are written or expected."""
    assert needed_by(row.operation) == (None if expected is None else frozenset(expected))


def team(members):
    """Return a group with so many members."""
    return {
        "id": "g1",
        "displayName": "Team",
        "members": [{"value": f"u{n}"} for n in range(members)],
    }


def test_a_listing_is_believed_in_what_comparisons_do_not_disprove():
    """A request for each resource would be needed otherwise; that a listing shows more loses nothing."""
    listing = ListingCoverage(USER, dict)
    listing.compare({**ADA, "nickName": "A"}, {**ADA, "Title": ADA["title"]})
    assert (listing.is_short, listing.wants(ADA)) == (False, False)

    listing.compare(
        {"id": "u2", "name": {"familyName": "B"}},
        {"id": "u2", "name": {"givenName": "Bo", "familyName": "B"}},
    )
    assert (listing.missing, listing.wants(ADA)) == (("name.givenname",), True)


def test_groups_are_compared_up_to_the_longest_list():
    """A tenant may cut lists of members at the length that was compared once."""
    listing, asked = ListingCoverage(GROUP, dict), []
    for number, members in enumerate([0, 2, 2, 0, 1, 2, 2, 5, 2, 5, 5, 5, 4]):
        if listing.wants(team(members)):
            asked.append(number)
            listing.compare(team(members), team(members))
    assert asked == [0, 1, 2, 5, 7, 9, 10]

    listing.compare(team(5), team(6))
    assert listing.missing == ("members",)
    assert not ListingCoverage(GROUP, lambda one: {"displayName": one.get("displayName")}).wants(team(9))


def test_what_shows_the_most_is_compared():
    """Of equals the first, the last and one between: a page may be sorted by what is left out."""
    page = [{"id": str(number), **({"title": "x"} if number % 2 else {})} for number in range(9)]
    chosen = ListingCoverage(USER, dict).choose(page)

    assert [one["id"] for one in chosen] == ["1", "7", "5"]
    assert ListingCoverage(USER, dict).choose([]) == []
