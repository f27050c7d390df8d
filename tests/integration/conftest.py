"""What the tests of the whole share: a tenant that we did not write, and the real command."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.running.command import Command
from tests.support.servers.sandboxes import stop_all
from tests.support.servers.scim_server import Tenant, scim_server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count all that starts real processes among the slow tests."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    """scim2-server, empty at the start of each file of tests."""
    with scim_server(tmp_path_factory.mktemp("tenant") / "log") as running:
        yield running


@pytest.fixture
def bulkscim(tmp_path: Path) -> Iterator[Command]:
    """The command line, in a folder of its own; a sandbox that it starts does not outlive the test."""
    yield Command(tmp_path)
    stop_all(tmp_path)


@pytest.fixture
def job(tmp_path: Path) -> Any:
    """Write a JSONL job file of the given records; return its path."""

    def write(*records: Any, name: str = "job.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        return path

    return write
