"""Ids that a run has seen: of this session by what was read and sent, of earlier ones by the journal."""

import pytest

from bulkscim.engine.directory import known_ids
from bulkscim.engine.directory.known_ids import KnownIds
from bulkscim.engine.directory.store import Store
from bulkscim.journal import journal
from bulkscim.journal.entries import Kind
from tests.support.making.journals import begin, entry_of
from tests.support.running.fake_clock import VirtualClock
from tests.support.simulation.disk import FOLDER, SimulatedDisk

STEPS = [  # type, action, id, how it ended
    ("User", "create", "made", Kind.APPLIED),
    ("User", "create", "refused", Kind.REFUSED),
    ("User", "modify", "changed", Kind.APPLIED),
    ("User", "create", "gone", Kind.APPLIED),
    ("User", "delete", "gone", Kind.APPLIED),
    ("User", "delete", "given again", Kind.APPLIED),
    ("User", "create", "given again", Kind.APPLIED),
    ("Group", "create", 'with "quotes"', Kind.APPLIED),
    ("User", "create", None, Kind.APPLIED),
]


@pytest.mark.parametrize(
    ("kind", "resource_id", "is_known"),
    [
        ("User", "made", True),
        ("Group", "made", False),
        ("User", "refused", False),
        ("User", "changed", True),
        ("User", "gone", False),
        ("User", "given again", True),
        ("Group", 'with "quotes"', True),
        ("Group", 'with "other quotes"', False),
        ("User", "within", False),
    ],
)
async def test_what_earlier_sessions_left_in_place_is_known(kind, resource_id, is_known):
    """The last applied step that names an id decides; an id within a resource that is shown is none."""
    ids = await recalled()

    assert ids.before(kind, resource_id, 0.0) is is_known


@pytest.mark.parametrize(
    ("resource_id", "is_awaited"),
    [("made", True), ("changed", False), ("gone", False), ("given again", True)],
)
async def test_only_what_earlier_sessions_created_may_be_shown_late(resource_id, is_awaited):
    """A user that the run had changed and then deleted counted as created just now, and its delete stayed in doubt."""
    ids = await recalled(lag_s=5.0)

    assert (ids.shown_by("User", resource_id, 0.0) is not None) is is_awaited


@pytest.mark.parametrize(("asked_at", "by"), [(0.0, 2.0), (1.9, 2.0), (2.0, None)])
def test_an_answer_may_show_what_was_there_when_it_was_asked_for(asked_at, by):
    """A 404 to a read within the lag counted as gone, as the answer came after the lag: a manager was not set."""
    clock = VirtualClock()
    ids = KnownIds(clock, Store(), lag_s=2.0)
    ids.created("User", "u1")
    clock.advance(2.5)

    assert ids.shown_by("User", "u1", asked_at) == by


async def recalled(lag_s=0.0):
    """Return the ids that the journal of a run tells, by its steps."""
    disk = SimulatedDisk()
    run = begin(disk, rows=len(STEPS))
    for row, (of, action, named, end) in enumerate(STEPS, 1):
        body = {"part": action, "type": of, "action": action, "id": named}
        await run.append(entry_of(Kind.STARTED, ((row, action),), row, body=body))
        shown = {"id": named, "after": {"manager": {"id": "within"}}}
        await run.append(entry_of(end, ((row, action),), row, body=shown))

    ids = KnownIds(VirtualClock(), Store(), lag_s)
    ids.recall(journal.read(FOLDER, disk))
    return ids


@pytest.mark.parametrize("most", [1, 3, 100])
def test_ids_off_the_heap_are_known_since_they_were_first_seen(monkeypatch, most):
    """A create that is answered with an id that was seen before it has made nothing, however many ids came in between."""
    monkeypatch.setattr(known_ids, "MOST_RECENT", most)
    clock = VirtualClock()
    ids = KnownIds(clock, Store())
    for number in range(10):
        clock.advance(1.0)
        ids.saw("User", [{"id": f"u{one}"} for one in range(number + 1)])
    ids.forget("User", "u2")

    assert [ids.before("User", f"u{number}", 6.0) for number in range(6)] == [
        True,
        True,
        False,
        True,
        True,
        False,
    ]
    assert (ids.any_of("User"), ids.any_of("Group")) == (True, False)
    assert not ids.before("Group", "u0", 6.0)


def test_what_the_run_that_is_taken_back_created_last_is_awaited():
    """Unless this process has deleted it."""
    clock = VirtualClock()
    ids = KnownIds(clock, Store(), 30.0)
    assert ids.shown_by("User", "made", clock.monotonic()) is None

    ids.follows(1.5)
    until = clock.monotonic() + 1.5
    assert ids.shown_by("User", "made", clock.monotonic()) == until
    assert ids.shown_by("User", "made", until) is None
    ids.forget("User", "made")
    assert ids.shown_by("User", "made", clock.monotonic()) is None
