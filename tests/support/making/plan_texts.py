"""Plans and refusals of guards as users see them on a terminal of 80 columns, in one page.

Written by: python -m tests.support.making.plan_texts
"""

import contextlib
import io
import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from bulkscim.cli import code_of
from bulkscim.reporting.wrapping import fitted
from tests.support.making.records import create, deactivate, delete, group, join, retitle
from tests.support.servers.scim_server import TOKEN
from tests.support.servers.small_tenant import SmallTenant

PAGE = Path(__file__).parents[2] / "cli" / "plan_texts.txt"
COLUMNS = 80
ALONE = ("--rate", "2000/s", "--concurrency", "1")  # so that rows end in the same order each time
NAMES = ("ada", "bob", "eve", "kim", "lea", "max", "sam", "zoe")
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
LAW = {ENTERPRISE: {"department": "Law"}}
ADMIN = [{"value": "r1", "display": "Organisation Owner"}]
AGAIN = "python -m tests.support.making.plan_texts"
_CHANGES = [  # what differs each time
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r"\d{8}T\d{6}-job(-\d+)?"), "20270101T100000-job"),
    (re.compile(r"(?<= )/\S+/job\.jsonl"), "/home/ada/job.jsonl"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "2027-01-01T10:00:00Z"),
    (re.compile(r"(?<=made )[-\d:TZ]+ by \S+?(?=;|$)", re.MULTILINE), "2027-01-01T10:00:00Z by ada@desk"),
    (re.compile(r"(?<=chain: )[0-9a-f]+"), "0" * 32),
    (re.compile(r"(?<= in )\d+\.\d s"), "0.1 s"),
    (re.compile(r"(?<=; )\d+ requests|^\d+ requests(?=, )", re.MULTILINE), "9 requests"),
    (re.compile(r"about [\d,]+ requests?"), "about 9 requests"),  # other tests look at the forecast
    (re.compile(r"\d+ of them repeats, \d+ throttled"), "0 of them repeats, 0 throttled"),
    (
        re.compile(r"^the reports of users that are removed .*\n", re.MULTILINE),
        "",
    ),  # at some of the reads only
]


class Tenant(SmallTenant):
    """Users of one department, administrators, and groups."""

    def __init__(self) -> None:
        super().__init__(*(f"{name}@example.com" for name in NAMES))
        users = [*self.held["Users"].values()]
        for user in users[:4]:
            user.update(LAW)
        users[1]["active"] = False
        users[7]["roles"] = ADMIN
        held = [{"value": user["id"]} for user in users[:6]]
        self.add("Groups", {"displayName": "Sales", "members": held})
        self.add("Groups", {"displayName": "Board", "members": held[:1]})

    def new_id(self, body: dict[str, object]) -> str:
        self.made += 1
        return f"id-{self.made:02}"


def leave(team: str, name: str) -> dict[str, object]:
    """Ask for a membership to end."""
    return {**join(team, {"userName": f"{name}@example.com"}), "op": "remove_member"}


def at(name: str) -> str:
    """Return the userName of a user."""
    return f"{name}@example.com"


def upsert(name: str, **data: object) -> dict[str, object]:
    """Ask for a user to be as the data say."""
    return {"op": "upsert", "type": "User", "data": {"userName": at(name), **data}}


EVERYTHING = [
    create(at("new"), title="Lead", groups=["Sales", "Travel"], **LAW),
    create(at("ada"), title="Lead"),
    create(at("joe"), manager={"userName": at("new")}),
    upsert("eve", title="Chief", nickName="Evie"),
    upsert("kim", title="Old"),
    {"op": "activate", "type": "User", "match": {"userName": at("bob")}},
    deactivate(at("lea")),
    delete(at("max")),
    delete(at("gone")),
    retitle(at("absent")),
    join("Sales", {"userName": at("sam")}),
    leave("Sales", "ada"),
    leave("Sales", "zoe"),
    {**retitle(at("sam")), "expect": {"title": "Chief"}},
    group("Summer party", ref="party"),
    {
        "op": "create",
        "type": "Group",
        "data": {"displayName": "Choir", "members": [{"userName": at("ada")}, {"userName": at("eve")}]},
    },
    deactivate(at("zoe")),
]
FREE = ("--max-delete", "100%", "--max-admins", "100%", "--max-removals", "100%")
OFF = [deactivate(at(name)) for name in ("ada", "eve", "kim")]
GUARDS: dict[str, tuple[list[dict[str, object]], tuple[str, ...]]] = {
    "--max-create": ([create(at("n1")), create(at("n2"))], ("--max-create", "1")),
    "--max-update": ([retitle(at("ada")), retitle(at("eve"))], ("--max-update", "1")),
    "--max-deactivate": (OFF, ("--max-deactivate", "1", "--max-delete", "100%")),
    "--max-delete": (OFF, ("--max-delete", "1")),
    "--max-admins": ([delete(at("zoe"))], ()),
    "--max-removals": ([leave("Sales", name) for name in NAMES[:3]], ("--max-removals", "2")),
    "--max-emptied": ([leave("Board", "ada")], ("--max-emptied", "0")),
    "--max-share": (OFF, ("--max-share", "50%", "--max-delete", "100%")),
    "--seats": ([create(at("n1"), active=True), create(at("n2"), active=True)], ("--seats", "8")),
    "--max-errors": ([retitle(at("absent1")), retitle(at("absent2"))], ("--max-errors", "0")),
    "--max-adopt": (
        [create(at(name), groups=["Board"]) for name in ("eve", "kim")],
        ("--max-adopt", "1"),
    ),
}


def page() -> str:
    """Carry the commands out, and return what they print."""
    with tempfile.TemporaryDirectory() as folder, _at(Path(folder)):
        return "\n".join(_blocks())


def _blocks() -> Iterator[str]:
    """Yield each command with what it prints, and its exit code."""
    with Tenant().serving() as tenant:
        to = ("--base-url", tenant.base_url, *ALONE)
        _job(EVERYTHING)
        Path("bulkscim.toml").write_text("")
        for words in ((), ("--all",), ("-o", "job.plan"), ("--create-groups",)):
            yield _said("plan", "job.jsonl", *words, *FREE, to=to)
        yield _said("plan", "show", "job.plan")
        yield _said("run", "job.jsonl", "-n", *FREE, to=to)
        yield _said("run", "job.plan", *FREE, to=to)
    for flag, (rows, words) in GUARDS.items():
        _job(rows)
        with Tenant().serving() as tenant:
            to = ("--base-url", tenant.base_url, *ALONE)
            yield f"# {flag}\n\n" + _said("plan", "job.jsonl", *words, to=to)
            yield _said("run", "job.jsonl", *words, "--yes", to=to)


def _job(rows: list[dict[str, object]]) -> None:
    Path("job.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def _said(*words: str, to: tuple[str, ...] = ()) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = code_of([*words, *to])
    text = out.getvalue()
    for pattern, instead in _CHANGES:
        text = pattern.sub(instead, text)
    return f"$ bulkscim {' '.join(words)}\n{fitted(text, COLUMNS)}exit {code}\n"


@contextlib.contextmanager
def _at(folder: Path) -> Iterator[None]:
    """Work in a folder with a state of its own."""
    own = {
        "BULKSCIM_TOKEN": TOKEN,
        "BULKSCIM_STATE_DIR": str(folder / "state"),
        "BULKSCIM_CONFIG_DIR": str(folder / "config"),
        "BULKSCIM_RUNS_DIR": "runs",
    }
    with contextlib.chdir(folder), mock.patch.dict(os.environ, own):
        yield


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
