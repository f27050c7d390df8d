"""A short token or password is a word of many names: these names are found all the same, and the secret is nowhere."""

import json
from pathlib import Path

import pytest

from tests.support.running.command import FAST
from tests.support.servers.small_tenant import SmallTenant

SHORT = "test"
RECORD = {"op": "create", "data": {"userName": "ada@x.test", "manager": {"userName": "boss@x.test"}}}


@pytest.mark.parametrize("secret", ["token", "password"])
def test_names_with_a_short_secret_as_a_word_are_found(bulkscim, monkeypatch, secret):
    """With the token `test` each row of a second import failed; with such a password its manager was not found."""
    if secret == "token":
        monkeypatch.setenv("BULKSCIM_TOKEN", SHORT)
    record = RECORD if secret == "token" else RECORD | {"data": RECORD["data"] | {"password": SHORT}}
    Path("job.jsonl").write_text(json.dumps(record) + "\n")
    with SmallTenant("boss@x.test").serving() as tenant:
        given = ("run", "job.jsonl", "--yes", "--base-url", tenant.base_url, *FAST)
        first, again = bulkscim(*given), bulkscim(*given)
        [ada] = [one for one in tenant.held["Users"].values() if one["userName"] == "ada@x.test"]

    assert (first.code, again.code) == (0, 0), first.text + again.text
    assert "manager" in str(ada)
    for file in Path("runs").glob("*/journal.jsonl"):
        assert f'"{SHORT}"' not in file.read_text()
