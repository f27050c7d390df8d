"""A server that repeats the token and passwords in all that it says gets none of them onto a disk or a screen."""

import base64
from urllib.parse import quote

import pytest

from tests.support.making.records import create, retitle
from tests.support.running.command import FAST, secrets_on_disk
from tests.support.servers.odd_servers import Echoing
from tests.support.servers.scim_server import TOKEN

PASSWORD = "Correct-Horse+Battery"
WAYS = {"as it is": str, "base64": lambda text: base64.b64encode(text.encode()).decode(), "percent": quote}
COMMANDS = [
    ("status", "last", "--json"),
    ("results", "last"),
    ("explain", "last", "1"),
    ("retry", "last", "--yes", *FAST),
]


@pytest.mark.parametrize(
    ("way", "status", "refuses_from"),
    [
        ("base64", 201, 10**9),
        ("percent", 400, 10**9),
        ("as it is", 201, 7),
        ("as it is", 201, 1),
    ],
)
def test_no_secret_is_on_any_disk_or_screen(bulkscim, job, way, status, refuses_from):
    """A password is repeated where its own user is asked for.

    They were in journal, results.csv, errors file, summary, `status --json`, `explain` and messages.
    """
    path = job(create("new@example.com", password=PASSWORD), retitle("ada@example.com"))
    with Echoing("ada@example.com").serving() as tenant:
        tenant.how, tenant.status, tenant.refuses_from = WAYS[way], status, refuses_from
        seen = [
            bulkscim("run", path, "--base-url", tenant.base_url, "--yes", "-v", *FAST, "--max-errors", "1")
        ]
        if refuses_from > 1:
            seen += [bulkscim(*command) for command in COMMANDS]

    shown = "".join(outcome.text for outcome in seen)
    journals = [journal.read_text() for journal in bulkscim.runs.glob("*/journal.jsonl")]
    assert "[secret]" in "".join((shown, *journals))
    path.unlink()
    for secret in (TOKEN, PASSWORD):
        for form in (secret, *(encode(f"Bearer {secret}")[10:-4] for encode in WAYS.values())):
            assert form not in shown
            assert not secrets_on_disk(bulkscim.folder, form)
