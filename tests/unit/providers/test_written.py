"""What a throw-away user and group prove."""

from dataclasses import replace

import pytest

from bulkscim.model.request import Loss, NoAnswer, Response
from bulkscim.providers.probing.record import Answer
from bulkscim.providers.probing.traits import findings
from bulkscim.providers.probing.written import Trial, proved, with_written
from bulkscim.runs.probing import OnlyReads, gathered
from bulkscim.tenants.profiles import profile_named
from tests.support.servers.read_tenant import ReadTenant

USER = {"id": "u1", "userName": "probe@example.com", "active": True, "groups": [{"value": "g1"}]}
OFF = USER | {"active": False}
GROUP = {"id": "g1", "displayName": "Probe", "members": [{"value": "u1"}]}
EMPTY = {"id": "g1", "displayName": "Probe"}
SANE = Trial("u1", 201, 0.0, looked=True, joined=True, changed=True)


def shown(resource, status=200):
    """Return the answer to a read by id."""
    return Answer("/x", Response(status), None, resource)


GONE, FAILED, CUT = shown(None, 404), shown(None, 500), Answer("/x", NoAnswer(Loss.CUT, "cut"))


@pytest.mark.parametrize(
    ("trial", "answers", "topic", "value"),
    [
        (SANE, {}, "a create answers", 201),
        (SANE, {}, "PATCH", True),
        (replace(SANE, changed=False), {}, "PATCH", None),
        (SANE, {}, "a write is shown at once", True),
        (replace(SANE, shown_after_s=5.0), {}, "a write is shown at once", False),
        (replace(SANE, shown_after_s=None), {}, "a write is shown at once", None),
        (SANE, {"group": shown(GROUP)}, "groups show members", True),
        (SANE, {"group": shown(EMPTY)}, "groups show members", False),
        (SANE, {"group": FAILED}, "groups show members", None),
        (replace(SANE, joined=False), {"group": shown(EMPTY)}, "groups show members", None),
        (replace(SANE, shown_after_s=None), {"group": shown(EMPTY)}, "groups show members", None),
        (SANE, {"group": shown(GROUP), "member": shown(USER)}, "users show their groups", True),
        (SANE, {"group": shown(GROUP), "member": shown({"id": "u1"})}, "users show their groups", False),
        (SANE, {"group": shown(EMPTY), "member": shown({"id": "u1"})}, "users show their groups", None),
        (SANE, {"deactivated": shown(OFF)}, "a deactivated user can be read by its id", True),
        (SANE, {"deactivated": GONE}, "a deactivated user can be read by its id", False),
        (SANE, {"deactivated": shown(USER)}, "a deactivated user can be read by its id", None),
        (SANE, {"deactivated": CUT}, "a deactivated user can be read by its id", None),
        (SANE, {"deleted user": GONE}, "of a deleted user is kept", False),
        (SANE, {"deleted user": shown(OFF)}, "of a deleted user is kept", True),
        (SANE, {"deleted user": FAILED}, "of a deleted user is kept", None),
    ],
)
def test_what_is_proved(trial, answers, topic, value):
    """An answer that fails, or that an unapplied change explains, proves nothing."""
    assert proved(replace(trial, answers=answers))[topic].value == value


@pytest.mark.parametrize(("after", "value"), [(EMPTY, True), (GROUP, False)])
def test_whether_a_deactivated_user_leaves_its_groups(after, value):
    """The group showed the user before."""
    answers = {"deactivated": shown(OFF), "group": shown(GROUP), "group after the deactivation": shown(after)}

    assert proved(replace(SANE, answers=answers))["a deactivated user leaves its groups"].value is value


async def test_what_reads_have_seen_stays():
    """A trial fills in what was unknown, and adds what reads cannot show."""
    found = findings(await gathered(OnlyReads(ReadTenant()), profile_named("generic"), {}))
    answers = {"group": shown(EMPTY), "deleted user": GONE}
    merged = {
        one.topic: one
        for one in with_written(profile_named("generic"), found, proved(replace(SANE, answers=answers)))
    }

    assert merged["groups show members"].seen.value is True
    assert merged["PATCH"].seen.value is True
    assert merged["of a deleted user is kept"].seen.text == "nothing that is shown"
