"""What a throw-away user and group prove."""

from dataclasses import replace

import pytest

from bulkscim.model.request import Loss, NoAnswer, Response
from bulkscim.providers.probing.record import Answer
from bulkscim.providers.probing.traits import findings
from bulkscim.providers.probing.trial import Ended, Trial
from bulkscim.providers.probing.written import proved, with_written
from bulkscim.runs.probing import OnlyReads, gathered
from bulkscim.scim.protocol import ListAnswer
from bulkscim.tenants.profiles import profile_named
from tests.support.servers.read_tenant import ReadTenant

USER = {"id": "u1", "userName": "probe@example.com", "active": True, "groups": [{"value": "g1"}]}
OFF = USER | {"active": False}
GROUP = {"id": "g1", "displayName": "Probe", "members": [{"value": "u1"}]}
EMPTY = {"id": "g1", "displayName": "Probe"}
TWICE = GROUP | {"members": [{"value": "u1"}] * 2}
MADE, CHANGED = Ended(applied=True, status=201, id="u1"), Ended(applied=True, status=200)
TAKEN = Ended(applied=False, status=409)
REFUSED, OLD = Ended(applied=False, status=400), Ended(applied=False, status=412)
LOST = Ended()
SANE = Trial(
    {
        "user": MADE,
        "group": replace(MADE, id="g1"),
        "membership": CHANGED,
        "title": CHANGED,
        "deactivation": CHANGED,
    },
    shown_after_s=0.5,
)


def shown(resource, status=200, version=None):
    """Return the answer to a read by id."""
    return Answer("/x", Response(status, {"etag": version} if version else {}), None, resource)


GONE, FAILED, CUT = shown(None, 404), shown(None, 500), Answer("/x", NoAnswer(Loss.CUT, "cut"))
NEVER_SHOWN = replace(SANE, shown_after_s=None)


def without(change):
    """Return a sane trial of which one change did not take effect."""
    return replace(SANE, ends={**SANE.ends, change: REFUSED})


@pytest.mark.parametrize(
    ("trial", "answers", "topic", "value"),
    [
        (SANE, {}, "a create answers", 201),
        (Trial(), {}, "a create answers", None),
        (SANE, {}, "PATCH", True),
        (without("title"), {}, "PATCH", None),
        (replace(SANE, shown_after_s=4.2), {}, "a new user is found", "within 5 s"),
        (NEVER_SHOWN, {}, "a new user is found", None),
        (SANE, {"group": shown(GROUP)}, "groups show members", True),
        (SANE, {"group": shown(EMPTY)}, "groups show members", False),
        (SANE, {"group": FAILED}, "groups show members", None),
        (without("membership"), {"group": shown(EMPTY)}, "groups show members", None),
        (NEVER_SHOWN, {"group": shown(EMPTY)}, "groups show members", None),
        (SANE, {"group": shown(GROUP), "member": shown(USER)}, "users show their groups", True),
        (SANE, {"group": shown(GROUP), "member": shown({"id": "u1"})}, "users show their groups", False),
        (SANE, {"group": shown(EMPTY), "member": shown({"id": "u1"})}, "users show their groups", None),
        (SANE, {"deactivated": shown(OFF)}, "a deactivated user can be read by its id", True),
        (SANE, {"deactivated": GONE}, "a deactivated user can be read by its id", False),
        (SANE, {"deactivated": shown(USER)}, "a deactivated user can be read by its id", None),
        (SANE, {"deactivated": CUT}, "a deactivated user can be read by its id", None),
        (without("deactivation"), {"deactivated": GONE}, "a deactivated user can be read by its id", None),
        (SANE, {"deleted user": GONE}, "of a deleted user is kept", False),
        (SANE, {"deleted user": shown(OFF)}, "of a deleted user is kept", True),
        (SANE, {"deleted user": FAILED}, "of a deleted user is kept", None),
    ],
)
def test_what_is_proved(trial, answers, topic, value):
    """An answer that fails, or that an unapplied change explains, proves nothing."""
    assert proved(replace(trial, answers=answers))[topic].value == value


@pytest.mark.parametrize(
    ("change", "end", "answers", "topic", "value"),
    [
        ("second user of the name", TAKEN, {}, "user names are unique", True),
        (
            "second user of the name",
            replace(REFUSED, scim_type="uniqueness"),
            {},
            "user names are unique",
            True,
        ),
        ("second user of the name", REFUSED, {}, "user names are unique", None),
        ("second user of the name", LOST, {}, "user names are unique", None),
        ("second user of the name", replace(MADE, id="u2"), {}, "user names are unique", False),
        ("second user of the name", replace(MADE, status=200), {}, "user names are unique", False),
        ("second user of the name", replace(MADE, status=None), {}, "user names are unique", None),
        ("second group of the name", TAKEN, {}, "group names are unique", True),
        ("second group of the name", replace(MADE, id="g2"), {}, "group names are unique", False),
        (
            "group with a member",
            MADE,
            {"group with a member": shown(GROUP)},
            "a group is created with its members",
            True,
        ),
        (
            "group with a member",
            MADE,
            {"group with a member": shown(EMPTY)},
            "a group is created with its members",
            False,
        ),
        (
            "group with a member",
            MADE,
            {"group with a member": FAILED},
            "a group is created with its members",
            None,
        ),
        ("group with a member", REFUSED, {}, "a group is created with its members", None),
        ("membership again", CHANGED, {"group again": shown(GROUP)}, "a member is added again", "taken"),
        (
            "membership again",
            CHANGED,
            {"group again": shown(TWICE)},
            "a member is added again",
            "twice in the group",
        ),
        ("membership again", TAKEN, {"group again": shown(GROUP)}, "a member is added again", "refused"),
        ("membership again", CHANGED, {"group again": CUT}, "a member is added again", None),
        ("membership again", CHANGED, {"group again": shown(EMPTY)}, "a member is added again", None),
        ("membership again", replace(TAKEN, status=503), {}, "a member is added again", None),
    ],
)
def test_what_a_second_change_proves(change, end, answers, topic, value):
    """A name that is taken, members in a create, and a member that is there already."""
    trial = replace(SANE, ends={**SANE.ends, change: end}, answers={"group": shown(GROUP), **answers})

    assert proved(trial)[topic].value == value


def test_groups_that_show_no_members_do_not_tell_what_a_create_took():
    """An empty list is what such a tenant shows of any group."""
    answers = {"group": shown(EMPTY), "group with a member": shown(EMPTY)}
    trial = replace(SANE, ends={**SANE.ends, "group with a member": MADE}, answers=answers)

    assert proved(trial)["a group is created with its members"].value is None


@pytest.mark.parametrize(
    ("before", "after", "own", "old", "value"),
    [
        ("v1", "v2", CHANGED, OLD, True),
        ("v1", "v2", CHANGED, CHANGED, False),
        ("v1", "v2", CHANGED, REFUSED, None),
        ("v1", "v2", CHANGED, LOST, None),
        ("v1", "v2", OLD, OLD, None),
        ("v1", "v1", CHANGED, CHANGED, None),
        ("v1", None, CHANGED, OLD, None),
        (None, None, CHANGED, OLD, None),
    ],
)
def test_whether_an_old_version_is_refused(before, after, own, old, value):
    """Only where the version that was read is taken, and changes with the user."""
    ends = {**SANE.ends, "title": own, "title of an old version": old}
    answers = {"user again": shown(USER, version=before), "retitled": shown(USER, version=after)}

    found = proved(replace(SANE, ends=ends, answers=answers))["an old version is refused"]
    assert found.value is value


@pytest.mark.parametrize(("after", "value"), [(EMPTY, True), (GROUP, False)])
def test_whether_a_deactivated_user_leaves_its_groups(after, value):
    """The group showed the user before."""
    answers = {"deactivated": shown(OFF), "group": shown(GROUP), "group after the deactivation": shown(after)}

    assert proved(replace(SANE, answers=answers))["a deactivated user leaves its groups"].value is value


@pytest.mark.parametrize(
    ("listed", "total", "value"), [(["u1"], 1, True), (["made-up"], 1, False), (["u2"], 2, None)]
)
def test_whether_a_listing_is_of_what_is_there(listed, total, value):
    """The new user is read by its id, and not in a listing that claims to hold all."""
    page = ListAnswer(tuple({"id": one} for one in listed), total)
    answers = {"member": shown(USER), "listing": replace(shown(None), listing=page)}

    assert proved(replace(SANE, answers=answers))["listings show all users"].value is value


def test_without_a_trial_nothing_is_proved():
    """The address may be taken."""
    assert {one.value for one in proved(Trial()).values()} == {None}


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
