"""A new flag of `run` touches three files, as docs/architecture.md says: tried on a copy."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# File, text there, text in its place: the flag, its value and its keyword for programs, and what acts on it.
CHANGES = (
    (
        "commands/options.py",
        "network = together(\n",
        'network = together(\n    option("--pause", "pause_s", type=float, help="Wait between requests."),\n',
    ),
    (
        "journal/settings.py",
        "    ca_bundle: Path | None = None\n",
        "    ca_bundle: Path | None = None\n    pause_s: float | None = None\n",
    ),
    ("journal/settings.py", "    ca_bundle: str | Path\n", "    ca_bundle: str | Path\n    pause_s: float\n"),
    (
        "runs/tenant.py",
        "settings.timeout_s, connection.proxy",
        "connection.pause_s or settings.timeout_s, connection.proxy",
    ),
)

# Prints the flag's value as the command line and the library bring it to a run, and as a resume reads it back.
TRIAL = """
import json
from asyncio import run
from bulkscim import Secret, Tenant, cli
from bulkscim.journal import header_json
from bulkscim.journal.header import Header
from bulkscim.runs import api, new_run, settings

class Begun(BaseException):
    pass

async def begin(request, people, watcher, look=None):
    kept = header_json.write(Header(settings=settings.kept(request.settings)))
    found[way] = [kept["settings"]["pause_s"], header_json.read(kept).settings.connection.pause_s]
    raise Begun

found, new_run.run, tenant = {}, begin, Tenant("https://tenant.example/v2", Secret("x"))
way = "command"
try:
    cli.bulkscim.main(["run", "job.csv", "--base-url", tenant.base_url, "--pause", "2.5"], standalone_mode=False)
except* Begun:
    way = "library"
try:
    run(api.run("job.csv", tenant, pause_s=3.5))
except* Begun:
    print(json.dumps(found))
"""


def test_a_new_flag_touches_three_files(tmp_path):
    """The flag, its value, and what acts on it: command line, library, journal and resume carry it by themselves."""
    package = tmp_path / "bulkscim"
    shutil.copytree(ROOT / "bulkscim", package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, old, new in CHANGES:
        text = (package / name).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (package / name).write_text(text.replace(old, new), encoding="utf-8")
    (tmp_path / "job.csv").write_text("userName\nada@example.com\n")
    (tmp_path / "trial.py").write_text(TRIAL)

    ended = subprocess.run(
        [sys.executable, "trial.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env=os.environ | {"BULKSCIM_TOKEN": "x"},
    )

    assert len({name for name, _, _ in CHANGES}) == 3
    assert json.loads(ended.stdout) == {"command": [2.5, 2.5], "library": [3.5, 3.5]}
