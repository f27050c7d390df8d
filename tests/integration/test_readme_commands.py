"""The commands of the README and of the pages do what is said of them, typed one after the other into a fresh checkout."""

import csv
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkscim.model.operation import ENTERPRISE
from bulkscim.scim.schemas import CORE
from tests.support.running.command import Command
from tests.support.running.terminal import Terminal
from tests.support.servers.sandboxes import sandbox, stop_all

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOT_TYPED = {
    "scripts/test": "it runs this test",
    "bulkscim pause last": "no run works; test_pause.py tries it",
    "bulkscim rate last 50/min": "as before",
}
TYPED = "read -rs BULKSCIM_TOKEN && export BULKSCIM_TOKEN"  # the token is typed after it
BEFORE = {  # what a page takes for granted
    "lucid.md": [
        TYPED,
        "export BULKSCIM_RATE=1000/s",
        "cp samples/onboarding.csv people.csv",
    ],
    "rollback.md": ["bulkscim run samples/teams.jsonl --tenant sandbox"],
    "sandbox.md": [],
}


def sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield a page's sections: the title, empty for what comes first, and the commands without their comments."""
    parts = re.split(r"^## (.+)$", "\n## \n" + text, flags=re.MULTILINE)
    for title, section in zip(parts[1::2], parts[2::2], strict=True):
        blocks = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
        lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
        yield title, [re.sub(r"\s+# .*", "", line) for line in lines]


def checkout(folder: Path) -> Path:
    """Return a copy of this checkout in which `scripts/install` has nothing left to download."""
    copy = folder / "bulkscim"
    for part in ("bulkscim", "jobs", "samples", "scripts"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    environment = copy / ".venv"
    venv.create(environment, symlinks=True)
    packages = sysconfig.get_path("purelib", vars={"base": str(environment)})
    Path(packages, "checkout.pth").write_text(f"{copy}\n{sysconfig.get_path('purelib')}\n")
    command = environment / "bin" / "bulkscim"
    command.write_text(f"#!{environment}/bin/python\nfrom bulkscim.cli import main\nmain()\n")
    command.chmod(0o755)
    shutil.copy(copy / "pyproject.toml", environment / "installed-for-use.toml")
    return copy


def newcomer(home: Path) -> dict[str, str]:
    """Return the environment of a newcomer's shell: a home of its own, and nothing of bulkscim."""
    ours = ("BULKSCIM_", "XDG_", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    own = {"HOME": str(home), "BULKSCIM_STATE_DIR": str(home / "state"), "NO_PROXY": "127.0.0.1"}
    return kept | own | {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}


@pytest.fixture
def real(tmp_path):
    """Return the server that stands in for tenant.example."""
    folder = tmp_path / "tenant.example"
    folder.mkdir()
    assert Command(folder)("sandbox", "start").code == 0
    yield sandbox(folder)
    stop_all(folder)


@pytest.fixture
def terminal(tmp_path, real):
    """Return a newcomer's terminal in a fresh checkout; questions of commands are answered."""
    home = tmp_path / "home"
    home.mkdir()
    answers = {"Type yes to go on:": "yes", "SCIM base URL:": real.base_url, "/scim/v2]:": real.base_url}
    shell = Terminal(checkout(tmp_path), newcomer(home), answers)
    yield shell
    shell.close()
    stop_all(home)


def works(terminal: Terminal, line: str, token: str) -> None:
    """Type a command; it must succeed, and not show the token."""
    code, shown = terminal(line, *([token] if line == TYPED else []))
    assert code == 0, f"{line}\n{shown}"
    assert token not in shown


def unlinked(real) -> list[str]:
    """Return the users of the sample who lack their manager or one of their groups."""
    users = {user["userName"]: user for user in real.users()}
    groups = {(group["displayName"], one["value"]) for group in real.groups() for one in group["members"]}
    found = []
    with (ROOT / "samples" / "onboarding.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            user, manager = users[row["userName"]], row["manager"]
            wanted = {(name, user["id"]) for name in row["groups"].split(";")}
            shown = user.get(ENTERPRISE, {}).get("manager", {}).get("value")
            if not wanted <= groups or shown != (users[manager]["id"] if manager else None):
                found.append(row["userName"])
    return found


@pytest.mark.timeout(1800)
def test_every_command_of_the_readme_works_in_its_order(terminal, real):
    """The README used `bulkscim` before it installed it, and commands failed for want of --op or of a group.

    After the first real run each user has its manager and its groups, though five rows were run before the others.
    """
    for title, lines in sections(README):
        if title == "A first real run":
            terminal("export BULKSCIM_RATE=1000/s")  # the sandbox stands more than a tenant
        for line in lines:
            if line not in NOT_TYPED:
                works(terminal, line, real.token)
        if title == "A first real run":
            assert (len(real.users()), unlinked(real)) == (300, [])


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", BEFORE)
def test_every_command_of_a_page_works_in_its_order(terminal, real, page):
    """As those of the README do."""
    for line in (". .venv/bin/activate", *BEFORE[page]):
        works(terminal, line, real.token)
    for _, lines in sections((ROOT / "docs" / page).read_text(encoding="utf-8")):
        for line in lines:
            works(terminal, line, real.token)


def test_the_program_of_the_readme_works(tmp_path, real):
    """It creates one user and deactivates another."""
    program = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    real.create("Users", {"schemas": [CORE["User"]], "userName": "bob@example.com", "active": True})

    outcome = subprocess.run(
        [sys.executable, "-c", program],
        env={**newcomer(tmp_path), "SCIM_URL": real.base_url, "SCIM_TOKEN": real.token},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.stdout.startswith("finished 2 done 0 failed\n"), outcome
    assert sorted((user["userName"], user.get("active")) for user in real.users()) == [
        ("ada@example.com", None),
        ("bob@example.com", False),
    ]
