"""Lucid as data."""

import pytest

from bulkscim.model.operation import GROUP, USER, Verb
from bulkscim.model.step import Action
from bulkscim.providers.profile import Basis, Bucket, Profile, integration_of, with_integration
from bulkscim.reporting import profiles
from tests.support.making.providers import LUCID, PROFILES

ORGANIZATION, TEAMS = LUCID.integrations


def holding(*members):
    return {"id": "lucid-group-1", "members": [{"value": member} for member in members]}


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([], None),
        ([holding("lucid-1"), holding("lucid-1")], None),
        ([holding("lucid-1", "lucid-group-2")], ORGANIZATION),
        ([{"id": "g", "members": [{"value": "x", "type": "Group"}]}], ORGANIZATION),
        ([holding("lucid-1"), holding("lucid-1"), holding("lucid-1")], TEAMS),
        ([holding("lucid-1", "lucid-2"), holding("lucid-1"), holding("lucid-2")], None),
        ([holding("lucid-1"), holding("lucid-1"), holding("lucid-2"), holding("lucid-2")], TEAMS),
        ([holding("lucid-1", "lucid-1", "lucid-1")], None),
        ([{"id": "g", "members": "nonsense"}], None),
    ],
)
def test_groups_tell_the_integration_or_leave_it_unknown(groups, expected):
    """A nested group, a user in three groups, or users in two of which none is the same; nothing else does."""
    assert integration_of(LUCID, groups) is expected


def test_unknown_integration_is_treated_as_the_one_that_needs_more_care():
    """A move is then recorded, which where none happens costs a read and nothing else."""
    assert with_integration(LUCID, None).one_group
    assert with_integration(LUCID, ORGANIZATION).one_group
    assert not with_integration(LUCID, TEAMS).one_group


@pytest.mark.parametrize(
    ("action", "kind", "status", "words"),
    [
        (Action.CREATE, USER, 424, "base licence first"),
        (Action.CREATE, USER, 409, "invite that person"),
        (Action.MODIFY, USER, 409, "outside this tenant"),
        (Action.DELETE, USER, 409, "another owner"),
        (Action.DELETE, GROUP, 400, "remove its members first"),
    ],
)
def test_refusals_have_their_advice(action, kind, status, words):
    """What such an answer means at Lucid."""
    assert words in LUCID.advice_for(action, kind, status)
    assert LUCID.advice_for(action, kind, 418) == ""


def test_what_is_inferred_is_marked_and_what_is_documented_has_its_source():
    """A guess is not shown as a promise."""
    assert {fact.basis for fact in LUCID.facts} >= {Basis.DOCUMENTED, Basis.INFERRED, Basis.UNKNOWN}
    sourced = {Basis.DOCUMENTED, Basis.COPIED, Basis.CLIENT}
    assert all(fact.source for fact in LUCID.facts if fact.basis in sourced)


def test_creating_and_deleting_people_is_cautioned():
    """Seats are bought, and documents move."""
    assert "seats" in LUCID.cautions[Verb.CREATE]
    assert "final" in LUCID.cautions[Verb.DELETE]


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        (LUCID, "1 h 40 min"),
        (PROFILES["generic"], "17 min"),
        (Profile("x", buckets=(Bucket(1, 1), Bucket(1000, 3600))), "10 h"),
        (Profile("x", buckets=()), "1 min"),
    ],
)
def test_time_of_ten_thousand_creates_is_that_of_the_tightest_limit(profile, words):
    """As the limits have it, with no lookup and no answer of 429."""
    assert profiles.time_of(profile) == words


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())
def test_every_profile_can_be_shown(profile):
    """As text and as data."""
    assert "creates take" in "\n".join(profiles.lines(profile))
    assert profiles.as_json(profile)["limits"]
