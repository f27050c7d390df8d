"""A job of a million rows needs no more memory than a small one, and goes on within seconds."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
LARGE = int(os.environ.get("BULKSCIM_TEST_ROWS", "1000000"))
SMALL = 50_000


def write_job(path: Path, rows: int) -> Path:
    """Write creates of users with names, mail and department."""
    with path.open("w", encoding="utf-8") as file:
        if path.suffix == ".csv":
            file.write("userName,givenName,familyName,email,title,department\n")
        for number in range(rows):
            name = f"user{number:07}@example.com"
            if path.suffix == ".csv":
                file.write(f"{name},Given{number},Family,{name},Engineer,Research\n")
            else:
                file.write(
                    f'{{"op":"create","type":"User","data":{{"userName":"{name}","name":{{"givenName":"Given{number}",'
                    f'"familyName":"Family"}},"emails":[{{"value":"{name}","type":"work"}}],"title":"Engineer"}}}}\n'
                )
    return path


def probe(command: str, path: Path, folder: Path, stop_after: int = 0) -> dict[str, Any]:
    """Run or resume in a process of its own; return what it took."""
    arguments = [
        sys.executable,
        "-m",
        "tests.support.memory_probe",
        command,
        str(path),
        str(folder),
        str(stop_after),
    ]
    environment = os.environ | {"BULKSCIM_STATE_DIR": str(path.parent / "state")}
    done = subprocess.run(
        arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1500, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_a_million_rows_need_no_more_memory_and_go_on_quickly(tmp_path, suffix):
    """Peak memory is within 1.3 times that of 50,000 rows and below 150 MB; half-done, sending starts in seconds."""
    small = write_job(tmp_path / f"small{suffix}", SMALL)
    large = write_job(tmp_path / f"large{suffix}", LARGE)

    base = probe("run", small, tmp_path / "small-run")
    half = probe("run", large, tmp_path / "large-run", LARGE // 2)
    rest = probe("resume", large, tmp_path / "large-run")
    print(json.dumps([base, half, rest]))

    assert (base["state"], base["done"]) == ("finished", SMALL)
    assert half["state"] == "interrupted"
    assert LARGE // 2 <= half["done"] < LARGE // 2 + 100
    assert (rest["state"], rest["done"]) == ("finished", LARGE)
    assert half["writes"] + rest["writes"] == LARGE
    peak = max(half["peak_mb"], rest["peak_mb"])
    assert peak < 150
    assert peak < 1.3 * base["peak_mb"]
    assert rest["first_write_s"] < 10
