"""Lucid's ways, each through the real command line against the sandbox that plays it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.making.records import deactivate, delete, group, join
from tests.support.running.command import Command, Outcome

LICENCES = "urn:ietf:params:scim:schemas:extension:lucid:1.0:User"


@pytest.fixture(scope="module")
def state(tmp_path_factory) -> Iterator[Path]:
    """A sandbox that plays Lucid, three hundred times as fast; the folder that tells where it is."""
    folder = tmp_path_factory.mktemp("lucid")
    command = Command(folder, token=None)
    assert command("sandbox", "start", "--profile", "lucid", "--speed", "300").code == 0
    yield folder / "state"
    command("sandbox", "stop", "--profile", "lucid")


@pytest.fixture
def bulkscim(tmp_path, state) -> Command:
    """The command line, in a folder of its own, next to that sandbox."""
    return Command(tmp_path, token=None, environment={"BULKSCIM_STATE_DIR": str(state)})


def run(bulkscim: Command, path: Path, *more: str, token: str = "sandbox") -> Outcome:
    """Run a job file with one of Lucid's two tokens."""
    return bulkscim("run", path, "--tenant", token, "--profile", "lucid", *more)


def person(name: str, **data) -> dict:
    """Ask for a user as Lucid wants it: with an e-mail."""
    data = {"userName": name, "emails": [{"value": name, "primary": True}], **data}
    return {"op": "create", "type": "User", "data": data}


def activate(name: str) -> dict:
    """Ask for a user to be activated."""
    return {**deactivate(name), "op": "activate"}


def result(bulkscim: Command) -> list[tuple[str, str]]:
    """Return state and detail of each row."""
    return [(line["state"], line["detail"]) for line in bulkscim.results()]


def intents(folder: Path) -> list[dict]:
    """Return what the journal says of each step before it was sent."""
    with (folder / "journal.jsonl").open() as file:
        lines = [json.loads(line) for line in file]
    return [line["body"] for line in lines if line["k"] == "started"]


def test_a_deactivated_user_is_found_again_by_the_id_in_the_journal(bulkscim, job):
    """No list and no filter shows who is deactivated; the journal of the run that did it has the id."""
    assert run(bulkscim, job(person("gone@example.com"), deactivate("gone@example.com"))).code == 0

    outcome = run(bulkscim, job(activate("gone@example.com")), "--run-dir", str(bulkscim.folder / "second"))

    assert outcome.code == 0, outcome.text
    assert bulkscim.status(bulkscim.folder / "second")["done"] == 1


def test_one_file_may_deactivate_and_activate_by_name(bulkscim, job):
    """What a run hides from itself it finds again."""
    name = "both@example.com"

    run(bulkscim, job(person(name)), "--run-dir", str(bulkscim.folder / "first"))

    assert run(bulkscim, job(deactivate(name), activate(name))).code == 0
    assert bulkscim.states() == ["done", "done"]


def test_a_name_held_by_a_deactivated_user_is_found_where_a_run_knows_its_id(bulkscim, job):
    """The 409 is explained by the journal: the user exists, deactivated."""
    name = "rehired@example.com"
    run(bulkscim, job(person(name), deactivate(name)))

    run(bulkscim, job(person(name, active=True)), "--run-dir", str(bulkscim.folder / "second"))

    with (bulkscim.folder / "second" / "results.csv").open() as file:
        assert "noop" in (line := file.readlines()[1])
    assert "active is False, the file says True" in line


@pytest.fixture
def moved(bulkscim, job) -> Path:
    """A job that takes both members of one group into another, where a user is in one group at a time."""
    there = [f"{one}@moves.example" for one in ("ada", "bob")]
    run(bulkscim, job(*map(person, there), group("Old crew"), group("New crew")), "--run-dir", "made")
    run(bulkscim, job(*(join("Old crew", {"userName": one}) for one in there)), "--run-dir", "joined")
    yield job(*(join("New crew", {"userName": one}) for one in there))
    bulkscim("sandbox", "reset", "--profile", "lucid")


def test_a_plan_shows_which_group_a_user_leaves_by_joining_another(bulkscim, moved):
    outcome = bulkscim("plan", moved, "--tenant", "sandbox", "--profile", "lucid")

    assert outcome.code == 0, outcome.text
    assert "members: + ada@moves.example (may leave Old crew)" in outcome.stdout
    assert "Old crew: 2 may leave for another group" in outcome.stdout


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (("--max-removals", "1"), 4, "Old crew"),
        (("--max-removals", "50%"), 4, "Old crew"),
        (("--max-emptied", "0"), 4, "Old crew"),
        (("--max-removals", "100%", "--max-emptied", "1"), 0, ""),
    ],
)
def test_guards_count_who_leaves_a_group_by_joining_another(bulkscim, moved, command, flags, code, said):
    """They counted the members that a file names to be removed, and a file that only adds emptied groups."""
    yes = ("--yes",) if command == "run" else ()
    outcome = bulkscim(command, moved, "--tenant", "sandbox", "--profile", "lucid", *yes, *flags)

    assert outcome.code == code, outcome.text
    assert said in outcome.stderr


def test_a_name_held_by_an_unseen_user_is_reported(bulkscim, job):
    """An account outside the tenant holds the name: nothing to adopt, and a retry will not help."""
    outcome = run(bulkscim, job(person("eve@outside.example")))

    assert outcome.code == 3
    ((state, detail),) = result(bulkscim)
    assert state == "failed"
    assert "a deactivated user, or an account outside this tenant" in detail
    assert "invite that person" in detail


def test_absence_of_a_user_is_never_taken_as_proved(bulkscim, job):
    """To delete who is not shown might be to leave a deactivated user in place: it fails, and names the way."""
    outcome = run(bulkscim, job(delete("absent@example.com")))

    assert outcome.code == 3
    ((state, detail),) = result(bulkscim)
    assert state == "failed"
    assert detail.endswith("this tenant hides deactivated users: name such a user by id")


def test_a_move_between_organizational_groups_is_recorded(bulkscim, job):
    """Adding takes a user out of the group before; the intent says which one that was."""
    name = "mover@example.com"
    member = {"userName": name}
    first, second = [], []
    for place, records in (
        (first, [person(name), group("Mover A"), group("Mover B"), join("Mover A", member)]),
        (second, [join("Mover B", member)]),
    ):
        folder = bulkscim.folder / f"run-{len(records)}"
        outcome = run(bulkscim, job(*records), "--run-dir", str(folder))

        assert outcome.code == 0, outcome.text
        place += [body for body in intents(folder) if body["action"] == "add_member"]
    [first], [second] = first, second
    assert [path for path, _, _ in first["changes"]] == [f'members[value eq "{first["members"][0]["id"]}"]']
    path, before, after = second["changes"][1]
    assert path == "groups"
    assert [one["value"] for one in before] == [first["id"]]
    assert after == [{"value": second["id"]}]


def test_a_file_that_puts_a_user_into_two_groups_keeps_the_first(bulkscim, job):
    """Both rows were done, exit 0, and the user was in the last group alone."""
    member = {"userName": "paired@example.com"}
    groups = [group("Twice A"), group("Twice B")]
    path = job(person(member["userName"]), *groups, join("Twice A", member), join("Twice B", member))

    outcome = run(bulkscim, path)

    assert outcome.code == 3
    assert (
        'warning: 1 row puts 1 user into a second group: "paired@example.com" (rows 4 and 5)'
        in outcome.stderr
    )
    assert [state for state, _ in result(bulkscim)] == ["done"] * 4 + ["failed"]
    assert "a user is in one group at a time, and row 4 puts it into group Twice A" in result(bulkscim)[-1][1]
    again = run(bulkscim, job(join("Twice A", member)), "-n")
    assert "noop" in again.text


def test_the_command_that_a_run_suggests_does_not_do_what_the_run_refused(bulkscim, job):
    """The errors file took the user out of the group in which the run had put it."""
    member = {"userName": "suggested@example.com"}
    groups = [group("Suggested A"), group("Suggested B")]
    joins = [join("Suggested A", member), join("Suggested B", member)]
    refused = run(bulkscim, job(person(member["userName"]), *groups, *joins))
    [suggested] = [line for line in refused.stderr.splitlines() if line.startswith("next: ")]

    pasted = bulkscim(*suggested.removeprefix("next: bulkscim ").split())

    assert (refused.code, pasted.code) == (3, 3), pasted.text
    assert "a user is in one group at a time" in pasted.stderr
    assert "noop" in run(bulkscim, job(joins[0]), "-n").text


def test_a_licence_that_changed_nothing_fails_the_row_with_the_way_that_works(bulkscim, job):
    """With organizational groups Lucid takes licences and ignores them: seen by reading back."""
    licensed = {LICENCES: {"productLicenses": {"Lucidchart": True}}}
    outcome = run(bulkscim, job(person("licence@example.com", **licensed)))

    assert outcome.code == 3
    ((state, detail),) = result(bulkscim)
    assert state == "failed"
    assert detail.startswith("created; ")
    assert "Lucidchart not set: the tenant accepted it and changed nothing" in detail
    assert "organizational group whose licence settings grant it" in detail


def test_a_licence_that_took_effect_is_done(bulkscim, job):
    """The other token's integration heeds licences; so the same row is done there."""
    licensed = {LICENCES: {"productLicenses": {"Lucidchart": True}}}

    outcome = run(bulkscim, job(person("heeded@example.com", **licensed)), token="sandbox-content")

    assert outcome.code == 0, outcome.text


def test_an_add_on_without_its_base_licence_is_not_tried_again(bulkscim, job):
    """424: once, with the reason."""
    licensed = {LICENCES: {"productLicenses": {"LucidscaleCreator": True}}}
    outcome = run(bulkscim, job(person("addon@example.com", **licensed)))

    assert outcome.code == 3
    (line,) = bulkscim.results()
    assert (line["status"], line["attempts"]) == ("424", "1")
    assert "needs its base licence first" in line["detail"]


def test_an_owner_and_a_group_with_members_are_kept_with_the_reason(bulkscim, job):
    """409 and 400 on delete: what Lucid means by them is said."""
    path = job(
        person("member@example.com"),
        group("Kept"),
        join("Kept", {"userName": "member@example.com"}),
        {"op": "delete", "type": "Group", "match": {"displayName": "Kept"}},
        delete("owner@example.com"),
    )

    assert run(bulkscim, path).code == 3
    (_, of_group), (_, of_owner) = result(bulkscim)[3:]
    assert "remove its members first" in of_group
    assert "name another owner first" in of_owner
    assert bulkscim.states() == ["done", "done", "done", "failed", "failed"]


def test_an_archived_team_that_comes_back_is_said_to_be_restored(bulkscim, job):
    """A team's create may bring an old one back, people included: done, and told."""
    team = group("Back again")
    path = job(
        person("player@example.com"),
        team,
        join("Back again", {"userName": "player@example.com"}),
        {"op": "delete", "type": "Group", "match": {"displayName": "Back again"}},
    )
    first = ("--run-dir", str(bulkscim.folder / "first"))
    assert run(bulkscim, path, *first, token="sandbox-content").code == 0

    outcome = run(bulkscim, job(team), token="sandbox-content")

    assert outcome.code == 0, outcome.text
    ((state, detail),) = result(bulkscim)
    assert state == "done"
    assert detail.startswith("not created but restored: Group lucid-group-")
    assert detail.endswith("members: 1")


def test_a_group_of_another_case_is_found_and_not_made_twice(bulkscim, job):
    """Lucid's filter is exact where its names are not: the listing finds what the filter does not."""
    run(bulkscim, job(group("Same Name")))

    run(bulkscim, job(group("same name")), "--run-dir", str(bulkscim.folder / "second"))

    assert bulkscim.status(bulkscim.folder / "second")["noop"] == 1


def test_what_people_must_know_is_said_before_anything_is_sent(bulkscim, job):
    """Which integration the token opens, that creating may buy seats, and that a delete is final."""
    outcome = run(bulkscim, job(person("seat@example.com"), delete("owner@example.com")), "-n")

    assert "opens organizational groups or teams: what is there does not tell which" in outcome.stderr
    assert "deactivated ones are not shown" in outcome.stderr
    assert outcome.stderr.count("may buy seats") == 1
    assert "A delete at Lucid is final" in outcome.stderr


def test_a_group_within_a_group_tells_which_integration_the_token_opens(bulkscim, job):
    """Only organizational groups nest; so one that does tells."""
    run(bulkscim, job(group("Inner"), group("Outer")))
    inner = next(line["id"] for line in bulkscim.results() if line["key"] == "Inner")
    nested = {
        "op": "patch",
        "type": "Group",
        "match": {"displayName": "Outer"},
        "patch": [{"op": "add", "path": "members", "value": [{"value": inner}]}],
    }
    assert run(bulkscim, job(nested), "--run-dir", str(bulkscim.folder / "nested")).code == 0

    outcome = run(bulkscim, job(person("later@example.com")), "-n")

    assert "SCIM for admin management: groups are organizational groups" in outcome.stderr


ONE_BY_ONE = ("--concurrency", "1", "--max-delete", "6")


@pytest.mark.slow
@pytest.mark.parametrize(("dialect", "refusals"), [("core", 0), ("rfc", 1), ("both", 0)])
def test_the_form_of_patch_is_learned_once(tmp_path, job, dialect, refusals):
    """A 400 to the first form brings the other, which is then kept for the rest of the run."""
    bulkscim = Command(tmp_path, token=None)
    start = ("sandbox", "start", "--profile", "lucid", "--speed", "300", "--patch", dialect)
    assert bulkscim(*start).code == 0
    names = [f"p{number}@example.com" for number in range(6)]
    try:
        outcome = run(bulkscim, job(*map(person, names), *map(deactivate, names)), *ONE_BY_ONE)
        log = json.loads(bulkscim("sandbox", "log", "--profile", "lucid", "--json").stdout)
    finally:
        bulkscim("sandbox", "stop", "--profile", "lucid")

    assert outcome.code == 0, outcome.text
    patches = [line["status"] for line in log if line["method"] == "PATCH"]
    assert (patches.count(400), patches.count(200)) == (refusals, 6)


def test_a_profile_is_shown_with_what_it_rests_on(bulkscim):
    """Sources, what is inferred marked so, and how long 10,000 creates take."""
    outcome = bulkscim("profiles", "lucid")

    assert outcome.code == 0
    assert "10,000 creates take 1 h 40 min" in outcome.stdout
    assert "[inferred" in outcome.stdout
    assert "[documented; developer.lucid.co/reference" in outcome.stdout
    assert "lucid" in bulkscim("profiles").stdout
    assert bulkscim("profiles", "lucid", "--json").json["base_url"] == "https://users.lucid.app/scim/v2"
    assert bulkscim("profiles", "slak").code == 2


def test_a_file_with_deactivated_people_can_be_run_again(bulkscim, job):
    """Made without being active, they are never shown; the journal knows them, and nothing fails."""
    path = job(person("away@example.com", active=False), person("here@example.com"))
    assert run(bulkscim, path).code == 0

    outcome = run(bulkscim, path, "--run-dir", str(bulkscim.folder / "second"))

    assert outcome.code == 0, outcome.text
    assert bulkscim.status(bulkscim.folder / "second")["noop"] == 2


def test_a_bad_token_stops_the_run_before_anything_is_sent(tmp_path, state, job):
    """It is the token's fault and no record's."""
    told = Command(tmp_path, token=None, environment={"BULKSCIM_STATE_DIR": str(state)})
    base_url = re.search(
        r"http://\S+/scim/v2", told("sandbox", "start", "--profile", "lucid", "--speed", "300").text
    )
    assert base_url is not None

    wrong = Command(tmp_path, token="of-another-user")
    outcome = wrong(
        "run", job(person("no@example.com")), "--base-url", base_url[0], "--profile", "lucid", "--yes"
    )

    assert outcome.code == 7, outcome.text
    assert "nothing was sent" in outcome.stderr


def test_the_usual_base_url_comes_with_the_profile(tmp_path, job):
    """So that what is missing is the token and not the URL."""
    bulkscim = Command(tmp_path, token=None)

    assert bulkscim("run", job(person("no@example.com")), "--profile", "lucid").code == 7
    assert bulkscim("run", job(person("no@example.com"))).code == 2
