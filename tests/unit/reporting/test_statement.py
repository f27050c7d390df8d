"""A statement is written and read as values."""

import json
from dataclasses import fields, is_dataclass

import pytest

from bulkscim.journal.tombstone import PurgedBy
from bulkscim.model.run import RecordedParent, RunState, Totals
from bulkscim.reporting.statement import (
    Difference,
    StatedHead,
    StatedJob,
    StatedJournal,
    StatedLive,
    StatedPurge,
    StatedSession,
    StatedTenant,
    Statement,
    read,
    write,
)
from bulkscim.reporting.statement_text import statement_lines

FULL = Statement(
    run="one",
    verified_at="2026-11-27T01:00:00Z",
    verified_with="0.1.0",
    folder="runs/one",
    command="run",
    note="ticket 7",
    parent=RecordedParent("parent", "ab"),
    tenant=StatedTenant("https://t.example", "generic", "acme"),
    job=StatedJob("job.csv", 7, "cd", "job.csv", "another"),
    state=RunState.STOPPED,
    why="an outage",
    begun="then",
    ended="now",
    sessions=(StatedSession("run", "ada", "here", 1, "0.1.0", "then", "now", "stopped", "an outage", "ef"),),
    totals=Totals(*range(1, 12)),
    journal=StatedJournal(9, 8, 7, 6, 5, 4),
    chain="ef",
    head=StatedHead(3, 700, "then", "opened", "gh", 6),
    proves=("one", "two"),
    does_not_prove=("three",),
    purged=StatedPurge("later", PurgedBy(2, "there", "bob", "0.2.0", "runs purge")),
    live=StatedLive("later", 1, 2, ("rollback-1",), (Difference(7, "User", "u1", "title", "Lead", None),)),
    others={"added": 1, "journal": {"added": 2}},
)


def test_every_field_is_written_and_read():
    """What another version has added as well, at any depth."""
    assert all(getattr(FULL, one.name) for one in fields(FULL))
    assert read(json.loads(json.dumps(write(FULL)))) == FULL


def texts(value):
    """Yield all texts and numbers of a value."""
    if is_dataclass(value):
        value = [
            getattr(value, one.name) for one in fields(value) if one.name not in {"others", "as_recorded"}
        ]
    if isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)
    elif value is not None:
        yield str(value)


def test_every_part_of_a_statement_is_in_its_text():
    """Tenant, job file, sessions, purge, parent, head, and what reading back has shown."""
    told = "\n".join(statement_lines(FULL))

    for part in (FULL.tenant, FULL.parent, FULL.proves, FULL.does_not_prove, FULL.live.differences[0].type):
        assert all(text in told for text in texts(part)), part
    assert "purged      later by bob on there: journal and results are gone" in told
    assert "given head  gh is line 3 (opened, then)" in told
    assert "6 lines came after it" in told
    assert "read back at later: 1 of 2 resources as recorded, rollback-1 taken into account" in told


@pytest.mark.parametrize(
    ("member", "value", "why"),
    [
        ("run", 7, "run: 7 stands where a text should"),
        ("state", "gone", "state: 'gone' stands where one of running, interrupted, stopped, finished should"),
        ("journal", {"lines": 1}, "journal does not say all that it must"),
        ("head", [], "head: [] stands where an object should"),
        ("sessions", ["x"], "sessions: 'x' stands where an object should"),
    ],
)
def test_a_statement_that_is_none_names_the_member(member, value, why):
    """What a purged run has kept may have been altered."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        read(write(FULL) | {member: value})
    assert str(refused.value) == why
