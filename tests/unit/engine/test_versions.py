"""Whether a tenant heeds versions (If-Match), by the answers to the run's own changes."""

from dataclasses import replace

import pytest

from bulkscim.engine.versions import WORTH, Versions
from bulkscim.engine.work import Work
from bulkscim.model.operation import GROUP, USER, Key, Operation, Verb
from bulkscim.model.row import Row
from bulkscim.model.step import Action, Step
from bulkscim.pacing.retry import Judgement, Verdict
from bulkscim.planning.before_image import Heeded

STALE, APPLIED = Judgement(Verdict.STALE, 412), Judgement(Verdict.APPLIED, 204)


def work(number):
    return Work(Row(number, Operation(Verb.DELETE, USER, Key(USER, "id", f"u{number}"))))


def step(number, version="17"):
    """Return a delete that relies on an image with a version."""
    before = {"id": f"u{number}", "meta": {"version": f'W/"{version}"'}}
    return Step("delete", Action.DELETE, USER, id=f"u{number}", before=before, if_match=f'W/"{version}"')


def shown(version):
    return replace(APPLIED, resource={"id": "u1", "meta": {"version": f'W/"{version}"'}})


def told(answers, pending=100):
    """Return what is known after steps with a version, each answered so, and which versions were sent."""
    versions, sent = Versions(lambda note: None, lambda: pending), []
    for number, (version, judgement) in enumerate(answers):
        row = work(number)
        fitted = versions.fitted(row, step(number, version), is_worth=True)
        sent.append(fitted.if_match)
        versions.ended(row, fitted, judgement)
    return versions.heeded, sent


@pytest.mark.parametrize(
    ("answers", "differs", "changes"),
    [
        ([], False, False),
        ([("17", STALE)], False, False),
        ([("17", STALE), ("17", APPLIED), ("17", APPLIED)], False, False),
        ([("17", STALE), ("17", APPLIED), ("18", APPLIED)], True, False),
        ([("17", STALE), ("17", shown("18"))], False, True),
        ([("17", APPLIED), ("17", APPLIED), ("18", shown("19"))], False, False),
        ([("17", Judgement(Verdict.REFUSED, 400)), ("17", APPLIED), ("18", shown("19"))], False, False),
    ],
    ids=[
        "nothing sent",
        "refused",
        "never another",
        "others differ",
        "it changes",
        "ignored",
        "not understood",
    ],
)
def test_what_is_known_after_changes(answers, differs, changes):
    """Both: another version is refused, and versions change."""
    heeded, sent = told(answers)

    assert heeded == Heeded(frozenset({USER} if differs else ()), frozenset({USER} if changes else ()))
    assert sent[:1] in ([], ['W/"28"'])
    assert sent[1:] == [f'W/"{version}"' for version, _ in answers[1:]]


def test_a_version_without_digits_is_sent_as_it_is():
    """Each refusal of it seemed to be that of another version, so its row was decided again without end."""
    versions, row = Versions(lambda note: None, lambda: 100), work(1)
    sent = step(1, "abc")
    again = []
    for _ in range(4):
        fitted = versions.fitted(row, sent, is_worth=True)
        versions.ended(row, fitted, STALE)
        again.append(versions.decides_again(row, fitted, STALE))

    assert again == [True, True, False, False]
    assert versions.heeded == Heeded()


def test_versions_of_groups_prove_nothing():
    """They may be those of the name alone: a member that others add is seen in a young image only."""
    versions = Versions(lambda note: None, lambda: 100)
    group = replace(step(1), type=GROUP)

    assert versions.fitted(work(1), group, is_worth=True) == group


def test_few_rows_are_not_worth_a_proof():
    """It costs two requests."""
    _, sent = told([("17", APPLIED)], pending=WORTH - 1)

    assert sent == ['W/"17"']


def test_a_read_that_shows_no_version_ends_it():
    """The image of such a resource must be young."""
    versions = Versions(lambda note: None, lambda: 100)
    row = work(1)
    versions.ended(row, versions.fitted(row, step(1), is_worth=True), STALE)
    versions.ended(row, step(1), shown("18"))
    assert versions.heeded.changes

    versions.fitted(work(2), replace(step(2), if_match=None), is_worth=True)
    assert versions.heeded == Heeded()
