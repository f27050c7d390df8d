"""Tenants that show less than they hold: what an answer cannot show is not taken to be absent."""

import json

import pytest

from bulkscim.journal.bodies import Started
from bulkscim.journal.writer import JOURNAL
from bulkscim.model.request import Loss, NoAnswer
from bulkscim.reporting.causes import causes_of
from bulkscim.runs.earlier import left_out
from tests.support.servers.asked import asked_for
from tests.support.simulation.disk import FOLDER
from tests.support.simulation.tenant import SimulatedTenant

ADA = {"id": "u1", "userName": "Ada@example.com", "externalId": "E1", "title": "Lead"}
BOB = {"id": "u2", "userName": "bob@example.com", "externalId": "E2", "title": "Chief"}
SALES = {"id": "g1", "displayName": "Sales", "members": [{"value": "u1"}, {"value": "u2"}]}


class ShowsLess(SimulatedTenant):
    """Shows one form of each resource; with Sales, of which Ada and Bob are members. `how`: by id, lookup or answer."""

    def __init__(self, *given):
        super().__init__(*given)
        self.hold("Groups", SALES)
        self.removals = self.pages = 0

    def show(self, collection, one, how):
        """Return a resource as it is shown."""
        return one

    def _list(self, collection, path):
        held, how = self.held[collection], "lookup"
        self.pages += "filter" not in path
        self.held[collection] = {
            own: {"id": own, **self.show(collection, one, how)} for own, one in held.items()
        }
        try:
            return super()._list(collection, path)
        finally:
            self.held[collection] = held

    def _one(self, method, collection, resource_id, body):
        self.removals += method == "PATCH" and body["Operations"][0]["op"] == "remove"
        reply = super()._one(method, collection, resource_id, body)
        how = "by id" if method == "GET" else "answer"
        one = self.held[collection].get(resource_id)
        return reply if one is None else self._answer(200, self.show(collection, one, how))


class CutsMembers(ShowsLess):
    def show(self, collection, one, how):
        return {**one, "members": one.get("members", [])[:1]} if collection == "Groups" else one


class HidesMembers(ShowsLess):
    def show(self, collection, one, how):
        return {name: value for name, value in one.items() if name != "members"}


class Short(ShowsLess):
    """Leaves out in lookups what a read by id shows."""

    def show(self, collection, one, how):
        kept = {"id", "userName", "externalId", "displayName"}
        return {name: value for name, value in one.items() if name in kept or how != "lookup"}


class HidesExternalIds(ShowsLess):
    def show(self, collection, one, how):
        return {name: value for name, value in one.items() if name != "externalId"}


class ComparesCapitals(ShowsLess):
    """Compares filters in the very capitals."""

    def _list(self, collection, path):
        reply = super()._list(collection, path)
        asked = asked_for(path)
        named = not asked or any(asked[1] in one.values() for one in self.held[collection].values())
        return reply if named else self._answer(200, {"totalResults": 0, "Resources": []})


class SaysOneShowsNone(ShowsLess):
    def _list(self, collection, path):
        shows_none = "filter" in path and "E2" in path
        return (
            self._answer(200, {"totalResults": 1, "Resources": []})
            if shows_none
            else super()._list(collection, path)
        )


def leaves(name="bob@example.com"):
    """Return a record that takes a user out of Sales."""
    group = {"op": "remove_member", "type": "Group", "match": {"displayName": "Sales"}}
    return {**group, "member": {"userName": name}}


def upserts(external_id, name="eve@example.com"):
    """Return a record that creates a user, or changes the one that has this externalId."""
    data = {"userName": name, "externalId": external_id}
    return {"op": "upsert", "type": "User", "match": {"externalId": external_id}, "data": data}


def deletes(**match):
    """Return a record that deletes a user."""
    return {"op": "delete", "type": "User", "match": match}


@pytest.mark.parametrize("kind", [CutsMembers, HidesMembers])
async def test_member_that_is_not_shown_is_removed(carried, kind):
    """The removal was a noop, with exit 0, and the user stayed in the group."""
    report = await carried([leaves()], held=[ADA, BOB], kind=kind)

    assert report.totals.done == 1
    assert carried.tenant.held["Groups"]["g1"]["members"] == [{"value": "u1"}]


@pytest.mark.parametrize(
    ("kind", "groups", "was"),
    [
        (CutsMembers, ["Sales"], "unknown"),
        (HidesMembers, ["Sales"], "unknown"),
        (ShowsLess, ["Sales"], "unknown"),
        (ShowsLess, ["Sales", "Small"], "no"),
    ],
)
async def test_addition_is_journaled_as_unknown_unless_the_absence_is_proved(carried, kind, groups, was):
    """A group without a longer list may have been cut: the one that the run has made shows all."""
    small = {"op": "create", "type": "Group", "data": {"displayName": "Small"}}
    joins = {**leaves("eve@example.com"), "op": "add_member", "match": {"displayName": groups[-1]}}
    eve = {"id": "u3", "userName": "eve@example.com"}
    await carried([*[small][: len(groups) - 1], joins], held=[ADA, BOB, eve], kind=kind, concurrency=1)

    begun = [one for _, one in carried.record.each(Started) if one.member is not None]
    assert [one.member.was for one in begun] == [was]


async def test_members_removed_unseen_are_listed_at_the_end(carried):
    """Nothing said that a rollback would not bring them back; of Bob the run knows, since it has added him itself."""
    joins = {**leaves(), "op": "add_member"}
    await carried(
        [joins, leaves(), leaves("ada@example.com")], held=[ADA, BOB], kind=HidesMembers, concurrency=1
    )

    [cause] = causes_of(carried.record, "last")
    assert (cause.state, cause.rows) == ("done", (3,))
    assert "a rollback does not add it" in cause.detail


async def test_member_that_no_group_shows_is_not_removed_twice_where_the_list_is_complete(carried):
    """A longer list was shown, so that this one is not cut."""
    small = {"op": "create", "type": "Group", "data": {"displayName": "Small"}}
    read = {
        "op": "add_member",
        "type": "Group",
        "match": {"displayName": "Sales"},
        "member": {"userName": "eve@example.com"},
    }
    eve = {"id": "u3", "userName": "eve@example.com"}
    lines = [read, small, {**leaves(), "match": {"displayName": "Small"}}]
    report = await carried(lines, held=[ADA, BOB, eve], kind=ShowsLess, concurrency=1)

    assert (report.totals.done, report.totals.noop, carried.tenant.removals) == (2, 1, 0)


@pytest.mark.parametrize(
    ("kind", "lines", "states"),
    [
        (HidesExternalIds, [deletes(externalId="E2")], (0, 0, 1)),
        (HidesExternalIds, [deletes(externalId="E9"), upserts("E7"), deletes(externalId="E2")], (1, 0, 2)),
        (SaysOneShowsNone, [deletes(externalId="E2")], (0, 0, 1)),
        (
            ComparesCapitals,
            [deletes(userName="bob@example.com"), deletes(userName="ada@example.com")],
            (2, 0, 0),
        ),
        (ShowsLess, [deletes(externalId="E2"), deletes(externalId="E9")], (1, 1, 0)),
    ],
)
async def test_user_is_absent_only_where_a_lookup_would_have_shown_it(carried, kind, lines, states):
    """ "Nothing to delete" was said of users who are there."""
    totals = (await carried(lines, held=[ADA, BOB], kind=kind, concurrency=1)).totals

    assert (totals.done, totals.noop, totals.failed) == states


@pytest.mark.parametrize(
    ("held", "asked"),
    [("Zoe\u0308@example.com", "Zo\u00eb@example.com"), ("Zo\u00eb@example.com", "ZOE\u0308@example.com")],
)
async def test_name_in_the_other_unicode_form_is_found(carried, held, asked):
    """A filter that compares code points missed it: "nothing to delete" was said of a user who is there."""
    known = {"op": "activate", "type": "User", "match": {"userName": "bob@example.com"}}
    lines = [known, deletes(userName=asked), deletes(userName="no\u00e9@example.com")]
    users = [{**ADA, "userName": held}, {**BOB, "active": False}]
    report = await carried(lines, held=users, kind=ShowsLess, concurrency=1)

    assert (report.totals.done, report.totals.noop) == (2, 1)


async def test_new_user_is_created_where_no_user_shows_such_a_name(carried):
    """An absence that is not proved stops no create: the tenant refuses a name that is taken."""
    report = await carried(
        [upserts("E7")], held=[{"id": "u1", "userName": "ada@example.com"}], kind=ShowsLess
    )

    assert report.totals.done == 1


async def test_a_page_that_shows_no_such_name_is_read_once_for_many_rows(carried):
    """To prove a filter by a name that is there; it was read again for each row."""
    lines = [upserts(f"E{number}", f"eve{number}@example.com") for number in range(10, 30)]
    await carried(lines, held=[ADA, BOB], kind=HidesExternalIds, concurrency=1)

    assert carried.tenant.pages < 10


async def test_before_images_hold_what_only_a_read_by_id_shows(carried):
    """A deleted user came back without a title, and a patched one lost its own."""
    patch = {"op": "patch", "type": "User", "match": {"userName": "Ada@example.com"}}
    lines = [
        {**patch, "patch": [{"op": "replace", "path": "title", "value": "Head"}]},
        deletes(userName="bob@example.com"),
    ]
    await carried(lines, held=[ADA, BOB], kind=Short)

    journal = carried.disk.contents(FOLDER / JOURNAL).splitlines()
    starts = [json.loads(line)["body"] for line in journal if b'"started"' in line]
    assert {body["before"]["title"] for body in starts} == {"Lead", "Chief"}
    assert list(left_out(carried.record)) == [("User", "title")]


@pytest.mark.parametrize(("kind", "told"), [(HidesMembers, 1), (ShowsLess, 0)])
async def test_run_says_that_members_of_a_deleted_group_may_be_hidden(carried, kind, told):
    """It came back empty, and no word was said of it."""
    await carried([{"op": "delete", "type": "Group", "match": {"displayName": "Sales"}}], kind=kind)

    assert len([note for note in carried.notes if "who was in a deleted group" in note]) == told


class HidesMembersAndRefuses(HidesMembers):
    """Refuses a PATCH that removes who is not there."""

    words = "no such member"

    def _one(self, method, collection, resource_id, body):
        held = [one["value"] for one in self.held[collection][resource_id].get("members", ())]
        named = [
            one.get("path", "").partition('"')[2].partition('"')[0]
            for one in (body or {}).get("Operations", ())
        ]
        if method == "PATCH" and not set(named) <= set(held):
            return self._answer(400, {"scimType": "noTarget", "detail": self.words})
        return super()._one(method, collection, resource_id, body)


class LosesFirstRemoval(HidesMembers):
    """Loses the answer to the first removal, which it does not carry out; `applies` it."""

    applies = False

    async def send(self, request):
        if request.method == "PATCH" and b"remove" in request.body and not self.removals:
            self.removals = 1
            if self.applies:
                await super().send(request)
            return NoAnswer(Loss.CUT, "the connection was cut")
        return await super().send(request)


class AppliesFirstRemoval(LosesFirstRemoval):
    applies = True


class RefusesSecondRemoval(AppliesFirstRemoval):
    def _one(self, method, collection, resource_id, body):
        held = json.dumps(self.held[collection][resource_id].get("members", ()))
        if self.removals and method == "PATCH" and '"u3"' not in held:
            return self._answer(400, {"scimType": "noTarget", "detail": "no such member"})
        return super()._one(method, collection, resource_id, body)


@pytest.mark.parametrize("kind", [LosesFirstRemoval, AppliesFirstRemoval, RefusesSecondRemoval])
async def test_lost_removal_of_a_member_that_is_never_shown_is_sent_again(carried, kind):
    """That the group showed no such member counted as a proof: the row was done, and the user stayed in the group.

    The run knew of the membership by adding it. An undo puts the user back in each case.
    """
    eve = {"id": "u3", "userName": "eve@example.com"}
    adds = {**leaves("eve@example.com"), "op": "add_member"}
    report = await carried([adds, leaves("eve@example.com")], held=[ADA, BOB, eve], kind=kind, concurrency=1)

    assert report.totals.done == 2
    assert {"value": "u3"} not in carried.tenant.held["Groups"]["g1"]["members"]
    lines = carried.disk.contents(FOLDER / JOURNAL).splitlines()
    *_, last = [
        json.loads(line)["body"] for line in lines if b'"remove_member"' in line and b'"started"' in line
    ]
    assert last["changes"][0][1] == {"value": "u3"}


class LosesFirstAddition(CutsMembers):
    """Loses the answer to the first addition; a filter by member finds members that the list of a group does not show."""

    lost = False

    def _list(self, collection, path):
        if "members.value" not in path:
            return super()._list(collection, path)
        found = [one for one in self.held[collection].values() if path.split("%22")[1] in json.dumps(one)]
        return self._answer(200, {"totalResults": len(found), "Resources": found})

    async def send(self, request):
        reply = await super().send(request)
        if request.method == "PATCH" and not self.lost:
            self.lost = True
            return NoAnswer(Loss.CUT, "the connection was cut")
        return reply


class RefusesSecondAddition(LosesFirstAddition):
    def _one(self, method, collection, resource_id, body):
        if self.lost and method == "PATCH":
            return self._answer(409, {"detail": "the user is already a member"})
        return super()._one(method, collection, resource_id, body)


class ShowsGroups(LosesFirstAddition):
    """Users show their groups, and not whether they are in one through another; filters by member are refused."""

    def __init__(self, *given):
        super().__init__(*given)
        self.hold("Groups", {"id": "g2", "displayName": "Staff", "members": [{"value": "u3"}]})

    def _list(self, collection, path):
        return self._answer(400, {}) if "members.value" in path else super()._list(collection, path)

    def show(self, collection, one, how):
        groups = [
            {"value": own} for own, group in self.held["Groups"].items() if one["id"] in json.dumps(group)
        ]
        shows = collection == "Users" and how == "by id" and groups
        return super().show(collection, one, how) | ({"groups": groups} if shows else {})


@pytest.mark.parametrize("kind", [LosesFirstAddition, RefusesSecondAddition, ShowsGroups])
async def test_lost_addition_that_the_group_does_not_show_is_the_runs_own(carried, kind):
    """The cut list did not show the member, a filter or the user did then: it counted as there before, and no undo removed it."""
    eve = {"id": "u3", "userName": "eve@example.com"}
    adopts = {"op": "create", "data": {"userName": "eve@example.com", "groups": ["Sales"]}}
    report = await carried([adopts], held=[ADA, BOB, eve], kind=kind, concurrency=1)

    assert report.totals.adopted == 1
    assert {"value": "u3"} in carried.tenant.held["Groups"]["g1"]["members"]
    lines = carried.disk.contents(FOLDER / JOURNAL).splitlines()
    applied = [json.loads(line)["rows"][0][1] for line in lines if b'"applied"' in line]
    assert applied == ["member:Sales"]


class DeniesRemovals(HidesMembers):
    """Does not let this token change groups."""

    def _one(self, method, collection, resource_id, body):
        if method == "PATCH":
            return self._answer(403, {"detail": "you are not a member of the administrators"})
        return super()._one(method, collection, resource_id, body)


def patched_out(*members):
    """Return a record that removes members of Sales by their ids."""
    patch = [{"op": "remove", "path": f'members[value eq "{member}"]'} for member in members]
    return {"op": "patch", "type": "Group", "match": {"id": "g1"}, "patch": patch}


@pytest.mark.parametrize(
    ("kind", "line", "states"),
    [
        (HidesMembersAndRefuses, patched_out("u9"), (0, 1, 0)),
        (HidesMembersAndRefuses, patched_out("u2"), (1, 0, 0)),
        (HidesMembersAndRefuses, patched_out("u2", "u9"), (0, 0, 1)),  # the other one is still there
        (HidesMembersAndRefuses, leaves("eve@example.com"), (0, 1, 0)),
        (DeniesRemovals, leaves(), (0, 0, 1)),  # it speaks of who asks
    ],
)
async def test_removal_of_one_who_is_not_there_is_a_noop_where_the_tenant_says_so(
    carried, kind, line, states
):
    """The row failed; a 403 that spoke of the caller's own groups was a noop."""
    eve = {"id": "u3", "userName": "eve@example.com"}
    totals = (await carried([line], held=[ADA, BOB, eve], kind=kind)).totals

    assert (totals.done, totals.noop, totals.failed) == states


class StopsBehindRemoval(LosesFirstRemoval):
    """Rejects the token from the lost removal on, until it is `good` again."""

    good = False

    async def send(self, request):
        if self.removals and not self.good:
            return self._answer(401, {})
        return await super().send(request)


async def test_lost_removal_keeps_its_before_image_over_sessions(carried):
    """The second removal was recorded as one of a user who was not seen, so that an undo did not add the user."""
    eve = {"id": "u3", "userName": "eve@example.com"}
    adds = {**leaves("eve@example.com"), "op": "add_member"}
    lines = [adds, leaves("eve@example.com")]
    await carried(lines, held=[ADA, BOB, eve], kind=StopsBehindRemoval, concurrency=1)
    carried.tenant.good = True
    report = await carried.on()

    assert report.totals.done == 2
    kept = carried.disk.contents(FOLDER / JOURNAL).splitlines()
    begun = [json.loads(line)["body"] for line in kept if b'"remove_member"' in line and b'"started"' in line]
    assert [body["changes"][0][1] for body in begun] == [{"value": "u3"}] * 2
