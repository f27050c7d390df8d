"""The library, as a backend uses it."""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

import bulkscim
from tests.support.running.command import secrets_on_disk
from tests.support.running.watching import Silent
from tests.support.servers.scim_server import TOKEN
from tests.support.servers.small_tenant import SmallTenant

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
ADA: bulkscim.JobRecord = {"op": "create", "data": {"userName": "ada@example.com"}}
BOB_LEAVES: bulkscim.JobRecord = {"op": "deactivate", "match": {"userName": "bob@example.com"}}


def example():
    """Return the program that the README shows."""
    (text,) = (
        block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "import bulkscim" in block
    )
    return text


class Began(Silent):
    """A watcher that tells when the run is under way."""

    def __init__(self):
        super().__init__()
        self.began = asyncio.Event()

    def opened(self, totals):
        """Tell it."""
        self.began.set()


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    """Keep runs, state and settings in the test's own folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BULKSCIM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("BULKSCIM_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


@pytest.fixture
def small():
    """A tenant with one person."""
    with SmallTenant("bob@example.com").serving() as running:
        yield running


@pytest.fixture
def reached(small):
    """The tenant as the library knows it."""
    return bulkscim.Tenant(small.base_url, bulkscim.Secret(TOKEN))


def test_readme_program_provisions_and_deprovisions(tenant, tmp_path):
    """The text of the README runs as it stands: one joins, one leaves, each result is told."""
    tenant.create("Users", {"userName": "bob@example.com", "active": True})
    own = {"SCIM_URL": tenant.base_url, "SCIM_TOKEN": TOKEN}

    done = subprocess.run(
        [sys.executable, "-c", example()],
        env=os.environ | own,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert "finished 2 done 0 failed" in done.stdout
    people = {person["userName"]: person for person in tenant.users()}
    assert people["ada@example.com"]["title"] == "Analyst"
    assert people["ada@example.com"]["id"] in done.stdout
    assert people["bob@example.com"]["active"] is False
    assert secrets_on_disk(tmp_path, TOKEN) == []


@pytest.mark.slow
def test_readme_program_is_typed(tmp_path):
    """A strict type checker finds nothing in it."""
    (tmp_path / "program.py").write_text(example())

    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "program.py"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_readme_program_is_short():
    """What a backend needs is about fifteen lines."""
    lines = [line for line in example().splitlines() if line and not line.startswith("import")]

    assert len(lines) <= 15


async def test_operations_become_the_runs_job_file(reached, small, tmp_path):
    """Operations from Python lie in the run's folder, for its owner, and nowhere else."""
    report = await bulkscim.run((record for record in (ADA, BOB_LEAVES)), reached)

    assert report.totals.done == 2
    assert report.folder.parent == Path("runs")
    assert report.folder.name.endswith("-operations")
    assert (report.folder / "job.jsonl").stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "tmp").iterdir()] == []
    assert small.user("bob@example.com")["active"] is False


async def test_each_row_has_a_result(reached, small):
    """Results name identity, id and state of each row."""
    report = await bulkscim.run([ADA], reached)

    (result,) = bulkscim.results(report)

    assert result.state is bulkscim.RowState.DONE
    assert (result.key, result.id) == ("ada@example.com", small.user("ada@example.com")["id"])


async def test_a_plan_has_its_rows_and_changes_nothing(reached, small):
    """What becomes of each, whether anything would be sent, and in a line; the job's own flags hold."""
    bob = {"op": "upsert", "data": {"userName": "bob@example.com", "title": "New"}}
    held = len(small.held["Users"])

    plan = await bulkscim.plan([bob, ADA], reached)
    one = await bulkscim.plan([bob, ADA], reached, skip=1)

    assert len(small.held["Users"]) == held
    assert [(row.row, row.decision) for row in plan.rows] == [
        (1, bulkscim.Will.CHANGE),
        (2, bulkscim.Will.CREATE),
    ]
    (change,) = plan.rows[0].changes
    assert (change.path, change.before, change.after) == ("title", "Old", "New")
    assert plan.summary.startswith("1 to create, 1 to change, ")
    assert (plan.sends, plan.report.folder) == (True, None)
    assert [row.row for row in one.rows] == [2]


async def test_what_a_create_does_with_a_user_that_exists_is_an_argument(reached, small):
    """The flags `--on-exists skip`, `--max-adopt`, `--limit` and `--with-needed`, as arguments."""
    bob = {
        "op": "create",
        "data": {"userName": "bob@example.com", "title": "New", "manager": "ada@example.com"},
    }

    skipped = await bulkscim.run([bob], reached, on_exists="skip")
    bounded = await bulkscim.run([bob, ADA], reached, limit=1, with_needed=True, max_adopt=0)
    (row, _) = bulkscim.results(await bulkscim.run([bob, ADA], reached, max_adopt="100%"))

    assert (skipped.totals.noop, small.user("bob@example.com")["title"]) == (1, "Old")
    assert isinstance(bounded.exit_reason, bulkscim.Stopped)
    assert (bounded.totals.rows, bounded.totals.done) == (2, 1)
    assert (row.state, row.detail) == (
        bulkscim.RowState.ADOPTED,
        "manager set to ada@example.com; title is 'Old', the file says 'New'",
    )


async def test_a_run_is_taken_back(reached, small):
    """Who joined is gone, who left is back; one person alone may be chosen, and the rest later."""
    report = await bulkscim.run([ADA, BOB_LEAVES], reached)

    first = await bulkscim.rollback(report, reached, keys=["bob@example.com"])
    half = small.named("ada@example.com"), small.user("bob@example.com")["active"]
    second = await bulkscim.rollback(report, reached)
    third = await bulkscim.rollback(report, reached)

    assert first.totals.done == second.totals.done == 1
    assert half == (1, True)
    assert small.named("ada@example.com") == 0
    assert third.folder is None
    assert third.totals.rows == 0
    with pytest.raises(bulkscim.Refused, match="rollback-2"):
        await bulkscim.resume(report.folder, reached)


async def test_dry_run_sends_and_leaves_nothing(reached, small, tmp_path):
    """A dry run counts; afterwards nothing is there."""
    report = await bulkscim.run([ADA], reached, dry_run=True)

    assert report.totals.done == 1
    assert small.writes == []
    assert not (tmp_path / "runs").exists()
    with pytest.raises(bulkscim.UsageError, match="dry run"):
        list(bulkscim.results(report))


async def test_job_file_is_a_job_too(reached, small, tmp_path):
    """A path is read as the command line reads it, with its flags as arguments."""
    (tmp_path / "people.csv").write_text("userName,title\neve@example.com,Lead\n")

    report = await bulkscim.run(tmp_path / "people.csv", reached, op="create", runs_dir="elsewhere")

    assert report.totals.done == 1
    assert report.folder.parent == Path("elsewhere")
    assert small.user("eve@example.com")["title"] == "Lead"


async def test_a_definition_is_an_argument_and_applies_whole(reached, small, tmp_path):
    """A program could not pass a map; its guards hold as well."""
    (tmp_path / "people.csv").write_text("Mail\neve@example.com\n")
    definition = tmp_path / "job.toml"
    definition.write_text('[job]\nop = "create"\n[map]\nuserName = "Mail"\n[guard]\nmax_create = 0\n')

    with pytest.raises(bulkscim.Refused, match="1 create is more than the 0"):
        await bulkscim.run(tmp_path / "people.csv", reached, map=definition)
    with pytest.raises(bulkscim.UsageError, match="operations need none"):
        await bulkscim.run([ADA], reached, map=definition)

    assert small.writes == []


async def test_what_rows_do_can_be_changed_of_a_run_that_goes_on(reached, small):
    """retry took no `create_groups`, so that a run with a missing group could not be finished."""
    joins = {"op": "create", "data": {"userName": "eve@example.com", "groups": ["Sales"]}}
    report = await bulkscim.run([joins], reached)
    assert report.totals.failed == 1

    again = await bulkscim.retry(report.folder, reached, create_groups=True)

    assert again.totals.done == 1
    assert small.named("Sales") == 1


async def test_cancelled_run_is_resumed(reached, small):
    """A call that is cancelled leaves a run that goes on where it was; no user is created twice."""
    people = [{"op": "create", "data": {"userName": f"p{number}@example.com"}} for number in range(60)]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bulkscim.run(people, reached, rate="20/s"), 2)
    made = len(small.writes)

    report = await bulkscim.resume("last", reached, rate="1000/s")

    assert 0 < made < 60
    assert report.state is bulkscim.RunState.FINISHED
    assert all(small.named(record["data"]["userName"]) == 1 for record in people)


async def test_tenant_has_one_run_at_a_time(reached, small):
    """A second run on the tenant raises and sends nothing; the first comes to its end."""
    watching = Began()
    first = asyncio.ensure_future(bulkscim.run([ADA, BOB_LEAVES], reached, rate="4/s", watcher=watching))
    await watching.began.wait()

    with pytest.raises(bulkscim.Locked, match="another run"):
        await bulkscim.run([ADA], reached)

    assert (await first).totals.done == 2


async def test_failed_rows_are_tried_again(reached, small):
    """retry takes up what failed."""
    leaves = {"op": "deactivate", "match": {"userName": "late@example.com"}}
    report = await bulkscim.run([leaves], reached)
    assert report.totals.failed == 1
    small.add("Users", {"userName": "late@example.com", "active": True})

    again = await bulkscim.retry(report.folder, reached)

    assert again.totals.done == 1


async def test_resume_finds_the_tenant_by_its_name(small, tmp_path, monkeypatch):
    """A run on a tenant with a name goes on without being told which."""
    entry = f'[tenant.acme]\nbase_url = "{small.base_url}"\ntoken_file = "token"\n'
    monkeypatch.setenv("BULKSCIM_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "bulkscim.toml").write_text(entry)
    (tmp_path / "config" / "token").write_text(TOKEN)

    await bulkscim.run([ADA], bulkscim.tenant("acme"))
    report = await bulkscim.resume()

    assert report.totals.done == 1


async def test_another_tenants_token_is_not_offered(reached, small):
    """A run goes on only on its own tenant."""
    report = await bulkscim.run([ADA], reached)
    asked = len(small.seen)
    other = bulkscim.Tenant("http://127.0.0.1:1/scim", bulkscim.Secret("other"))

    with pytest.raises(bulkscim.Mismatch, match="belongs to"):
        await bulkscim.resume(report.folder, other)

    assert len(small.seen) == asked


async def test_production_wants_its_name(small):
    """A tenant that is marked production is not changed in passing."""
    production = bulkscim.Tenant(small.base_url, bulkscim.Secret(TOKEN), name="acme", production=True)

    with pytest.raises(bulkscim.Refused, match='yes_production="acme"'):
        await bulkscim.run([ADA], production)

    assert small.writes == []
    report = await bulkscim.run([ADA], production, yes_production="acme")
    assert report.totals.done == 1


async def test_guards_hold(reached, small):
    """A limit that the operations exceed refuses them all."""
    with pytest.raises(bulkscim.Refused):
        await bulkscim.run([BOB_LEAVES], reached, max_delete=0)

    assert small.writes == []


@pytest.mark.parametrize(
    ("records", "options", "error", "said"),
    [
        ([], {}, bulkscim.JobFileInvalid, "no records"),
        ([ADA, {"op": "explode"}], {}, bulkscim.JobFileInvalid, "operations:2"),
        ([{"op": "create", "data": {"userName": object()}}], {}, bulkscim.JobFileInvalid, "operation 1"),
        (
            [{"op": "create", "data": {"userName": "a", "password": "p"}}],
            {},
            bulkscim.JobFileInvalid,
            "password",
        ),
        ([ADA], {"max_create": "many"}, bulkscim.UsageError, "max_create"),
        ([ADA], {"op": "explode"}, bulkscim.UsageError, "not an operation"),
        ([ADA], {"rate": "fast"}, bulkscim.UsageError, "100/min"),
    ],
)
async def test_what_cannot_begin_raises(records, options, error, said, small):
    """Nothing is sent and nothing is left where the operations or options are wrong."""
    with pytest.raises(error, match=said):
        await bulkscim.run(records, bulkscim.Tenant(small.base_url, bulkscim.Secret(TOKEN)), **options)

    assert small.writes == []
    assert os.listdir("tmp") == []  # noqa: PTH208 - in an async function


def test_signals_are_the_programs_own(reached):
    """A run works in a thread that is not the main one, where no signal can be taken."""
    reports = []
    thread = threading.Thread(target=lambda: reports.append(asyncio.run(bulkscim.run([ADA], reached))))

    thread.start()
    thread.join(timeout=60)

    assert [report.totals.done for report in reports] == [1]


def test_token_never_shows_itself(reached):
    """A tenant can be printed."""
    assert TOKEN not in repr(reached)
