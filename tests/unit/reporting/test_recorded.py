"""A recorded run is told in one object."""

import json
from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest

from bulkscim.journal import journal, run_lock
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.entries import Kind
from bulkscim.journal.header import Header, RecordedGuards
from bulkscim.model.operation import Defaults, Verb
from bulkscim.model.row import RowState
from bulkscim.model.run import RecordedJob, RecordedTenant, RunState, Totals
from bulkscim.planning.guards import Bounds
from bulkscim.reporting.causes import Cause
from bulkscim.reporting.live_status import LiveStatus
from bulkscim.reporting.next_commands import Typed, same_run_command, with_next
from bulkscim.reporting.recorded import (
    list_runs,
    listing_lines,
    open_at,
    open_recorded,
    read_summary,
)
from bulkscim.reporting.summary import Summary, closing_lines, read, status_lines, write
from tests.support.making.journals import entry_of, header_of
from tests.support.making.recorded_runs import CSV, START, header, make_run, settled, started
from tests.support.running.fake_clock import VirtualClock


def summarized(state, seconds=1.0, *, totals, **more):
    """Return the summary of a run that ended so."""
    return Summary(None, state, Totals(**totals), seconds, **more)


def summary_of_folder(folder):
    with open_at(folder) as recorded:
        return read_summary(recorded)


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job file, in a folder of its own where we are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BULKSCIM_RUNS_DIR", raising=False)
    path = tmp_path / "people.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


async def test_summary_has_the_promised_keys_and_its_rows_add_up(job, tmp_path):
    """The summary holds state, totals, counters, time and chain; the states sum up to the rows."""
    summary = write(summary_of_folder(await make_run(tmp_path / "runs" / "one", job)))

    promised = ["run", "state", "rows", "done", "adopted", "noop", "failed", "skipped", "in_doubt", "pending"]
    promised += ["requests", "retries", "throttled", "elapsed_s", "chain"]
    assert list(summary)[: len(promised)] == promised
    assert summary["rows"] == sum(summary[state] for state in promised[3:10]) == 7
    assert summary["elapsed_s"] == 5.0
    assert summary["started_at"] == "2026-11-21T22:26:40Z"
    assert summary["tenant"] == "https://tenant.example/scim"


@pytest.mark.parametrize(
    ("end", "why", "state"),
    [
        (Kind.CLOSED, None, RunState.FINISHED),
        (Kind.STOPPED, "the tenant is down", RunState.STOPPED),
        (Kind.STOPPED, "interrupted", RunState.INTERRUPTED),
        (None, None, RunState.INTERRUPTED),
    ],
)
async def test_state_is_what_the_journal_ends_with(job, tmp_path, end, why, state):
    """Closed is finished, stopped is stopped or interrupted as it says, no end at all is interrupted."""
    folder = await make_run(tmp_path / "runs" / "one", job, end=end, why=why)

    assert summary_of_folder(folder).state is state


async def test_locked_run_is_running(job, tmp_path):
    """A run whose lock is held is running, whatever its journal ends with."""
    folder = await make_run(tmp_path / "runs" / "one", job, end=None)
    with (
        run_lock.hold(folder, LocalDisk(), VirtualClock()),
        open_recorded("last", tmp_path / "runs") as recorded,
    ):
        summary = read_summary(recorded)

    assert summary.state is RunState.RUNNING
    assert RowState.IN_DOUBT not in {each.state for each in summary.causes}
    assert "  under way" in "\n".join(status_lines(summary, folder, START))


@pytest.mark.parametrize(
    ("totals", "more", "told"),
    [
        ({"noop": 3}, {}, "3 noop (left as it was)"),
        ({"noop": 3}, {"noop_differ": 2}, "3 noop (left as it was; 2 of them differ from the file)"),
        ({"adopted": 1}, {"adopted_differ": 1}, "1 adopted (existed already; 1 of them differs from the file)"),
        ({"done": 2}, {}, "2 done"),
    ],
)  # fmt: skip
def test_rows_that_differ_are_part_of_their_state(totals, more, told, tmp_path):
    """ "3 noop (as wanted already), 3 differ" read as a state of its own, so that the states did not add up."""
    summary = summarized(RunState.FINISHED, totals=totals, **more)

    assert next(closing_lines(summary, tmp_path)).endswith(f": {told}")


def test_a_command_that_runs_the_errors_file_comes_after_its_name(tmp_path):
    """Pasted as printed, it failed as before: the rows must be corrected first."""
    commands = ["bulkscim retry one", "bulkscim run runs/one/errors.csv --op create"]
    summary = summarized(
        RunState.FINISHED, totals={"failed": 1}, errors="runs/one/errors.csv", next=tuple(commands)
    )

    assert list(closing_lines(summary, tmp_path))[-3:] == [
        f"next: {commands[0]}",
        "errors: runs/one/errors.csv (correct these rows, then run the file)",
        f"next: {commands[1]}",
    ]


async def test_status_for_people_names_why_and_the_next_command(job, tmp_path):
    """People read state, reason, counts, the chain, and what to type."""
    folder = await make_run(tmp_path / "runs" / "one", job)
    text = "\n".join(status_lines(summary_of_folder(folder), folder, START))

    assert "the tenant is down" in text
    assert "ticket 7" in text
    assert "in doubt" in text
    assert text.endswith("next: bulkscim resume one\nundo: bulkscim rollback one -n")


def damage(folder):
    """Make a line in the middle of a run's journal unreadable."""
    path = folder / "journal.jsonl"
    lines = path.read_bytes().split(b"\n")
    (folder / "checkpoint.json").unlink(missing_ok=True)
    path.write_bytes(b"\n".join([*lines[:3], b"x" * len(lines[3]), *lines[4:]]))


async def test_runs_are_listed_newest_first_and_damage_is_said(job, tmp_path):
    """One run that cannot be read does not hide the others."""
    await make_run(tmp_path / "runs" / "early", job)
    await make_run(tmp_path / "runs" / "late", job, now=START + 3600)
    damaged = await make_run(tmp_path / "runs" / "bad", job, now=START + 7200)
    damage(damaged)

    listed = list(list_runs(tmp_path / "runs"))

    told = [each.told() for each in listed]
    assert [each["run"] for each in told] == ["bad", "late", "early"]
    assert (told[0]["state"], told[0]["rows"], told[0]["tenant"]) == ("damaged", 0, "")
    assert "byte" in told[0]["why"]
    assert list(listing_lines(listed)) == [
        "run   state   rows failed skipped in doubt  tenant",
        "bad   damaged    0      0       0        0  ",
        "late  stopped    7      1       1        1  tenant.example",
        "early stopped    7      1       1        1  tenant.example",
    ]


async def test_rollbacks_are_listed_below_their_run(job, tmp_path):
    """A run that was rolled back looked like any other in the list."""
    for path in ("early", "late", "early/rollback-1", "early/rollback-1/rollback-1"):
        folder = await make_run(tmp_path / "runs" / path, job, now=START + 3600 * (path == "late"))
    damage(folder)

    late, early = list_runs(tmp_path / "runs")
    names = [line.split()[0] for line in listing_lines([late, early])]

    assert names == ["run", "late", "early", "early/rollback-1", "early/rollback-1/rollback-1"]
    assert late.told()["rollback_runs"] == []
    (child,) = early.told()["rollback_runs"]
    assert (child["run"], child["done"], child["rollback_runs"][0]["state"]) == ("rollback-1", 1, "damaged")


@pytest.mark.parametrize(
    ("state", "counts", "more", "commands"),
    [
        (RunState.STOPPED, {"pending": 1}, {}, ["resume one"]),
        (RunState.FINISHED, {"in_doubt": 1, "failed": 1}, {}, ["resume one"]),
        (RunState.STOPPED, {"pending": 9}, {"why": "… --max-adopt allows 30. …"}, ["resume one --max-adopt 39"]),
        (RunState.STOPPED, {"pending": 9}, {"why": "… --seats allows 1,030. …"}, ["resume one --seats 1039"]),
        (
            RunState.STOPPED,
            {"pending": 3},
            {"why": "row 4 would be member number 1,006 to leave group A, and --max-removals allows 2: …"},
            ["resume one --max-removals 1008"],
        ),
        (RunState.RUNNING, {"pending": 1}, {}, ["status one"]),
        (RunState.FINISHED, {"done": 1}, {"rollbacks": ("rollback-2",)}, ["status one/rollback-2"]),
        (RunState.FINISHED, {"done": 1}, {"purged_at": "now"}, ["verify one"]),
        (RunState.FINISHED, {"done": 1}, {}, []),
        (
            RunState.FINISHED,
            {"failed": 2},
            {
                "causes": tuple(
                    Cause(RowState.FAILED, None, "", "", 1, (1,), "", line)
                    for line in ("bulkscim retry one", "bulkscim retry one --create-groups", None)
                ),
                "errors": "runs/my e.csv",
            },
            ["retry one --create-groups", "run 'runs/my e.csv' --map /m.toml --op create --tenant acme --profile lucid"],
        ),
    ],
)  # fmt: skip
def test_next_command_follows_from_the_end(state, counts, more, commands):
    """A good run ended with `explain --row 1`, whatever it was; a retry that needs a flag was named without it."""
    from pathlib import Path

    tenant = RecordedTenant("https://x.example", "lucid", name="acme")
    header = Header(tenant=tenant, defaults=Defaults(Verb.CREATE), definitions=("/m.toml",))
    summary = summarized(state, totals=counts, **more)
    told = with_next(summary, Path("runs/one"), header, written=True)

    assert told.next == tuple(f"bulkscim {each}" for each in commands)
    is_over = state is not RunState.RUNNING and not more.get("rollbacks") and not more.get("purged_at")
    changed = bool(counts.get("done")) and is_over
    assert told.undo == ("bulkscim rollback one -n" if changed else None)
    if state is RunState.FINISHED and not more:
        written_not = with_next(summary, Path("runs/one"), header).next
        assert written_not in (("bulkscim results one",), ("bulkscim resume one",))


@pytest.mark.parametrize("state", [RunState.FINISHED, RunState.STOPPED, RunState.INTERRUPTED])
def test_a_run_that_has_changed_something_can_be_undone_however_it_ended(state, tmp_path):
    """A run that was interrupted named `resume` alone, though users had been created."""
    summary = summarized(state, totals={"pending": 2}, undoable=True)

    assert with_next(summary, tmp_path / "one", Header()).undo == f"bulkscim rollback {tmp_path / 'one'} -n"


@pytest.mark.parametrize("purged_or_undone", [{"purged_at": "now"}, {"rollbacks": ("rollback-1",)}])
def test_what_is_purged_or_being_undone_is_not_undone_again(purged_or_undone, tmp_path):
    summary = summarized(RunState.STOPPED, totals={"done": 2}, undoable=True, **purged_or_undone)

    assert with_next(summary, tmp_path / "one", Header()).undo is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (0, "2 pending"),
        (1, "2 pending; 1 change was made for rows that have not ended"),
        (1081, "2 pending; 1,081 changes were made for rows that have not ended"),
    ],
)
def test_changes_of_rows_that_are_pending_are_counted(changes, told, tmp_path):
    """ "200 pending" read as if nothing was done, though 81 users were created and waited for their groups."""
    summary = summarized(RunState.INTERRUPTED, totals={"pending": 2}, unended_changes=changes)

    assert next(closing_lines(summary, tmp_path)).endswith(f": {told}")
    status = [line for line in status_lines(summary, tmp_path, START) if line.startswith("so far")]
    assert status == [f"so far    {told.partition('; ')[2]}"] * bool(changes)


async def test_a_change_counts_until_its_rows_have_ended(job, tmp_path):
    """Of a step for several rows, all of them; what a row did that has ended is counted by its state."""
    folder = tmp_path / "runs" / "one"
    folder.mkdir(parents=True)
    made = journal.create(folder, LocalDisk(), header_of(header(job, "one"), 3), VirtualClock(START))
    await made.append(entry_of(Kind.OPENED, body={"pid": 1, "host": "here", "command": "run"}))
    counted = []
    for step, rows in enumerate([(1,), (2,), (2, 3)], 1):
        parts = tuple((row, "create") for row in rows)
        await made.append(started(rows[0], step, "ada@example.com")._replace(rows=parts))
        await made.append(entry_of(Kind.APPLIED, parts, step, body={"id": f"u{step}", "status": 201}))
        counted.append(summary_of_folder(folder).unended_changes)
    for row in (1, 2, 3):
        await made.append(settled(row, RowState.DONE, "ada@example.com", id="u1", status=201))
        counted.append(summary_of_folder(folder).unended_changes)
    await made.aclose()

    assert counted == [1, 2, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("bounds", "flags"),
    [
        (Bounds(max_delete=5, max_admins=0), ""),  # as without a flag
        (Bounds(max_delete=2, max_admins=0), " --max-delete 2"),
        (Bounds(max_delete=5, max_admins=1, max_errors=3), " --max-admins 1 --max-errors 3"),
        (Bounds(max_delete=5, max_admins=0, seats=9, max_emptied=0), " --seats 9 --max-emptied 0"),
        (Bounds(max_delete=5, max_admins=0, max_removals=("40%",)), " --max-removals 40%"),
        (Bounds(max_delete=5, max_admins=0, max_share=("40%", "3")), ""),
    ],
)
def test_a_run_that_begins_again_keeps_its_canary_and_its_own_guards(bounds, flags):
    header = Header(
        job=RecordedJob("/job.csv"),
        tenant=RecordedTenant(name="acme"),
        guards=RecordedGuards(bounds),
        canary=(2, 5),
        live_users=10,
    )

    assert same_run_command(header) == f"bulkscim run /job.csv --tenant acme --canary 2{flags}"


def test_folder_elsewhere_is_named_by_its_path(tmp_path):
    """A run that is not in the usual place is named so that it can be found; what was typed is typed again."""
    folder = tmp_path / "my runs" / "one"
    summary = summarized(RunState.STOPPED, totals={"pending": 1})
    typed = Typed(access=("--token-file", "my token"), job=("--job", "a b.csv"))

    summary = with_next(summary, folder, Header(), typed)

    wanted = f"next: bulkscim resume '{folder}' --token-file 'my token' --job 'a b.csv'"
    assert list(closing_lines(summary, folder))[-1] == wanted


def test_what_comes_later_keeps_the_tenant(tmp_path):
    """The command for the 30th day had no tenant."""
    summary = summarized(RunState.FINISHED, totals={"done": 1}, later="runs/one/d.jsonl")
    header = Header(tenant=RecordedTenant("https://x.example", "generic"))

    told = with_next(summary, tmp_path / "one", header, written=True)

    assert told.later_command == "bulkscim run runs/one/d.jsonl --base-url https://x.example"
    assert with_next(replace(summary, purged_at="now"), tmp_path / "one", header).later_command is None


FULL = Summary(
    "one",
    RunState.STOPPED,
    Totals(*range(1, 12)),
    2.5,
    "ab",
    *(1, 2, True, 3),
    *("why", "again", "command", "job", "sha256", "tenant", "profile", "note"),
    changed={"settings": {"rate": "2/s"}},
    started_at="then",
    ended_at="now",
    rollbacks=("rollback-1",),
    sessions=2,
    folder="runs/one",
    causes=(
        Cause(RowState.FAILED, 400, "invalidValue", "no", 2, (1, 2), "hint", "bulkscim retry one"),
        Cause(RowState.SKIPPED, None, "", "no", 1, (3,)),
    ),
    results="results.csv",
    errors="errors.csv",
    later="later.jsonl",
    next=("bulkscim status one",),
    undo="undo",
    later_command="run later.jsonl",
    purged_at="later",
    progress=LiveStatus(is_current=True, age_s=1.5, waiting="limit, 3 s"),
    others={"added": {"by": "a later version"}},
)


def test_every_field_of_a_summary_is_written_and_read():
    """What another version has added as well."""
    assert all(getattr(FULL, one.name) for one in fields(FULL))
    assert read(json.loads(json.dumps(write(FULL)))) == FULL


def test_settings_that_were_changed_are_told_as_their_flags_take_them():
    """A number of 0 stands for auto; a guard that is kept as a list is shown as its limit."""
    changed = {"settings": {"rate": "2/s", "concurrency": 0}, "guards": {"max_removals": ["15"]}}

    summary = replace(FULL, changed=changed, started_at=None, progress=None)
    lines = list(status_lines(summary, Path("one"), 0.0))

    assert {"changed   rate 2/s, concurrency auto", "changed   max_removals 15"} <= set(lines)


def test_a_summary_without_a_folder_has_causes_and_next_commands_where_it_has_any():
    """A dry run; a rollback with nothing to undo."""
    names = [*asdict(Totals()), "elapsed_s", "chain", "adopted_differ", "noop_differ"]
    plain = summarized(RunState.FINISHED, totals={})

    assert list(write(plain)) == ["run", "state", *names]
    assert list(write(replace(plain, causes=(), next=())))[-2:] == ["causes", "next"]


@pytest.mark.parametrize("text", ["no JSON", "[]", "7", '{"chain": 7}', '{"state": "elsewhere"}', "{}"])
async def test_a_summary_file_that_was_altered_is_as_if_it_were_not_there(job, tmp_path, text):
    """It is derived: what is told comes from the journal."""
    folder = await make_run(tmp_path / "runs" / "one", job)
    told = summary_of_folder(folder)

    (folder / "summary.json").write_text(text)

    assert summary_of_folder(folder) == told
