"""A name that is taken though no lookup finds it: what holds it is said, where a listing shows it."""

import re
import unicodedata

import pytest

from bulkscim.engine.directory import held_names
from bulkscim.engine.directory.held_names import may_be_changed_to, resembles
from bulkscim.model.operation import USER, Key
from bulkscim.planning.name_holder import named_by
from tests.support.making.records import create
from tests.support.simulation.tenant import SimulatedTenant

JOSE = {
    "id": "j",
    "userName": "josé@example.com",
    "externalId": "E-1",
    "emails": [{"value": "j@example.com"}],
}


def form(text):
    """Return a name as this tenant compares it: letters and digits without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9]", "", plain)


class Normal(SimulatedTenant):
    """Refuses a name that is held in its normal form, in words of its own; filters compare the text exactly.

    `unique` are the attributes that it keeps unique.
    """

    unique = ("userName", "displayName")
    words = "already exists"
    listed = True

    def hold(self, collection, resource):
        super().hold(collection, {key: value for key, value in resource.items() if value})

    def _create(self, collection, body):
        held = self.held[collection].values()
        for name in self.unique:
            if any(form(str(one.get(name, "-"))) == form(str(body.get(name, "+"))) for one in held):
                return self._answer(409, {"scimType": "uniqueness", "detail": self.words})
        return super()._create(collection, body)

    def _list(self, collection, path):
        if "filter" in path or self.listed:
            return super()._list(collection, path)
        return self._answer(200, {"totalResults": 1, "Resources": [{"id": "z", "userName": "z@example.com"}]})


def normal(**how):
    """Return a kind of tenant that compares in a normal form."""
    return type("Normal", (Normal,), how)


def told(carried, row=1):
    """Return a row's end: its state and detail."""
    last = carried.record.last(row)
    return str(last.state), last.body.detail


@pytest.mark.parametrize(
    ("how", "data", "detail"),
    [
        ({}, {"userName": "jose@example.com"}, "userName jose@example.com is held by id j, whose userName is 'josé@example.com'"),
        (
            {"unique": ("externalId",), "words": "externalId e_1 is taken"},
            {"userName": "new@example.com", "externalId": "e_1"},
            "externalId e_1 is held by id j, whose externalId is 'E-1'",
        ),
        (
            {"unique": ("externalId",), "words": "duplicate external_id", "listed": False},
            {"userName": "new@example.com", "externalId": "e_1"},
            "externalId e_1 is held by something this token cannot see",
        ),
        ({"listed": False}, {"userName": "jose@example.com"}, "jose@example.com is held by something this token cannot see"),
    ],
)  # fmt: skip
async def test_what_holds_a_name_is_said(carried, how, data, detail):
    """It was "held by something this token cannot see" though a listing shows it, and always the userName."""
    await carried([create(name=data.pop("userName"), **data)], kind=normal(**how), held=[JOSE])

    state, said = told(carried)
    assert state == "failed"
    assert said.startswith(f"{detail} (the tenant said: ")
    assert len(carried.tenant.held["Users"]) == 1


async def test_a_user_that_only_a_listing_shows_by_the_name_is_adopted(carried):
    """A filter that found others missed this one, and the row failed."""

    class Missing(Normal):
        def _list(self, collection, path):
            return (
                self._answer(200, {"totalResults": 0, "Resources": []})
                if "new%40" in path
                else super()._list(collection, path)
            )

    new = {"id": "n", "userName": "new@example.com", "title": "Old"}
    await carried(
        [create("JOSÉ@example.com"), create("new@example.com")], kind=Missing, held=[JOSE, new], concurrency=1
    )

    assert told(carried, 2)[0] == "adopted"


async def test_a_group_that_rows_cannot_create_is_named(carried):
    """Rows said only that it already exists."""

    class Held(Normal):
        def __init__(self, *more):
            super().__init__(*more)
            self.hold("Groups", {"id": "g", "displayName": "R_D"})

    await carried([create("a@example.com", groups=["R&D"])], kind=Held, create_groups=True)

    assert "displayName R&D is held by id g, whose displayName is 'R_D'" in told(carried)[1]


def test_names_resemble_each_other_in_the_forms_that_services_compare():
    """Two words never do."""
    alike = ["R&D", "r_d", " R  D ", "PRIMARY/R&D", "DOMAIN\\r.d", "\uff32\uff06\uff24"]
    assert {resembles(one) for one in alike} == {"rd"}
    assert resembles("Sales") != resembles("Sale")
    assert resembles("!!!") == "!!!"


def test_two_names_with_different_parts_before_a_slash_are_two():
    """A lost create of one stayed in doubt for the other."""
    assert may_be_changed_to("Sales", "PRIMARY/Sales")
    assert may_be_changed_to("PRIMARY/Sales", "sales")
    assert may_be_changed_to("Café/Bar", "Cafe_Bar")
    assert not may_be_changed_to("A/Admins", "B/Admins")


def test_the_tenants_words_name_the_attribute_else_the_value():
    """The first of the record's names was always taken for the one that is held."""
    names = (
        Key(USER, "userName", "ada@x.test"),
        Key(USER, "externalId", "E1"),
        Key(USER, "emails.value", "a@x.test"),
    )
    assert named_by("uniqueness externalId must be unique", names) == names[1:2]
    assert named_by("Email already registered", names) == names[2:]
    assert named_by("e1 is taken", names) == names[1:2]
    assert named_by("already exists", names) == ()


async def test_a_long_listing_is_left_after_some_pages(carried, monkeypatch):
    """It is for a message alone."""
    monkeypatch.setattr(held_names, "MOST_PAGES", 1)
    users = [{"id": f"u{number}", "userName": f"u{number}@example.com"} for number in range(250)]
    tenant = normal()
    await carried([create("jose@example.com")], kind=tenant, held=[*users, JOSE], concurrency=1)

    assert "cannot see" in told(carried)[1]
