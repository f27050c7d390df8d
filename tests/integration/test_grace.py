"""Deactivated now, deleted later, through the real command line."""

import json

from tests.support.running.command import FAST, Command
from tests.support.servers.small_tenant import SmallTenant

PEOPLE = [f"u{number}@example.com" for number in range(5)]


def test_leavers_are_deleted_when_their_grace_has_ended_unless_they_came_back(bulkscim: Command):
    """The first run writes the second job; it is refused before its day, and then leaves the active alone."""
    (bulkscim.folder / "leavers.csv").write_text("userName\n" + "\n".join(PEOPLE[:4]) + "\n")
    (bulkscim.folder / "job.toml").write_text(
        '[job]\nfile = "leavers.csv"\nop = "deactivate"\n[then]\nop = "delete"\nafter = "30d"\n'
    )
    with SmallTenant(*PEOPLE).serving() as tenant:
        at = ("--base-url", tenant.base_url, "--yes", *FAST)
        first = bulkscim("run", "job.toml", *at)
        (later,) = bulkscim.runs.glob("*/delete-after-*.jsonl")
        seen = len(tenant.seen)
        early = bulkscim("run", later, *at)
        unseen = len(tenant.seen) == seen
        looked = bulkscim("run", later, "-n", "--base-url", tenant.base_url, *FAST)
        tenant.user(PEOPLE[1])["active"] = True
        lines = [json.loads(line) for line in later.read_text().splitlines()]
        due = bulkscim.folder / "due.jsonl"
        due.write_text("".join(json.dumps(line | {"not_before": "2020-01-01"}) + "\n" for line in lines))
        second = bulkscim("run", due, *at, "--json")

    assert first.code == 0, first.text
    assert f"later: bulkscim run {later.relative_to(bulkscim.folder)}" in first.text.replace(
        str(bulkscim.folder) + "/", ""
    )
    assert "run it after 30 days" in first.stderr
    assert early.code == 4, early.text
    assert later.name.removeprefix("delete-after-").removesuffix(".jsonl") in early.stderr
    assert unseen
    assert (looked.code, "not_before" in looked.stderr) == (0, True), looked.text
    assert (second.code, second.json["done"], second.json["skipped"]) == (3, 3, 1), second.text
    assert sorted(user["userName"] for user in tenant.held["Users"].values()) == [PEOPLE[1], PEOPLE[4]]


def test_a_day_that_is_none_is_found_before_anything_is_sent(bulkscim: Command, job):
    """Exit 2, with its line."""
    outcome = bulkscim("validate", job({"op": "delete", "id": "u1", "not_before": "tomorrow"}))
    sound = bulkscim("validate", job({"op": "delete", "id": "u1", "not_before": "2999-12-31"}))

    assert outcome.code == 2
    assert 'not_before: "tomorrow" is not a day' in outcome.stderr
    assert (sound.code, "not before 2999-12-31" in sound.stderr) == (0, True), sound.text
