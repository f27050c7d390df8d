"""Commands that only look send no write: a server counts. Each command of the command line stands in one of the tables."""

import json
from pathlib import Path

import pytest

from bulkscim.cli import bulkscim as commands
from tests.support.making.few import few
from tests.support.making.records import create, deactivate, delete, join, retitle
from tests.support.running.command import FAST
from tests.support.servers.small_tenant import SmallTenant, error

NAMES = [f"u{number}@example.com" for number in range(6)]
AT, URL, FREE = "{at}", "{url}", ("--max-delete", "6", "--max-removals", "100%")
READS = {  # what is typed after a run of ROWS whose last row failed
    "run": [
        "job.jsonl {at} -n",
        "job.jsonl {at} -n --json",
        "job.jsonl {at} -n --canary 2",
        "job.jsonl {at} -n --on-exists update --create-groups",
        "job.jsonl {at}",  # not approved
        "job.jsonl {at} --yes --max-create 0",
        "job.jsonl {at} --yes --seats 1",
        "job.plan -n",
        "job.plan",
    ],
    "plan": [
        "job.jsonl {at}",
        "job.jsonl {at} --all --json",
        "job.jsonl {at} -o other.plan",
        "show job.plan",
    ],
    "resume": ["last", "last --on-exists update", "last --create-groups --yes-production other"],
    "retry": ["last --on-exists update", "last --max-create 0"],
    "rollback": ["last -n", "last -n --soft", "last --out undo.jsonl", "last", f"last -n --key {NAMES[0]}"],
    "verify": ["last", "last --live"],
    "explain": ["last --row 1"],
    "status": ["last", "last --json"],
    "results": ["last"],
    "runs": [""],
    "probe": ["{at}", "{at} -o mine.toml"],
    "count": ["{at}", "{at} --json"],
    "export": ["users {at} --out users.jsonl", "groups {at} --out groups.csv"],
    "validate": ["job.jsonl", "job.jsonl {url}"],
    "map": ["test job.jsonl"],
    "connect": ["acme {url}"],
    "tenants": [""],
    "profiles": [""],
}
OTHERS = {"settle", "pause", "go", "rate", "sandbox"}  # which know no tenant, or are one
OTHERS |= {"diff", "sync", "audit", "migrate", "report"}  # which are not available in this version
ROWS = [
    *map(create, ("new0@example.com", "new1@example.com")),
    retitle(NAMES[0]),
    deactivate(NAMES[1]),
    delete(NAMES[2]),
    join("Team", {"userName": NAMES[3]}),
    {**join("Team", {"userName": NAMES[4]}), "op": "remove_member"},
    {"op": "upsert", "type": "User", "data": {"userName": NAMES[5], "title": "Chief"}},
]


class Refusing(SmallTenant):
    """Refuses one create, so that a retry has something to do."""

    async def answer(self, request, collection, resource_id, body):
        if (body or {}).get("userName") == "new1@example.com":
            return error(400, "bad")
        return await super().answer(request, collection, resource_id, body)


def test_every_command_is_looked_at():
    assert set(commands.commands) == READS.keys() | OTHERS


@pytest.mark.parametrize(
    ("command", "words"), few([(name, words) for name, lines in READS.items() for words in lines], 12)
)
def test_a_command_that_looks_sends_no_write(bulkscim, command, words):
    with Refusing(*NAMES).serving() as tenant:
        ids = list(tenant.held["Users"])
        tenant.add("Groups", {"displayName": "Team", "members": [{"value": ids[4]}]})
        at = ("--base-url", tenant.base_url, *FAST)
        Path("job.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
        Path("people.csv").write_text("Login,First Name\nada,Ada\n")
        done = {"run", "plan", "probe", "count", "export", "validate", "map", "connect"}
        if command not in done:
            assert bulkscim("run", "job.jsonl", *at, *FREE, "--yes").code == 3
        if "job.plan" in words:
            assert bulkscim("plan", "job.jsonl", *at, *FREE, "-o", "job.plan").code == 0
        before = len(tenant.writes)
        given = {AT: at, URL: at[:2]}
        outcome = bulkscim(command, *(part for word in words.split() for part in given.get(word, [word])))

    assert outcome.code in {0, 3, 4}, outcome.text
    assert len(tenant.writes) == before, tenant.writes[before:]
