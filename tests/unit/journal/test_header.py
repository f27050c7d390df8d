"""What line 1 of a journal says, and how it is written."""

from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path

import orjson
import pytest

from bulkscim.errors import JournalDamaged
from bulkscim.journal import entries, header_json, reader, typed_json
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.header import FORMAT, FORMATS, UNKNOWN, Header, RecordedGuards, Then
from bulkscim.journal.settings import Connection, Settings
from bulkscim.model.grace import Grace
from bulkscim.model.operation import Defaults, Verb
from bulkscim.model.row import RowRules
from bulkscim.model.run import OwnProfile, RecordedJob, RecordedParent, RecordedPlan, RecordedTenant
from bulkscim.model.selection import RowSelection, TakenRows
from bulkscim.planning.forecast import Forecast
from bulkscim.planning.guards import Bounds
from tests.support.making.journals import PATH
from tests.support.simulation.disk import SimulatedDisk

FIXTURES = Path(__file__).parents[2] / "fixtures"
FULL = Header(
    run="20261121T221003-onboarding",
    command="rollback",
    version="0.1.0",
    job=RecordedJob("/srv/job.csv", 120, "ab" * 32, "csv", spooled=True, header_line=3),
    tenant=RecordedTenant("https://t.example/scim", "lucid", "cd" * 32, "ef" * 16, "acme"),
    own_profile=OwnProfile("/srv/acme.toml", "page_size = 7"),
    verbs={"create User": 4, "delete User": 1},
    removals=1,
    member_removals=2,
    references=UNKNOWN,
    live_users=0,
    then=Then("delete", 30),
    definitions=("/srv/job.toml",),
    note="ticket 7",
    earlier=("/srv/runs/one",),
    parent=RecordedParent("one", "ab" * 16),
    settings=Settings(
        RowRules("skip", create_groups=True, read_back="all"),
        Connection("7/s", 3, 30.0, "http://proxy.example", Path("/srv/ca.pem")),
        limit=5,
        on_drift="part",
    ),
    defaults=Defaults(Verb.CREATE, "Group", "externalId", {"title": "Title"}, as_shown=True),
    guards=RecordedGuards(
        Bounds(1, 2, 3, 4, 5, 6, 7, 8, 9, ("5%",), {"domain x.test": 3}, ("7",), 8, {"g1": 3}),
        ("owner@example.com",),
    ),
    rows=5,
    selection=RowSelection("a = 1", ("one",), 1, 2, 3, 4, with_needed=True),
    taken=TakenRows.of([1, 5]).text(),
    canary=(1,),
    plan=RecordedPlan("ab", 1.0, "ada@here"),
    forecast=Forecast({"create User": 4}, {"create User": 0.0}, {"create User": 4.0}, 1.0, 2.0, 3.0),
)
NAMES = (
    "format run command bulkscim job tenant own_profile verbs removals member_removals references live_users then definitions note "
    "earlier parent plan settings defaults guards rows selection taken canary forecast"
)


def test_every_field_is_written_and_read():
    """In the order in which journals have them."""
    written = header_json.write(FULL)

    assert list(written) == NAMES.split()
    assert header_json.read(orjson.loads(orjson.dumps(written))) == FULL
    assert all(getattr(FULL, one.name) != getattr(Header(), one.name) for one in fields(FULL)[1:-1])


def test_what_does_not_hold_for_all_runs_is_named_only_where_it_does():
    """A run has no parent, and references are known."""
    plain = header_json.write(replace(FULL, parent=None, plan=None, references=None, then=None))

    assert set(NAMES.split()) - set(plain) == {"parent", "plan", "references"}
    assert plain["then"] is None


@pytest.mark.parametrize("path", sorted(FIXTURES.rglob("journal.jsonl")), ids=lambda path: path.parent.name)
def test_a_recorded_header_is_read_and_written_as_it_is(path):
    """Those of earlier versions too."""
    text = path.read_bytes().partition(b"\n")[0]
    header = entries.decode(text).entry.body

    assert not header.others
    assert header_json.write(header) == orjson.loads(text)["body"]


def test_what_a_later_version_adds_is_left_alone_and_kept():
    """At any depth."""
    more = {"lease": {"epoch": 3}, "tenant": {"region": "eu"}, "settings": {"pause_s": 2.5}}
    data = typed_json.merged(header_json.write(FULL), more)

    header = header_json.read(data)
    assert (header.others, replace(header, others={})) == (more, FULL)
    assert header_json.write(header) == data
    assert header_json.write(header_json.with_changes(header, {"settings": {"rate": "9/s"}})) == (
        typed_json.merged(data, {"settings": {"rate": "9/s"}})
    )


def test_of_a_format_that_is_not_known_nothing_else_is_read():
    """Its members may mean something else."""
    data = {"format": FORMAT + 1, "tenant": 7, "rows": 3}

    header = header_json.read(data)
    assert (header.format, header.rows, header.tenant) == (FORMAT + 1, 3, RecordedTenant())
    assert header_json.write(header) == data


@pytest.mark.parametrize("version", FORMATS)
def test_guards_of_before_max_adopt_have_the_default(version):
    """Not "no bound"; a bound that is null is none."""
    data = {"format": version, "rows": 500}

    assert header_json.read(data | {"guards": {"max_delete": 1}}).guards.bounds == Bounds(1, max_adopt=50)
    assert header_json.read(data | {"guards": {"max_adopt": None}}).guards.bounds.max_adopt is None


def test_a_header_answers_what_is_asked_of_it():
    """How many records ask for a verb, and the grace."""
    assert (FULL.count(Verb.CREATE, "User"), FULL.count(Verb.PATCH, "User")) == (4, 0)
    assert (FULL.grace, Header().grace) == (Grace(30), None)


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"tenant": 7}, "tenant: 7 stands where an object should"),
        ({"tenant": {"salt": 7}}, "tenant.salt: 7 stands where a text should"),
        (
            {"settings": {"create_groups": "yes"}},
            "settings.create_groups: 'yes' stands where true or false should",
        ),
        ({"defaults": {"op": "explode"}}, "defaults.op: 'explode' stands where one of create, "),
        ({"verbs": {"create User": True}}, "verbs.create User: True stands where a whole number should"),
        ({"definitions": ["a", 7]}, "definitions: 7 stands where a text should"),
        ({"then": {"op": "delete"}}, "then does not say all that it must"),
    ],
)
def test_a_damaged_header_names_file_line_member_and_what_to_do(more, what):
    """It is sealed: it was written so, or the file was edited by a program that knows hashes."""
    body = header_json.write(FULL) | more
    line = entries.encode((entries.Entry(Header(0, others=body)),), 1, 1, 0.0, (), FORMAT)
    disk = SimulatedDisk()
    disk.put(PATH, entries.seal(line, entries.link(entries.FIRST_CHAIN, line)))

    with pytest.raises(JournalDamaged) as refused:
        reader.header_of(disk.open_read(PATH), PATH)
    assert f"{PATH}, byte 0: line 1, the header, is sealed, and cannot be read: {what}" in str(refused.value)
    assert "restore the file from a copy" in str(refused.value)


@pytest.mark.parametrize("value", [7, -1, "x", True, [], {}, [7], ["x"], [[]], {"op": 7}, {"x": "y"}, 1.5])
def test_any_value_of_any_member_is_read_or_refused(value):
    """No value ends a command with an error of the program; null is as if it were not named."""
    for name, old in header_json.write(FULL).items():
        for told in (value, dict.fromkeys(old, value) if isinstance(old, dict) else None):
            with suppress(ValueError):
                header_json.write(header_json.read({"format": FORMAT, "rows": 1, name: told}))
        assert header_json.read({"format": FORMAT, "rows": 1} | ({name: None} if name != "rows" else {}))


def test_fixtures_are_there():
    """Journals of format 1, as the version before format 2 wrote them."""
    first = next(FIXTURES.rglob("journal.jsonl"))

    assert reader.header_of(LocalDisk().open_read(first), first).format == 1
