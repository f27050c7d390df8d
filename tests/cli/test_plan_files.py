"""A plan file is applied exactly, or refused; what was changed since is skipped."""

import json
import shlex

import pytest

from bulkscim.runs import session

PEOPLE = "userName,title\nnew@x.test,Lead\nuser0@example.com,Chief\nuser1@example.com,Old\n"


@pytest.fixture
def plan(bulkscim, tenant, tmp_path):
    """Return the file of a plan that creates one user, changes one, and leaves one."""
    (tmp_path / "people.csv").write_text(PEOPLE)
    outcome = bulkscim("plan", "people.csv", "--op", "upsert", "-o", "people.plan", *tenant.reached)
    assert (outcome.code, tenant.writes) == (0, [])
    assert "next: bulkscim run people.plan" in outcome.stderr
    return tmp_path / "people.plan"


@pytest.fixture
def apply(bulkscim, tenant, plan):
    """Return what applies the plan."""
    return lambda *more: bulkscim("run", "people.plan", "--yes", "--json", *tenant.reached, *more)


def test_a_plan_file_is_json_lines_whose_head_names_job_author_and_time(plan):
    head, *rows = [json.loads(line) for line in plan.read_text().splitlines()]

    assert (head["bulkscim_plan"], [one["row"] for one in rows]) == (1, [1, 2, 3])
    assert "@" in head["by"]
    assert head["made"] > 0
    assert head["header"]["job"]["sha256"]
    assert head["header"]["tenant"]["token"] == head["header"]["tenant"]["salt"] == ""
    assert [one["decision"] for one in rows] == ["create", "change", "unchanged"]
    assert rows[1]["changes"] == [{"part": "update", "path": "title", "before": "Old", "after": "Chief"}]


def test_a_plan_is_applied_exactly_once(apply, tenant):
    first = apply()
    writes = len(tenant.writes)
    again = apply()

    assert (first.code, first.json["done"], first.json["noop"]) == (0, 2, 1)
    assert (again.code, again.json["skipped"], again.json["noop"]) == (0, 0, 3)
    assert len(tenant.writes) == writes


def test_a_row_whose_resource_was_changed_since_is_skipped_with_both_values(apply, tenant):
    tenant.user("user0@example.com")["title"] = "Boss"

    outcome = apply()

    assert (outcome.code, outcome.json["done"], outcome.json["skipped"]) == (3, 1, 1)
    assert 'drift: title is "Boss"; the plan saw "Old"' in outcome.stderr
    assert tenant.user("user0@example.com")["title"] == "Boss"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("plan", "show", "people.csv"), "is no plan file"),
        (("plan", "show", "people.plan", "-o", "x"), "leave out --out"),
        (("plan", "people.plan", "--tenant", "acme", "--all"), "leave out --tenant"),
    ],
)
def test_what_cannot_be_shown_as_a_plan_is_an_error(bulkscim, plan, words, told):
    outcome = bulkscim(*words)

    assert (outcome.code, outcome.stdout) == (2, ""), outcome.text
    assert told in outcome.stderr


@pytest.mark.parametrize("place", ["people.plan", "nosuch/people.plan"])
def test_a_plan_that_cannot_be_written_is_refused_before_the_tenant_is_read(bulkscim, tenant, plan, place):
    """It was refused when all of the tenant had been read."""
    requests = len(tenant.seen)
    outcome = bulkscim("plan", "people.csv", "--op", "upsert", "-o", place, *tenant.reached)

    assert (outcome.code, len(tenant.seen)) == (2, requests), outcome.text


def next_commands(outcome):
    """Return the commands that come next."""
    return [line.removeprefix("next: ") for line in outcome.stderr.splitlines() if line.startswith("next: ")]


def test_after_drift_the_rows_that_were_left_are_planned_again(apply, bulkscim, tenant):
    """A retry was named, which compared with the same plan, and a run of the rows that no plan had shown."""
    tenant.user("user0@example.com")["title"] = "Boss"
    applied = apply()
    errors = [one for one in next_commands(applied) if not one.startswith("bulkscim rollback")]
    again = bulkscim(*shlex.split(errors[0])[1:])

    assert len(errors) == 1
    assert errors[0].startswith("bulkscim plan runs/")
    assert (again.code, tenant.user("user0@example.com")["title"]) == (0, "Boss"), again.text
    assert '"Boss" → "Chief"' in again.stdout


def test_the_next_command_of_a_stale_plan_makes_it_again(apply, bulkscim, tmp_path, plan):
    (tmp_path / "people.csv").write_text(PEOPLE + "user2@example.com,New\n")
    stale = apply()
    (again,) = next_commands(stale)
    planned = bulkscim(*shlex.split(again)[1:])

    assert (stale.code, planned.code, apply().code) == (8, 0, 0), planned.text


def test_a_plan_of_which_some_rows_fail_may_be_applied_or_made_again(bulkscim, tenant, tmp_path):
    (tmp_path / "people.csv").write_text("userName,title\nuser0@example.com,Chief\nabsent@x.test,Lead\n")
    job = ("plan", "people.csv", "--op", "patch", "-o", "people.plan", *tenant.reached)
    again, applied = next_commands(bulkscim(*job))

    assert again.startswith("bulkscim plan people.csv ")
    assert again.endswith(" --out people.plan --force")
    assert applied.startswith("bulkscim run people.plan")


def test_nothing_comes_next_where_nothing_is_to_do(bulkscim, tenant, tmp_path):
    (tmp_path / "people.csv").write_text("userName,title\nuser0@example.com,Old\n")
    outcome = bulkscim("plan", "people.csv", "--op", "patch", *tenant.reached)

    assert (outcome.code, next_commands(outcome)) == (0, []), outcome.text


def test_a_value_that_the_plan_does_not_change_is_left_as_others_set_it(apply, tenant):
    tenant.user("user1@example.com")["title"] = "Boss"  # the plan has this row as unchanged

    assert apply().code == 0
    assert tenant.user("user1@example.com")["title"] == "Boss"


def test_a_user_that_exists_by_now_is_neither_adopted_nor_changed(apply, tenant):
    tenant.add("Users", {"userName": "new@x.test", "title": "Other"})

    outcome = apply()

    assert (outcome.code, outcome.json["adopted"], outcome.json["skipped"]) == (3, 0, 1)
    assert "drift: it exists now" in outcome.stderr
    assert tenant.user("new@x.test")["title"] == "Other"


def test_a_job_of_creates_adopts_only_what_its_plan_adopts(bulkscim, tenant, tmp_path):
    (tmp_path / "people.csv").write_text("userName,title\nuser0@example.com,Old\nnew@x.test,Lead\n")
    bulkscim("plan", "people.csv", "--op", "create", "-o", "people.plan", *tenant.reached)
    tenant.add("Users", {"userName": "new@x.test"})

    outcome = bulkscim("run", "people.plan", "--yes", "--json", *tenant.reached)

    assert (outcome.json["adopted"], outcome.json["skipped"]) == (1, 1)


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda text: text.replace('"Chief"', '"Boss"'), "was edited"),
        (lambda text: text.replace('"row":3', '"row":2'), "was edited"),
        (lambda text: text.rpartition('{"row":3')[0], "was edited"),
        (lambda text: text.replace('"made":1', '"made":2', 1), "was edited"),
        (lambda text: text[:300], "is damaged"),
        (lambda text: text.replace('"bulkscim_plan":1', '"bulkscim_plan":7'), "another version"),
    ],
)
def test_an_edited_plan_is_refused(plan, apply, tenant, edit, told):
    plan.write_text(edit(plan.read_text()))

    outcome = apply()

    assert (outcome.code in {2, 8}, tenant.writes) == (True, [])
    assert told in outcome.stderr


@pytest.mark.parametrize(
    ("change", "flags", "told"),
    [
        (lambda folder: (folder / "people.csv").write_text(PEOPLE + "x@x.test,A\n"), (), "the job file"),
        (lambda folder: None, ("--profile", "lucid"), "the profile"),
        (lambda folder: None, ("--max-plan-age", "0s"), "its age"),
    ],
)
def test_a_plan_that_does_not_fit_any_more_is_refused_with_8(apply, tenant, tmp_path, change, flags, told):
    change(tmp_path)

    outcome = apply(*flags)

    assert (outcome.code, tenant.writes) == (8, [])
    assert f"does not fit any more: {told}" in outcome.stderr


def test_a_plan_of_a_definition_that_was_changed_is_refused(bulkscim, tenant, tmp_path):
    job = '[job]\nfile = "people.csv"\nop = "upsert"\n[map]\nuserName = "Login"\ntitle = "{0}"\n'
    (tmp_path / "people.csv").write_text("Login,Title,Role\nuser0@example.com,Chief,Boss\n")
    (tmp_path / "job.toml").write_text(job.format("Title"))
    bulkscim("plan", "job.toml", "-o", "people.plan", *tenant.reached)
    (tmp_path / "job.toml").write_text(job.format("Role"))

    outcome = bulkscim("run", "people.plan", "--yes", *tenant.reached)

    assert (outcome.code, tenant.writes) == (8, [])
    assert "the mapping" in outcome.stderr


@pytest.mark.parametrize(
    "flags", [("--op", "create"), ("--limit", "1"), ("--on-exists", "skip"), ("--strict",)]
)
def test_flags_that_select_or_change_rows_are_refused_with_a_plan(apply, tenant, flags):
    outcome = apply(*flags)

    assert (outcome.code, tenant.writes) == (2, [])


def test_a_plan_knows_its_tenant(bulkscim, tenant, plan):
    outcome = bulkscim("run", "people.plan", "--yes", "--rate", "1000/s")

    assert outcome.code == 0
    assert len(tenant.writes) == 2


def test_a_plan_is_shown_again_without_a_tenant(bulkscim, tenant, plan):
    seen = len(tenant.seen)

    shown, same = bulkscim("plan", "show", "people.plan"), bulkscim("plan", "people.plan", "--all")

    assert shown.stdout.startswith("plan: 1 to create, 1 to change, ")
    assert "  row 1  create  User new@x.test" in same.stdout
    assert len(tenant.seen) == seen


def test_a_plan_file_is_not_replaced_unasked(bulkscim, tenant, plan):
    again = ("plan", "people.csv", "--op", "upsert", "-o", "people.plan", *tenant.reached)

    assert bulkscim(*again).code == 2
    assert bulkscim(*again, "--force").code == 0


def test_a_run_that_goes_on_applies_the_same_plan(bulkscim, tenant, plan, apply, monkeypatch):
    """The plan lies in the run folder, so that a resume needs no other file."""

    async def dies(held, *first):
        await held.journal.append(*first)
        raise OSError("the machine is gone")

    with monkeypatch.context() as dying:
        dying.setattr(session, "begin", dies)
        apply("--run-dir", "mine")
    plan.unlink()
    tenant.user("user0@example.com")["title"] = "Boss"

    outcome = bulkscim("resume", "mine", "--json", *tenant.reached[:2])

    assert (outcome.json["done"], outcome.json["skipped"], outcome.json["noop"]) == (1, 1, 1)


def test_what_cannot_be_read_as_a_plan_is_a_usage_error(bulkscim, tmp_path):
    outcome = bulkscim("plan", "show", "none.plan")

    assert outcome.code == 2
    assert "none.plan: cannot be read" in outcome.stderr


def test_a_run_reads_its_own_copy_of_the_plan(bulkscim, tenant, plan, apply, monkeypatch):
    """A plan that was edited while the run worked was read in later passes."""
    begin = session.begin

    async def edited(held, *first):
        plan.unlink()
        return await begin(held, *first)

    monkeypatch.setattr(session, "begin", edited)

    assert apply().json["done"] == 2


def test_the_next_command_for_a_missing_group_makes_the_plan_again(bulkscim, tenant, tmp_path):
    """It ran the plan with a flag that plans refuse."""
    (tmp_path / "new.csv").write_text("userName,groups\nnew@example.com,Nowhere\n")
    job = ("new.csv", "--op", "create", "--out", "new.plan", *tenant.reached)
    made = bulkscim("plan", *job)
    [line] = [line for line in made.stderr.splitlines() if line.startswith("next: ")]
    program, *words = shlex.split(line.removeprefix("next: "))
    again = bulkscim(*words)

    assert (made.code, again.code, program) == (0, 0, "bulkscim"), again.text
    assert words[0] == "plan"
    assert "Nowhere" in again.stdout
    assert "next: bulkscim run new.plan" in again.stderr
    assert "--create-groups" not in bulkscim("run", "new.plan", "-n", *tenant.reached).stderr
