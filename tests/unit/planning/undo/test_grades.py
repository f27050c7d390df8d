"""What can be taken back is said before a run."""

import pytest

from bulkscim.model.operation import GROUP, USER, Verb
from bulkscim.planning.undo.grades import grade, totals
from bulkscim.providers.profile import Profile
from bulkscim.providers.reversal import Grade, Reversal
from tests.support.making.providers import GENERIC, LUCID

HIDING = Profile("hiding", lists_members=False)
FINAL = Profile(
    "final",
    reversals=(
        Reversal(Verb.DEACTIVATE, USER, Grade.IRREVERSIBLE, "the identity"),
        Reversal(Verb.DELETE, "", Grade.IRREVERSIBLE),
    ),
)


@pytest.mark.parametrize(
    ("profile", "verb", "kind", "expected"),
    [
        (GENERIC, Verb.CREATE, USER, Grade.REVERSIBLE),
        (GENERIC, Verb.DEACTIVATE, USER, Grade.REVERSIBLE),
        (GENERIC, Verb.REMOVE_MEMBER, GROUP, Grade.REVERSIBLE),
        (GENERIC, Verb.DELETE, USER, Grade.NEW_ID),
        (GENERIC, Verb.DELETE, GROUP, Grade.NEW_ID),
        (LUCID, Verb.DELETE, USER, Grade.LOSSY),
        (LUCID, Verb.DEACTIVATE, USER, Grade.REVERSIBLE),
        (HIDING, Verb.DELETE, USER, Grade.LOSSY),
        (HIDING, Verb.ADD_MEMBER, GROUP, Grade.LOSSY),
        (HIDING, Verb.PATCH, USER, Grade.REVERSIBLE),
        (FINAL, Verb.DEACTIVATE, USER, Grade.IRREVERSIBLE),
        (FINAL, Verb.DELETE, GROUP, Grade.IRREVERSIBLE),
        (FINAL, Verb.ACTIVATE, USER, Grade.REVERSIBLE),
    ],
)
def test_each_operation_has_a_grade_by_profile(profile, verb, kind, expected):
    """What a profile does not say is as at most services."""
    assert grade(profile, verb, kind).grade is expected


def test_memberships_that_are_not_shown_are_said_to_be_unknown():
    """A user that shows its groups itself keeps them."""
    assert "memberships (unknown" in grade(HIDING, Verb.DELETE, USER).loses
    showing = Profile("showing", lists_members=False, shows_groups=True)
    assert grade(showing, Verb.DELETE, USER).grade is Grade.NEW_ID


def test_totals_are_one_line_the_best_first():
    """What is alike stands together, and what is lost is named."""
    counts = {(Verb.DELETE, USER): 40, (Verb.CREATE, USER): 1000, (Verb.PATCH, USER): 3}

    said = totals(GENERIC, counts, {(Verb.PATCH, USER): 1})

    assert said == (
        "1,000 create User, 2 patch User: reversible; "
        "40 delete User: new id (lost: password, MFA and whatever the service keeps outside SCIM); "
        "1 patch User with a password: lossy (lost: the password before)"
    )
    assert "5 deactivate User: cannot be undone (lost: the identity)" in totals(
        FINAL, {(Verb.DEACTIVATE, USER): 5}, {}
    )
