"""What the engine does in the form that a provider wants: PATCH, filters, and users that are not shown."""

import json

import pytest

from bulkscim.engine.abilities import RequestForms
from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.directory.earlier_runs import EarlierRuns, JournalReads
from bulkscim.engine.directory.store import Store
from bulkscim.engine.reads import Reads
from bulkscim.model.live import Found, Missing
from bulkscim.model.operation import GROUP, USER, Key, PatchOperation
from bulkscim.model.request import Response
from bulkscim.model.step import Action, Change, Step
from bulkscim.scim.protocol import PatchForm, patch_body
from tests.support.making.providers import GENERIC, LUCID
from tests.support.running.fake_clock import VirtualClock

CORE, PATCH_OP = PatchForm.CORE, PatchForm.PATCH_OP
ADA = Key(USER, "userName", "ada@example.com")


class Answers:
    """A tenant of fixed answers by path; a note of what was asked."""

    def __init__(self, **paths):
        self.paths = paths
        self.otherwise = 404
        self.asked = []

    async def send(self, request):
        self.asked.append(request.path)
        for start, body in self.paths.items():
            if request.path.startswith(start):
                return Response(200, {}, json.dumps(body).encode())
        return Response(self.otherwise)


def listing(*resources, total=None):
    return {"totalResults": len(resources) if total is None else total, "Resources": list(resources)}


def reads(**paths):
    answers = Answers(**paths)
    return answers, Reads(answers, VirtualClock(), LUCID)


def test_single_form_has_no_other():
    """A 400 is then about the record."""
    dialect = RequestForms((PATCH_OP,))
    assert (dialect.is_single, dialect.form, dialect.another([PATCH_OP])) == (True, PATCH_OP, None)


def test_forms_are_tried_in_order_until_one_is_taken_and_then_kept():
    """Once proved, a form stays; what was refused before that may try the proved one."""
    dialect = RequestForms((CORE, PATCH_OP))
    assert (dialect.form, dialect.another([CORE]), dialect.another([CORE, PATCH_OP])) == (
        CORE,
        PATCH_OP,
        None,
    )
    dialect.works(PATCH_OP)
    dialect.works(CORE)
    assert (dialect.form, dialect.another([PATCH_OP]), dialect.another([CORE])) == (PATCH_OP, None, PATCH_OP)


@pytest.mark.parametrize(
    ("kind", "form", "schema"),
    [
        (USER, PATCH_OP, "urn:ietf:params:scim:api:messages:2.0:PatchOp"),
        (USER, CORE, "urn:ietf:params:scim:schemas:core:2.0:User"),
        (GROUP, CORE, "urn:ietf:params:scim:schemas:core:2.0:Group"),
    ],
)
def test_patch_names_the_schema_of_its_form(kind, form, schema):
    """All else is the same."""
    body = json.loads(patch_body([PatchOperation("replace", "active", False)], kind, form))
    assert body["schemas"] == [schema]
    assert body["Operations"] == [{"op": "replace", "path": "active", "value": False}]


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ('members[value eq "U1"]', "members[value eq U1]"),
        ('members[value eq "U 1"]', 'members[value eq "U 1"]'),
        ('emails[type eq "work"].value', 'emails[type eq "work"].value'),
        (None, None),
    ],
)
def test_a_member_goes_without_quotes_where_the_provider_wants_it(path, sent):
    """Except ids that cannot stand without quotes."""
    body = json.loads(patch_body([PatchOperation("remove", path, 1)], GROUP, PatchForm.BARE_MEMBERS))

    assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
    assert body["Operations"][0].get("path") == sent


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        (ADA, "/Users?filter=userName%20eq%20ada%40example.com"),
        (Key(USER, "userName", "a b"), "/Users?filter=userName%20eq%20%22a%20b%22"),
        (Key(GROUP, "displayName", "Sales"), "/Groups?filter=displayName%20eq%20%22Sales%22"),
    ],
)
async def test_filters_go_bare_where_the_provider_wants_it(key, asked):
    """Except values that cannot stand without quotes, and for types that want them."""
    answers, reading = reads()
    await reading.filtered(key)
    assert answers.asked == [asked]


async def test_bare_value_that_is_refused_is_asked_for_in_quotes_from_then_on():
    """A listing of the whole tenant for each lookup would cost far more."""
    answers = Answers(**{"/Users?filter=userName%20eq%20%22": listing()})
    answers.otherwise = 400
    reading = Reads(answers, VirtualClock(), LUCID)
    assert await reading.filtered(ADA) == []
    assert await reading.filtered(ADA) == []
    assert ["%22" in path for path in answers.asked] == [False, True, True]


async def test_filtered_answer_as_long_as_it_can_be_is_worth_nothing():
    """It may have been cut, so that what it leaves out is not known to be absent."""
    _, reading = reads(**{"/Users": listing({"id": "u1"}, total=10_000)})
    assert await reading.filtered(ADA) is None
    _, reading = reads(**{"/Users": listing({"id": "u1"}, total=9_999)})
    assert await reading.filtered(ADA) == [{"id": "u1"}]


async def test_filter_that_is_exact_in_case_does_not_prove_absence():
    """The listing finds the group under a name in other letters."""
    sales = {"id": "g1", "displayName": "Sales"}
    _, reading = reads(**{"/Groups?filter": listing(), "/Groups/g1": sales, "/Groups?start": listing(sales)})
    found = await Directory(VirtualClock(), LUCID).find(Key(GROUP, "displayName", "sales"), reading)
    assert isinstance(found, Found)
    assert found.id == "g1"


SHOWN = {"id": "u9", "userName": "else@example.com"}
GONE = {"id": "u1", "userName": "Ada@example.com", "active": False}


@pytest.mark.parametrize(
    ("by_id", "finds"),
    [(GONE, True), ({**GONE, "userName": "renamed@example.com"}, False), (None, False)],
)
async def test_hidden_user_is_found_by_the_id_in_a_journal(by_id, finds):
    """If the id still answers to the name; the latest id first."""
    lookups = {
        "/Users?filter=userName%20eq%20else": listing(SHOWN),
        "/Users?filter": listing(),
        "/Users?start": listing(SHOWN),
    }
    _, reading = reads(**lookups, **({"/Users/u1": by_id} if by_id else {}))
    hidden = JournalReads(users=lambda: [{"id": "u1", "userName": "ada@example.com"}])

    found = await Directory(VirtualClock(), LUCID, hidden).find(ADA, reading)

    assert isinstance(found, Found if finds else Missing)


async def test_journals_are_read_once_and_what_this_run_hides_is_added():
    """The latest id comes first, each once."""
    called = []
    recorded = JournalReads(users=lambda: called.append(1) or [{"id": "u1", "userName": "ada@example.com"}])
    runs = EarlierRuns(recorded, Store())
    assert await runs.hidden(ADA) == ["u1"]
    runs.hides({"id": "u2", "userName": "ADA@example.com"})
    runs.hides({"id": "u1", "userName": "ada@example.com"})
    assert await runs.hidden(ADA) == ["u1", "u2"]
    assert called == [1]


@pytest.mark.parametrize("resumed", [True, False])
@pytest.mark.parametrize("by_id", [GONE, None], ids=["read by id", "hidden by id"])
async def test_user_that_this_run_deactivated_is_not_taken_for_absent(by_id, resumed):
    """Where no profile says that the tenant hides users, a later row that deletes ada ended as "nothing to delete"."""
    lookups = {
        "/Users?filter=userName%20eq%20%22ELSE": listing(SHOWN),
        "/Users?filter=userName%20eq%20%22else": listing(SHOWN),
        "/Users?filter": listing(),
        "/Users?start": listing(SHOWN),
        "/Users/u9": SHOWN,
    }
    _, reading = reads(**lookups, **({"/Users/u1": by_id} if by_id else {}))
    before = GONE | {"active": True}
    directory = Directory(
        VirtualClock(), GENERIC, JournalReads(own_users=lambda: [before] if resumed else [])
    )
    changes = (Change("active", True, False),)
    step = Step("deactivate", Action.MODIFY, USER, id="u1", changes=changes, before=before)
    if not resumed:
        await directory.applied(step, reading)

    found = await directory.find(ADA, reading)

    assert isinstance(found, Found) if by_id else "u1" in found.unproved
    await directory.applied(Step("delete", Action.DELETE, USER, id="u1", before=before), reading)
    assert await directory.find(ADA, reading) == Missing()
