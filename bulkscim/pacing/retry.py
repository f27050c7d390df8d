"""The retry table: what an answer means for the step that was sent. Repeating a write is decided here, nowhere else.

what happened                              create           others                  read
no byte was written, 429                   again            again                   again
403 with Retry-After or a spent limit      again, once      again, once             again, once
timeout, cut, 1xx, 408, 5xx but 501, 505   lost             lost                    again
2xx whose body is not what it should be    lost             lost                    again
2xx                                        applied          applied                 good
201 without a body                         applied, no id   applied                 good
202                                        accepted         accepted                good
other 2xx without a resource               lost             applied                 good
404, 410                                   refused          gone                    gone
409; 400, 422 that speak of a duplicate    conflict         refused                 no
other 400, 422 without a scimType          unexplained      refused                 no
412                                        refused          stale                   no
401 / 403                                  unauthorized / forbidden, for all
3xx, 501, 505, other 4xx                   refused          refused                 no

"Accepted" means: it may take effect later. It is looked for, and never sent again.
"Lost" means: look before anything else. Only the engine may then say that a PUT, a DELETE or a setting PATCH can go
again. A server may have done the work before its proxy gave up, so no 5xx proves that nothing was done. A 429 to a
create that reports a duplicate is a conflict.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import assert_never

from bulkscim.model.operation import JsonObject
from bulkscim.model.request import Loss, NoAnswer, Reply, Response
from bulkscim.model.step import ACCEPTED, Action
from bulkscim.pacing.hints import MOST_S, asked_wait, is_limited
from bulkscim.scim import protocol

_DUPLICATE_WORDS = ("exist", "unique", "already", "duplicate", "taken", "in use", "conflict", "registered")
_INTERIM = range(100, 200)  # as a last answer, such as 101 to a request that asked for no other protocol
_SUCCESS = range(200, 300)
_REDIRECT = range(300, 400)
_SERVER_ERROR = range(500, 1000)
_NOT_IMPLEMENTED = frozenset({501, 505})
_CREATED, _ACCEPTED, _FORBIDDEN, _TIMED_OUT, _CONFLICT, _TOO_MANY = 201, 202, 403, 408, 409, 429
_INVALID = frozenset({400, 422})  # the record is refused as such; some services say so of a duplicate
_BY_STATUS_ALONE = {401: "UNAUTHORIZED", 403: "FORBIDDEN"}


class Verdict(StrEnum):
    """What became of a step by its answer alone."""

    APPLIED = "applied"
    REFUSED = "refused"
    AGAIN = "again"  # proved not applied; may go again at once, or after what Retry-After says
    LOST = "lost"  # not known; look before anything else
    ACCEPTED = "accepted"  # not known, and it may take effect at any time; never sent again
    CONFLICT = "conflict"  # a resource with this identity exists already
    UNEXPLAINED = "unexplained"  # refused as invalid without a reason; the identity may exist
    GONE = "gone"
    STALE = "stale"  # If-Match did not fit
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"


class ReadVerdict(StrEnum):
    """What a GET's answer is worth."""

    GOOD = "good"
    AGAIN = "again"
    GONE = "gone"
    NO = "no"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with what the answer says. `resource` is what it shows, None where it shows none."""

    verdict: Verdict
    status: int | None = None
    scim_type: str | None = None
    detail: str = ""
    resource: JsonObject | None = None

    @property
    def throttled(self) -> bool:
        """Whether the tenant said that it was asked too often."""
        return self.verdict is Verdict.AGAIN and self.status is not None


def throttles(reply: Reply, *, waited: bool = False) -> bool:
    """Return whether an answer means that the tenant was asked too often.

    A 403 means that once: `waited` says that this request has waited for one as long as it was asked to.
    """
    if isinstance(reply, NoAnswer):
        return False
    if reply.status == _FORBIDDEN:
        return not waited and is_limited(reply)
    return reply.status == _TOO_MANY and not _reports_duplicate(protocol.error_of(reply))


def is_waited_out(reply: Reply) -> bool:
    """Return whether a 403 that throttles asks for no more than the longest wait, so that one wait is all of it."""
    if isinstance(reply, NoAnswer) or reply.status != _FORBIDDEN:
        return False
    return (asked_wait(reply, most=inf) or 0.0) <= MOST_S


def judge(action: Action, reply: Reply, *, waited: bool = False) -> Judgement:
    """Return what an answer means for a step; `waited` as in `throttles`."""
    if isinstance(reply, NoAnswer):
        return _judge_silence(reply)
    if reply.status in _SUCCESS:
        return _judge_success(action, reply)
    error = protocol.error_of(reply)
    detail = error.detail
    if reply.status in _REDIRECT:
        detail = (
            f"redirects to {protocol.printable(reply.headers.get('location', 'nowhere'), 100)}; not followed"
        )
    verdict = Verdict.AGAIN if throttles(reply, waited=waited) else _verdict_of(action, error)
    return Judgement(verdict, reply.status, error.scim_type, detail or _named(reply.status))


def _judge_silence(reply: NoAnswer) -> Judgement:
    """Judge a request without a whole answer."""
    match reply.loss:
        case Loss.NEVER_SENT:
            return Judgement(Verdict.AGAIN, detail=reply.detail)
        case Loss.CUT | Loss.TIMEOUT if reply.status == _ACCEPTED:
            return Judgement(Verdict.ACCEPTED, reply.status, detail=ACCEPTED)
        case Loss.CUT | Loss.TIMEOUT:
            return Judgement(Verdict.LOST, reply.status, detail=reply.detail)
        case _:
            assert_never(reply.loss)


def _judge_success(action: Action, reply: Response) -> Judgement:
    """Judge a 2xx: believed only where its body is what such an answer holds."""
    value = protocol.json_of(reply.body)
    if reply.status == _ACCEPTED:
        return Judgement(
            Verdict.ACCEPTED, reply.status, detail=ACCEPTED, resource=protocol.as_resource(value)
        )
    if reply.body.strip() and (not isinstance(value, dict) or protocol.is_error(value)):
        error = protocol.error_of(reply)
        return Judgement(
            Verdict.LOST, reply.status, error.scim_type, f"{reply.status}, but says: {error.detail}"
        )
    resource = protocol.as_resource(value)
    if action is Action.CREATE and resource is None and reply.status != _CREATED:
        return Judgement(Verdict.LOST, reply.status, detail=f"{reply.status} without a resource")
    return Judgement(Verdict.APPLIED, reply.status, resource=resource)


def is_empty_success(reply: Reply) -> bool:
    """Return whether an answer is a 2xx whose JSON says nothing: no proof alone, but a sign."""
    return isinstance(reply, Response) and reply.status in _SUCCESS and reply.body.strip() == b"null"


def _verdict_of(action: Action, error: protocol.ScimError) -> Verdict:
    """Return the table's row for a status that is not 2xx."""
    status = error.status
    creates = action is Action.CREATE
    if status in _BY_STATUS_ALONE:
        return Verdict[_BY_STATUS_ALONE[status]]
    if _unclear(status):
        return Verdict.LOST
    if creates and _duplicate(error):
        return Verdict.CONFLICT
    if creates:
        return Verdict.UNEXPLAINED if status in _INVALID and not error.scim_type else Verdict.REFUSED
    return {404: Verdict.GONE, 410: Verdict.GONE, 412: Verdict.STALE}.get(status, Verdict.REFUSED)


def _duplicate(error: protocol.ScimError) -> bool:
    """Return whether a refused create may have met its own identity; a lookup decides."""
    told = f"{error.scim_type or ''} {error.detail}".lower()
    if error.status == _TOO_MANY:
        return _reports_duplicate(error)
    return error.status == _CONFLICT or (
        error.status in _INVALID and any(word in told for word in _DUPLICATE_WORDS)
    )


def _reports_duplicate(error: protocol.ScimError) -> bool:
    """Return whether an error names a duplicate in words that no report of too many requests has."""
    told = f"{error.scim_type or ''} {error.detail}".lower()
    return any(word in told for word in ("uniqueness", "already exist", "duplicate"))


def _unclear(status: int) -> bool:
    """Return whether the work may have been done before this status was given."""
    if status in _INTERIM or status == _TIMED_OUT:
        return True
    return status in _SERVER_ERROR and status not in _NOT_IMPLEMENTED


def _named(status: int) -> str:
    """Return the words for an answer that says nothing."""
    return f"answered {status} and said nothing"


def judge_read(reply: Reply, *, waited: bool = False) -> ReadVerdict:
    """Return what a GET's answer is worth; a 2xx that is not a JSON object is asked for again.

    `waited` as in `throttles`.
    """
    if isinstance(reply, NoAnswer) or throttles(reply, waited=waited):
        return ReadVerdict.AGAIN
    if reply.status in _SUCCESS:
        value = protocol.json_of(reply.body)
        whole = isinstance(value, dict) and not protocol.is_error(value)
        return ReadVerdict.GOOD if whole else ReadVerdict.AGAIN
    if reply.status in _BY_STATUS_ALONE:
        return ReadVerdict[_BY_STATUS_ALONE[reply.status]]
    if reply.status == _TOO_MANY or _unclear(reply.status):
        return ReadVerdict.AGAIN
    return {404: ReadVerdict.GONE, 410: ReadVerdict.GONE}.get(reply.status, ReadVerdict.NO)


def backoff(attempt: int, random: Callable[[], float], *, base: float = 0.5, most: float = 30.0) -> float:
    """Return how long to wait after the given attempt (from 1): exponential with full jitter.

    `random` gives numbers from 0 up to 1.
    """
    return random() * min(most, base * 2.0 ** min(attempt - 1, 32))
