"""The retry table."""

import json

import pytest

from bulkscim.model.request import Loss, NoAnswer, Response
from bulkscim.model.step import Action
from bulkscim.pacing.retry import ReadVerdict, Verdict, backoff, is_waited_out, judge, judge_read, throttles

ADA = json.dumps({"id": "1", "userName": "ada"}).encode()
ERROR = json.dumps(
    {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "500", "detail": "inside"}
).encode()
OTHERS = [Action.REPLACE, Action.MODIFY, Action.DELETE, Action.ADD_MEMBER, Action.REMOVE_MEMBER]


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (NoAnswer(Loss.NEVER_SENT, "refused"), Verdict.AGAIN),
        (NoAnswer(Loss.CUT, "reset"), Verdict.LOST),
        (NoAnswer(Loss.CUT, "truncated", 201), Verdict.LOST),
        (NoAnswer(Loss.CUT, "truncated", 202), Verdict.ACCEPTED),
        (NoAnswer(Loss.TIMEOUT, "late"), Verdict.LOST),
        (Response(429), Verdict.AGAIN),
        (Response(100), Verdict.LOST),
        (Response(101), Verdict.LOST),
        (Response(199, {}, ADA), Verdict.LOST),
        (Response(408), Verdict.LOST),
        (Response(500), Verdict.LOST),
        (Response(502, {}, b"<html>"), Verdict.LOST),
        (Response(503), Verdict.LOST),
        (Response(504), Verdict.LOST),
        (Response(501), Verdict.REFUSED),
        (Response(505), Verdict.REFUSED),
        (Response(401), Verdict.UNAUTHORIZED),
        (Response(403), Verdict.FORBIDDEN),
        (Response(403, {"x-ratelimit-remaining": "9"}), Verdict.FORBIDDEN),
        (Response(403, {"retry-after": "2"}), Verdict.AGAIN),
        (Response(403, {"x-ratelimit-remaining": "0"}), Verdict.AGAIN),
        (Response(302, {"location": "https://login"}), Verdict.REFUSED),
        (Response(413), Verdict.REFUSED),
        (Response(202, {}, b" \n"), Verdict.ACCEPTED),
        (Response(202, {}, ADA), Verdict.ACCEPTED),
        (Response(202, {}, b"<html>"), Verdict.ACCEPTED),
        (Response(201, {}, ADA), Verdict.APPLIED),
        (Response(200, {}, ADA), Verdict.APPLIED),
        (Response(201, {}, ADA[:-4]), Verdict.LOST),
        (Response(200, {}, b"<html>sign in</html>"), Verdict.LOST),
        (Response(200, {}, ERROR), Verdict.LOST),
        (Response(200, {}, b"[]"), Verdict.LOST),
        (Response(200, {}, b"null"), Verdict.LOST),
    ],
)
def test_these_answers_mean_the_same_for_every_action(action, reply, verdict):
    """Whatever is proved not applied goes again, whatever is unclear is looked at first."""
    assert judge(action, reply).verdict is verdict


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (Response(201), Verdict.APPLIED),
        (Response(201, {}, b'{"userName":"no id"}'), Verdict.APPLIED),
        (Response(200), Verdict.LOST),
        (Response(204), Verdict.LOST),
        (Response(200, {}, b'{"userName":"no id"}'), Verdict.LOST),
        (Response(404), Verdict.REFUSED),
        (Response(412), Verdict.REFUSED),
        (Response(409), Verdict.CONFLICT),
        (Response(429, {}, b'{"detail":"the email already exists"}'), Verdict.CONFLICT),
        (Response(429, {"retry-after": "1"}, b'{"detail":"slow down"}'), Verdict.AGAIN),
        (Response(409, {}, b"<h1>Conflict</h1>"), Verdict.CONFLICT),
        (Response(400, {}, b'{"detail":"User already exists"}'), Verdict.CONFLICT),
        (Response(400, {}, b'{"scimType":"uniqueness"}'), Verdict.CONFLICT),
        (Response(422, {}, b"That user name is in use"), Verdict.CONFLICT),
        (Response(400, {}, b"Bad request"), Verdict.UNEXPLAINED),
        (Response(400), Verdict.UNEXPLAINED),
        (Response(422), Verdict.UNEXPLAINED),
        (Response(400, {}, b'{"scimType":"invalidValue","detail":"title is too long"}'), Verdict.REFUSED),
    ],
)
def test_a_create_is_applied_only_where_something_was_created(reply, verdict):
    """A duplicate in any disguise is looked up; success without a trace is not believed."""
    assert judge(Action.CREATE, reply).verdict is verdict


@pytest.mark.parametrize("action", OTHERS)
@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (Response(204), Verdict.APPLIED),
        (Response(200), Verdict.APPLIED),
        (Response(404), Verdict.GONE),
        (Response(410), Verdict.GONE),
        (Response(412), Verdict.STALE),
        (Response(409), Verdict.REFUSED),
        (Response(400, {}, b'{"detail":"already a member"}'), Verdict.REFUSED),
    ],
)
def test_a_change_is_applied_by_every_clean_success(action, reply, verdict):
    """204, 200 with or without a body; what is not there is gone."""
    assert judge(action, reply).verdict is verdict


def test_a_judgement_carries_what_the_answer_said():
    """Status, type and detail go to the journal."""
    body = b'{"scimType":"invalidValue","detail":"no such title"}'
    judgement = judge(Action.MODIFY, Response(400, {}, body))
    assert (judgement.status, judgement.scim_type, judgement.detail) == (400, "invalidValue", "no such title")
    assert judge(Action.CREATE, Response(201, {}, ADA)).resource == {"id": "1", "userName": "ada"}
    assert "https://login" in judge(Action.DELETE, Response(307, {"location": "https://login"})).detail
    assert judge(Action.DELETE, Response(400)).detail == "answered 400 and said nothing"
    assert judge(Action.DELETE, Response(429)).throttled


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (Response(200, {}, ADA), ReadVerdict.GOOD),
        (Response(200, {}, ADA[:-2]), ReadVerdict.AGAIN),
        (Response(200, {}, b""), ReadVerdict.AGAIN),
        (Response(200, {}, ERROR), ReadVerdict.AGAIN),
        (Response(429), ReadVerdict.AGAIN),
        (Response(101), ReadVerdict.AGAIN),
        (Response(503), ReadVerdict.AGAIN),
        (NoAnswer(Loss.TIMEOUT, ""), ReadVerdict.AGAIN),
        (Response(404), ReadVerdict.GONE),
        (Response(400), ReadVerdict.NO),
        (Response(501), ReadVerdict.NO),
        (Response(302), ReadVerdict.NO),
        (Response(401), ReadVerdict.UNAUTHORIZED),
        (Response(403), ReadVerdict.FORBIDDEN),
        (Response(403, {"retry-after": "2"}), ReadVerdict.AGAIN),
    ],
)
def test_a_read_is_asked_again_where_that_may_help(reply, verdict):
    """A read harms nothing, so all that is unclear goes again."""
    assert judge_read(reply) is verdict


def test_backoff_doubles_up_to_a_limit_with_full_jitter():
    """Chance picks from nothing up to the whole."""
    assert [backoff(attempt, lambda: 1.0) for attempt in (1, 2, 3, 10, 1000)] == [0.5, 1.0, 2.0, 30.0, 30.0]
    assert backoff(5, lambda: 0.0) == 0.0


def test_a_403_throttles_once():
    """After the wait that it asked for it is a refusal; a wait that was cut is not yet that wait."""
    denied, later = Response(403, {"retry-after": "2"}), Response(403, {"retry-after": "3600"})
    assert judge(Action.MODIFY, denied).throttled
    assert judge(Action.MODIFY, denied, waited=True).verdict is Verdict.FORBIDDEN
    assert judge_read(denied, waited=True) is ReadVerdict.FORBIDDEN
    assert (is_waited_out(denied), is_waited_out(later), is_waited_out(Response(429))) == (True, False, False)
    assert throttles(Response(429), waited=True)
