"""What a run has created is known by the names in the file, whatever name the tenant gives it."""

import re
import unicodedata

import pytest

from bulkscim.engine.directory import own_names
from bulkscim.engine.directory.own_names import NamedResource, OwnNames
from bulkscim.engine.directory.store import Store
from bulkscim.model.operation import GROUP, USER, Key, folded_name
from bulkscim.model.request import Loss, NoAnswer
from tests.support.making.records import create
from tests.support.simulation.tenant import SimulatedTenant

TEAM = Key(GROUP, "displayName", "R&D")
USERS = [f"u{number}@example.com" for number in range(4)]


def people(group, *names):
    """Ask for users in one group."""
    return [create(name, groups=[group]) for name in names or USERS]


class Renaming(SimulatedTenant):
    """Gives new groups another name than asked for. `bare`: its 201 shows nothing; `lost` numbers POSTs of groups whose answer is lost.

    `refused`: the number of the request from which the token is refused.
    """

    renamed = staticmethod(lambda name: re.sub(r"[^\w -]", "_", name))
    bare = False
    lost = ()
    refused = 10**9
    posts = 0

    async def send(self, request):
        if self.requests >= self.refused:
            return self._answer(401, {})
        return await super().send(request)

    def _create(self, collection, body):
        if collection != "Groups":
            return super()._create(collection, body)
        self.posts += 1
        reply = super()._create(collection, {**body, "displayName": self.renamed(body["displayName"])})
        if self.posts in self.lost:
            return NoAnswer(Loss.TIMEOUT, "no answer in time")
        return self._answer(201, None) if self.bare else reply


def renaming(**how):
    """Return a kind of tenant that renames."""
    return type(
        "Renaming",
        (Renaming,),
        {name: staticmethod(one) if callable(one) else one for name, one in how.items()},
    )


def members(tenant):
    """Return the names of the groups, with how many members each has."""
    return [(one["displayName"], len(one.get("members", ()))) for one in tenant.held["Groups"].values()]


@pytest.mark.parametrize(
    ("asked", "renamed"),
    [
        ("R&D", lambda name: name.replace("&", "_")),
        ("Sales", lambda name: f"PRIMARY/{name}"),
        ("Café", lambda name: unicodedata.normalize("NFD", name)),
        ("Cafe\u0301", lambda name: unicodedata.normalize("NFC", name).upper()),
        ("A  B", lambda name: " ".join(name.split())),
        ("Sales", lambda name: "g-4711"),
    ],
)
@pytest.mark.parametrize("concurrency", [1, 4])
async def test_a_group_is_created_once_whatever_name_it_gets(carried, asked, renamed, concurrency):
    """Each user's row created the group again: its name was looked up, and the tenant had changed it."""
    kind = renaming(renamed=renamed)
    report = await carried(people(asked), kind=kind, create_groups=True, concurrency=concurrency)

    assert (report.totals.done, members(carried.tenant)) == (4, [(renamed(asked), 4)])


@pytest.mark.parametrize("refused", range(4, 16, 2))
async def test_a_later_session_knows_it_by_the_journal(carried, refused):
    """After a stop the group was looked up by its name in the file, and created again."""
    await carried(people("R&D"), kind=renaming(refused=refused), create_groups=True)
    carried.tenant.refused = 10**9
    report = await carried.on()

    assert report.totals.done == 4
    assert members(carried.tenant) == [("R_D", 4)]


async def test_a_group_whose_id_is_not_known_is_not_created_again(carried):
    """A 201 that shows nothing led each row to create its own group."""
    report = await carried(people("R&D"), kind=renaming(bare=True), create_groups=True)

    assert (report.totals.failed, members(carried.tenant)) == (4, [("R_D", 0)])


async def test_a_lost_create_is_not_sent_again_where_the_tenant_changes_names(carried):
    """That no group has the name proved that the first POST had no effect, and a second group was created.

    Later, each session stopped there: "the tenant does not answer".
    """
    rows = [*people("R&D", *USERS[:2]), *people("A&B", *USERS[2:])]
    report = await carried(rows, kind=renaming(lost=(2,)), create_groups=True, concurrency=1)

    assert (report.totals.done, report.totals.in_doubt, report.exit_reason) == (2, 1, None)
    assert [name for name, _ in members(carried.tenant)] == ["R_D", "A_B"]
    report = await carried.on()
    assert report.exit_reason is None
    assert [name for name, _ in members(carried.tenant)] == ["R_D", "A_B"]


async def test_a_group_like_the_one_of_the_first_lost_create_may_be_it(carried):
    """The tenant was not seen to change names yet, so the POST was sent again, and there were two groups."""
    report = await carried(people("R&D"), kind=renaming(lost=(1,)), create_groups=True, concurrency=1)

    assert members(carried.tenant) == [("R_D", 0)]
    assert (report.totals.in_doubt, report.exit_reason) == (1, None)
    assert any("whose displayName is 'R_D', may be what it created" in note for note in carried.notes)


async def test_a_lost_create_is_not_sent_again_where_groups_cannot_be_listed(carried):
    """A listing that failed for the moment counted as one without a group of such a name, and there were two groups."""

    class Unlisted(Renaming):
        lost = (1,)

        def __init__(self, *more):
            super().__init__(*more)
            self.hold("Groups", {"id": "old", "displayName": "Other"})

        def _list(self, collection, path):
            is_listing = collection == "Groups" and "filter" not in path and self.posts
            return (
                NoAnswer(Loss.TIMEOUT, "no answer in time") if is_listing else super()._list(collection, path)
            )

    report = await carried(people("R&D"), kind=Unlisted, create_groups=True, concurrency=1)

    assert members(carried.tenant) == [("Other", 0), ("R_D", 0)]
    assert report.totals.in_doubt == 1


async def test_a_group_like_it_that_is_older_or_has_another_row_is_not_it(carried):
    """What was there before the create, or what another row created, is no reason to doubt."""

    class Held(Renaming):
        renamed = staticmethod(str)
        lost = (2,)

        def __init__(self, *more):
            super().__init__(*more)
            self.hold("Groups", {"id": "old", "displayName": "R_D"})

        def _create(self, collection, body):
            reply = super()._create(collection, body)
            if isinstance(reply, NoAnswer):  # not applied
                self.held[collection].popitem()
            return reply

    rows = [*people("R-D", USERS[0]), *people("R&D", *USERS[1:])]
    report = await carried(rows, kind=Held, create_groups=True, concurrency=1)

    assert report.totals.done == 4
    assert members(carried.tenant) == [("R_D", 0), ("R-D", 1), ("R&D", 3)]


async def test_a_group_that_the_run_renames_leaves_its_name_free(carried):
    """Members for the old name must not join the group that has another one on purpose."""
    rename = {
        "op": "patch",
        "type": "Group",
        "match": {"displayName": "R&D"},
        "patch": [{"op": "replace", "path": "displayName", "value": "Old"}],
    }
    rows = [*people("R&D", USERS[0]), rename, *people("R&D", USERS[1])]
    report = await carried(rows, kind=renaming(renamed=str), create_groups=True, concurrency=1)

    assert report.totals.done == 3
    assert members(carried.tenant) == [("Old", 1), ("R&D", 1)]


async def recorded():
    """Return what an earlier session created."""
    return [NamedResource(TEAM, "g1", "R_D"), NamedResource(Key(GROUP, "displayName", "Kept"), "g2", "Kept")]


async def test_names_move_off_the_heap_and_the_latest_of_a_name_counts(monkeypatch):
    """What this session created is later than what the journal has; a name is compared without case and in one form."""
    monkeypatch.setattr(own_names, "MOST_WAITING", 2)
    own = OwnNames(Store(), recorded)
    for number in range(7):
        own.created([Key(USER, "userName", f"U{number}")], f"u{number}")
    own.created([TEAM], "g3")

    assert [await own.id_of(Key(USER, "userName", f"u{number}")) for number in (0, 6, 7)] == [
        "u0",
        "u6",
        None,
    ]
    assert await own.id_of(Key(GROUP, "displayName", " r&d ")) == "g3"
    own.drop(GROUP, "g3")
    own.drop(USER, "u6", "externalId")
    own.drop(USER, "u0", "userName")
    assert await own.id_of(TEAM) is None
    assert await own.id_of(Key(USER, "userName", "u6")) == "u6"
    assert await own.id_of(Key(USER, "userName", "u0")) is None
    assert await own.are_changed([TEAM])
    assert not await own.are_changed([TEAM, Key(GROUP, "externalId", "E1")])


def test_names_compare_in_one_unicode_form():
    """A name typed on one machine and read on another was two names."""
    assert folded_name(" Cafe\u0301") == folded_name("CAFÉ ")


async def test_the_latest_resource_that_earlier_sessions_created_under_a_name_counts():
    """The first was gone: a group was created again in each session."""

    async def recorded():
        return [NamedResource(TEAM, "gone", "R&D"), NamedResource(TEAM, "g2", "R&D")]

    store = Store()
    try:
        assert await OwnNames(store, recorded).id_of(TEAM) == "g2"
    finally:
        store.close()
