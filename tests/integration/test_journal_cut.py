"""The journal cut at any byte, resumed, ends in the same state: what was sent is not sent again."""

import copy
import json
import random
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.support.making.records import create, deactivate, delete, group, join, retitle
from tests.support.running.command import Command
from tests.support.servers.small_tenant import WRITES, SmallTenant

if TYPE_CHECKING:
    from pathlib import Path

OLD = tuple(f"old{number}@example.com" for number in range(6))
SLOW = ("--rate", "2000/s", "--concurrency", "2")


class Remembering(SmallTenant):
    """Keeps, for each write, how long the journal was when it came and what the tenant held afterwards.

    A crash that leaves the journal at a length leaves the tenant with the writes that came until then.
    """

    def __init__(self, *user_names: str) -> None:
        super().__init__(*user_names)
        self.runs: Path | None = None
        self.moments: list[tuple[int, dict[str, Any]]] = [(0, copy.deepcopy(self.held))]

    async def answer(
        self, request: web.Request, collection: str, resource_id: str | None, body: Any
    ) -> web.StreamResponse:
        if request.method not in WRITES or self.runs is None:
            return await super().answer(request, collection, resource_id, body)
        (journal,) = self.runs.glob("*/journal.jsonl")
        length = journal.stat().st_size
        response = await super().answer(request, collection, resource_id, body)
        self.moments.append((length, copy.deepcopy(self.held)))
        return response

    def at(self, length: int) -> dict[str, Any]:
        """Return what the tenant held when the journal was that long."""
        return copy.deepcopy([held for size, held in self.moments if size <= length][-1])


def plain(held: dict[str, Any]) -> tuple[Any, Any]:
    """Return what the tenant holds without ids and dates."""
    names = {user["id"]: user["userName"] for user in held["Users"].values()}
    users = {
        user["userName"]: {
            name: value for name, value in user.items() if name not in {"id", "meta", "schemas"}
        }
        for user in copy.deepcopy(held["Users"]).values()
    }
    for user in users.values():
        for part in user.values():
            if isinstance(part, dict) and "manager" in part:
                part["manager"] = names[part["manager"]["value"]]
    groups = Counter(
        (group["displayName"], *sorted(names[member["value"]] for member in group.get("members", [])))
        for group in held["Groups"].values()
    )
    return users, groups


def records() -> list[Any]:
    """Return a job with every kind of step and rows of several parts."""
    return [
        create("boss@example.com", title="Boss") | {"ref": "boss"},
        group("Team", ref="team"),
        {
            "op": "create",
            "type": "User",
            "ref": "new",
            "data": {"userName": "new@example.com", "manager": {"ref": "late"}, "groups": ["Team"]},
        },
        retitle(OLD[0]),
        deactivate(OLD[1]),
        delete(OLD[2]),
        join("Team", {"ref": "boss"}),
        join("Team", {"userName": OLD[3]}),
        {
            "op": "create",
            "type": "User",
            "ref": "late",
            "data": {"userName": "late@example.com", "groups": ["Team"]},
        },
        {"op": "upsert", "type": "User", "data": {"userName": OLD[4], "title": "Upserted"}},
        {
            "op": "replace",
            "type": "User",
            "match": {"userName": OLD[5]},
            "data": {"userName": OLD[5], "title": "Replaced", "active": True},
        },
    ]


def cuts(length: int, lines: list[bytes], number: int) -> list[int]:
    """Choose where to cut: ends of lines, the bytes around them, and anywhere; always behind the header."""
    chance = random.Random(length)
    ends = [sum(map(len, lines[: count + 1])) for count in range(len(lines))]
    chosen = {end + by for end in chance.sample(ends, min(len(ends), number // 3)) for by in (-1, 0, 1)}
    while len(chosen) < number:
        chosen.add(chance.randrange(ends[1], length + 1))
    return sorted(cut for cut in chosen if ends[1] <= cut <= length)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A whole run, and the tenant that remembers it."""
    folder = tmp_path_factory.mktemp("recorded")
    command = Command(folder)
    path = folder / "job.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records()))
    with Remembering(*OLD).serving() as tenant:
        tenant.runs = command.runs
        outcome = command("run", path, "--base-url", tenant.base_url, "--yes", *SLOW)
        assert outcome.code == 0, outcome.text
        tenant.runs = None
        assert command.states() == ["done"] * len(records())
        yield command, tenant, copy.deepcopy(tenant.held)


@pytest.mark.slow
def test_cut_anywhere_resume_ends_in_the_same_state(recorded, tmp_path):
    """For each cut: every row ends done, the tenant is the same, and nothing was made twice."""
    command, tenant, ended = recorded
    original = command.run_folder()
    journal = (original / "journal.jsonl").read_bytes()
    chosen = cuts(len(journal), journal.splitlines(keepends=True), 24)
    interrupted = 0
    for cut in chosen:
        runs = tmp_path / str(cut) / "runs"
        copied = shutil.copytree(original, runs / original.name)
        (copied / "journal.jsonl").write_bytes(journal[:cut])
        if cut % 2:
            (copied / "checkpoint.json").unlink(missing_ok=True)
        tenant.held = tenant.at(cut)
        interrupted += plain(tenant.held) != plain(ended)
        again = Command(runs.parent)

        outcome = again("resume", "last", *SLOW)

        assert outcome.code == 0, f"cut at {cut}: {outcome.text}"
        assert plain(tenant.held) == plain(ended), f"cut at {cut}"
        assert again.states() == ["done"] * len(records()), f"cut at {cut}"
    assert interrupted > len(chosen) / 3, "most cuts were behind the end of the work"
